"""What is public of certificates at a moment: for their pages, their badges and GraphQL. No actor, reason or evidence."""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from ovop_certification import selectors
from ovop_certification.models import (
    Certificate,
    CertificateEvent,
    EventKind,
    HolderKind,
    Requirement,
    SchemeKind,
)
from ovop_certification.rules import CertificateRecord, Status, StatusChange
from ovop_origin.selectors import makers_of, members_of
from ovop_shared.shop_time import shop_day, shop_zone

# Of several certificates of one number, what their badge may claim is what the last of them in this order may.
_STANDING = (
    Status.VALID,
    Status.NOT_YET_VALID,
    Status.APPLIED,
    Status.EXPIRED,
    Status.SUSPENDED,
    Status.WITHDRAWN,
)


@dataclass(frozen=True, slots=True)
class PublicMarket:
    """A market's names, and the ISO 3166-1 codes of its destination countries."""

    code: str
    names: Mapping[str, str]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicCertificate:
    """A certificate as everybody may know it, at one moment.

    `since_on` is the first day of the state that it is in. `body` is the issuing body's code. `holder_ref` is the
    registry's: whether a producer may be named is for who shows it. `products`, `product_types` and `areas` (codes of
    places) narrow what it covers, `markets` where it holds; empty they do not. `replaced_by` are the numbers of
    granted certificates that took its place. `stars` is the grade of a label. `next_change_at` is when its dates
    next change its state.
    """

    pk: int
    scheme: str
    kind: str
    scheme_names: Mapping[str, str]
    number: str
    body: str
    body_name: str
    body_register_url: str
    register_url: str
    holder_kind: str
    holder_ref: str
    valid_from_on: datetime.date
    valid_until_on: datetime.date | None
    status: Status
    since_on: datetime.date
    audited_on: datetime.date | None
    next_audit_on: datetime.date | None
    products: tuple[int, ...]
    product_types: tuple[str, ...]
    areas: tuple[str, ...]
    markets: tuple[PublicMarket, ...]
    replaces: str
    replaced_by: tuple[str, ...]
    stars: int | None
    next_change_at: datetime.datetime | None

    @property
    def is_valid(self) -> bool:
        return self.status is Status.VALID

    @property
    def standing(self) -> int:
        """How little it may claim: 0 is valid, the highest withdrawn."""
        return _STANDING.index(self.status)

    @property
    def is_geographical(self) -> bool:
        return self.kind == SchemeKind.GEOGRAPHICAL

    @property
    def is_makers(self) -> bool:
        """Its holder is a producer or a group of producers."""
        return self.holder_kind in (HolderKind.PRODUCER, HolderKind.GROUP)

    @property
    def covers_all(self) -> bool:
        """All that its holder, a producer or a group, makes."""
        return self.is_makers and not self.products and not self.product_types


def certificates_numbered(scheme: str, number: str, at: datetime.datetime) -> tuple[PublicCertificate, ...]:
    """Every certificate of that scheme with that number that somebody had applied for at that moment, by issuing body:
    two bodies may use the same number. Nine queries."""
    return _public(Certificate.objects.filter(scheme__code=scheme, number=number), at)


def certificates_with_number(number: str, at: datetime.datetime, *, limit: int) -> tuple[PublicCertificate, ...]:
    """Every certificate with that number, of whatever scheme and in any case, that somebody had applied for at that
    moment. Nine queries."""
    # A database of the locale C folds the case of Latin letters alone.
    spellings = {number, number.upper(), number.lower()}
    is_it = Q(number__in=spellings) | Q(number__iexact=number)
    matching = Certificate.objects.filter(is_it).order_by("pk").values("pk")[:limit]
    return _public(Certificate.objects.filter(pk__in=matching), at)


def certificates_about(product_pks: Collection[int], at: datetime.datetime) -> dict[int, tuple[PublicCertificate, ...]]:
    """What covers each product at that moment, whatever its state, by scheme and number. Products without any are left
    out. The number of queries does not grow with the products."""
    return _known(selectors.certificates_of_products(product_pks, at), at)


