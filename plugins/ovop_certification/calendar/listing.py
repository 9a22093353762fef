"""The calendar as staff read it: what has expired already, then what ends next, and what has to be inspected."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value, When

from ovop_certification.calendar.books import Blocked, MarketPlace, blocked_by, market_places
from ovop_certification.calendar.coverage import Holder, covered_products, holders, recipients
from ovop_certification.calendar.endings import Ending, ending_facts, endings, under_surveillance
from ovop_certification.models import (
    Certificate,
    CertificateProduct,
    HolderKind,
    Reminder,
    ReminderState,
    Requirement,
    Scheme,
)
from ovop_certification.selectors import market_rulebooks
from ovop_origin.selectors import groups_of, products_of_producer
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_day

# A claim that is older than this belongs to no run that is still sending.
UNKNOWN_AFTER = datetime.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CalendarFilter:
    """Empty texts ask for all. `within_days` from today on; None for everything that ever ends."""

    scheme: str = ""
    market: str = ""
    producer: str = ""
    within_days: int | None = 180


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """One mail about a certificate's last day. `is_unknown`: claimed a while ago, and nobody knows whether it left."""

    days_before: int
    recipient: str
    state: ReminderState
    is_unknown: bool
    at: datetime.datetime
    attempts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """`reminders` are those about this last day, `has_recipient` says whether anybody would get the next one."""

    certificate: Ending
    holder: Holder
    products: tuple[ProductRecord, ...]
    blocked: tuple[Blocked, ...]
    reminders: tuple[ReminderFacts, ...]
    has_recipient: bool


@dataclass(frozen=True, slots=True)
class CalendarPage:
    rows: tuple[CalendarRow, ...]
    total: int
    expired: int
    places: Mapping[str, MarketPlace]


def calendar_page(
    wanted: CalendarFilter, at: datetime.datetime, *, offset: int = 0, limit: int | None = 50
) -> CalendarPage:
    """What has expired, the latest first, then what ends, the soonest first. A constant number of queries per market."""
    today = shop_day(at)
    found = _filtered(endings(at), wanted)
    if wanted.within_days is not None:
        found = found.filter(valid_until_on__lte=_later(today, wanted.within_days))
    is_over = Q(valid_until_on__lt=today)
    over_first = Case(When(is_over, then=Value(0)), default=Value(1))
    latest_over = Case(When(is_over, then=F("valid_until_on")))
    rows = found.order_by(over_first, latest_over.desc(), "valid_until_on", "pk")
    places = market_places()
    return CalendarPage(
        rows=_rows(ending_facts(_cut(rows, offset, limit), at), places, at),
        total=found.count(),
        expired=found.filter(valid_until_on__lt=today).count(),
        places=places,
    )


def surveillance_page(
    wanted: CalendarFilter, at: datetime.datetime, *, offset: int = 0, limit: int | None = 50
) -> tuple[tuple[Ending, Holder], ...]:
    """Certificates in force that have to be inspected, the overdue first."""
    found = _filtered(under_surveillance(at), wanted)
    if wanted.within_days is not None:
        found = found.filter(surveillance_next_on__lte=_later(shop_day(at), wanted.within_days))
    certificates = ending_facts(_cut(found.order_by("surveillance_next_on", "pk"), offset, limit), at)
    owners = _holders(certificates, at)
    return tuple((each, owners[each.id]) for each in certificates)


def surveillance_total(wanted: CalendarFilter, at: datetime.datetime) -> int:
    found = _filtered(under_surveillance(at), wanted)
    if wanted.within_days is not None:
        found = found.filter(surveillance_next_on__lte=_later(shop_day(at), wanted.within_days))
    return found.count()


def scheme_choices() -> list[tuple[str, Mapping[str, str]]]:
    """Code and names of every scheme. One query."""
    return list(Scheme.objects.order_by("code").values_list("code", "names"))


def reminders_of(certificates: Collection[Ending], at: datetime.datetime) -> dict[int, tuple[ReminderFacts, ...]]:
    """Certificate -> the mails about its last day, the latest first. One query."""
    last_days = {each.id: each.last_on for each in certificates}
    found: dict[int, list[ReminderFacts]] = {}
    for row in Reminder.objects.filter(certificate__in=last_days).order_by("days_before", "recipient"):
        if row.last_on != last_days[row.certificate_id]:
            continue
        state = ReminderState(row.state)
        facts = ReminderFacts(
            days_before=row.days_before,
            recipient=row.recipient,
            state=state,
            is_unknown=state is ReminderState.CLAIMED and row.claimed_at + UNKNOWN_AFTER <= at,
            at=row.sent_at or row.claimed_at,
            attempts=row.attempts,
            last_error=row.last_error,
        )
        found.setdefault(row.certificate_id, []).append(facts)
    return {pk: tuple(each) for pk, each in found.items()}


def _rows(
    certificates: Sequence[Ending], places: Mapping[str, MarketPlace], at: datetime.datetime
) -> tuple[CalendarRow, ...]:
    products = covered_products(certificates, shop_day(at))
    known = {record.pk: record for each in products.values() for record in each}
    owners = holders(certificates, known)
    books = market_rulebooks(known) if known else {}
    mails = reminders_of(certificates, at)
    told = recipients(certificates)
    return tuple(
        CalendarRow(
            certificate=each,
            holder=owners[each.id],
            products=products[each.id],
            blocked=blocked_by(each, products[each.id], books, at),
            reminders=mails.get(each.id, ()),
            has_recipient=bool(told[each.id]),
        )
        for each in certificates
    )


def _holders(certificates: Sequence[Ending], at: datetime.datetime) -> dict[int, Holder]:
    products = covered_products(certificates, shop_day(at))
    return holders(certificates, {record.pk: record for each in products.values() for record in each})


def _filtered(certificates: QuerySet[Certificate, Any], wanted: CalendarFilter) -> QuerySet[Certificate, Any]:
    """Of a market: what is valid in it and asked for by it. Of a producer: its own, its groups', its products'."""
    if wanted.scheme:
        certificates = certificates.filter(scheme__code=wanted.scheme)
    if wanted.market:
        asked = Requirement.objects.filter(market__code=wanted.market, scheme=OuterRef("scheme"))
        limited = Certificate.markets.through.objects.filter(certificate=OuterRef("pk"))
        certificates = certificates.filter(
            Exists(asked), ~Exists(limited) | Exists(limited.filter(market__code=wanted.market))
        )
    if wanted.producer:
        groups = {each.group_code for each in groups_of([wanted.producer]).get(wanted.producer, ())}
        made = products_of_producer(wanted.producer)
        held = Func(F("holder_ref"), Value("/"), Value(1), function="split_part", output_field=TextField())
        is_theirs = Q(
            holder_kind__in=[HolderKind.PRODUCER, HolderKind.GROUP], holder_ref__in={wanted.producer, *groups}
        )
        is_of_product = Q(
            holder_kind__in=[HolderKind.PRODUCT, HolderKind.LOT], held_product__in=[str(pk) for pk in made]
        )
        names = CertificateProduct.objects.filter(certificate=OuterRef("pk"), product_pk__in=made)
        certificates = certificates.annotate(held_product=held).filter(is_theirs | is_of_product | Exists(names))
    return certificates


def _cut(rows: QuerySet[Certificate, Any], offset: int, limit: int | None) -> QuerySet[Certificate, Any]:
    return rows[offset:] if limit is None else rows[offset : offset + limit]


def _later(day: datetime.date, days: int) -> datetime.date:
    try:
        return day + datetime.timedelta(days=days)
    except OverflowError:
        return datetime.date.max
