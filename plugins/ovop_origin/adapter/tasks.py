"""Celery tasks: each reads the current state and writes the difference, so running twice or late does no harm."""

import logging
from collections.abc import Collection
from typing import Any

from django.core.cache import cache
from django.db import OperationalError
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer

from ovop_origin.adapter.announce import is_announcing
from ovop_origin.adapter.projection import Projection, project_all, project_products
from ovop_origin.signals import registry_changed
from ovop_shared.adapter.attributes import SetupMissing
from ovop_shared.adapter.enqueue import enqueue, schedule

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 600
# A sweep asked for stands for all that are asked for until it starts.
SOON_SECONDS = 3
SOON_KEY = "ovop-origin-sweep-is-coming"
PRODUCTS_PER_TASK = 500
PRODUCTS_WORTH_NAMING = 5_000


@app.task(
    name="ovop_origin.project_products",
    autoretry_for=(OperationalError,),
    retry_backoff=True,
    max_retries=5,
)
@allow_writer()
def project_some(product_pks: list[int]) -> None:
    """Bring some products in line with the registry, or take what staff picked for them."""
    try:
        _tell(project_products(product_pks))
    except SetupMissing as problem:
        logger.warning("%d products were not brought in line: %s", len(product_pks), problem.message)


@app.task(name="ovop_origin.sweep", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=3)
@allow_writer()
def sweep() -> None:
    """Find what no event told: imports past Saleor's API, what a crash lost, whatever changed anywhere."""
    try:
        _tell(project_all())
    except SetupMissing as problem:
        logger.warning("origins are not shown: %s", problem.message)


def look_again(product_pks: Collection[int]) -> None:
    """Send these products to the worker."""
    pks = sorted(product_pks)
    for first in range(0, len(pks), PRODUCTS_PER_TASK):
        enqueue(project_some, pks[first : first + PRODUCTS_PER_TASK])


def sweep_soon() -> None:
    """Send a sweep, one for all who ask within SOON_SECONDS: it starts later than that and reads what they wrote."""
    try:
        is_first = cache.add(SOON_KEY, True, timeout=SOON_SECONDS)
    except Exception:
        logger.exception("the cache does not answer; the sweep is sent all the same")
        is_first = True
    if is_first:
        enqueue(sweep, countdown_seconds=SOON_SECONDS)


def registry_was_changed(sender: object, product_pks: frozenset[int] | None, **_: Any) -> None:
    """What the registry tells after commit. Never raises into who wrote to it: the sweep of every ten minutes is left."""
    if is_announcing():
        return
    try:
        if product_pks is None or len(product_pks) > PRODUCTS_WORTH_NAMING:
            sweep_soon()
        else:
            look_again(product_pks)
    except Exception:
        logger.exception("a change of the registry was not handed on")


def _tell(projection: Projection) -> None:
    if projection.has_written:
        logger.info("origins were brought in line: %s", projection)


registry_changed.connect(registry_was_changed, dispatch_uid="ovop_origin.adapter")
schedule("ovop-origin-sweep", sweep, SWEEP_SECONDS)
