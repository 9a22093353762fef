"""What would go offline, with what it sold: on a day, or if a certificate falls."""

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ovop_certification import selectors
from ovop_certification.calendar.books import MarketPlace, market_places
from ovop_certification.calendar.falls import Change, changes_between, changes_by_fall, concerned_between
from ovop_certification.errors import EventOutOfOrder, IllegalTransition, InvalidDates, UnknownCertificate
from ovop_certification.models import Certificate, CertificateEvent, EventKind
from ovop_certification.rules import Rulebook
from ovop_shared.catalogue import host_catalogue
from ovop_shared.records import ProductRecord
from ovop_shared.sales import Sold, host_sales
from ovop_shared.shop_time import shop_day, shop_zone

SALES_DAYS = 90
FARTHEST_DAYS = 3_660
FALLS = (EventKind.WITHDRAWN, EventKind.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Total:
    """What was sold in a currency. `gross_minor` is None where the currency's minor unit is not known, and
    `returned_units` where the host cannot tell."""

    currency: str
    units: int
    gross_minor: int | None
    returned_units: int | None


@dataclass(frozen=True, slots=True)
class Impact:
    """A change with where it is felt: the market's channels that list the product, the countries the market names, and
    what was sold of it there."""

    change: Change
    channels: tuple[str, ...]
    countries: tuple[str, ...]
    sold: tuple[Total, ...]

    @property
    def units(self) -> int:
        return sum(each.units for each in self.sold)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What sells most comes first. `totals` are of what goes offline. `has_sales` is False where the host keeps none."""

    since: datetime.datetime
    until: datetime.datetime
    offline: tuple[Impact, ...]
    online: tuple[Impact, ...]
    totals: tuple[Total, ...]
    places: Mapping[str, MarketPlace]
    scheme_names: Mapping[str, Mapping[str, str]]
    has_sales: bool


def simulate_day(on: datetime.date, at: datetime.datetime, *, channels: Collection[str] | None = None) -> Simulation:
    """What is sold now and will not be at the end of that day, and the other way round, as far as the registry knows.

    `channels` (slugs) are those whose sales the reader may see; None for all.

    Raises InvalidDates for a day that is over, or farther off than FARTHEST_DAYS.
    """
    today = shop_day(at)
    if not 0 <= (on - today).days <= FARTHEST_DAYS:
        raise InvalidDates("A day from today on, within ten years.", field="on")
    until = datetime.datetime.combine(on, datetime.time.max, tzinfo=shop_zone())
    books = selectors.market_rulebooks(None)
    concerned = concerned_between(books, at, until, shop_zone())
    changes: list[Change] = []
    for chunk in _records(concerned):
        changes += changes_between(books, chunk, at, until, shop_zone())
    return _simulation(changes, books, at, until, at, channels)


def simulate_fall(
    certificate_pk: int,
    kind: EventKind,
    at: datetime.datetime,
    *,
    now: datetime.datetime,
    channels: Collection[str] | None = None,
) -> Simulation:
    """What is sold no more from `at` on if the certificate is withdrawn or suspended then; `channels` as simulate_day.

    Raises UnknownCertificate, IllegalTransition (of another kind, or when it was withdrawn before), EventOutOfOrder
    (before what was recorded last) and InvalidDates (farther off than FARTHEST_DAYS).
    """
    if at - now > datetime.timedelta(days=FARTHEST_DAYS):
        raise InvalidDates("A moment within ten years.", field="at")
    if kind not in FALLS:
        raise IllegalTransition("A certificate falls by being withdrawn or suspended.", field="kind")
    if not Certificate.objects.filter(pk=certificate_pk).exists():
        raise UnknownCertificate("There is no such certificate.", field="certificate")
    last = CertificateEvent.objects.filter(certificate=certificate_pk).order_by("-position").first()
    if last is not None and last.kind == EventKind.WITHDRAWN:
        raise IllegalTransition("The certificate has been withdrawn already.", field="certificate")
    if last is not None and at < last.at:
        raise EventOutOfOrder(f"The last event was at {last.at.isoformat()}.", field="at")
    concerned = selectors.products_of_certificate(certificate_pk)
    books = selectors.market_rulebooks(concerned)
    changes: list[Change] = []
    for chunk in _records(concerned):
        changes += changes_by_fall(books, chunk, certificate_pk, kind, at, shop_zone())
    return _simulation(changes, books, at, at, now, channels)


def find_certificates(scheme: str, number: str, issuing_body: str = "") -> list[Certificate]:
    """Those of that scheme and number; two issuing bodies may use the same one. One query."""
    if "\0" in scheme + number + issuing_body:
        return []
    found = Certificate.objects.filter(scheme__code=scheme, number=number).select_related("scheme", "issuing_body")
    if issuing_body:
        found = found.filter(issuing_body__code=issuing_body)
    return list(found.order_by("issuing_body__code"))


def _records(concerned: Collection[int] | None) -> Iterator[Iterable[ProductRecord]]:
    catalogue = host_catalogue()
    if concerned is None:
        yield from catalogue.all_products()
        return
    pks = sorted(concerned)
    for start in range(0, len(pks), 1_000):
        yield list(catalogue.by_pk(pks[start : start + 1_000]).values())


def _simulation(
    changes: Collection[Change],
    books: Mapping[str, Rulebook],
    since: datetime.datetime,
    until: datetime.datetime,
    now: datetime.datetime,
    seen: Collection[str] | None,
) -> Simulation:
    places = market_places()
    pks = {each.product.pk for each in changes}
    listed = {
        channel: host_catalogue().listed(channel, pks)
        for code in {each.market for each in changes}
        for channel in places[code].channels
    }
    book = host_sales()
    lines = book.sold_since(pks, now - datetime.timedelta(days=SALES_DAYS)) if book and pks else ()
    sold = _by_market([each for each in lines if seen is None or each.channel in seen], places)
    impacts = []
    for each in changes:
        place = places[each.market]
        channels = tuple(channel for channel in place.channels if each.product.pk in listed[channel])
        if not channels and not place.countries:
            continue
        own = sold.get((each.market, each.product.pk), ())
        impacts.append(Impact(each, channels, place.countries, _totals(own)))
    impacts.sort(key=lambda each: (-each.units, each.change.at, each.change.product.slug, each.change.market))
    offline = tuple(each for each in impacts if not each.change.is_allowed)
    lost = [line for each in offline for line in sold.get((each.change.market, each.change.product.pk), ())]
    schemes = next((book.scheme_names for book in books.values()), {})
    return Simulation(
        since=since,
        until=until,
        offline=offline,
        online=tuple(each for each in impacts if each.change.is_allowed),
        totals=_totals(lost),
        places=places,
        scheme_names=schemes,
        has_sales=book is not None,
    )


def _by_market(sold: Iterable[Sold], places: Mapping[str, MarketPlace]) -> dict[tuple[str, int], list[Sold]]:
    """Each sale under the market whose rules held for it: the destination's where one names that country, else the
    channel's, as the gate decides."""
    of_country = {country: place.code for place in places.values() for country in place.countries}
    of_channel = {channel: place.code for place in places.values() for channel in place.channels}
    found: dict[tuple[str, int], list[Sold]] = {}
    for each in sold:
        market = of_country.get(each.country) or of_channel.get(each.channel)
        if market is not None:
            found.setdefault((market, each.product_pk), []).append(each)
    return found


def _totals(sold: Iterable[Sold]) -> tuple[Total, ...]:
    by_currency: dict[str, list[Sold]] = {}
    for each in sold:
        by_currency.setdefault(each.currency, []).append(each)
    return tuple(
        Total(
            currency,
            sum(each.units for each in lines),
            _sum([each.gross_minor for each in lines]),
            _sum([each.returned_units for each in lines]),
        )
        for currency, lines in sorted(by_currency.items())
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = list(numbers)
    return None if None in known else sum(each for each in known if each is not None)
