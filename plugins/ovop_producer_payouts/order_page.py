"""An order's split as a person reads it: for every line what it cost, and where each part went, with the rule's names."""

from collections.abc import Mapping
from dataclasses import dataclass

from ovop_origin.selectors import best_name
from ovop_producer_payouts.accounts import producer_of
from ovop_producer_payouts.models import SettledLine, SettledOrder
from ovop_producer_payouts.selectors import posted_parts
from ovop_producer_payouts.split import MAKERS, PAYMENT, PREPAID, SHIPPING, TAX, UNASSIGNED, PostingKey, Step
from ovop_producer_payouts.split_rules import terms_from_document
from ovop_shared.records import translated_name
from ovop_shared.translations import translate


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    account: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Section:
    """One order line, or the order itself: shipping, and what is the customer's. What was received stands above all of
    them and is in none; `total_minor` is the sum of the parts."""

    title: str
    rule: str
    is_resolved: bool
    parts: tuple[Part, ...]
    total_minor: int


def order_sections(order: SettledOrder, language: str) -> list[Section]:
    """Three queries, whatever the number of lines."""
    posted = posted_parts([order.order_id]).get(order.order_id, {})
    lines = {line.line_id: line for line in SettledLine.objects.filter(order=order).order_by("pk")}
    sections = [_section(posted, line_id, line, language) for line_id, line in lines.items()]
    sections.append(_section(posted, "", None, language))
    return [section for section in sections if section.parts]


def _section(posted: Mapping[PostingKey, int], line_id: str, line: SettledLine | None, language: str) -> Section:
    steps: tuple[Step, ...] = ()
    names = {
        TAX: translate("Tax", language),
        MAKERS: translate("Producers", language),
        UNASSIGNED: translate("Not assigned yet", language),
        SHIPPING: translate("Shipping", language),
        PREPAID: translate("Owed to or by the customer", language),
    }
    makers: dict[str, str] = {}
    rule = ""
    if line is not None:
        terms = terms_from_document(line.terms)
        rule = f"{terms.rule_code} v{terms.rule_version}" if terms.rule_code else ""
        steps = terms.steps
        names |= {step.code: best_name(step.names, language) for step in steps}
        makers = {code: best_name(each, language) for code, each in line.facts.get("makers", {}).items()}
    parts = []
    # As the money was divided: tax, the rule's steps, then whoever the rest belongs to.
    order = [SHIPPING, TAX, *[step.code for step in steps], MAKERS, UNASSIGNED, PREPAID]
    ranks = {step: rank for rank, step in enumerate(order)}
    own = (key for key in posted if key.line_id == line_id and key.step != PAYMENT)
    for key in sorted(own, key=lambda key: (ranks.get(key.step, len(ranks)), key)):
        producer = producer_of(key.account)
        name = makers.get(producer, producer) if producer else names.get(key.step, key.step)
        parts.append(Part(name, key.account, -posted[key]))
    return Section(
        title=_title(line, language),
        rule=rule,
        is_resolved=line.is_resolved if line else True,
        parts=tuple(parts),
        total_minor=sum(part.amount_minor for part in parts),
    )


def _title(line: SettledLine | None, language: str) -> str:
    if line is None:
        return translate("The order as a whole", language)
    return translated_name(line.facts["product_names"], line.product_name, language)
