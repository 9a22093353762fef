"""What every account must stand at, computed a second time from the documents alone.

Slow and plain on purpose: exact fractions, lists, and none of the code under test. The rules are DOMAIN.md's "Money",
DESIGN.md's "Payouts" and the docstrings of `split.py`; where those name no order for equal remainders, the order is
that of the price: tax, the rule's steps, the makers; the lines as the order has them, then the shipping.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import floor

from ovop_producer_payouts.snapshot import LineSnapshot, OrderSnapshot
from ovop_producer_payouts.split import LineTerms

# (account, line id, step) -> minor units
Figures = dict[tuple[str, str, str], int]


def shared_out(total: int, weights: Sequence[int]) -> list[int]:
    """Hamilton's method: whole parts first, then a unit each to the largest fractions, the earlier one of equals."""
    if sum(weights) == 0:
        assert total == 0, "an amount and nobody to take it"
        return [0] * len(weights)
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [floor(each) for each in exact]
    for _ in range(total - sum(parts)):
        missing = [share - part for share, part in zip(exact, parts, strict=True)]
        parts[missing.index(max(missing))] += 1
    return parts


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def price_of_line(line: LineSnapshot, terms: LineTerms, country: str) -> list[tuple[str, str, int]]:
    """(account, step, part) of the full price."""
    parts = [(f"tax:{country}", "tax", line.gross_minor - line.net_minor)]
    rest = line.net_minor
    for step in terms.steps:
        if ("{outlet}" in step.account and not terms.outlet) or (
            "{village}" in step.account and not terms.village_code
        ):
            continue
        if step.per_unit_minor is not None:
            wanted = step.per_unit_minor * line.quantity
        else:
            whole = {"gross": line.gross_minor, "net": line.net_minor, "rest": rest}[step.base.value]
            assert step.rate_bp is not None
            wanted = half_up(Fraction(whole * step.rate_bp, 10_000))
        taken = min(wanted, rest)
        rest -= taken
        account = step.account.replace("{outlet}", terms.outlet).replace("{village}", terms.village_code)
        parts.append((account, step.code, taken))
    if terms.makers and terms.rule_code:
        for maker, part in zip(terms.makers, shared_out(rest, [maker.share for maker in terms.makers]), strict=True):
            parts.append((f"producer:{maker.producer_code}:payable", "makers", part))
    else:
        parts.append(("association:unassigned", "unassigned", rest))
    return parts


def price_of_shipping(snapshot: OrderSnapshot) -> list[tuple[str, str, int]]:
    return [
        (f"tax:{snapshot.country}", "tax", snapshot.shipping_gross_minor - snapshot.shipping_net_minor),
        ("shipping", "shipping", snapshot.shipping_net_minor),
    ]


def paid_of_each(snapshot: OrderSnapshot) -> tuple[list[int], int, int]:
    """(what each line has got, what the shipping has got, what is the customer's; negative: what it owes)."""
    if snapshot.state.value != "open":
        return [0] * len(snapshot.lines), 0, snapshot.held_minor
    funds = snapshot.held_minor + snapshot.gift_card_minor
    costs = [max(line.gross_minor - line.refunded_minor, 0) for line in snapshot.lines]
    costs.append(max(snapshot.shipping_gross_minor - snapshot.shipping_refunded_minor, 0))
    if funds <= 0:
        paid = [0] * len(costs)
    elif funds >= sum(costs):
        paid = costs
    else:
        paid = shared_out(funds, costs)
    return paid[:-1], paid[-1], funds - sum(paid)


def figures(snapshot: OrderSnapshot, terms: Mapping[str, LineTerms]) -> Figures:
    """Signed as the ledger is: what holds money stands positive, what owes it negative. Zeros are left out."""
    of_lines, of_shipping, of_customer = paid_of_each(snapshot)
    result: Figures = defaultdict(int)
    result["psp:clearing", "", "payment"] = snapshot.held_minor
    # A gift card pays for a sale, out of what its buyer prepaid; what is the customer's is owed to it.
    if snapshot.state.value == "open":
        result["customer:prepaid", "", "payment"] = snapshot.gift_card_minor
    result["customer:prepaid", "", "prepaid"] = -of_customer
    for line, paid in zip(snapshot.lines, of_lines, strict=True):
        if not paid:
            continue
        price = price_of_line(line, terms[line.line_id], snapshot.country)
        for (account, step, _), part in zip(price, shared_out(paid, [part for *_, part in price]), strict=True):
            result[account, line.line_id, step] -= part
    price = price_of_shipping(snapshot)
    for (account, step, _), part in zip(price, shared_out(of_shipping, [part for *_, part in price]), strict=True):
        result[account, "", step] -= part
    return {key: amount for key, amount in result.items() if amount}


def by_account(amounts: Iterable[tuple[tuple[str, str, str], int]]) -> dict[str, int]:
    """Account -> sum over lines and steps, zeros left out."""
    totals: dict[str, int] = defaultdict(int)
    for (account, _, _), amount in amounts:
        totals[account] += amount
    return {account: total for account, total in totals.items() if total}
