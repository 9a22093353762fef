"""What staff see of certificates: all of them by their state of today, one with its whole history."""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.fields import CharField

from ovop_certification.models import (
    Certificate,
    CertificateEvent,
    CertificateProduct,
    ChangeSubject,
    EventKind,
    IssuingBody,
    Market,
    RecordedChange,
    Requirement,
    Scheme,
)
from ovop_certification.rules import Status
from ovop_shared.shop_time import shop_day


@dataclass(frozen=True, slots=True)
class DeskCertificate:
    """A certificate in a list. `last_kind` is its last event: an application may be verified already.
    `is_replaced` says that a newer one was issued in its place."""

    pk: int
    scheme: str
    scheme_names: Mapping[str, str]
    issuing_body: str
    number: str
    holder_kind: str
    holder_ref: str
    valid_from_on: datetime.date
    valid_until_on: datetime.date | None
    status: Status
    last_kind: EventKind
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class DeskPage:
    """Some certificates and how many there are in all."""

    certificates: tuple[DeskCertificate, ...]
    total: int


@dataclass(frozen=True, slots=True)
class DeskFilter:
    """What to look for; empty is everything.

    `status` is a Status; `applied` waits to be verified, and `verified` waits for somebody else to issue it.
    `expiring_days`: valid, with a last day within so many days. `product_pks` widen the text to certificates that name or
    belong to these products.
    """

    text: str = ""
    status: str = ""
    scheme: str = ""
    holder_kind: str = ""
    market: str = ""
    expiring_days: int | None = None
    product_pks: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """An event, a change of facts or a document, as they happened."""

    at: datetime.datetime
    actor: str
    kind: str
    reason: str = ""
    facts: Mapping[str, Mapping[str, Any]] | None = None
    document: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    pk: int
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    filed_at: datetime.datetime
    filed_by: str


@dataclass(frozen=True, slots=True)
class DeskDetails:
    """All that is known of one certificate. `verified_by` is who verified it last, when nothing changed since."""

    certificate: DeskCertificate
    issuing_body_code: str
    register_url: str
    body_register_url: str
    surveillance_last_on: datetime.date | None
    surveillance_next_on: datetime.date | None
    markets: Mapping[str, Mapping[str, str]]
    products: tuple[int, ...]
    product_types: tuple[str, ...]
    areas: tuple[str, ...]
    replaces: tuple[int, str] | None
    replaced_by: tuple[tuple[int, str], ...]
    history: tuple[HistoryStep, ...]
    evidence: tuple[EvidenceFacts, ...]
    verified_by: str


def desk_certificates(wanted: DeskFilter, at: datetime.datetime, *, offset: int, limit: int) -> DeskPage:
    """Those that are looked for, the expired first, then by their last day. Two queries."""
    rows = _filtered(wanted, at)
    first = Case(When(status=Status.EXPIRED, is_replaced=False, then=Value(0)), default=Value(1))
    ordered = rows.annotate(first=first).order_by("first", F("valid_until_on").asc(nulls_last=True), "number", "pk")
    return DeskPage(tuple(_facts(row) for row in ordered[offset : offset + limit]), rows.count())


def desk_count(wanted: DeskFilter, at: datetime.datetime) -> int:
    return _filtered(wanted, at).count()


def desk_certificate(pk: int, at: datetime.datetime) -> DeskDetails | None:
    """One certificate with all that happened to it, the newest first. Ten queries."""
    row = _with_state(Certificate.objects.filter(pk=pk), at).select_related("replaces").first()
    if row is None:
        return None
    events = list(row.events.order_by("position"))
    filed = list(row.evidence.select_related("content").defer("content__content").order_by("filed_at", "pk"))
    changes = RecordedChange.objects.filter(subject=ChangeSubject.CERTIFICATE, subject_pk=pk).order_by("at", "pk")
    steps = [HistoryStep(each.at, each.actor, each.kind, each.reason) for each in events]
    steps += [HistoryStep(each.at, each.actor, "changed", each.reason, each.facts) for each in changes]
    steps += [HistoryStep(each.filed_at, each.filed_by, "filed", document=each.name) for each in filed]
    return DeskDetails(
        certificate=_facts(row),
        issuing_body_code=row.issuing_body.code,
        register_url=row.register_url,
        body_register_url=row.issuing_body.register_url,
        surveillance_last_on=row.surveillance_last_on,
        surveillance_next_on=row.surveillance_next_on,
        markets={market.code: market.names for market in row.markets.order_by("code")},
        products=tuple(row.products.order_by("product_pk").values_list("product_pk", flat=True)),
        product_types=tuple(row.product_types.order_by("product_type").values_list("product_type", flat=True)),
        areas=tuple(row.areas.order_by("place").values_list("place", flat=True)),
        replaces=(row.replaces.pk, row.replaces.number) if row.replaces else None,
        replaced_by=tuple(row.replaced_by.order_by("pk").values_list("pk", "number")),
        # Of one moment, too, what was written last comes first.
        history=tuple(sorted(steps, key=lambda step: step.at)[::-1]),
        evidence=tuple(
            EvidenceFacts(
                each.pk,
                each.name,
                each.content_type,
                each.size_bytes,
                each.content.sha256,
                each.filed_at,
                each.filed_by,
            )
            for each in filed
        ),
        verified_by=events[-1].actor if events and events[-1].kind == EventKind.VERIFIED else "",
    )


