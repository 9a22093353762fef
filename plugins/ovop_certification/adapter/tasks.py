"""Celery tasks of the gate. Each reads the state of now and may run any number of times."""

import datetime

from django.utils import timezone
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer

from ovop_certification.adapter import audit, paid_checkouts

SWEEP_EVERY_SECONDS = 300
PAID_EVERY_SECONDS = 60


@app.task(
    name="ovop_certification.audit_orders",
    autoretry_for=(Exception,),
    retry_backoff=5,
    retry_backoff_max=600,
    max_retries=5,
)
@allow_writer()
def audit_orders(order_ids: list[str]) -> int:
    """Flag what was sold uncertified in these orders. What is left over after the retries, the sweep finds."""
    return audit.audit_orders(order_ids, timezone.now())


@app.task(
    name="ovop_certification.audit_order",
    autoretry_for=(Exception,),
    retry_backoff=5,
    retry_backoff_max=600,
    max_retries=5,
)
@allow_writer()
def audit_order(order_id: str) -> int:
    """As audit_orders, of the one order that a hook told of."""
    return audit.audit_orders([order_id], timezone.now())


@app.task(
    name="ovop_certification.audit_since",
    autoretry_for=(Exception,),
    retry_backoff=5,
    retry_backoff_max=600,
    max_retries=5,
)
@allow_writer()
def audit_since(product_pks: list[int] | None, since: str) -> int:
    """Look again at what was sold since that moment (ISO 8601): something else is known of it now."""
    return audit.audit_since(product_pks, datetime.datetime.fromisoformat(since), timezone.now())


@app.task(name="ovop_certification.sweep_orders")
@allow_writer()
def sweep_orders() -> int:
    """Audit what changed since the last sweep: what a crash lost, and lines that no hook tells of."""
    return audit.sweep_orders(timezone.now())


@app.task(name="ovop_certification.look_at_checkout")
@allow_writer()
def look_at_checkout(checkout_id: str) -> int:
    """Money came for a checkout in full: an order is due, or the money is listed. Mostly it is an order already."""
    return paid_checkouts.look_at_checkouts([checkout_id], timezone.now())


@app.task(name="ovop_certification.sweep_paid_checkouts")
@allow_writer()
def sweep_paid_checkouts() -> int:
    """Complete what was paid for before its product was closed, and keep the list of money without an order true."""
    return paid_checkouts.sweep_paid_checkouts(timezone.now())
