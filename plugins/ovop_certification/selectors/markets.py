"""Which market's rules hold where."""

from django.db.models import Subquery, TextField
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from ovop_certification.models import Market, MarketChannel, MarketCountry
from ovop_shared.statements import Parameter

CHANNEL = Parameter("channel", "text", TextField())
COUNTRY = Parameter("country", "text", TextField())


def market_pk(channel: Combinable | str, country: Combinable | str) -> Coalesce:
    """The key of the destination's market, else of the channel's. `country` is of ISO 3166-1, in capitals, empty when
    the destination is not known. Each belongs to one market only."""
    return Coalesce(
        Subquery(MarketCountry.objects.filter(country=country).values("market")),
        Subquery(MarketChannel.objects.filter(channel=channel).values("market")),
    )


def market_of(channel_slug: str, country_code: str | None = None) -> str | None:
    """The code of the market whose rules hold: the destination's when a market names that country, else the
    channel's; None when there is none. One query."""
    markets = Market.objects.filter(pk=market_pk(channel_slug, (country_code or "").upper()))
    return markets.values_list("code", flat=True).first()


def market_channels() -> list[str]:
    """The slugs of all channels that belong to a market. One query."""
    return list(MarketChannel.objects.order_by("market__code", "channel").values_list("channel", flat=True))


def channel_markets() -> dict[str, str]:
    """Channel slug -> the code of its market. One query."""
    return dict(MarketChannel.objects.order_by("channel").values_list("channel", "market__code"))
