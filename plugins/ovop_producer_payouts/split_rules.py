"""A split rule's document: read, checked, written. Pure.

The shape, as saved and as in `storefront-config/`:
`{"steps": [{"code": "village-fund", "names": {"en": "Village fund"}, "account": "village:{village}:fund",
"base": "net", "rate_bp": 500}, {"code": "packaging", …, "per_unit_minor": 1500}]}`
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from ovop_producer_payouts.accounts import checked_path
from ovop_producer_payouts.errors import InvalidAccount, InvalidSplitRule, SplitRuleOverspent
from ovop_producer_payouts.split import BASIS_POINTS, BUILT_IN_STEPS, Base, LineTerms, MakerShare, Step
from ovop_shared.languages import UnknownLanguage, name_tag

_CODE = re.compile(r"^[a-z][a-z0-9-]{0,39}$")
_FIELDS = {"code", "names", "account", "base", "rate_bp", "per_unit_minor"}


def is_code(code: object) -> TypeGuard[str]:
    """Whether it may name a rule or a step: lower-case letters, digits and hyphens, at most 40."""
    return isinstance(code, str) and bool(_CODE.fullmatch(code))


def steps_from_document(document: Mapping[str, Any]) -> tuple[Step, ...]:
    """Raises InvalidSplitRule or SplitRuleOverspent; `field` is `steps[<position from 0>].<part>`."""
    raw_steps = document.get("steps")
    if not isinstance(raw_steps, list) or set(document) - {"steps"}:
        raise InvalidSplitRule('A rule is one list, "steps".', field="steps")
    steps = tuple(_step(position, raw) for position, raw in enumerate(raw_steps))
    codes = [step.code for step in steps]
    for position, code in enumerate(codes):
        if code in codes[:position]:
            raise InvalidSplitRule(f"Step {code!r} stands twice.", field=f"steps[{position}].code")
    _check_sum(steps)
    return steps


def steps_as_document(steps: tuple[Step, ...]) -> dict[str, Any]:
    return {
        "steps": [
            {
                "code": step.code,
                "names": dict(step.names),
                "account": step.account,
                "base": step.base.value,
                "rate_bp": step.rate_bp,
                "per_unit_minor": step.per_unit_minor,
            }
            for step in steps
        ]
    }


def terms_as_document(terms: LineTerms) -> dict[str, Any]:
    """Frozen terms as JSON-ready data; `terms_from_document` reads them back to equal ones."""
    return {
        "rule_code": terms.rule_code,
        "rule_version": terms.rule_version,
        "makers": [{"producer_code": maker.producer_code, "share": maker.share} for maker in terms.makers],
        "village_code": terms.village_code,
        "outlet": terms.outlet,
        **steps_as_document(terms.steps),
    }


def terms_from_document(document: Mapping[str, Any]) -> LineTerms:
    return LineTerms(
        rule_code=document["rule_code"],
        rule_version=document["rule_version"],
        steps=tuple(Step(**{**raw, "base": Base(raw["base"])}) for raw in document["steps"]),
        makers=tuple(MakerShare(**maker) for maker in document["makers"]),
        village_code=document["village_code"],
        outlet=document["outlet"],
    )


def _step(position: int, raw: Any) -> Step:
    def refuse(part: str, message: str) -> InvalidSplitRule:
        return InvalidSplitRule(message, field=f"steps[{position}].{part}")

    if not isinstance(raw, Mapping):
        raise InvalidSplitRule("A step is an object.", field=f"steps[{position}]")
    unknown = set(raw) - _FIELDS
    if unknown:
        raise refuse(min(unknown), "A step has no such part.")
    code = raw.get("code")
    if not is_code(code) or code in BUILT_IN_STEPS:
        raise refuse("code", "A step's code is lower-case letters, digits and hyphens, and no built-in step's.")
    names = raw.get("names")
    if not isinstance(names, Mapping) or not names.get("en"):
        raise refuse("names", "A step has a name, in English at least.")
    try:
        names = {name_tag(tag): str(name) for tag, name in names.items()}
    except UnknownLanguage as error:
        raise refuse("names", error.message) from error
    account = raw.get("account")
    try:
        checked_path(str(account).replace("{outlet}", "x").replace("{village}", "x"))
    except InvalidAccount as error:
        raise refuse("account", f"{account!r} is no account a step may pay into.") from error
    if str(account).startswith(("producer:", "psp:", "customer:", "tax:")):
        raise refuse("account", "A step does not pay into this kind of account.")
    try:
        base = Base(raw.get("base", Base.NET))
    except ValueError as error:
        raise refuse("base", "A base is gross, net or rest.") from error
    rate_bp, per_unit_minor = raw.get("rate_bp"), raw.get("per_unit_minor")
    if (rate_bp is None) == (per_unit_minor is None):
        raise refuse("rate_bp", "A step takes either a rate or an amount per unit.")
    if rate_bp is not None and (type(rate_bp) is not int or not 0 < rate_bp <= BASIS_POINTS):
        raise refuse("rate_bp", "A rate is a whole number of basis points from 1 to 10,000.")
    if per_unit_minor is not None and (type(per_unit_minor) is not int or per_unit_minor <= 0):
        raise refuse("per_unit_minor", "An amount per unit is a positive whole number of minor units.")
    return Step(code, names, str(account), base, rate_bp, per_unit_minor)


def _check_sum(steps: tuple[Step, ...]) -> None:
    """Percentages of the whole price may not exceed it. Gross counts like net: tax only makes the room smaller."""
    taken_bp = 0
    for position, step in enumerate(steps):
        if step.rate_bp is not None and step.base is not Base.REST:
            taken_bp += step.rate_bp
            if taken_bp > BASIS_POINTS:
                raise SplitRuleOverspent(
                    f"Up to step {step.code!r} the rule takes {Decimal(taken_bp).scaleb(-2).normalize():f} %.",
                    field=f"steps[{position}].rate_bp",
                )
