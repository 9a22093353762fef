"""A certificate at the desk: applied for, corrected, verified, issued by somebody else, suspended, withdrawn."""

from typing import Any

import pytest
from certification_world import AT, JAM, JUICE, SLIPPERS, certificate_row, day
from desk_world import DAY, HOUR, announcements, applied, filed, issued, kinds, verified, village
from django.db import IntegrityError, transaction

from ovop_certification import errors
from ovop_certification.models import (
    Certificate,
    CertificateEvent,
    CertificateProduct,
    EventKind,
    RecordedChange,
    Scheme,
    SchemeKind,
)
from ovop_certification.services import (
    certificate_apply,
    certificate_change,
    certificate_event_add,
    certificate_issue,
    certificate_reinstate,
    certificate_suspend,
    certificate_verify,
    certificate_withdraw,
    surveillance_record,
)
from ovop_certification.services.certificate_terms import CertificateTerms, terms_of
from ovop_shared.catalogue import UnknownProduct
from ovop_shared.errors import OvopError

pytestmark = pytest.mark.usefixtures("registry")

TERMS: dict[str, Any] = {
    "valid_from_on": day("2025-01-01"),
    "valid_until_on": day("2026-12-31"),
    "markets": frozenset({"kg"}),
    "products": frozenset({str(JUICE), str(JAM)}),
    "product_types": frozenset({"ovop-food"}),
    "areas": frozenset({"KG-Y"}),
    "register_url": "https://register.example/EAC-NEW",
    "surveillance_last_on": day("2025-01-01"),
    "surveillance_next_on": day("2025-12-01"),
}


def test_an_application_keeps_all_that_it_says_and_does_not_count_yet() -> None:
    village()

    certificate, is_new = certificate_apply(certificate_row(**TERMS), actor="Aida", at=AT, reason="by post")
    again, is_newer = certificate_apply(certificate_row(**TERMS), actor="Bakyt", at=AT + DAY)

    assert (again.pk, is_new, is_newer) == (certificate.pk, True, False)
    assert terms_of(Certificate.objects.get(pk=certificate.pk)) == CertificateTerms(
        **TERMS | {"products": frozenset({JUICE, JAM})}
    )
    assert [(each.kind, each.actor, each.reason) for each in certificate.events.all()] == [
        ("applied", "Aida", "by post")
    ]


def test_the_same_number_with_other_facts_is_refused() -> None:
    applied()

    with pytest.raises(errors.CertificateExists):
        certificate_apply(certificate_row(valid_until_on=day("2030-01-01")), actor="Aida", at=AT)

    assert Certificate.objects.filter(number="EAC-NEW").count() == 1


@pytest.mark.parametrize(
    ("kind", "ref"),
    [("product", str(JUICE)), ("producer", "ak-kiyiz"), ("group", "tamga-group"), ("lot", f"{JAM}/L1")],
)
def test_every_kind_of_holder_that_exists_may_hold_one(kind: str, ref: str) -> None:
    village()

    certificate = applied(holder_kind=kind, holder_ref=ref)

    assert (certificate.holder_kind, certificate.holder_ref) == (kind, ref)


@pytest.mark.parametrize(
    ("kind", "ref"),
    [
        ("product", "999"),
        ("product", "honey"),
        ("product", "01"),
        ("product", f"{JUICE}/L1"),
        ("product", "9" * 30),
        ("product", "²"),
        ("producer", "nobody"),
        ("group", "ak-kiyiz"),
        ("lot", f"{JAM}/L2"),
        ("lot", str(JAM)),
        ("lot", f"{JUICE}/L1"),
    ],
)
def test_a_holder_that_does_not_exist_is_refused(kind: str, ref: str) -> None:
    village()

    with pytest.raises(errors.UnknownHolder) as refusal:
        applied(holder_kind=kind, holder_ref=ref)

    assert refusal.value.field == "holder_ref"
    assert not Certificate.objects.filter(number="EAC-NEW").exists()


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"number": " "}, errors.InvalidCertificate, "number"),
        ({"number": "a\0"}, errors.InvalidCertificate, "number"),
        ({"number": "x" * 121}, errors.InvalidText, "number"),
        ({"scheme": "none"}, errors.UnknownScheme, "scheme"),
        ({"scheme": "a\0"}, errors.UnknownScheme, "scheme"),
        ({"issuing_body": "none"}, errors.UnknownIssuingBody, "issuing_body"),
        ({"markets": frozenset({"kg", "fr"})}, errors.UnknownMarket, "markets"),
        ({"products": frozenset({str(JUICE), "999"})}, UnknownProduct, "products"),
        ({"areas": frozenset({"KG-nowhere"})}, errors.UnknownPlaceOfArea, "areas"),
        ({"areas": frozenset({"a\0"})}, errors.InvalidText, "areas"),
        ({"valid_until_on": day("2024-12-31")}, errors.InvalidDates, "valid_until_on"),
        (
            {"surveillance_last_on": day("2025-02-01"), "surveillance_next_on": day("2025-02-01")},
            errors.InvalidDates,
            "surveillance_next_on",
        ),
        ({"register_url": "javascript:alert(1)"}, errors.InvalidAddress, "register_url"),
        ({"register_url": "register.example"}, errors.InvalidAddress, "register_url"),
        ({"register_url": "https://a.example/" + "a" * 500}, errors.InvalidAddress, "register_url"),
        ({"replaces": "none"}, errors.UnknownCertificate, "replaces"),
        ({"replaces": "EAC-NEW"}, errors.InvalidCertificate, "replaces"),
    ],
)
def test_an_application_that_makes_no_sense_is_refused_at_its_field(
    changes: dict[str, Any], error: type[OvopError], field: str
) -> None:
    with pytest.raises(error) as refusal:
        applied(**changes)

    assert refusal.value.field == field
    assert Certificate.objects.count() == 2


