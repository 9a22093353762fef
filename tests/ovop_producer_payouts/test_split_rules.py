"""The document of a split rule: what it may say, and what is refused at which place."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from payouts_world import AT, PACKAGING, STANDARD_STEPS, save_rule, stored_rows, terms

from ovop_producer_payouts.errors import InvalidSplitRule, OvopError, SplitRuleOverspent, SplitRuleVersionTaken
from ovop_producer_payouts.models import SplitRuleVersion
from ovop_producer_payouts.selectors import rule_versions
from ovop_producer_payouts.services.rules import split_rules_load
from ovop_producer_payouts.split import BUILT_IN_STEPS, Base, Step
from ovop_producer_payouts.split_rules import (
    steps_as_document,
    steps_from_document,
    terms_as_document,
    terms_from_document,
)

SAMPLE = Path(__file__).resolve().parents[2] / "storefront-config" / "sample" / "payouts.json"


def a_step(**changes: Any) -> dict[str, Any]:
    plain = {"code": "fee", "names": {"en": "Fee"}, "account": "association:fee", "rate_bp": 500}
    return {name: value for name, value in {**plain, **changes}.items() if value is not ...}


def refusal_of(document: Any) -> OvopError:
    with pytest.raises(InvalidSplitRule) as refusal:
        steps_from_document(document)
    return refusal.value


def rules_document(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    rule = {"code": "standard", "version": 1, "channel": "", "valid_from_on": "2025-01-01", "steps": list(steps)}
    return {"rules": [{**rule, **changes}]}


def load(document: Any) -> int:
    return split_rules_load(document, by="staff@example.com", at=AT)


def test_a_document_is_read_into_its_steps_in_order() -> None:
    assert steps_from_document({"steps": [a_step(base="gross"), PACKAGING]}) == (
        Step("fee", {"en": "Fee"}, "association:fee", Base.GROSS, 500),
        Step("packaging", {"en": "Packaging"}, "costs:packaging", Base.NET, None, 120),
    )


def test_a_rule_without_steps_leaves_everything_to_the_makers() -> None:
    assert steps_from_document({"steps": []}) == ()


def test_a_document_comes_back_as_it_was_read() -> None:
    steps = steps_from_document({"steps": [*STANDARD_STEPS, PACKAGING]})

    assert steps_from_document(json.loads(json.dumps(steps_as_document(steps)))) == steps


def test_frozen_terms_come_back_from_json_as_they_were() -> None:
    frozen = terms(*steps_from_document({"steps": [*STANDARD_STEPS, PACKAGING]}), makers={"b": 2, "a": 1})

    assert terms_from_document(json.loads(json.dumps(terms_as_document(frozen)))) == frozen


@pytest.mark.parametrize(
    ("step", "part"),
    [
        (a_step(code=...), "code"),
        (a_step(code=""), "code"),
        (a_step(code="Fee"), "code"),
        (a_step(code="1fee"), "code"),
        (a_step(code="fee\n"), "code"),
        (a_step(code="f" * 41), "code"),
        (a_step(code=7), "code"),
        *[(a_step(code=code), "code") for code in sorted(BUILT_IN_STEPS)],
        (a_step(names=...), "names"),
        (a_step(names={}), "names"),
        (a_step(names={"ky": "Төлөм"}), "names"),
        (a_step(names={"en": ""}), "names"),
        (a_step(names={"en": "Fee", "uz": "Badal"}), "names"),
        (a_step(names="Fee"), "names"),
        (a_step(account=...), "account"),
        (a_step(account="association"), "account"),
        (a_step(account="association:fee\n"), "account"),
        (a_step(account="costs:"), "account"),
        (a_step(account="costs:{product}"), "account"),
        (a_step(account="costs:{}"), "account"),
        (a_step(account="costs:{0}"), "account"),
        (a_step(account="costs:{outlet"), "account"),
        (a_step(account="costs:{outlet.name}"), "account"),
        (a_step(account="costs:{outlet[0]}"), "account"),
        (a_step(account="costs:{outlet!r}"), "account"),
        (a_step(account="costs:{outlet:x>9}"), "account"),
        (a_step(account="producer:ak-kiyiz:payable"), "account"),
        (a_step(account="psp:clearing"), "account"),
        (a_step(account="customer:prepaid"), "account"),
        (a_step(account="tax:KG"), "account"),
        (a_step(base="price"), "base"),
        (a_step(base=1), "base"),
        (a_step(rate_bp=...), "rate_bp"),
        (a_step(per_unit_minor=5), "rate_bp"),
        (a_step(rate_bp=0), "rate_bp"),
        (a_step(rate_bp=-500), "rate_bp"),
        (a_step(rate_bp=10_001), "rate_bp"),
        (a_step(rate_bp=5.0), "rate_bp"),
        (a_step(rate_bp="500"), "rate_bp"),
        (a_step(rate_bp=True), "rate_bp"),
        (a_step(rate_bp=None, per_unit_minor=0), "per_unit_minor"),
        (a_step(rate_bp=None, per_unit_minor=-1), "per_unit_minor"),
        (a_step(rate_bp=None, per_unit_minor=1.5), "per_unit_minor"),
        (a_step(percent=5), "percent"),
    ],
)
def test_a_step_that_cannot_be_applied_is_refused_with_its_place_and_part(step: dict[str, Any], part: str) -> None:
    refusal = refusal_of({"steps": [PACKAGING, step]})

    assert (refusal.code, refusal.field) == ("invalid_split_rule", f"steps[1].{part}")


@pytest.mark.parametrize("document", [{}, {"steps": None}, {"steps": {}}, {"steps": [], "rest": 1}])
def test_a_document_that_is_no_list_of_steps_is_refused(document: dict[str, Any]) -> None:
    refusal = refusal_of(document)

    assert (refusal.code, refusal.field) == ("invalid_split_rule", "steps")


def test_a_step_that_is_no_object_is_refused() -> None:
    assert refusal_of({"steps": [PACKAGING, "fee"]}).field == "steps[1]"


def test_two_steps_of_one_code_are_refused() -> None:
    assert refusal_of({"steps": [a_step(), a_step()]}).field == "steps[1].code"


def test_more_than_100_percent_of_the_price_is_refused_at_the_step_that_breaks_it() -> None:
    steps = [a_step(code=f"s{number}", rate_bp=rate) for number, rate in enumerate((6_000, 4_000, 1, 500))]

    refusal = refusal_of({"steps": steps})

    assert isinstance(refusal, SplitRuleOverspent)
    assert (refusal.code, refusal.field) == ("split_rule_over_100_percent", "steps[2].rate_bp")


@pytest.mark.parametrize("base", ["gross", "net"])
def test_gross_and_net_percentages_count_together(base: str) -> None:
    exactly = [a_step(code="a", base="net", rate_bp=6_000), a_step(code="b", base=base, rate_bp=4_000)]
    assert len(steps_from_document({"steps": exactly})) == 2

    more = [*exactly, a_step(code="c", base="gross", rate_bp=1)]
    assert refusal_of({"steps": more}).code == "split_rule_over_100_percent"


def test_percentages_of_what_is_left_never_take_too_much() -> None:
    steps = [a_step(code=f"s{number}", base="rest", rate_bp=9_000) for number in range(3)]

    assert len(steps_from_document({"steps": steps})) == 3


def test_the_sample_rules_are_saved_once(db: None) -> None:
    sample = json.loads(SAMPLE.read_text())

    assert load(sample) == len(sample["rules"])
    before = stored_rows()
    assert load(sample) == 0
    assert stored_rows() == before


def test_a_saved_version_is_not_changed(db: None) -> None:
    assert save_rule("standard", "", [a_step()]) is True
    assert save_rule("standard", "", [a_step()]) is False
    before = stored_rows()

    with pytest.raises(SplitRuleVersionTaken) as refusal:
        save_rule("standard", "", [a_step(rate_bp=501)])

    assert (refusal.value.code, refusal.value.field, refusal.value.status) == (
        "split_rule_version_taken",
        "version",
        409,
    )
    assert stored_rows() == before


def test_two_rules_from_one_day_in_one_channel_are_refused(db: None) -> None:
    save_rule("standard", "", [a_step()])

    with pytest.raises(SplitRuleVersionTaken):
        save_rule("other", "", [a_step()])

    assert SplitRuleVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "c" * 41}, "code"),
        ({"version": 0}, "version"),
        ({"version": -1}, "version"),
        ({"version": 2**40}, "version"),
        ({"code": "a b\n"}, "code"),
        ({"version": "1"}, "version"),
        ({"valid_from_on": "soon"}, "valid_from_on"),
        ({"chanel": "nukus-uzs"}, "chanel"),
        ({"channel": None}, "channel"),
        ({"steps": 5}, "steps"),
    ],
)
def test_a_rule_that_cannot_be_saved_is_refused_with_its_row_and_nothing_is_saved(
    db: None, changes: dict[str, Any], field: str
) -> None:
    document = rules_document(a_step())
    wrong = {**rules_document(a_step(), version=2, valid_from_on="2025-02-01")["rules"][0], **changes}
    document["rules"].append(wrong)

    with pytest.raises(InvalidSplitRule) as refusal:
        load(document)

    assert (refusal.value.code, refusal.value.field, refusal.value.row) == ("invalid_split_rule", field, 2)
    assert not SplitRuleVersion.objects.exists()


@pytest.mark.parametrize("document", [{}, {"rules": {}}, [], None, "rules"])
def test_a_file_that_is_no_list_of_rules_is_refused(db: None, document: Any) -> None:
    with pytest.raises(InvalidSplitRule) as refusal:
        load(document)

    assert (refusal.value.code, refusal.value.field) == ("invalid_split_rule", "rules")


def test_the_command_says_what_is_wrong_and_saves_nothing(db: None, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(rules_document(a_step(rate_bp=0))))

    with pytest.raises(CommandError, match="basis points"):
        call_command("ovop_payouts_load", file)

    assert not SplitRuleVersion.objects.exists()


def test_the_channels_own_rule_goes_before_the_general_one_and_of_those_in_force_the_youngest_counts(db: None) -> None:
    day = datetime.date
    save_rule("general", "", [a_step()], version=1, valid_from_on=day(2025, 1, 1))
    save_rule("general", "", [a_step()], version=2, valid_from_on=day(2025, 3, 1))
    save_rule("own", "osh", [a_step()], version=1, valid_from_on=day(2025, 2, 1))
    save_rule("own", "osh", [a_step()], version=2, valid_from_on=day(2025, 4, 1))
    placed = {
        "before any": ("osh", day(2024, 12, 31)),
        "general only": ("osh", day(2025, 1, 1)),
        "own": ("osh", day(2025, 3, 31)),
        "own, later": ("osh", day(2025, 4, 1)),
        "elsewhere": ("batken", day(2025, 2, 28)),
        "elsewhere, later": ("batken", day(2025, 5, 1)),
    }

    chosen = {order_id: (rule.code, rule.version) for order_id, rule in rule_versions(placed).items()}

    assert chosen == {
        "general only": ("general", 1),
        "own": ("own", 1),
        "own, later": ("own", 2),
        "elsewhere": ("general", 1),
        "elsewhere, later": ("general", 2),
    }
