"""A market keeps its channels: named by slug, and followed when the shop gives a channel another one."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from ovop_certification.locks import lock_registry
from ovop_certification.models import KnownChannel, ListingDecision, MarketChannel
from ovop_certification.services.announce import announce


@dataclass(frozen=True, slots=True)
class Renamed:
    """A channel of the shop that has another slug than when it was last seen."""

    before: str
    after: str


def channels_follow(shop: Mapping[int, str]) -> list[Renamed]:
    """Take note of the shop's channels (slug by key); those that got another slug stay in their market under it.

    A market that names the new slug already stays as it is: somebody was faster, or a registry file said so. One query
    when nothing has changed.
    """
    if _known() == dict(shop):
        return []
    with transaction.atomic():
        lock_registry()
        known = _known()
        renamed = [Renamed(known[pk], slug) for pk, slug in shop.items() if known.get(pk, slug) != slug]
        _rename(renamed)
        KnownChannel.objects.exclude(channel_pk__in=list(shop)).delete()
        KnownChannel.objects.bulk_create(
            [KnownChannel(channel_pk=pk, slug=slug) for pk, slug in shop.items() if known.get(pk) != slug],
            update_conflicts=True,
            unique_fields=["channel_pk"],
            update_fields=["slug"],
        )
        if renamed:
            announce(None)
    return renamed


def _known() -> dict[int, str]:
    return dict(KnownChannel.objects.values_list("channel_pk", "slug"))


def _rename(renamed: list[Renamed]) -> None:
    """Two channels may have swapped their slugs: all of them leave before any of them comes."""
    after = {each.before: each.after for each in renamed}
    leaving = list(MarketChannel.objects.filter(channel__in=after).values_list("pk", "market_id", "channel"))
    staying = MarketChannel.objects.exclude(pk__in=[pk for pk, _, _ in leaving]).filter(channel__in=after.values())
    taken = set(staying.values_list("channel", flat=True))
    MarketChannel.objects.filter(pk__in=[pk for pk, _, _ in leaving]).delete()
    MarketChannel.objects.bulk_create(
        MarketChannel(market_id=market, channel=after[slug]) for _, market, slug in leaving if after[slug] not in taken
    )
    ListingDecision.objects.filter(channel__in=[*after, *after.values()]).delete()