def claims_of_products(product_pks: Collection[int], at: datetime.datetime) -> dict[int, tuple[PublicCertificate, ...]]:
    """What may be claimed of each product at that moment: its valid certificates, by scheme and number. Products without
    any are left out.

    One maker's certificate says nothing about what another maker made: makers' certificates are claimed of a product
    when each of its makers has a valid one of the scheme, itself or as a member of a group.
    """
    covering = selectors.certificates_of_products(product_pks, at)
    valid = {pk: [each for each in facts if each.status is Status.VALID] for pk, facts in covering.items()}
    held = _known(valid, at)
    makers = _Makers.of(held, shop_day(at))
    claims = {}
    for pk, certificates in held.items():
        by_scheme: dict[str, list[PublicCertificate]] = {}
        for each in certificates:
            by_scheme.setdefault(each.scheme, []).append(each)
        claimed = [each for found in by_scheme.values() if makers.all_have(pk, found) for each in found]
        if claimed:
            claims[pk] = tuple(sorted(claimed, key=lambda each: (each.scheme, each.number, each.body)))
    return claims


def _known(
    covering: Mapping[int, Collection[selectors.CertificateFacts]], at: datetime.datetime
) -> dict[int, tuple[PublicCertificate, ...]]:
    keys = {(each.scheme_code, each.number, each.issuing_body) for facts in covering.values() for each in facts}
    if not keys:
        return {}
    rows = Certificate.objects.filter(scheme__code__in={key[0] for key in keys}, number__in={key[1] for key in keys})
    public = {(each.scheme, each.number, each.body_name): each for each in _public(rows, at)}
    return {
        pk: tuple(public[each.scheme_code, each.number, each.issuing_body] for each in facts)
        for pk, facts in covering.items()
        if facts
    }


def products_whose_dates_passed(since: datetime.datetime, until: datetime.datetime) -> list[int] | None:
    """The keys of the products of whose certificates a day or an event was reached after `since`, up to `until`; None when
    one of a requirement's was: that may be any product."""
    before, today = shop_day(since), shop_day(until)
    begins, ended = {"_on__gt": before, "_on__lte": today}, {"_on__gte": before, "_on__lt": today}

    def reached(start: str, end: str) -> Q:
        first = Q(**{start + lookup: value for lookup, value in begins.items()})
        return first | Q(**{end + lookup: value for lookup, value in ended.items()})

    if Requirement.objects.filter(reached("from", "until")).exists():
        return None
    happened = CertificateEvent.objects.filter(at__gt=since, at__lte=until)
    certificates = Certificate.objects.filter(
        reached("valid_from", "valid_until") | Q(pk__in=happened.values("certificate_id"))
    )
    return sorted(selectors.products_of_certificates(list(certificates.values_list("pk", flat=True))))


@dataclass(frozen=True, slots=True)
class _Makers:
    """Who makes the products, and who is a member of the groups that hold certificates, on one day."""

    of_product: Mapping[int, frozenset[str]]
    in_group: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, held: Mapping[int, Collection[PublicCertificate]], today: datetime.date) -> "_Makers":
        theirs = {
            pk: [each for each in found if each.is_makers]
            for pk, found in held.items()
            if any(c.is_makers for c in found)
        }
        groups = {
            each.holder_ref for found in theirs.values() for each in found if each.holder_kind == HolderKind.GROUP
        }
        members = members_of(groups) if groups else {}
        in_group = {
            group: frozenset(
                each.member_code for each in memberships if (each.since or today) <= today <= (each.until or today)
            )
            for group, memberships in members.items()
        }
        return cls(makers_of(list(theirs)) if theirs else {}, in_group)

    def all_have(self, product_pk: int, certificates: Collection[PublicCertificate]) -> bool:
        if any(not each.is_makers or product_pk in each.products for each in certificates):
            return True
        having: set[str] = set()
        for each in certificates:
            having |= {each.holder_ref, *self.in_group.get(each.holder_ref, ())}
        return having >= self.of_product.get(product_pk, frozenset())


