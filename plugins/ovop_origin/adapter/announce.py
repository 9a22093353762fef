"""Saleor's own events for what the projection changed, so that storefronts and webhooks hear of it. After commit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.db import transaction
from saleor.page.models import Page
from saleor.plugins.manager import get_plugins_manager
from saleor.product.models import Product
from saleor.webhook.event_types import WebhookEventAsyncType
from saleor.webhook.utils import get_webhooks_for_event

_is_announcing: ContextVar[bool] = ContextVar("ovop_origin_is_announcing", default=False)


def is_announcing() -> bool:
    """Whether the event that is being handled is one of ours: what it tells is in line with the registry already."""
    return _is_announcing.get()


def announce_products(products: Sequence[Product]) -> None:
    if products:
        transaction.on_commit(partial(_products_updated, products), robust=True)


def announce_pages(created: Sequence[Page], updated: Sequence[Page], deleted: Sequence[Page]) -> None:
    if created or updated or deleted:
        transaction.on_commit(partial(_pages_changed, created, updated, deleted), robust=True)


def _products_updated(products: Sequence[Product]) -> None:
    with _announcing() as manager:
        # Handed over once: Saleor would look them up for each product.
        webhooks = get_webhooks_for_event(WebhookEventAsyncType.PRODUCT_UPDATED)
        for product in products:
            manager.product_updated(product, webhooks=webhooks)


def _pages_changed(created: Sequence[Page], updated: Sequence[Page], deleted: Sequence[Page]) -> None:
    with _announcing() as manager:
        for page in created:
            manager.page_created(page)
        for page in updated:
            manager.page_updated(page)
        for page in deleted:
            manager.page_deleted(page)


@contextmanager
def _announcing() -> Iterator[Any]:
    token = _is_announcing.set(True)
    try:
        yield get_plugins_manager(allow_replica=False)
    finally:
        _is_announcing.reset(token)
