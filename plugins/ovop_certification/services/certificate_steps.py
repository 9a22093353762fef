"""What staff decide about a certificate: seen to be real, counting, suspended, back, withdrawn."""

import datetime

from django.db import transaction

from ovop_certification.errors import (
    EventOutOfOrder,
    EvidenceRequired,
    IllegalTransition,
    ReasonRequired,
    UnknownCertificate,
)
from ovop_certification.locks import lock_certificates
from ovop_certification.models import CertificateEvent, EventKind, Evidence
from ovop_certification.services.certificate_terms import text_check
from ovop_certification.services.certificates import certificate_event_add
from ovop_certification.services.changes import MAX_REASON_CHARACTERS


@transaction.atomic
def certificate_verify(
    certificate_pk: int,
    *,
    actor: str,
    at: datetime.datetime,
    reason: str,
    happened_at: datetime.datetime | None = None,
) -> CertificateEvent:
    """Somebody has seen that the paper is real; `reason` says where it was looked up. A document has to be on file.

    Raises UnknownCertificate, EvidenceRequired, ReasonRequired, IllegalTransition, EventOutOfOrder, InvalidText.
    """
    _lock(certificate_pk)
    if not Evidence.objects.filter(certificate=certificate_pk).exists():
        raise EvidenceRequired("File the document first.", field="document")
    if not reason.strip():
        raise ReasonRequired("Say where it was looked up.", field="reason")
    return _step(certificate_pk, EventKind.VERIFIED, actor, at, reason, happened_at)


@transaction.atomic
def certificate_issue(
    certificate_pk: int,
    *,
    actor: str,
    at: datetime.datetime,
    reason: str = "",
    happened_at: datetime.datetime | None = None,
) -> CertificateEvent:
    """From now on it counts: said by somebody else than who verified it.

    Raises UnknownCertificate, IllegalTransition (also when it was not verified), FourEyesRequired, EventOutOfOrder,
    ReasonRequired (no actor), InvalidText.
    """
    _lock(certificate_pk)
    last = CertificateEvent.objects.filter(certificate=certificate_pk).order_by("-position").first()
    if last is None or last.kind != EventKind.VERIFIED:
        before = last.kind if last else None
        raise IllegalTransition(
            f"A certificate is issued when it is verified, not when it is {before}.",
            field="kind",
            params={"from": before, "to": EventKind.ISSUED},
        )
    return _step(certificate_pk, EventKind.ISSUED, actor, at, reason, happened_at)


@transaction.atomic
def certificate_suspend(
    certificate_pk: int,
    *,
    actor: str,
    at: datetime.datetime,
    reason: str,
    happened_at: datetime.datetime | None = None,
) -> CertificateEvent:
    """It does not count until it is reinstated; since `happened_at`, else since now.

    Raises UnknownCertificate, IllegalTransition, EventOutOfOrder (before the last event, or in the future),
    ReasonRequired, InvalidText.
    """
    return _step(certificate_pk, EventKind.SUSPENDED, actor, at, reason, happened_at)


@transaction.atomic
def certificate_reinstate(
    certificate_pk: int,
    *,
    actor: str,
    at: datetime.datetime,
    reason: str,
    happened_at: datetime.datetime | None = None,
) -> CertificateEvent:
    """A suspended one counts again. Raises as certificate_suspend."""
    if not reason.strip():
        raise ReasonRequired("To be reinstated needs a reason.", field="reason")
    return _step(certificate_pk, EventKind.REINSTATED, actor, at, reason, happened_at)


@transaction.atomic
def certificate_withdraw(
    certificate_pk: int,
    *,
    actor: str,
    at: datetime.datetime,
    reason: str,
    happened_at: datetime.datetime | None = None,
) -> CertificateEvent:
    """The end of a certificate, or of an application. Raises as certificate_suspend."""
    return _step(certificate_pk, EventKind.WITHDRAWN, actor, at, reason, happened_at)


def _step(
    certificate_pk: int,
    kind: EventKind,
    actor: str,
    at: datetime.datetime,
    reason: str,
    happened_at: datetime.datetime | None,
) -> CertificateEvent:
    text_check(reason, "reason", MAX_REASON_CHARACTERS)
    moment = at if happened_at is None else happened_at
    if moment > at:
        raise EventOutOfOrder("The moment lies in the future.", field="at")
    return certificate_event_add(certificate_pk, kind, actor=actor, at=moment, reason=reason)


def _lock(certificate_pk: int) -> None:
    if certificate_pk not in lock_certificates([certificate_pk]):
        raise UnknownCertificate("There is no such certificate.", params={"certificate": certificate_pk})
