"""The rules of every market, and which channels they hold in."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ovop_certification.calendar.endings import Ending
from ovop_certification.models import Effect, Market
from ovop_certification.rules import Rulebook
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_zone


@dataclass(frozen=True, slots=True)
class MarketPlace:
    """Where a market's rules hold: its channels (slugs), and the destination countries (ISO 3166-1) it names."""

    code: str
    names: Mapping[str, str]
    channels: tuple[str, ...]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """A product that its market will not sell from that day on for want of the certificate, as far as is known."""

    market: str
    product: ProductRecord
    from_on: datetime.date


def market_places() -> dict[str, MarketPlace]:
    """All markets by code. Three queries."""
    rows = Market.objects.order_by("code").prefetch_related("channels", "countries")
    return {
        row.code: MarketPlace(
            row.code,
            row.names,
            tuple(sorted(each.channel for each in row.channels.all())),
            tuple(sorted(each.country for each in row.countries.all())),
        )
        for row in rows
    }


def blocked_by(
    certificate: Ending,
    products: Iterable[ProductRecord],
    books: Mapping[str, Rulebook],
    at: datetime.datetime,
) -> tuple[Blocked, ...]:
    """What cannot be sold once this certificate's days, and those of grace after them, are over; of one that is over
    already, what cannot be sold now. Products that another certificate covers are not among them."""
    zone = shop_zone()
    found: dict[tuple[str, int], Blocked] = {}
    for market, book in books.items():
        for rule in book.requirements:
            if rule.scheme != certificate.scheme or rule.effect is not Effect.BLOCK:
                continue
            if certificate.markets and market not in certificate.markets:
                continue
            try:
                closing_on = certificate.last_on + datetime.timedelta(days=1 + rule.grace_days)
            except OverflowError:
                continue
            closing_at = datetime.datetime.combine(closing_on, datetime.time.min, tzinfo=zone)
            for product in products:
                if not rule.concerns(product):
                    continue
                reasons = book.reasons(product, at=max(at, closing_at), zone=zone)
                if any(each.requirement_id == rule.id and each.effect is Effect.BLOCK for each in reasons):
                    known = found.get((market, product.pk))
                    if known is None or closing_on < known.from_on:
                        found[market, product.pk] = Blocked(market, product, closing_on)
    return tuple(sorted(found.values(), key=lambda each: (each.from_on, each.market, each.product.slug)))
