"""Who looks at listings when: at once in a hook of one product, in the worker for the rest, on the beat when a date has
passed, and now and then at all of them. Every look reads the state of now and may happen any number of times."""

import logging
from collections.abc import Collection
from contextvars import ContextVar
from hashlib import sha256
from typing import Any

from celery import Task
from django.core.cache import cache
from django.db import OperationalError, transaction
from django.utils import timezone
from saleor.celeryconf import app
from saleor.channel.models import Channel
from saleor.core.db.connection import allow_writer
from saleor.plugins.manager import get_plugins_manager
from saleor.product.models import Category, Product
from saleor.webhook.event_types import WebhookEventAsyncType
from saleor.webhook.utils import get_webhooks_for_event

from ovop_certification.adapter.closing import close_and_open
from ovop_certification.adapter.listing_sweep import Progress, forget_products, sweep_all, sweep_due
from ovop_certification.adapter.listings import Changes, bring_in_line
from ovop_certification.models import Requirement
from ovop_certification.services.announce import PRODUCTS_WORTH_NAMING
from ovop_certification.services.channels import channels_follow
from ovop_certification.signals import certification_changed
from ovop_origin.selectors import registry_changed
from ovop_shared.adapter.enqueue import enqueue, schedule

logger = logging.getLogger(__name__)

DUE_EVERY_SECONDS = 60
ALL_EVERY_SECONDS = 3600
PRODUCTS_PER_TASK = 500
# A look that waits stands for all that are asked for until it starts. Should its message be lost, the next one who asks
# so much later sends another.
SOON_SECONDS = 1
WAITS_SECONDS = 60
# One whole pass at a time; the next one waits. After so long the running one is taken for dead.
SWEEP_WAITING = "ovop-certification-sweep-waits"
SWEEP_RUNNING = "ovop-certification-sweep-runs"
SWEEP_SECONDS = 300
TRY_AGAIN_SECONDS = 5

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
    _starts(_waiting(product_pks))
    tell_soon(close_and_open(product_pks, timezone.now()))


@app.task(name="ovop_certification.sweep_due_listings", autoretry_for=(OperationalError,), max_retries=3)
@allow_writer()
def sweep_due_listings() -> None:
    """Close and re-open what a date has reached since it was last looked at, however long ago that was."""
    follow_channels()
    sweep_due(timezone.now(), tell=tell_soon)


@app.task(
    name="ovop_certification.sweep_all_listings",
    bind=True,
    autoretry_for=(OperationalError,),
    retry_backoff=True,
    max_retries=3,
)
@allow_writer()
def sweep_all_listings(self: Task) -> None:
    """Look at every listing: what no event told of is found here (imports past Saleor's API, what a crash lost)."""
    if not _is_first(SWEEP_RUNNING, SWEEP_SECONDS) and not self.request.is_eager:
        enqueue(sweep_all_listings, countdown_seconds=TRY_AGAIN_SECONDS)
        return
    _starts(SWEEP_WAITING)
    try:
        follow_channels()
        sweep_all(timezone.now(), tell=tell_soon)
    finally:
        _starts(SWEEP_RUNNING)


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


def sweep_by_hand(*, progress: Progress) -> Changes:
    """As the task, for who waits for it at a console. Saleor is told after every chunk: it may be stopped."""
    follow_channels()
    return sweep_all(timezone.now(), progress=progress, tell=tell_soon)


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
    worker does it. Never raises."""
    if is_telling():
        return
    try:
        with allow_writer():
            tell_soon(bring_in_line([product_pk], timezone.now()))
    except Exception:
        logger.exception("the listings of product %d were not looked at; the worker does it", product_pk)
        enqueue(look_at_listings, [product_pk])


def look_soon(product_pks: Collection[int]) -> None:
    """In the worker, once for all who ask for the same products meanwhile."""
    pks = sorted(product_pks)
    for first in range(0, len(pks), PRODUCTS_PER_TASK):
        chunk = pks[first : first + PRODUCTS_PER_TASK]
        _after_commit(_waiting(chunk), look_at_listings, chunk)


def sweep_soon() -> None:
    """All of them, once for all who ask meanwhile."""
    _after_commit(SWEEP_WAITING, sweep_all_listings)


def product_gone(product_pk: int) -> None:
    with allow_writer():
        forget_products([product_pk], timezone.now())


def category_changed(category: Category) -> None:
    """Its slug may be another one, and requirements name it: everything in it and below is looked at."""
    with allow_writer():
        if not Requirement.objects.exclude(category="").exists():
            return
        below = category.get_descendants(include_self=True)
        pks = list(Product.objects.filter(category__in=below).values_list("pk", flat=True)[: PRODUCTS_WORTH_NAMING + 1])
    if len(pks) > PRODUCTS_WORTH_NAMING:
        sweep_soon()
    elif pks:
        look_soon(pks)


def channels_changed() -> None:
    """A channel with another slug stays in its market at once; one whose slug a market names may have come."""
    with allow_writer():
        follow_channels()
    sweep_soon()


def follow_channels() -> None:
    for each in channels_follow(dict(Channel.objects.values_list("pk", "slug"))):
        logger.warning("the channel %s is called %s now; its market has followed", each.before, each.after)


def _waiting(product_pks: Collection[int]) -> str:
    digest = sha256(repr(sorted(product_pks)).encode()).hexdigest()
    return f"ovop-certification-look-{digest}"


def _after_commit(key: str, task: Task, *args: Any) -> None:
    # No partial: Django logs a robust callback's failure by its __qualname__, which a partial lacks (5.2).
    transaction.on_commit(lambda: _once(key, task, *args), robust=True)


def _once(key: str, task: Task, *args: Any) -> None:
    if _is_first(key, WAITS_SECONDS):
        enqueue(task, *args, countdown_seconds=SOON_SECONDS)


def _is_first(key: str, seconds: int) -> bool:
    try:
        return bool(cache.add(key, True, timeout=seconds))
    except Exception:
        logger.exception("the cache does not answer; nobody waits for others")
        return True


def _starts(key: str) -> None:
    """From here on a new one has to be sent: this one may have read already."""
    try:
        cache.delete(key)
    except Exception:
        logger.exception("the cache does not answer")


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
registry_changed.connect(decisions_may_have_changed, dispatch_uid="ovop_certification.listings")
schedule("ovop-certification-listings", sweep_due_listings, DUE_EVERY_SECONDS)
schedule("ovop-certification-listings-all", sweep_all_listings, ALL_EVERY_SECONDS)
