"""The steps of a payout batch as the tests take them: one maker, one checker, a jar of jam for 100 som."""

import datetime
from dataclasses import replace
from typing import Any

from payouts_world import AT, DAY, JAM, line, order

from ovop_producer_payouts.models import Payout, PayoutBatch
from ovop_producer_payouts.services.batches import (
    batch_approve,
    batch_close,
    batch_draft,
    batch_submit,
    payout_complete,
    payout_fail,
)
from ovop_producer_payouts.snapshot import OrderSnapshot

MAKER, CHECKER = "maker@example.com", "checker@example.com"
LATER = AT + 30 * DAY

# What a jar of jam for 100 som leaves its maker: 15 % commission, 10 % of the rest, 5 % for the village.
JAM_MINOR = 10_000 - 1_500 - 850 - 500


def sold(order_id: str = "o1", *, product_pk: int = JAM, **changes: Any) -> OrderSnapshot:
    plain = order(line(product_pk=product_pk), order_id=order_id, fulfilled_at=AT)
    return replace(plain, **changes)


def draft(reference: str = "b1", *, until: datetime.datetime = LATER, currency: str = "KGS") -> PayoutBatch:
    return batch_draft(reference=reference, currency=currency, payable_until=until, by=MAKER, at=LATER)


def approve(reference: str = "b1", *, by: str = CHECKER) -> PayoutBatch:
    return batch_approve(reference, by=by, at=LATER)


def submit(reference: str = "b1") -> PayoutBatch:
    return batch_submit(reference, by=CHECKER, at=LATER)


def complete(reference: str = "b1", producer: str = "ak-kiyiz", payment_reference: str = "bank-1") -> Payout:
    return payout_complete(reference, producer, payment_reference=payment_reference, by=CHECKER, at=LATER)


def fail(reference: str = "b1", producer: str = "ak-kiyiz") -> Payout:
    return payout_fail(reference, producer, reason="account closed", by=CHECKER, at=LATER)


def taken_to(status: str, reference: str = "b1") -> None:
    """A batch of one payout to Ak Kiyiz, taken as far as `status`."""
    draft(reference)
    if status in ("approved", "submitted", "completed", "failed", "closed"):
        approve(reference)
    if status in ("submitted", "completed", "failed", "closed"):
        submit(reference)
    if status in ("completed", "closed"):
        complete(reference)
    if status == "failed":
        fail(reference)
    if status == "closed":
        batch_close(reference)


def of_producers(amounts: dict[str, int]) -> dict[str, int]:
    return {account: amount for account, amount in amounts.items() if account.startswith("producer:")}
