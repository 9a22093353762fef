"""Certificates by their last day, and their reminders."""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from ovop_certification.due import ENDING, Sending
from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateEvent,
    CertificateProduct,
    CertificateProductType,
    EventKind,
    HolderKind,
    Reminder,
    ReminderState,
    SchemeKind,
)
from ovop_certification.rules import CertificateRecord, Status, StatusChange
from ovop_shared.shop_time import shop_day, shop_zone

GRANTED = (EventKind.ISSUED, EventKind.REINSTATED)
COUNTED = (*GRANTED, EventKind.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate that ends, or has ended. Empty `markets` are all; `products` are named by the certificate itself.

    `days_left` is negative when the last day is over.
    """

    id: int
    scheme: str
    scheme_names: Mapping[str, str]
    issuing_body: str
    number: str
    holder_kind: HolderKind
    holder_ref: str
    valid_from_on: datetime.date
    last_on: datetime.date
    days_left: int
    status: Status
    products: frozenset[int]
    product_types: frozenset[str]
    markets: frozenset[str]
    areas: frozenset[str]
    needs_area: bool
    surveillance_next_on: datetime.date | None


def endings(at: datetime.datetime) -> QuerySet[Certificate, Any]:
    """Certificates with a last day that somebody has to care for: issued, not withdrawn, and no other one that
    replaces them is good for longer without a gap. Suspended ones are among them: they end as well."""
    today = shop_day(at)
    found: QuerySet[Certificate, Any] = _with_last_event(Certificate.objects.filter(valid_until_on__isnull=False), at)
    return found.filter(Q(last_kind__in=COUNTED), ~Exists(_successors(at, today)))


def under_surveillance(at: datetime.datetime) -> QuerySet[Certificate, Any]:
    """Certificates that are in force and have to be inspected on some day."""
    today = shop_day(at)
    is_running = Q(valid_until_on=None) | Q(valid_until_on__gte=today)
    found = Certificate.objects.filter(is_running, surveillance_next_on__isnull=False)
    counted: QuerySet[Certificate, Any] = _with_last_event(found, at).filter(last_kind__in=COUNTED)
    return counted


def ending_facts(certificates: QuerySet[Certificate, Any], at: datetime.datetime) -> list[Ending]:
    """These certificates in their order; of `under_surveillance` without a last day, the facts tell the inspection's
    day as the last one. One query."""
    today = shop_day(at)
    itself = OuterRef("pk")
    rows = certificates.values_list(
        "pk",
        "scheme__code",
        "scheme__names",
        "issuing_body__name",
        "number",
        "holder_kind",
        "holder_ref",
        "valid_from_on",
        "valid_until_on",
        "last_kind",
        ArraySubquery(CertificateProduct.objects.filter(certificate=itself).values("product_pk")),
        ArraySubquery(CertificateProductType.objects.filter(certificate=itself).values("product_type")),
        ArraySubquery(Certificate.markets.through.objects.filter(certificate=itself).values("market__code")),
        ArraySubquery(CertificateArea.objects.filter(certificate=itself).values("place")),
        "scheme__kind",
        "surveillance_next_on",
    )
    found = []
    for row in rows:
        last_on = row[8] or row[15]
        status = _status(row[7], row[8], EventKind(row[9]), at)
        if status is None:
            continue
        found.append(
            Ending(
                id=row[0],
                scheme=row[1],
                scheme_names=row[2],
                issuing_body=row[3],
                number=row[4],
                holder_kind=HolderKind(row[5]),
                holder_ref=row[6],
                valid_from_on=row[7],
                last_on=last_on,
                days_left=(last_on - today).days,
                status=status,
                products=frozenset(row[10]),
                product_types=frozenset(row[11]),
                markets=frozenset(row[12]),
                areas=frozenset(row[13]),
                needs_area=row[14] == SchemeKind.GEOGRAPHICAL,
                surveillance_next_on=row[15],
            )
        )
    return found


def endings_between(first: datetime.date, last: datetime.date, at: datetime.datetime) -> list[Ending]:
    """Those that end in these days, both included, the soonest first, and are still to end. One query."""
    rows = endings(at).filter(valid_until_on__gte=first, valid_until_on__lte=last).order_by("valid_until_on", "pk")
    return [each for each in ending_facts(rows, at) if each.status in ENDING]


def sendings(certificates: Collection[Ending]) -> dict[tuple[int, str], dict[int, Sending]]:
    """What was tried about these certificates' last days: certificate and address (in small letters) -> distance in days -> what
    became of it. One query."""
    last_days = {each.id: each.last_on for each in certificates}
    rows = Reminder.objects.filter(certificate__in=last_days)
    found: dict[tuple[int, str], dict[int, Sending]] = {}
    for pk, last_on, days, recipient, state, attempts, claimed_at in rows.values_list(
        "certificate_id", "last_on", "days_before", "recipient", "state", "attempts", "claimed_at"
    ):
        if last_on == last_days[pk]:
            found.setdefault((pk, recipient.lower()), {})[days] = Sending(ReminderState(state), attempts, claimed_at)
    return found


def _with_last_event(certificates: Any, at: datetime.datetime) -> Any:
    """Annotated with `last_kind`, which mypy's plugin cannot follow out of here."""
    events = CertificateEvent.objects.filter(certificate=OuterRef("pk"), at__lte=at).order_by("-position")
    return certificates.annotate(last_kind=Subquery(events.values("kind")[:1]))


def _successors(at: datetime.datetime, today: datetime.date) -> QuerySet[Certificate, Any]:
    """Of the certificate outside: what replaces it, is granted, begins before a gap opens and lasts longer."""
    day_after = ExpressionWrapper(OuterRef("valid_until_on") + datetime.timedelta(days=1), output_field=DateField())
    far = Value(datetime.date.max, output_field=DateField())
    newer = Certificate.objects.filter(replaces=OuterRef("pk")).annotate(end_on=Coalesce(F("valid_until_on"), far))
    found: QuerySet[Certificate, Any] = _with_last_event(newer, at).filter(
        last_kind__in=GRANTED,
        valid_from_on__lte=Greatest(day_after, Value(today, output_field=DateField())),
        end_on__gt=OuterRef("valid_until_on"),
        end_on__gte=today,
    )
    return found


def _status(
    first: datetime.date, last: datetime.date | None, last_kind: EventKind, at: datetime.datetime
) -> Status | None:
    record = CertificateRecord(
        id=0,
        scheme="",
        issuing_body="",
        number="",
        holder_kind=HolderKind.PRODUCT,
        holder_ref="",
        valid_from_on=first,
        valid_until_on=last,
        events=(StatusChange(last_kind, at),),
    )
    return record.status(at, shop_zone())
