"""Which market's rules hold where."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.expressions import Combinable

from ovop_certification.models import Market, MarketChannel, MarketCountry
from ovop_shared.statements import Parameter

CHANNEL = Parameter("channel", "text", TextField())
COUNTRY = Parameter("country", "text", TextField())


def markets_for(channel: Combinable | str, country: Combinable | str) -> "QuerySet[Market]":
    """The destination's market first, then the channel's: the first one decides. `country` is of ISO 3166-1, in
    capitals, empty when the destination is not known."""
    is_destination = Exists(MarketCountry.objects.filter(market=OuterRef("pk"), country=country))
    is_channels = Exists(MarketChannel.objects.filter(market=OuterRef("pk"), channel=channel))
    return (
        Market.objects.annotate(is_destination=is_destination, is_channels=is_channels)
        .filter(Q(is_destination=True) | Q(is_channels=True))
        .order_by("-is_destination", "code")
    )


def market_of(channel_slug: str, country_code: str | None = None) -> str | None:
    """The code of the market whose rules hold: the destination's when a market names that country, else the
    channel's; None when there is none. One query."""
    markets: QuerySet[Market, Any] = markets_for(channel_slug, (country_code or "").upper())
    return markets.values_list("code", flat=True).first()


def market_channels() -> list[str]:
    """The slugs of all channels that belong to a market. One query."""
    return list(MarketChannel.objects.order_by("market__code", "channel").values_list("channel", flat=True))


def channel_markets() -> dict[str, str]:
    """Channel slug -> the code of its market. One query."""
    return dict(MarketChannel.objects.order_by("channel").values_list("channel", "market__code"))