def test_a_geographical_indication_says_where_it_holds() -> None:
    village()
    Scheme.objects.filter(code="eac").update(kind=SchemeKind.GEOGRAPHICAL)

    with pytest.raises(errors.AreaRequired):
        applied()
    assert applied(areas=frozenset({"KG-Y"})).areas.get().place == "KG-Y"


def changed(certificate: Certificate, **changes: Any) -> bool:
    terms = terms_of(Certificate.objects.get(pk=certificate.pk))
    wanted = CertificateTerms(**{name: getattr(terms, name) for name in terms.__slots__} | changes)
    return certificate_change(certificate.pk, wanted, actor="Bakyt", at=AT + HOUR, reason="a typing error")


def test_what_was_applied_for_may_be_corrected_and_who_did_is_kept() -> None:
    certificate = applied(products=frozenset({str(JUICE)}))

    assert changed(certificate, valid_until_on=day("2027-01-01"), products=frozenset({JAM, SLIPPERS}))
    assert not changed(certificate)

    (kept,) = RecordedChange.objects.values("subject", "subject_pk", "actor", "reason", "facts")
    assert kept == {
        "subject": "certificate",
        "subject_pk": certificate.pk,
        "actor": "Bakyt",
        "reason": "a typing error",
        "facts": {
            "products": {"before": [JUICE], "after": [JAM, SLIPPERS]},
            "valid_until_on": {"before": None, "after": "2027-01-01"},
        },
    }
    assert kinds(certificate) == ["applied"]
    named = CertificateProduct.objects.filter(certificate=certificate).order_by("product_pk")
    assert list(named.values_list("product_pk", flat=True)) == [JAM, SLIPPERS]


def test_what_changes_after_it_was_verified_has_to_be_verified_again() -> None:
    certificate = verified()

    changed(certificate, register_url="https://register.example/1")
    assert kinds(certificate) == ["applied", "verified"]
    changed(certificate, valid_until_on=day("2030-01-01"))

    assert kinds(certificate) == ["applied", "verified", "applied"]
    with pytest.raises(errors.IllegalTransition):
        certificate_issue(certificate.pk, actor="Chynara", at=AT + DAY)


def test_an_issued_certificate_is_not_changed_but_for_surveillance_and_its_register() -> None:
    certificate = issued()

    for name, value in {
        "valid_until_on": day("2030-01-01"),
        "markets": frozenset({"jp"}),
        "products": frozenset({JAM}),
        "product_types": frozenset({"x"}),
        "areas": frozenset({"KG"}),
    }.items():
        with pytest.raises(errors.CertificateIssued) as refusal:
            changed(certificate, **{name: value})
        assert refusal.value.params == {"fields": [name]}
    assert RecordedChange.objects.count() == 0
    assert changed(certificate, register_url="https://register.example/1")
    assert surveillance_record(
        certificate.pk, last_on=day("2025-06-01"), next_on=day("2026-06-01"), actor="Aida", at=AT
    )

    certificate.refresh_from_db()
    assert (certificate.register_url, certificate.surveillance_next_on) == (
        "https://register.example/1",
        day("2026-06-01"),
    )
    assert RecordedChange.objects.count() == 2


def test_nothing_of_a_withdrawn_certificate_is_changed() -> None:
    certificate = issued()
    certificate_withdraw(certificate.pk, actor="Aida", at=AT, reason="given back")

    with pytest.raises(errors.IllegalTransition):
        changed(certificate, register_url="https://register.example/1")