def _public(certificates: QuerySet[Certificate], at: datetime.datetime) -> tuple[PublicCertificate, ...]:
    rows = (
        certificates.select_related("scheme", "issuing_body", "replaces", "assessment")
        .prefetch_related("events", "products", "product_types", "areas", "markets__countries", "replaced_by__events")
        .order_by("scheme__code", "number", "issuing_body__code")
    )
    found = (_certificate(row, at) for row in rows)
    return tuple(each for each in found if each)


def _certificate(row: Certificate, at: datetime.datetime) -> PublicCertificate | None:
    status = _record(row).status(at, shop_zone())
    if status is None:
        return None
    assessment = getattr(row, "assessment", None)
    products = {each.product_pk for each in row.products.all()}
    return PublicCertificate(
        pk=row.pk,
        scheme=row.scheme.code,
        kind=row.scheme.kind,
        scheme_names=row.scheme.names,
        number=row.number,
        body=row.issuing_body.code,
        body_name=row.issuing_body.name,
        body_register_url=_web_address(row.issuing_body.register_url),
        register_url=_web_address(row.register_url),
        holder_kind=row.holder_kind,
        holder_ref=row.holder_ref,
        valid_from_on=row.valid_from_on,
        valid_until_on=row.valid_until_on,
        status=status,
        since_on=_since(row, status, at),
        audited_on=_reached(row.surveillance_last_on, at),
        next_audit_on=row.surveillance_next_on,
        products=tuple(sorted(products)),
        product_types=tuple(sorted(each.product_type for each in row.product_types.all())),
        areas=tuple(sorted(each.place for each in row.areas.all())),
        markets=tuple(
            PublicMarket(market.code, market.names, tuple(sorted(each.country for each in market.countries.all())))
            for market in sorted(row.markets.all(), key=lambda market: market.code)
        ),
        replaces=row.replaces.number if row.replaces else "",
        replaced_by=tuple(sorted(each.number for each in row.replaced_by.all() if _is_granted(each, at))),
        stars=assessment.stars if assessment else None,
        next_change_at=_next_change(row, at),
    )


def _record(row: Certificate) -> CertificateRecord:
    """As much of it as its state needs."""
    events = sorted(row.events.all(), key=lambda event: event.position)
    return CertificateRecord(
        id=row.pk,
        scheme="",
        issuing_body="",
        number=row.number,
        holder_kind=HolderKind(row.holder_kind),
        holder_ref=row.holder_ref,
        valid_from_on=row.valid_from_on,
        valid_until_on=row.valid_until_on,
        events=tuple(StatusChange(EventKind(event.kind), event.at) for event in events),
    )


def _is_granted(row: Certificate, at: datetime.datetime) -> bool:
    return _record(row).status(at, shop_zone()) not in (None, Status.APPLIED)


def _since(row: Certificate, status: Status, at: datetime.datetime) -> datetime.date:
    happened = sorted((event for event in row.events.all() if event.at <= at), key=lambda event: event.position)
    last = shop_day(happened[-1].at)
    if status is Status.APPLIED:
        return shop_day(happened[0].at)
    if status is Status.EXPIRED:
        assert row.valid_until_on is not None
        return row.valid_until_on + datetime.timedelta(days=1)
    return max(last, row.valid_from_on) if status is Status.VALID else last


def _next_change(row: Certificate, at: datetime.datetime) -> datetime.datetime | None:
    days = [row.valid_from_on]
    if row.valid_until_on is not None and row.valid_until_on < datetime.date.max:
        days.append(row.valid_until_on + datetime.timedelta(days=1))
    starts = (datetime.datetime.combine(day, datetime.time.min, tzinfo=shop_zone()) for day in days)
    moments = [*starts, *(event.at for event in row.events.all())]
    return min((moment for moment in moments if moment > at), default=None)


def _reached(day: datetime.date | None, at: datetime.datetime) -> datetime.date | None:
    """An audit that was: not one that somebody wrote down ahead."""
    return day if day is not None and day <= shop_day(at) else None


def _web_address(url: str) -> str:
    """Only what a browser opens as a page: an address of another kind is none to offer."""
    return url if url.startswith(("https://", "http://")) else ""