def schemes() -> list[Scheme]:
    return list(Scheme.objects.order_by("code"))


def issuing_bodies() -> list[IssuingBody]:
    return list(IssuingBody.objects.order_by("name"))


def markets() -> "QuerySet[Market]":
    """With their channels and countries. Three queries."""
    return Market.objects.order_by("code").prefetch_related("channels", "countries")


def requirements(pk: int | None = None) -> "QuerySet[Requirement]":
    """All of them, or one, with market and scheme; by market, scheme and first day. One query."""
    rows = Requirement.objects.select_related("market", "scheme").order_by("market__code", "scheme__code", "from_on")
    return rows if pk is None else rows.filter(pk=pk)


def changes_of(subject: ChangeSubject, pk: int) -> "QuerySet[RecordedChange]":
    """Who changed its facts, the newest first. One query."""
    return RecordedChange.objects.filter(subject=subject, subject_pk=pk).order_by("-at", "-pk")


def _with_state(rows: "QuerySet[Certificate]", at: datetime.datetime) -> "QuerySet[Any, Any]":
    """Each with its state at that moment, as rules say it (`Status`)."""
    today = shop_day(at)
    events = CertificateEvent.objects.filter(certificate=OuterRef("pk"), at__lte=at).order_by("-position")
    newer = CertificateEvent.objects.filter(certificate__replaces=OuterRef("pk"), kind=EventKind.ISSUED, at__lte=at)
    status = Case(
        When(last_kind__in=[EventKind.APPLIED, EventKind.VERIFIED], then=Value(Status.APPLIED.value)),
        When(last_kind=EventKind.WITHDRAWN, then=Value(Status.WITHDRAWN.value)),
        When(valid_until_on__lt=today, then=Value(Status.EXPIRED.value)),
        When(last_kind=EventKind.SUSPENDED, then=Value(Status.SUSPENDED.value)),
        When(valid_from_on__gt=today, then=Value(Status.NOT_YET_VALID.value)),
        default=Value(Status.VALID.value),
        output_field=CharField(),
    )
    return (
        rows.annotate(last_kind=Subquery(events.values("kind")[:1]), is_replaced=Exists(newer))
        .filter(last_kind__isnull=False)
        .annotate(status=status)
        .select_related("scheme", "issuing_body")
    )


def _filtered(wanted: DeskFilter, at: datetime.datetime) -> "QuerySet[Any, Any]":
    rows = Certificate.objects.all()
    if wanted.text:
        found = Q(number__icontains=wanted.text) | Q(holder_ref__icontains=wanted.text)
        found |= Q(issuing_body__name__icontains=wanted.text)
        if wanted.product_pks:
            named = CertificateProduct.objects.filter(product_pk__in=wanted.product_pks).values("certificate")
            found |= Q(pk__in=named) | Q(holder_kind="product", holder_ref__in=[str(pk) for pk in wanted.product_pks])
        rows = rows.filter(found)
    if wanted.scheme:
        rows = rows.filter(scheme__code=wanted.scheme)
    if wanted.holder_kind:
        rows = rows.filter(holder_kind=wanted.holder_kind)
    if wanted.market:
        rows = rows.filter(Q(markets__code=wanted.market) | Q(markets=None)).distinct()
    found_rows = _with_state(rows, at)
    if wanted.status in (EventKind.APPLIED, EventKind.VERIFIED):
        found_rows = found_rows.filter(last_kind=wanted.status)
    elif wanted.status == Status.EXPIRED:
        found_rows = found_rows.filter(status=Status.EXPIRED, is_replaced=False)
    elif wanted.status:
        found_rows = found_rows.filter(status=wanted.status)
    if wanted.expiring_days is not None:
        until = shop_day(at) + datetime.timedelta(days=wanted.expiring_days)
        found_rows = found_rows.filter(status=Status.VALID, valid_until_on__lte=until, is_replaced=False)
    return found_rows


def _facts(row: Any) -> DeskCertificate:
    return DeskCertificate(
        pk=row.pk,
        scheme=row.scheme.code,
        scheme_names=row.scheme.names,
        issuing_body=row.issuing_body.name,
        number=row.number,
        holder_kind=row.holder_kind,
        holder_ref=row.holder_ref,
        valid_from_on=row.valid_from_on,
        valid_until_on=row.valid_until_on,
        status=Status(row.status),
        last_kind=EventKind(row.last_kind),
        is_replaced=row.is_replaced,
    )
