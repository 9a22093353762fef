"""Celery tasks: each reads the current state and writes the difference, so running twice or late does no harm."""

import logging

from django.db import OperationalError
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer

from ovop_origin.adapter.projection import project_all, project_products
from ovop_origin.adapter.setup import SetupMissing
from ovop_shared.adapter.enqueue import schedule

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 600


@app.task(
    name="ovop_origin.project_product",
    autoretry_for=(OperationalError,),
    retry_backoff=True,
    max_retries=5,
)
@allow_writer()
def project_product(product_pk: int) -> None:
    """Bring one product in line with the registry."""
    try:
        project_products([product_pk])
    except SetupMissing as problem:
        logger.warning("product %s was not brought in line: %s", product_pk, problem.message)


@app.task(name="ovop_origin.sweep", autoretry_for=(OperationalError,), retry_backoff=True, max_retries=3)
@allow_writer()
def sweep() -> None:
    """Find what no event told: changes of the registry, imports, what a crash lost."""
    try:
        projection = project_all()
    except SetupMissing as problem:
        logger.warning("origins are not shown: %s", problem.message)
        return
    if projection.has_written:
        logger.info("the sweep brought origins in line: %s", projection)


schedule("ovop-origin-sweep", sweep, SWEEP_SECONDS)
