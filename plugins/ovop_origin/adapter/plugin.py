"""The Saleor plugin: pages and GraphQL at /plugins/ovop.origin/, and products brought in line with the registry."""

from typing import Any

from saleor.core.db.connection import allow_writer

import ovop_origin.adapter.check
import ovop_origin.adapter.dashboard  # noqa: F401 - registers the setup step
import ovop_shared.adapter.checks  # noqa: F401 - registers the check
from ovop_origin.adapter.announce import is_announcing
from ovop_origin.adapter.pages import CODE_KEY
from ovop_origin.adapter.products import needs_a_look
from ovop_origin.adapter.setup import ATTRIBUTES
from ovop_origin.adapter.tasks import look_again, sweep_soon
from ovop_shared.adapter.catalogue import SaleorCatalogue
from ovop_shared.adapter.plugin import OvopPlugin, quiet_hook
from ovop_shared.catalogue import set_catalogue

set_catalogue(SaleorCatalogue())


class OriginPlugin(OvopPlugin):
    PLUGIN_ID = "ovop.origin"
    PLUGIN_NAME = "OVOP origin"
    PLUGIN_DESCRIPTION = "Where products come from: villages, regions and producers as attributes, pages and metadata."
    APP = "ovop_origin"

    @quiet_hook
    def product_created(self, product: Any, *_: Any, **__: Any) -> None:
        _look_again(product.pk)

    @quiet_hook
    def product_updated(self, product: Any, *_: Any, **__: Any) -> None:
        _look_again(product.pk)

    @quiet_hook
    def page_updated(self, page: Any, *_: Any, **__: Any) -> None:
        _page_changed(page)

    @quiet_hook
    def page_deleted(self, page: Any, *_: Any, **__: Any) -> None:
        _page_changed(page)

    @quiet_hook
    def attribute_value_updated(self, attribute_value: Any, *_: Any, **__: Any) -> None:
        _value_changed(attribute_value)

    @quiet_hook
    def attribute_value_deleted(self, attribute_value: Any, *_: Any, **__: Any) -> None:
        _value_changed(attribute_value)


def _look_again(product_pk: int) -> None:
    """Most shops sell other things too: a product that has nothing to do with the registry costs one query, no task."""
    if is_announcing():
        return
    with allow_writer():
        is_ours = needs_a_look(product_pk)
    if is_ours:
        look_again([product_pk])


def _page_changed(page: Any) -> None:
    """Of a village or producer: many products may name it."""
    if not is_announcing() and CODE_KEY in page.metadata:
        sweep_soon()


def _value_changed(attribute_value: Any) -> None:
    """A region that somebody renamed or deleted by hand: many products may show it."""
    if is_announcing():
        return
    with allow_writer():
        slug = attribute_value.attribute.slug
    if slug in ATTRIBUTES:
        sweep_soon()
