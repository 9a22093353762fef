"""Celery tasks of the settlement. Each reads the state of now and may run any number of times."""

import datetime
import logging
from collections.abc import Sequence

from django.db.models import CharField, DateTimeField, F, OuterRef, Q, Subquery
from django.db.models.functions import Cast
from django.utils import timezone
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer
from saleor.order import OrderStatus
from saleor.order.models import Order

from ovop_producer_payouts.adapter.snapshot import order_snapshots
from ovop_producer_payouts.models import SettledLine, SettledOrder
from ovop_producer_payouts.services.settlement import orders_settle
from ovop_shared.errors import OvopError

logger = logging.getLogger(__name__)

SWEEP_EVERY_SECONDS = 300
SWEEP_WINDOW = datetime.timedelta(days=2)
CHUNK = 100


@app.task(
    name="ovop_producer_payouts.settle_order",
    autoretry_for=(Exception,),
    dont_autoretry_for=(OvopError,),
    retry_backoff=5,
    retry_backoff_max=600,
    max_retries=5,
)
@allow_writer()
def settle_order(order_id: str) -> None:
    """Bring one order's ledger to what Saleor says now. What is left over after the retries, the sweep finds."""
    orders_settle([order_id], order_snapshots, at=timezone.now())


@app.task(name="ovop_producer_payouts.settle_changed_orders")
@allow_writer()
def settle_changed_orders() -> int:
    """Settle the orders that changed within two days and whose last settlement is older than the change."""
    return settle_chunks(changed_order_ids(timezone.now() - SWEEP_WINDOW))


@app.task(name="ovop_producer_payouts.settle_all_orders")
@allow_writer()
def settle_all_orders() -> int:
    """The nightly pass: as settle_changed_orders, however old the change, and every line whose makers or rule were not
    known. What Saleor changes without touching the order's `updated_at`, `ovop_settle_orders --all` looks at."""
    unresolved = SettledLine.objects.filter(is_resolved=False).values_list("order__order_id", flat=True)
    return settle_chunks(sorted({*changed_order_ids(None), *unresolved}))


def changed_order_ids(since: datetime.datetime | None) -> list[str]:
    """Orders whose state is younger than their last settlement, or that were never settled; oldest change first."""
    settled = SettledOrder.objects.filter(order_id=Cast(OuterRef("pk"), CharField()))
    orders = Order.objects.exclude(status=OrderStatus.DRAFT).annotate(
        settled_until=Subquery(settled.values("changed_at")[:1], output_field=DateTimeField())
    )
    if since is not None:
        orders = orders.filter(updated_at__gte=since)
    behind = orders.filter(Q(settled_until=None) | Q(settled_until__lt=F("updated_at")))
    return [str(pk) for pk in behind.order_by("updated_at", "pk").values_list("pk", flat=True)]


def settle_chunks(order_ids: Sequence[str]) -> int:
    """Settle many orders in chunks; returns how many got new postings. One that fails holds up only itself."""
    posted = 0
    for start in range(0, len(order_ids), CHUNK):
        chunk = order_ids[start : start + CHUNK]
        try:
            settlements = orders_settle(chunk, order_snapshots, at=timezone.now())
        except Exception:
            logger.exception("settling %d orders together failed; taking them one by one", len(chunk))
            settlements = []
            for order_id in chunk:
                try:
                    settlements += orders_settle([order_id], order_snapshots, at=timezone.now())
                except Exception:
                    logger.exception("order %s could not be settled", order_id)
        posted += sum(1 for settlement in settlements if settlement.posted)
    return posted