def test_a_certificate_is_verified_against_a_document_and_with_a_reason() -> None:
    certificate = applied()

    with pytest.raises(errors.EvidenceRequired):
        certificate_verify(certificate.pk, actor="Aida", at=AT, reason="seen")
    filed(certificate)
    with pytest.raises(errors.ReasonRequired):
        certificate_verify(certificate.pk, actor="Aida", at=AT, reason=" ")
    assert kinds(certificate) == ["applied"]
    certificate_verify(certificate.pk, actor="Aida", at=AT, reason="seen")

    assert kinds(certificate) == ["applied", "verified"]


def test_who_verified_does_not_issue_and_what_is_not_verified_is_not_issued() -> None:
    certificate = filed(applied())

    with pytest.raises(errors.IllegalTransition):
        certificate_issue(certificate.pk, actor="Bakyt", at=AT)
    certificate_verify(certificate.pk, actor="Aida", at=AT, reason="seen")
    for same in ("Aida", " aida "):
        with pytest.raises(errors.FourEyesRequired):
            certificate_issue(certificate.pk, actor=same, at=AT)
    assert kinds(certificate) == ["applied", "verified"]
    certificate_issue(certificate.pk, actor="Bakyt", at=AT)

    assert kinds(certificate) == ["applied", "verified", "issued"]


def test_postgresql_keeps_the_order_of_events_and_the_four_eyes_against_every_writer() -> None:
    certificate = verified()
    given: dict[str, Any] = {"certificate": certificate, "at": AT, "actor": "Bakyt"}
    wrong = {
        "four_eyes_required": {"position": 3, "kind": "issued", "actor": "AIDA"},
        "illegal_transition": {"position": 3, "kind": "suspended"},
        "event_out_of_order: 4": {"position": 4, "kind": "issued"},
        "event_out_of_order: 3": {"position": 3, "kind": "issued", "at": AT - HOUR},
    }

    for message, values in wrong.items():
        with pytest.raises(IntegrityError, match=message), transaction.atomic():
            CertificateEvent.objects.create(**given | values)

    CertificateEvent.objects.bulk_create(
        [
            CertificateEvent(**given, position=3, kind="issued"),
            CertificateEvent(**given, position=4, kind="suspended"),
            CertificateEvent(**given, position=5, kind="withdrawn"),
        ]
    )


def test_a_moment_in_the_past_is_taken_down_to_the_last_event_and_none_in_the_future() -> None:
    certificate = issued()
    values: dict[str, Any] = {"actor": "Aida", "at": AT + DAY, "reason": "complaint"}

    for moment in (AT - HOUR, AT + DAY + HOUR):
        with pytest.raises(errors.EventOutOfOrder):
            certificate_suspend(certificate.pk, **values, happened_at=moment)
    with pytest.raises(errors.ReasonRequired):
        certificate_suspend(certificate.pk, **values | {"reason": " "})
    event = certificate_suspend(certificate.pk, **values, happened_at=AT + HOUR)
    with pytest.raises(errors.ReasonRequired):
        certificate_reinstate(certificate.pk, **values | {"reason": ""})
    certificate_reinstate(certificate.pk, **values)
    certificate_withdraw(certificate.pk, **values)

    assert event.at == AT + HOUR
    assert kinds(certificate)[2:] == ["issued", "suspended", "reinstated", "withdrawn"]


@pytest.mark.parametrize("step", [certificate_suspend, certificate_verify, certificate_issue, certificate_withdraw])
def test_nothing_happens_to_a_certificate_that_does_not_exist(step: Any) -> None:
    with pytest.raises(errors.UnknownCertificate):
        step(0, actor="Aida", at=AT, reason="because")


def test_every_step_announces_its_products_since_its_own_moment(django_capture_on_commit_callbacks: Any) -> None:
    with announcements() as heard, django_capture_on_commit_callbacks(execute=True):
        certificate = issued()
        certificate_suspend(certificate.pk, actor="Aida", at=AT + DAY, reason="complaint", happened_at=AT + HOUR)
    steps = heard[:]
    with announcements() as heard, django_capture_on_commit_callbacks(execute=True):
        surveillance_record(certificate.pk, last_on=day("2025-06-01"), next_on=None, actor="Aida", at=AT + DAY)

    assert [since for _, since in steps] == [AT, AT, AT, AT + HOUR]
    assert {since for _, since in heard} == {None}


def test_a_files_history_has_four_eyes_too() -> None:
    certificate = verified(number="FILE")

    with pytest.raises(errors.FourEyesRequired):
        certificate_event_add(certificate.pk, EventKind.ISSUED, actor="Aida", at=AT)
