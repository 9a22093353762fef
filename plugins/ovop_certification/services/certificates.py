"""Registering certificates, and writing down what happens to them."""

import datetime
from collections.abc import Iterable, Mapping, Sequence

from django.db import IntegrityError, transaction

from ovop_certification.errors import (
    CertificateExists,
    EventOutOfOrder,
    FourEyesRequired,
    IllegalTransition,
    InvalidCertificate,
    InvalidDates,
    ReasonRequired,
    UnknownCertificate,
    UnknownIssuingBody,
    UnknownMarket,
    UnknownScheme,
)
from ovop_certification.locks import lock_certificates
from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateEvent,
    CertificateProduct,
    CertificateProductType,
    EventKind,
    HolderKind,
    IssuingBody,
    Market,
    Scheme,
)
from ovop_certification.records import CertificateRow, EventRow
from ovop_certification.services.announce import announce_certificate

# Which events may follow which; None is a certificate nothing has happened to yet. Withdrawn is the end. A register's
# own history may tell of the issue alone; who decides here goes through verified (certificate_issue).
FOLLOWERS: Mapping[EventKind | None, frozenset[EventKind]] = {
    None: frozenset({EventKind.APPLIED, EventKind.ISSUED}),
    # Applied again: what was applied for has changed, and what was verified has to be looked at anew.
    EventKind.APPLIED: frozenset({EventKind.APPLIED, EventKind.VERIFIED, EventKind.ISSUED, EventKind.WITHDRAWN}),
    EventKind.VERIFIED: frozenset({EventKind.APPLIED, EventKind.ISSUED, EventKind.WITHDRAWN}),
    EventKind.ISSUED: frozenset({EventKind.SUSPENDED, EventKind.WITHDRAWN}),
    EventKind.REINSTATED: frozenset({EventKind.SUSPENDED, EventKind.WITHDRAWN}),
    EventKind.SUSPENDED: frozenset({EventKind.REINSTATED, EventKind.WITHDRAWN}),
    EventKind.WITHDRAWN: frozenset(),
}


@transaction.atomic
def certificate_register(row: CertificateRow) -> Certificate:
    """Register a certificate, or the application for one, with its history so far; at least one event.

    `row.holder_ref` of a product and `row.products` are pks as text. Raises CertificateExists, InvalidCertificate,
    InvalidDates, UnknownScheme, UnknownIssuingBody, UnknownMarket, UnknownCertificate (of `replaces`) and what
    `certificate_event_add` raises.
    """
    certificate_check(row)
    scheme = Scheme.objects.filter(code=row.scheme).first()
    if scheme is None:
        raise UnknownScheme(f"There is no scheme {row.scheme!r}.", field="scheme")
    body = IssuingBody.objects.filter(code=row.issuing_body).first()
    if body is None:
        raise UnknownIssuingBody(f"There is no issuing body {row.issuing_body!r}.", field="issuing_body")
    markets = list(Market.objects.filter(code__in=row.markets))
    if len(markets) < len(row.markets):
        unknown = sorted(row.markets - {market.code for market in markets})
        raise UnknownMarket(f"There is no market {unknown[0]!r}.", field="markets")
    older = None
    if row.replaces:
        older = Certificate.objects.filter(scheme=scheme, issuing_body=body, number=row.replaces).first()
        if older is None:
            raise UnknownCertificate(f"There is no certificate {row.replaces!r}.", field="replaces")
    try:
        with transaction.atomic():
            certificate = Certificate.objects.create(
                scheme=scheme,
                issuing_body=body,
                number=row.number,
                holder_kind=row.holder_kind,
                holder_ref=row.holder_ref,
                valid_from_on=row.valid_from_on,
                valid_until_on=row.valid_until_on,
                replaces=older,
                register_url=row.register_url,
                surveillance_last_on=row.surveillance_last_on,
                surveillance_next_on=row.surveillance_next_on,
            )
    except IntegrityError as error:
        raise CertificateExists(
            f"{row.number} of {row.scheme} is registered already.", field="number", params={"number": row.number}
        ) from error
    certificate.markets.set(markets)
    products = [CertificateProduct(certificate=certificate, product_pk=int(pk)) for pk in sorted(row.products)]
    CertificateProduct.objects.bulk_create(products)
    types = [CertificateProductType(certificate=certificate, product_type=slug) for slug in sorted(row.product_types)]
    CertificateProductType.objects.bulk_create(types)
    areas = [CertificateArea(certificate=certificate, place=code) for code in sorted(row.areas)]
    CertificateArea.objects.bulk_create(areas)
    CertificateEvent.objects.bulk_create(events_after(certificate.pk, (), row.events))
    announce_certificate(certificate.pk, since=row.events[0].at)
    return certificate


