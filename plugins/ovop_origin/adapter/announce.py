"""Saleor's own events for what the projection changed, so that storefronts and webhooks hear of it. After commit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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


@contextmanager
def announcing() -> Iterator[None]:
    """What is changed inside, and committed inside, is looked at by who changes it: nobody has to look again."""
    token = _is_announcing.set(True)
    try:
        yield
    finally:
        _is_announcing.reset(token)


def announce_products(products: Sequence[Product]) -> None:
    if products:
        transaction.on_commit(lambda: _products_updated(products), robust=True)


def announce_pages(created: Sequence[Page], updated: Sequence[Page], deleted: Sequence[Page]) -> None:
    """Only where somebody listens: a registry has thousands of pages, and Saleor would look for listeners for each."""
    for event, pages in (
        (WebhookEventAsyncType.PAGE_CREATED, created),
        (WebhookEventAsyncType.PAGE_UPDATED, updated),
        (WebhookEventAsyncType.PAGE_DELETED, deleted),
    ):
        if pages:
            _pages_after_commit(event, pages)


def _pages_after_commit(event: str, pages: Sequence[Page]) -> None:
    # No partial: Django logs a robust callback's failure by its __qualname__, which a partial lacks (5.2).
    transaction.on_commit(lambda: _pages_changed(event, pages), robust=True)


def _products_updated(products: Sequence[Product]) -> None:
    with announcing():
        manager = get_plugins_manager(allow_replica=False)
        # Handed over once: Saleor would look them up for each product.
        webhooks = get_webhooks_for_event(WebhookEventAsyncType.PRODUCT_UPDATED)
        for product in products:
            manager.product_updated(product, webhooks=webhooks)


def _pages_changed(event: str, pages: Sequence[Page]) -> None:
    with announcing():
        if not get_webhooks_for_event(event):
            return
        manager: Any = get_plugins_manager(allow_replica=False)
        tell = getattr(manager, event)
        for page in pages:
            tell(page)
