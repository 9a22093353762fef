"""From ledger rows to what a producer reads. Pure: the same rows give the same content, byte for byte.

Amounts here are as the producer sees them: positive is money for the producer, negative is money taken or paid out.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ovop_producer_payouts.split import MAKERS, PAYMENT


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One event on the producer's account: `amount_minor` is what it meant for the producer.

    For a sale or its correction `line_gross_minor` is the whole line's price, and `parts` (step code, name, minor
    units) what became of it besides the makers; for a payout these are empty.
    """

    on: datetime.date
    kind: str
    order_number: str
    outlet: str
    product_name: str
    quantity: int
    share: int
    shares: int
    line_gross_minor: int
    parts: tuple[tuple[str, str, int], ...]
    makers_minor: int
    amount_minor: int
    reference: str


def statement_content(
    *,
    number: int,
    producer: Mapping[str, Any],
    currency: str,
    period_from_on: datetime.date,
    period_until_on: datetime.date,
    language: str,
    opening_minor: int,
    lines: Sequence[StatementLine],
    payable_minor: int,
    dispute_until_on: datetime.date,
) -> dict[str, Any]:
    """The whole statement as JSON-ready data. `closing_minor` = opening + every line, checked by the caller's tests."""
    return {
        "number": number,
        "producer": dict(producer),
        "currency": currency,
        "period_from_on": period_from_on.isoformat(),
        "period_until_on": period_until_on.isoformat(),
        "language": language,
        "opening_minor": opening_minor,
        "sales_minor": sum(line.amount_minor for line in lines if line.kind == "sale"),
        "refunds_minor": sum(line.amount_minor for line in lines if line.kind in ("refund", "adjustment")),
        "payouts_minor": sum(line.amount_minor for line in lines if line.kind.startswith("payout")),
        "closing_minor": opening_minor + sum(line.amount_minor for line in lines),
        "payable_minor": payable_minor,
        "dispute_until_on": dispute_until_on.isoformat(),
        "lines": [
            {
                "on": line.on.isoformat(),
                "kind": line.kind,
                "order_number": line.order_number,
                "outlet": line.outlet,
                "product_name": line.product_name,
                "quantity": line.quantity,
                "share": line.share,
                "shares": line.shares,
                "line_gross_minor": line.line_gross_minor,
                "parts": [{"code": code, "name": name, "amount_minor": amount} for code, name, amount in line.parts],
                "makers_minor": line.makers_minor,
                "amount_minor": line.amount_minor,
                "reference": line.reference,
            }
            for line in lines
        ],
    }


def content_sha256(content: Mapping[str, Any]) -> str:
    """The fingerprint of a statement: of its JSON with sorted keys, so that any reader can compute it again."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def line_parts(
    postings: Sequence[tuple[str, str, int]], names: Mapping[str, str]
) -> tuple[int, tuple[tuple[str, str, int], ...], int]:
    """(gross, parts besides the makers, makers) of one order line's postings (account, step, minor units).

    The parts come in the order of `names`, which is the rule's. The ledger's amounts of accounts that are owed are
    negative: what the line brought is their mirror image.
    """
    gross_minor = 0
    makers_minor = 0
    parts: dict[str, int] = {}
    for _, step, amount_minor in postings:
        if step == PAYMENT:
            continue
        gross_minor -= amount_minor
        if step == MAKERS:
            makers_minor -= amount_minor
        else:
            parts[step] = parts.get(step, 0) - amount_minor
    order = [*names, *[step for step in parts if step not in names]]
    return (
        gross_minor,
        tuple((step, names.get(step, step), parts[step]) for step in order if step in parts),
        makers_minor,
    )