@transaction.atomic
def certificate_event_add(
    certificate_pk: int, kind: EventKind, *, actor: str, at: datetime.datetime, reason: str = ""
) -> CertificateEvent:
    """Write down what happened to a certificate at that moment. One writer at a time per certificate.

    Raises UnknownCertificate, IllegalTransition, EventOutOfOrder (before the last event) and ReasonRequired.
    """
    if certificate_pk not in lock_certificates([certificate_pk]):
        raise UnknownCertificate("There is no such certificate.", params={"certificate": certificate_pk})
    recorded = tuple(CertificateEvent.objects.filter(certificate=certificate_pk).order_by("position"))
    event = events_after(certificate_pk, recorded, [EventRow(kind, at, actor, reason)])[0]
    event.save()
    # Even of an event of this moment: an order made between it and its commit is judged again.
    announce_certificate(certificate_pk, since=at)
    return event


def events_after(
    certificate_pk: int, recorded: Sequence[CertificateEvent], events: Iterable[EventRow]
) -> list[CertificateEvent]:
    """The next steps of a history, every one checked and none saved. The certificate is locked, or new."""
    history = list(recorded)
    for event in events:
        last = history[-1] if history else None
        event_check(last, event)
        history.append(
            CertificateEvent(
                certificate_id=certificate_pk,
                position=len(history) + 1,
                kind=event.kind,
                at=event.at,
                actor=event.actor.strip(),
                reason=event.reason.strip(),
            )
        )
    return history[len(recorded) :]


def event_check(last: CertificateEvent | None, event: EventRow) -> None:
    """Whether the event may follow. Raises IllegalTransition, EventOutOfOrder, FourEyesRequired, ReasonRequired."""
    before = EventKind(last.kind) if last else None
    if event.kind not in FOLLOWERS[before]:
        raise IllegalTransition(
            f"A certificate cannot be {event.kind} when it is {before or 'new'}.",
            field="kind",
            params={"from": before, "to": event.kind},
        )
    if last is not None and event.at < last.at:
        raise EventOutOfOrder(f"The last event was at {last.at.isoformat()}.", field="at")
    if last is not None and before is EventKind.VERIFIED and event.kind == EventKind.ISSUED:
        four_eyes_check(last.actor, event.actor)
    if not event.actor.strip():
        raise ReasonRequired("An event says who made it.", field="actor")
    if event.kind in (EventKind.SUSPENDED, EventKind.WITHDRAWN) and not event.reason.strip():
        raise ReasonRequired(f"To be {event.kind} needs a reason.", field="reason")


def four_eyes_check(verified_by: str, issued_by: str) -> None:
    """Raises FourEyesRequired."""
    if verified_by.strip().lower() == issued_by.strip().lower():
        raise FourEyesRequired("Whoever verified a certificate does not issue it.", field="actor")


def certificate_check(row: CertificateRow) -> None:
    """Whether the row makes sense by itself. Raises InvalidCertificate, InvalidDates."""
    if not row.number.strip() or not row.holder_ref or row.holder_kind not in HolderKind.values:
        raise InvalidCertificate("A certificate has a number and a holder.", field="number", row=row.row)
    if not row.number.isprintable():
        raise InvalidCertificate("A number is one line of characters that can be seen.", field="number", row=row.row)
    if row.replaces == row.number:
        raise InvalidCertificate("A certificate cannot replace itself.", field="replaces", row=row.row)
    if not row.events:
        raise InvalidCertificate("A certificate begins with an event.", field="events", row=row.row)
    if row.valid_until_on is not None and row.valid_until_on < row.valid_from_on:
        raise InvalidDates("The last day is before the first.", field="valid_until_on", row=row.row)
