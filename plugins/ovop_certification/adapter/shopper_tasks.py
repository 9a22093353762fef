"""Who brings shoppers' facts in line when: after a change in the registry or of the product, when a date has passed, and
now and then for the whole shop. Every look reads the state of now and may happen any number of times."""

import datetime
import logging
from collections.abc import Collection, Sequence
from contextvars import ContextVar
from typing import Any

from django.core.cache import cache
from django.db import OperationalError, transaction
from django.utils import timezone
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer
from saleor.plugins.manager import get_plugins_manager
from saleor.product.models import Product
from saleor.webhook.event_types import WebhookEventAsyncType
from saleor.webhook.utils import get_webhooks_for_event

from ovop_certification import selectors
from ovop_certification.adapter.listing_sweep import product_chunks
from ovop_certification.adapter.shop_attributes import attach_attributes, attributes, lacks_attributes
from ovop_certification.adapter.shopper_choices import FOLLOWING, project_choices
from ovop_certification.adapter.shopper_facts import PRODUCTS_PER_BATCH, ChoiceMissing, project_facts, shows_ours
from ovop_certification.badges import products_whose_dates_passed
from ovop_certification.models import SweepMark
from ovop_certification.signals import certification_changed
from ovop_origin.selectors import registry_changed
from ovop_shared.adapter.attributes import SetupMissing
from ovop_shared.adapter.enqueue import enqueue, schedule
from ovop_shared.setup_steps import SetupStep, register_setup_step

logger = logging.getLogger(__name__)

DUE_EVERY_SECONDS = 60
ALL_EVERY_SECONDS = 1800
PRODUCTS_WORTH_NAMING = 5_000
SOON_SECONDS = 3
SOON_KEY = "ovop-certification-facts-sweep-is-coming"
MARK = "shopper-facts"

_is_telling: ContextVar[bool] = ContextVar("ovop_certification_tells_facts", default=False)


@app.task(name="ovop_certification.show_facts", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
@allow_writer()
def show_facts(product_pks: list[int]) -> None:
    """Bring some products in line."""
    try:
        _project(product_pks, timezone.now())
    except SetupMissing as problem:
        logger.warning("the certificates of %d products are not shown: %s", len(product_pks), problem.message)


@app.task(name="ovop_certification.sweep_due_facts", autoretry_for=(OperationalError,), max_retries=3)
@allow_writer()
def sweep_due_facts() -> None:
    """Bring in line what a date has reached since the last time, however long ago that was."""
    try:
        sweep_due(timezone.now())
    except SetupMissing as problem:
        logger.warning("certificates are not shown: %s", problem.message)


@app.task(
    name="ovop_certification.sweep_all_facts", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=3
)
@allow_writer()
def sweep_all_facts() -> None:
    """Find what no event told: imports past Saleor's API, what a crash lost."""
    try:
        sweep_all(timezone.now())
    except SetupMissing as problem:
        logger.warning("certificates are not shown: %s", problem.message)


def sweep_due(at: datetime.datetime) -> int:
    """How many rows were written. The mark moves when all is done: after a crash it begins where it was, and two sweeps at
    once do the same."""
    mark, _ = SweepMark.objects.get_or_create(name=MARK, defaults={"reached_at": at})
    if mark.reached_at >= at:
        return 0
    pks = products_whose_dates_passed(mark.reached_at, at)
    written = sweep_all(at) if pks is None else _project_batches(pks, at)
    SweepMark.objects.filter(name=MARK, reached_at__lt=at).update(reached_at=at)
    return written


def sweep_all(at: datetime.datetime) -> int:
    """The whole shop; how many rows were written. Raises SetupMissing before anything is."""
    written = attach_attributes() + project_choices(attributes())
    for pks in product_chunks():
        written += _project_batches(pks, at)
    # What no product holds any more.
    return written + project_choices(attributes())


def look_soon(product_pks: Collection[int]) -> None:
    """Send these products to the worker."""
    pks = sorted(product_pks)
    for first in _starts(pks):
        enqueue(show_facts, pks[first : first + PRODUCTS_PER_BATCH])


def sweep_soon() -> None:
    """Send a sweep, one for all who ask within SOON_SECONDS: it starts later than that and reads what they wrote."""
    try:
        is_first = cache.add(SOON_KEY, True, timeout=SOON_SECONDS)
    except Exception:
        logger.exception("the cache does not answer; the sweep is sent all the same")
        is_first = True
    if is_first:
        enqueue(sweep_all_facts, countdown_seconds=SOON_SECONDS)


def product_changed(product_pk: int) -> None:
    """Most shops sell other things too: a product that has nothing to do with certificates costs three queries and no
    task."""
    if _is_telling.get():
        return
    with allow_writer():
        is_ours = shows_ours(product_pk) or bool(selectors.certificates_of_products([product_pk], timezone.now()))
    if is_ours:
        look_soon([product_pk])


def value_changed(attribute_value: Any) -> None:
    """A value that somebody renamed or deleted by hand: many products may show it."""
    with allow_writer():
        slug = attribute_value.attribute.slug
    if slug in FOLLOWING:
        sweep_soon()


def facts_may_have_changed(sender: object, product_pks: frozenset[int] | None, **_: Any) -> None:
    """What certification and origin (makers, groups, villages, lots) tell after commit. Never raises into who wrote to it:
    the sweeps are left."""
    try:
        if product_pks is None or len(product_pks) > PRODUCTS_WORTH_NAMING:
            sweep_soon()
        else:
            look_soon(product_pks)
    except Exception:
        logger.exception("a change of certificates was not handed on")


def _project_batches(pks: Sequence[int], at: datetime.datetime) -> int:
    return sum(_project(pks[first : first + PRODUCTS_PER_BATCH], at) for first in _starts(pks))


def _project(product_pks: Collection[int], at: datetime.datetime) -> int:
    ours = attributes()
    if lacks_attributes(product_pks, ours):
        attach_attributes()
    try:
        changed = project_facts(product_pks, at)
    except ChoiceMissing:
        project_choices(ours)
        changed = project_facts(product_pks, at)
    if changed:
        logger.info("the certificates of %d products are shown as they are now", len(changed))
        transaction.on_commit(lambda: _tell(changed), robust=True)
    return len(changed)


def _tell(product_pks: list[int]) -> None:
    """Saleor's own event for what was changed, so that storefronts and webhooks hear of it."""
    token = _is_telling.set(True)
    try:
        manager = get_plugins_manager(allow_replica=False)
        # Handed over once: Saleor would look them up for each product.
        webhooks = get_webhooks_for_event(WebhookEventAsyncType.PRODUCT_UPDATED)
        for product in Product.objects.filter(pk__in=product_pks).order_by("pk"):
            manager.product_updated(product, webhooks=webhooks)
    finally:
        _is_telling.reset(token)


def _starts(pks: Collection[int]) -> range:
    return range(0, len(pks), PRODUCTS_PER_BATCH)


certification_changed.connect(facts_may_have_changed, dispatch_uid="ovop_certification.shopper_facts")
registry_changed.connect(facts_may_have_changed, dispatch_uid="ovop_certification.shopper_facts")
schedule("ovop-certification-facts", sweep_due_facts, DUE_EVERY_SECONDS)
schedule("ovop-certification-facts-all", sweep_all_facts, ALL_EVERY_SECONDS)
register_setup_step(SetupStep(22, "Certification: what shoppers are told", lambda: sweep_all(timezone.now())))
