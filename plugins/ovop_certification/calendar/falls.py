"""What goes offline and what comes online between two moments, or when a certificate falls: pure."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from ovop_certification.models import EventKind, HolderKind
from ovop_certification.rules import CertificateRecord, Holdings, Reason, Rulebook, StatusChange, is_allowed
from ovop_shared.records import ProductRecord


@dataclass(frozen=True, slots=True)
class Change:
    """A product that is sold in a market no more, or again, from that moment on. `reasons` are those that hold then;
    for one that comes online they are warnings, or none."""

    product: ProductRecord
    market: str
    at: datetime.datetime
    is_allowed: bool
    reasons: tuple[Reason, ...]


def changes_between(
    books: Mapping[str, Rulebook],
    products: Iterable[ProductRecord],
    since: datetime.datetime,
    until: datetime.datetime,
    zone: ZoneInfo,
) -> list[Change]:
    """Whose answer at `until` is another one than at `since`, and when it became that, as far as the registry knows.

    Products by their market and key.
    """
    listed = list(products)
    found = []
    for market, book in books.items():
        before = _allowed(book, listed, since, zone)
        for product in listed:
            reasons = book.reasons(product, at=until, zone=zone)
            if is_allowed(reasons) is not before[product.pk]:
                moment = _last_change(book, product, since, until, zone)
                found.append(Change(product, market, moment, not before[product.pk], reasons))
    return sorted(found, key=lambda each: (each.market, each.product.pk))


def changes_by_fall(
    books: Mapping[str, Rulebook],
    products: Iterable[ProductRecord],
    certificate_pk: int,
    kind: EventKind,
    at: datetime.datetime,
    zone: ZoneInfo,
) -> list[Change]:
    """What is sold no more from that moment on if the certificate is withdrawn or suspended then."""
    listed = list(products)
    fallen = with_event(books, certificate_pk, StatusChange(kind, at))
    found = []
    for market, book in books.items():
        before = _allowed(book, listed, at, zone)
        for product in listed:
            reasons = fallen[market].reasons(product, at=at, zone=zone)
            if is_allowed(reasons) is not before[product.pk]:
                found.append(Change(product, market, at, not before[product.pk], reasons))
    return sorted(found, key=lambda each: (each.market, each.product.pk))


def with_event(books: Mapping[str, Rulebook], certificate_pk: int, event: StatusChange) -> dict[str, Rulebook]:
    """The same rulebooks with one more thing that happened to a certificate; what was to follow later is left out."""

    def fallen(certificate: CertificateRecord) -> CertificateRecord:
        if certificate.id != certificate_pk:
            return certificate
        return replace(certificate, events=(*(each for each in certificate.events if each.at <= event.at), event))

    changed: dict[int, Holdings] = {}
    found = {}
    for market, book in books.items():
        key = id(book.holdings)
        if key not in changed:
            changed[key] = replace(
                book.holdings, certificates=tuple(fallen(each) for each in book.holdings.certificates)
            )
        found[market] = replace(book, holdings=changed[key])
    return found


def concerned_between(
    books: Mapping[str, Rulebook], since: datetime.datetime, until: datetime.datetime, zone: ZoneInfo
) -> frozenset[int] | None:
    """The keys of the products whose answer can be another one at `until` than at `since`; None when it may be any.

    `books` are of all products. Most shops have a hundred thousand products and a handful of certificates that end
    in a month: only these products are worth a decision.
    """
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()

    def falls(day: datetime.date | None, later_days: int = 0) -> bool:
        if day is None:
            return False
        return first.toordinal() < day.toordinal() + later_days <= last.toordinal()

    graces: dict[str, set[int]] = {}
    for book in books.values():
        for rule in book.requirements:
            if falls(rule.from_on) or falls(rule.until_on, 1):
                return None
            graces.setdefault(rule.scheme, {0}).add(rule.grace_days)
    concerned: set[int] = set()
    for holdings in {id(book.holdings): book.holdings for book in books.values()}.values():
        moved = {each.group for each in holdings.memberships if falls(each.since) or falls(each.until, 1)}
        changing = [
            each
            for each in holdings.certificates
            if each.scheme in graces
            and (
                falls(each.valid_from_on)
                or any(falls(each.valid_until_on, 1 + grace) for grace in graces[each.scheme])
                or any(since < event.at <= until for event in each.events)
                or (each.holder_kind is HolderKind.GROUP and each.holder_ref in moved)
            )
        ]
        concerned |= spoken_of(holdings, changing)
        concerned |= {pk for pk, lots in holdings.lots.items() if any(falls(lot.made_on) for lot in lots)}
    return frozenset(concerned)


def spoken_of(holdings: Holdings, certificates: Iterable[CertificateRecord]) -> set[int]:
    """The keys of the products that these certificates may speak of on some day."""
    found: set[int] = set()
    makers: set[str] = set()
    groups: set[str] = set()
    for each in certificates:
        found |= each.products
        if each.holder_kind in (HolderKind.PRODUCT, HolderKind.LOT):
            found.add(int(each.holder_ref.partition("/")[0]))
        else:
            makers.add(each.holder_ref)
        if each.holder_kind is HolderKind.GROUP:
            groups.add(each.holder_ref)
    makers |= {each.member for each in holdings.memberships if each.group in groups}
    if makers:
        found |= {pk for pk, codes in holdings.makers.items() if not makers.isdisjoint(codes)}
    return found


def _allowed(
    book: Rulebook, products: Iterable[ProductRecord], at: datetime.datetime, zone: ZoneInfo
) -> dict[int, bool]:
    return {product.pk: is_allowed(book.reasons(product, at=at, zone=zone)) for product in products}


def _last_change(
    book: Rulebook, product: ProductRecord, since: datetime.datetime, until: datetime.datetime, zone: ZoneInfo
) -> datetime.datetime:
    """The moment from which the answer of `until` holds without a break."""
    moment, found = since, until
    decision = book.decide(product, at=moment, zone=zone)
    while decision.next_change_at is not None and decision.next_change_at <= until:
        moment = decision.next_change_at
        later = book.decide(product, at=moment, zone=zone)
        if later.allowed is not decision.allowed:
            found = moment
        decision = later
    return found
