"""Celery tasks of the audit. Each reads the state of now and may run any number of times."""

from django.utils import timezone
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer

from ovop_certification.adapter import audit

SWEEP_EVERY_SECONDS = 300


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


@app.task(name="ovop_certification.sweep_orders")
@allow_writer()
def sweep_orders() -> int:
    """Audit what changed since the last sweep: what a crash lost, and lines that no hook tells of."""
    return audit.sweep_orders(timezone.now())
