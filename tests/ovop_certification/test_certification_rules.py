"""The decision, read like a table. test_certification_model.py asks the same of a plain model."""

import datetime
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from certification_world import AT, HONEY, HONEY_RECORD, ZONE, certificate, change, day, moment, requirement

from ovop_certification.models import Effect, HolderKind
from ovop_certification.rules import (
    CertificateRecord,
    Decision,
    Holdings,
    Reason,
    ReasonCode,
    RequirementRule,
    Rulebook,
)
from ovop_shared.records import ProductRecord


def decided(
    *certificates: CertificateRecord,
    rules: Sequence[RequirementRule] = (requirement(),),
    at: datetime.datetime = AT,
    makers: frozenset[str] = frozenset(),
    zone: ZoneInfo = ZONE,
) -> Decision:
    book = Rulebook("kg", requirements=tuple(rules), holdings=Holdings(certificates, {HONEY: makers}))
    return book.decide(HONEY_RECORD, at=at, zone=zone)


def reason(code: str, number: str | None = "EAC-1", effect: Effect = Effect.BLOCK, rule: int = 1) -> Reason:
    return Reason(ReasonCode(code), "eac", rule, number, effect)


def test_a_valid_certificate_allows_the_sale_until_the_day_after_its_last() -> None:
    assert decided(certificate()) == Decision(True, (), moment("2026-01-01"))


def test_a_missing_certificate_and_an_expired_one_are_different_answers() -> None:
    assert decided() == Decision(False, (reason("missing", None),), None)
    assert decided(certificate(valid_until_on=day("2025-06-14"))) == Decision(False, (reason("expired"),), None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"events": (change("issued"), change("suspended", "2025-02-01"))}, "suspended"),
        ({"events": (change("issued"), change("withdrawn", "2025-02-01"))}, "withdrawn"),
        ({"events": (change("applied"),)}, "not_yet_valid"),
        ({"valid_from_on": day("2025-06-16")}, "not_yet_valid"),
        ({"markets": frozenset({"jp"})}, "wrong_market"),
        ({"products": frozenset({99})}, "out_of_scope"),
        # An end is an end, whatever else happened; and a withdrawal is the last word.
        (
            {"events": (change("issued"), change("suspended", "2025-02-01")), "valid_until_on": day("2025-03-01")},
            "expired",
        ),
        (
            {"events": (change("issued"), change("withdrawn", "2025-02-01")), "valid_until_on": day("2025-03-01")},
            "withdrawn",
        ),
        ({"markets": frozenset({"jp"}), "valid_until_on": day("2025-03-01")}, "wrong_market"),
        ({"products": frozenset({99}), "markets": frozenset({"jp"})}, "out_of_scope"),
    ],
)
def test_each_thing_that_can_be_wrong_has_its_own_code(changes: dict[str, object], code: str) -> None:
    decision = decided(certificate(**changes))

    assert (decision.allowed, decision.reasons) == (False, (reason(code),))


def test_first_and_last_day_count_in_the_zone_of_the_shop() -> None:
    last_minute = datetime.datetime(2025, 12, 31, 17, 59, tzinfo=datetime.UTC)  # 23:59 in Bishkek

    minute = datetime.timedelta(minutes=1)
    assert decided(certificate(), at=last_minute).reasons == ()
    assert decided(certificate(), at=last_minute + minute).reasons == (reason("expired"),)
    assert decided(certificate(), at=moment("2025-01-01")).reasons == ()
    assert decided(certificate(), at=last_minute + minute, zone=ZoneInfo("UTC")).reasons == ()


def test_what_had_not_happened_yet_is_not_known() -> None:
    before = decided(certificate(), at=moment("2024-12-31"))

    assert before == Decision(False, (reason("missing", None),), moment("2025-01-01"))


def test_a_reinstated_certificate_is_valid_again() -> None:
    events = (change("issued"), change("suspended", "2025-02-01"), change("reinstated", "2025-03-01"))

    assert decided(certificate(events=events)).allowed
    assert decided(certificate(events=events), at=moment("2025-02-15")) == Decision(
        False, (reason("suspended"),), moment("2025-03-01")
    )


def test_grace_lets_an_expired_certificate_pass_with_a_warning_and_then_ends() -> None:
    expired = certificate(valid_until_on=day("2025-06-10"))
    rules = [requirement(grace_days=5)]

    assert decided(expired, rules=rules) == Decision(
        True, (reason("expired", effect=Effect.WARN),), moment("2025-06-16")
    )
    assert decided(expired, rules=rules, at=moment("2025-06-16")) == Decision(False, (reason("expired"),), None)


