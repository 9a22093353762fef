"""Certificates as staff keep them: applied for, corrected while nothing was issued, and looked after since."""

import dataclasses
import datetime
from dataclasses import asdict

from django.db import transaction

from ovop_certification.errors import (
    CertificateIssued,
    IllegalTransition,
    UnknownCertificate,
    UnknownIssuingBody,
    UnknownScheme,
)
from ovop_certification.locks import lock_certificates
from ovop_certification.models import (
    Certificate,
    CertificateEvent,
    ChangeSubject,
    EventKind,
    IssuingBody,
    Scheme,
)
from ovop_certification.records import CertificateRow, EventRow
from ovop_certification.services.announce import announce_certificate
from ovop_certification.services.certificate_terms import (
    OPEN_TERMS,
    CertificateTerms,
    holder_check,
    terms_check,
    terms_of,
    terms_write,
    text_check,
)
from ovop_certification.services.certificates import certificate_check, certificate_register, events_after
from ovop_certification.services.changes import MAX_REASON_CHARACTERS, actor_check, change_record, facts_differ

_CHANGED = "Changed: {names}."


@transaction.atomic
def certificate_apply(
    row: CertificateRow, *, actor: str, at: datetime.datetime, reason: str = ""
) -> tuple[Certificate, bool]:
    """Register an application, with what it says checked against the shop and origin's registry; `row.events` are not
    looked at. The same application again is found and nothing is written: (certificate, whether it is new).

    Raises CertificateExists (with other facts), InvalidCertificate, InvalidDates, InvalidAddress, InvalidText,
    AreaRequired, UnknownScheme, UnknownIssuingBody, UnknownMarket, UnknownProduct, UnknownPlaceOfArea, UnknownHolder,
    UnknownCertificate (of `replaces`), ReasonRequired (no actor).
    """
    row = dataclasses.replace(
        row,
        number=row.number.strip(),
        holder_ref=row.holder_ref.strip(),
        events=(EventRow(EventKind.APPLIED, at, actor, reason),),
    )
    certificate_check(row)
    text_check(row.number, "number", 120)
    text_check(row.replaces, "replaces", 120)
    text_check(reason, "reason", MAX_REASON_CHARACTERS)
    scheme = Scheme.objects.filter(code=row.scheme).first() if "\0" not in row.scheme else None
    if scheme is None:
        raise UnknownScheme(f"There is no scheme {row.scheme!r}.", field="scheme")
    if "\0" in row.issuing_body or not IssuingBody.objects.filter(code=row.issuing_body).exists():
        raise UnknownIssuingBody(f"There is no issuing body {row.issuing_body!r}.", field="issuing_body")
    terms = terms_of_row(row)
    terms_check(terms, scheme.kind)
    holder_check(row.holder_kind, row.holder_ref)
    known = Certificate.objects.filter(
        scheme=scheme,
        issuing_body__code=row.issuing_body,
        number=row.number,
        holder_kind=row.holder_kind,
        holder_ref=row.holder_ref,
    ).first()
    if known is not None and terms_of(known) == terms and _replaced_number(known) == row.replaces:
        return known, False
    return certificate_register(row), True


@transaction.atomic
def certificate_change(
    certificate_pk: int, terms: CertificateTerms, *, actor: str, at: datetime.datetime, reason: str = ""
) -> bool:
    """Make the terms of a certificate these; False when nothing differed.

    Everything may change until it is issued: what was verified before has to be verified again then. Afterwards only
    the surveillance and the register's address may. Every change is kept with who made it.
    Raises UnknownCertificate, CertificateIssued, IllegalTransition (withdrawn), ReasonRequired (no actor) and what
    terms_check raises.
    """
    certificate = _locked(certificate_pk)
    actor_check(actor, reason)
    facts = facts_differ(asdict(terms_of(certificate)), asdict(terms))
    if not facts:
        return False
    events = list(certificate.events.order_by("position"))
    last = EventKind(events[-1].kind)
    if last is EventKind.WITHDRAWN:
        raise IllegalTransition("The certificate is withdrawn.", field="kind", params={"from": last})
    is_open = last in (EventKind.APPLIED, EventKind.VERIFIED)
    locked_terms = sorted(set(facts) - OPEN_TERMS)
    if locked_terms and not is_open:
        raise CertificateIssued(
            "An issued certificate is replaced by a new one.", field=locked_terms[0], params={"fields": locked_terms}
        )
    terms_check(terms, certificate.scheme.kind)
    # Before and after: a product that leaves the scope is decided anew as well.
    announce_certificate(certificate_pk)
    terms_write(certificate, terms)
    change_record(ChangeSubject.CERTIFICATE, certificate_pk, facts, actor=actor, at=at, reason=reason)
    if last is EventKind.VERIFIED and locked_terms:
        again = EventRow(EventKind.APPLIED, max(at, events[-1].at), actor, _CHANGED.format(names=", ".join(facts)))
        CertificateEvent.objects.bulk_create(events_after(certificate_pk, events, [again]))
    announce_certificate(certificate_pk)
    return True


@transaction.atomic
def surveillance_record(
    certificate_pk: int,
    *,
    last_on: datetime.date | None,
    next_on: datetime.date | None,
    actor: str,
    at: datetime.datetime,
    reason: str = "",
) -> bool:
    """Write down when the issuing body looked last and looks next. Raises as certificate_change."""
    terms = terms_of(_locked(certificate_pk))
    terms = dataclasses.replace(terms, surveillance_last_on=last_on, surveillance_next_on=next_on)
    return certificate_change(certificate_pk, terms, actor=actor, at=at, reason=reason)


def terms_of_row(row: CertificateRow) -> CertificateTerms:
    """Of a service's row, whose products are keys as text."""
    return CertificateTerms(
        valid_from_on=row.valid_from_on,
        valid_until_on=row.valid_until_on,
        markets=row.markets,
        products=frozenset(int(pk) for pk in row.products),
        product_types=row.product_types,
        areas=row.areas,
        register_url=row.register_url,
        surveillance_last_on=row.surveillance_last_on,
        surveillance_next_on=row.surveillance_next_on,
    )


def _locked(certificate_pk: int) -> Certificate:
    certificate = lock_certificates([certificate_pk]).get(certificate_pk)
    if certificate is None:
        raise UnknownCertificate("There is no such certificate.", params={"certificate": certificate_pk})
    return certificate


def _replaced_number(certificate: Certificate) -> str:
    return certificate.replaces.number if certificate.replaces else ""
