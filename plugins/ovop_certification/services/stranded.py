"""Money that came for a cart which may not be sold, until it became an order or went back."""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from ovop_certification.locks import lock_stranded
from ovop_certification.models import StrandedOutcome, StrandedPayment


@dataclass(frozen=True, slots=True)
class StrandedCart:
    """A checkout with money and products that may not be sold. `products` say which and why, as JSON."""

    checkout: str
    channel: str
    market: str
    products: list[dict[str, object]]
    amount_minor: int
    currency: str
    paid_at: datetime.datetime


@transaction.atomic
def payments_strand(carts: Collection[StrandedCart], *, at: datetime.datetime) -> None:
    """List the money of these carts, each checkout once; a cart found again as it was changes nothing."""
    if not carts:
        return
    known = lock_stranded([cart.checkout for cart in carts])
    fresh = []
    for cart in carts:
        row = known.get(cart.checkout)
        facts: dict[str, Any] = {
            "channel": cart.channel,
            "market": cart.market,
            "products": cart.products,
            "amount_minor": cart.amount_minor,
            "currency": cart.currency,
            "outcome": StrandedOutcome.WAITING,
            "order_id": "",
            "ended_at": None,
        }
        if row is None:
            fresh.append(StrandedPayment(checkout=cart.checkout, paid_at=cart.paid_at, seen_at=at, **facts))
        elif any(getattr(row, name) != value for name, value in facts.items()):
            for name, value in facts.items():
                setattr(row, name, value)
            row.save(update_fields=list(facts))
    StrandedPayment.objects.bulk_create(fresh, ignore_conflicts=True)


@transaction.atomic
def payments_settle(*, ordered: Mapping[str, str], returned: Collection[str], at: datetime.datetime) -> None:
    """End what is listed: checkout -> its order's id, and the checkouts whose money went back."""
    rows = lock_stranded({*ordered, *returned})
    for checkout, row in rows.items():
        if row.ended_at is not None:
            continue
        row.outcome = StrandedOutcome.ORDERED if checkout in ordered else StrandedOutcome.RETURNED
        row.order_id = ordered.get(checkout, "")
        row.ended_at = at
        row.save(update_fields=["outcome", "order_id", "ended_at"])