def test_grace_is_not_for_a_certificate_that_was_suspended_before_it_ran_out() -> None:
    events = (change("issued"), change("suspended", "2025-06-01"))
    expired = certificate(valid_until_on=day("2025-06-10"), events=events)

    assert not decided(expired, rules=[requirement(grace_days=5)]).allowed


def test_a_warning_does_not_forbid() -> None:
    assert decided(rules=[requirement(effect=Effect.WARN)]) == Decision(
        True, (reason("missing", None, Effect.WARN),), None
    )


def test_a_requirement_holds_from_its_first_day_to_its_last() -> None:
    rules = [requirement(from_on=day("2025-06-16"), until_on=day("2025-06-20"))]

    assert decided(rules=rules) == Decision(True, (), moment("2025-06-16"))
    assert decided(rules=rules, at=moment("2025-06-16")) == Decision(
        False, (reason("missing", None),), moment("2025-06-21")
    )
    assert not decided(rules=rules, at=moment("2025-06-20T23:59")).allowed
    assert decided(rules=rules, at=moment("2025-06-21")) == Decision(True, (), None)


@pytest.mark.parametrize(
    ("target", "concerned"),
    [
        ({"product_type": "ovop-food"}, True),
        ({"product_type": "ovop-felt"}, False),
        ({"product_type": "", "category": "food"}, True),
        ({"product_type": "", "category": "honey"}, True),
        ({"product_type": "", "category": "felt"}, False),
        ({"product_type": ""}, True),
    ],
)
def test_a_requirement_is_about_a_type_a_category_and_below_or_everything(
    target: dict[str, str], concerned: bool
) -> None:
    assert decided(rules=[requirement(**target)]).allowed is not concerned


def test_every_unmet_requirement_and_every_failing_certificate_is_told() -> None:
    rules = [requirement(), requirement(id=2, product_type="")]
    certificates = [
        certificate(valid_until_on=day("2025-03-01")),
        certificate(id=2, number="EAC-2", markets=frozenset({"jp"})),
    ]

    assert decided(*certificates, rules=rules).reasons == (
        reason("expired"),
        reason("wrong_market", "EAC-2"),
        reason("expired", rule=2),
        reason("wrong_market", "EAC-2", rule=2),
    )


def test_a_certificate_that_was_replaced_is_not_blamed() -> None:
    old = certificate(valid_until_on=day("2025-03-01"))
    new = certificate(id=2, number="EAC-2", replaces_id=1, events=(change("issued"), change("suspended")))
    applied = certificate(id=2, number="EAC-2", replaces_id=1, events=(change("applied"),))

    assert decided(old, new).reasons == (reason("suspended", "EAC-2"),)
    assert decided(old, applied).reasons == (reason("expired"), reason("not_yet_valid", "EAC-2"))


def test_a_makers_certificate_covers_what_that_maker_makes() -> None:
    held = certificate(holder_kind=HolderKind.PRODUCER, holder_ref="bee-keepers")

    assert decided(held, makers=frozenset({"bee-keepers"})).allowed
    assert decided(held, makers=frozenset({"others"})).reasons == (reason("missing", None),)
    narrow = certificate(holder_kind=HolderKind.PRODUCER, holder_ref="bee-keepers", products=frozenset({99}))
    assert decided(narrow, makers=frozenset({"bee-keepers"})).reasons == (reason("out_of_scope"),)


def test_one_makers_certificate_does_not_speak_for_another_maker_of_the_same_product() -> None:
    first = certificate(holder_kind=HolderKind.PRODUCER, holder_ref="a")
    second = certificate(id=2, number="EAC-2", holder_kind=HolderKind.PRODUCER, holder_ref="b")
    both = frozenset({"a", "b"})

    assert decided(first, makers=both).reasons == (reason("missing", None),)
    assert decided(first, second, makers=both).allowed
    lapsed = certificate(
        id=2,
        number="EAC-2",
        holder_kind=HolderKind.PRODUCER,
        holder_ref="b",
        valid_until_on=day("2025-03-01"),
    )
    assert decided(first, lapsed, makers=both).reasons == (reason("expired", "EAC-2"),)
    named = certificate(holder_kind=HolderKind.PRODUCER, holder_ref="a", products=frozenset({HONEY}))
    assert decided(named, makers=both).allowed


def test_dates_at_the_end_of_the_calendar_do_no_harm() -> None:
    endless = certificate(valid_until_on=datetime.date.max)

    assert decided(endless, rules=[requirement(grace_days=3650, until_on=datetime.date.max)]) == Decision(True)


def test_a_product_of_no_requirement_is_allowed() -> None:
    toy = ProductRecord(5, "toy", "Toy", "ovop-toy")
    book = Rulebook("kg", requirements=(requirement(),))

    assert book.decide(toy, at=AT, zone=ZONE) == Decision(True, (), None)
