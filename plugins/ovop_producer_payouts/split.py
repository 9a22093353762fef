"""How an order's money is divided. Pure: no database, no clock, no Saleor. Read it as a table.

Order of one line (DOMAIN.md, "Order of a split"): what was given back, tax, then the rule's steps in their order,
then the makers by their shares. Every amount is an integer of minor units; every split adds up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from ovop_producer_payouts import accounts
from ovop_producer_payouts.snapshot import LineSnapshot, OrderSnapshot, OrderState
from ovop_shared.money import allocate, round_half_up

BASIS_POINTS = 10_000

PAYMENT = "payment"
PREPAID = "prepaid"
SHIPPING = "shipping"
TAX = "tax"
MAKERS = "makers"
UNASSIGNED = "unassigned"
BUILT_IN_STEPS = frozenset({PAYMENT, PREPAID, SHIPPING, TAX, MAKERS, UNASSIGNED})


class Base(StrEnum):
    """What a step's percentage is taken of: the line's price with tax, without tax, or what earlier steps left."""

    GROSS = "gross"
    NET = "net"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Step:
    """One deduction. Either `rate_bp` (hundredths of a percent of `base`) or `per_unit_minor` is set, never both.

    `account` may hold `{outlet}` and `{village}`; a step whose place is not known is left out for that line and its
    part stays with the makers.
    """

    code: str
    names: Mapping[str, str]
    account: str
    base: Base = Base.NET
    rate_bp: int | None = None
    per_unit_minor: int | None = None


@dataclass(frozen=True, slots=True)
class MakerShare:
    """`share` is a whole number; shares count in proportion to each other."""

    producer_code: str
    share: int


@dataclass(frozen=True, slots=True)
class LineTerms:
    """What a line was sold under, frozen with the sale: rule version, makers, places.

    Without makers or without a rule the line's rest waits on `association:unassigned` until they are known.
    """

    rule_code: str
    rule_version: int
    steps: tuple[Step, ...]
    makers: tuple[MakerShare, ...]
    village_code: str
    outlet: str

    @property
    def is_resolved(self) -> bool:
        return bool(self.makers) and bool(self.rule_code)


class PostingKey(NamedTuple):
    """Where a part of an order's money goes: the account, for which line (empty: the order), by which step."""

    account: str
    line_id: str
    step: str


Parts = dict[PostingKey, int]


def line_split(line: LineSnapshot, terms: LineTerms, country: str) -> Parts:
    """The line's full price in parts, none negative, summing to `gross_minor`.

    A step rounds half up and never takes more than is left; the makers share the rest by largest remainder, equal
    remainders in the order of the makers.
    """
    parts: Parts = {}
    tax_minor = line.gross_minor - line.net_minor
    if tax_minor:
        parts[PostingKey(accounts.tax(country), line.line_id, TAX)] = tax_minor
    rest_minor = line.net_minor
    for step in terms.steps:
        account = _account(step, terms)
        if account is None:
            continue
        amount_minor = min(_step_amount(step, line, rest_minor), rest_minor)
        if amount_minor:
            key = PostingKey(account, line.line_id, step.code)
            parts[key] = parts.get(key, 0) + amount_minor
            rest_minor -= amount_minor
    if rest_minor and terms.is_resolved:
        shares = {maker.producer_code: maker.share for maker in terms.makers}
        for producer_code, amount_minor in allocate(rest_minor, shares).items():
            if amount_minor:
                parts[PostingKey(accounts.producer_payable(producer_code), line.line_id, MAKERS)] = amount_minor
    elif rest_minor:
        parts[PostingKey(accounts.ASSOCIATION_UNASSIGNED, line.line_id, UNASSIGNED)] = rest_minor
    return parts


def order_targets(snapshot: OrderSnapshot, terms: Mapping[str, LineTerms]) -> Parts:
    """What the ledger should say of the order, as signed postings that sum to zero. `terms` is keyed by line id.

    What is held is paid out to the lines and the shipping in full when it suffices; when it does not, it is divided
    in proportion to what each still costs after the refunds that name it, so that a lump-sum refund falls on all
    alike. What is held beyond the order, or for an order that is not (or no longer) a sale, belongs to the customer;
    what was given back beyond what was ever paid is owed by the customer.
    """
    targets: Parts = {}

    def post(key: PostingKey, amount_minor: int) -> None:
        if amount_minor:
            targets[key] = targets.get(key, 0) + amount_minor

    post(PostingKey(accounts.PSP_CLEARING, "", PAYMENT), snapshot.held_minor)
    funds_minor = snapshot.held_minor
    costs: dict[str, int] = {}
    if snapshot.state is OrderState.OPEN:
        post(PostingKey(accounts.CUSTOMER_PREPAID, "", PAYMENT), snapshot.gift_card_minor)
        funds_minor += snapshot.gift_card_minor
        costs = {line.line_id: max(line.gross_minor - line.refunded_minor, 0) for line in snapshot.lines}
        costs[""] = max(snapshot.shipping_gross_minor - snapshot.shipping_refunded_minor, 0)
    paid = _paid(funds_minor, costs)
    for line in snapshot.lines:
        for key, amount_minor in _scaled(
            line_split(line, terms[line.line_id], snapshot.country) if paid.get(line.line_id) else {},
            paid.get(line.line_id, 0),
        ).items():
            post(key, -amount_minor)
    for key, amount_minor in _scaled(_shipping_split(snapshot), paid.get("", 0)).items():
        post(key, -amount_minor)
    post(PostingKey(accounts.CUSTOMER_PREPAID, "", PREPAID), sum(paid.values()) - funds_minor)
    return targets


def difference(targets: Parts, posted: Parts) -> Parts:
    """What has to be posted so that `posted` becomes `targets`; empty when nothing has to."""
    keys = sorted(targets.keys() | posted.keys())
    amounts = {key: targets.get(key, 0) - posted.get(key, 0) for key in keys}
    return {key: amount for key, amount in amounts.items() if amount}


def _paid(funds_minor: int, costs: Mapping[str, int]) -> dict[str, int]:
    if funds_minor <= 0 or not any(costs.values()):
        return {}
    if funds_minor >= sum(costs.values()):
        return dict(costs)
    return allocate(funds_minor, costs)


def _scaled(parts: Parts, total_minor: int) -> Parts:
    return allocate(total_minor, parts) if total_minor else {}


def _shipping_split(snapshot: OrderSnapshot) -> Parts:
    tax_minor = snapshot.shipping_gross_minor - snapshot.shipping_net_minor
    return {
        PostingKey(accounts.tax(snapshot.country), "", TAX): tax_minor,
        PostingKey(accounts.SHIPPING, "", SHIPPING): snapshot.shipping_net_minor,
    }


def _account(step: Step, terms: LineTerms) -> str | None:
    if ("{outlet}" in step.account and not terms.outlet) or ("{village}" in step.account and not terms.village_code):
        return None
    return step.account.format(outlet=terms.outlet, village=terms.village_code)


def _step_amount(step: Step, line: LineSnapshot, rest_minor: int) -> int:
    if step.per_unit_minor is not None:
        return step.per_unit_minor * line.quantity
    assert step.rate_bp is not None
    base_minor = {Base.GROSS: line.gross_minor, Base.NET: line.net_minor, Base.REST: rest_minor}[step.base]
    return round_half_up(Fraction(base_minor * step.rate_bp, BASIS_POINTS))
