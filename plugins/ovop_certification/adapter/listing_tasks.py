"""Who looks at listings when: at once in a hook of one product, in the worker for the rest, on the beat when a date has
passed, and now and then at all of them. Every look reads the state of now and may happen any number of times."""

import logging
from collections.abc import Collection
from contextvars import ContextVar
from hashlib import sha256
from typing import Any

from celery import Task
from django.core.cache import cache
from django.db import OperationalError
from django.utils import timezone
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer
from saleor.plugins.manager import get_plugins_manager
from saleor.product.models import Product
from saleor.webhook.event_types import WebhookEventAsyncType
from saleor.webhook.utils import get_webhooks_for_event

from ovop_certification.adapter.listing_sweep import sweep_all, sweep_due
from ovop_certification.adapter.listings import Changes, bring_in_line
from ovop_certification.signals import certification_changed
from ovop_shared.adapter.enqueue import enqueue, schedule

logger = logging.getLogger(__name__)

DUE_EVERY_SECONDS = 60
ALL_EVERY_SECONDS = 3600
PRODUCTS_PER_TASK = 500
# A look that is on its way stands for all that are asked for until it starts. It starts later than nobody may join it
# any more, so that it reads what the last one wrote, even where two machines' clocks differ a little.
JOIN_SECONDS = 1
START_SECONDS = 2

_is_telling: ContextVar[bool] = ContextVar("ovop_certification_is_telling", default=False)


@app.task(
    name="ovop_certification.look_at_listings",
    autoretry_for=(OperationalError,),
    retry_backoff=True,
    max_retries=5,
)
@allow_writer()
def look_at_listings(product_pks: list[int]) -> None:
    """Close and re-open the listings of some products."""
    tell_soon(bring_in_line(product_pks, timezone.now()))


@app.task(name="ovop_certification.sweep_due_listings", autoretry_for=(OperationalError,), max_retries=3)
@allow_writer()
def sweep_due_listings() -> None:
    """Close and re-open what a date has reached since it was last looked at, however long ago that was."""
    tell_soon(sweep_due(timezone.now()))


@app.task(
    name="ovop_certification.sweep_all_listings", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=3
)
@allow_writer()
def sweep_all_listings() -> None:
    """Look at every listing: what no event told of is found here (imports past Saleor's API, what a crash lost)."""
    tell_soon(sweep_all(timezone.now()))


@app.task(name="ovop_certification.tell_of_listings")
@allow_writer()
def tell_of_listings(product_pks: list[int]) -> None:
    """Saleor's own event for what the gate changed, so that storefronts and webhooks hear of it."""
    token = _is_telling.set(True)
    try:
        manager = get_plugins_manager(allow_replica=False)
        # Handed over once: Saleor would look them up for each product.
        webhooks = get_webhooks_for_event(WebhookEventAsyncType.PRODUCT_UPDATED)
        for product in Product.objects.filter(pk__in=product_pks).order_by("pk"):
            manager.product_updated(product, webhooks=webhooks)
    finally:
        _is_telling.reset(token)


def is_telling() -> bool:
    """Whether the event that is being handled is one of ours: what it tells of was looked at already."""
    return _is_telling.get()


def tell_soon(changes: Changes) -> None:
    pks = sorted(changes.product_pks)
    if pks:
        logger.info("listings closed: %d, opened: %d", changes.closed, changes.opened)
    for first in range(0, len(pks), PRODUCTS_PER_TASK):
        enqueue(tell_of_listings, pks[first : first + PRODUCTS_PER_TASK])


def look_now(product_pk: int) -> None:
    """In the request that changed the product, so that its own answer shows the listing shut. When that fails the
    worker does it."""
    if is_telling():
        return
    try:
        with allow_writer():
            tell_soon(bring_in_line([product_pk], timezone.now()))
    except Exception:
        enqueue(look_at_listings, [product_pk])
        raise


def look_soon(product_pks: Collection[int]) -> None:
    """In the worker, once for all who ask for the same products meanwhile."""
    pks = sorted(product_pks)
    for first in range(0, len(pks), PRODUCTS_PER_TASK):
        chunk = pks[first : first + PRODUCTS_PER_TASK]
        digest = sha256(repr(chunk).encode()).hexdigest()
        _once(f"ovop-certification-look-{digest}", look_at_listings, chunk)


def sweep_soon() -> None:
    """All of them, once for all who ask meanwhile."""
    _once("ovop-certification-sweep", sweep_all_listings)


def _once(key: str, task: Task, *args: Any) -> None:
    try:
        is_first = cache.add(key, True, timeout=JOIN_SECONDS)
    except Exception:
        logger.exception("the cache does not answer; %s is sent all the same", task.name)
        is_first = True
    if is_first:
        enqueue(task, *args, countdown_seconds=START_SECONDS)


def decisions_may_have_changed(sender: object, product_pks: frozenset[int] | None, **_: Any) -> None:
    """What certification and origin tell after commit. Never raises into who wrote: the sweeps are left."""
    try:
        if product_pks is None:
            sweep_soon()
        else:
            look_soon(product_pks)
    except Exception:
        logger.exception("a change of decisions was not handed on")


certification_changed.connect(decisions_may_have_changed, dispatch_uid="ovop_certification.listings")
schedule("ovop-certification-listings", sweep_due_listings, DUE_EVERY_SECONDS)
schedule("ovop-certification-listings-all", sweep_all_listings, ALL_EVERY_SECONDS)
