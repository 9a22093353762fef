"""The Saleor plugin: pages and GraphQL at /plugins/ovop.origin/, and products brought in line with the registry."""

from typing import Any

from saleor.core.db.connection import allow_writer

import ovop_origin.adapter.dashboard  # noqa: F401 - registers the setup step
import ovop_shared.adapter.checks  # noqa: F401 - registers the check
from ovop_origin import selectors
from ovop_origin.adapter.announce import is_announcing
from ovop_origin.adapter.tasks import project_product
from ovop_shared.adapter.catalogue import SaleorCatalogue
from ovop_shared.adapter.enqueue import enqueue
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


def _look_again(product_pk: int) -> None:
    """Most shops sell other things too: a product the registry does not know costs one query and no task."""
    if is_announcing():
        return
    with allow_writer():
        is_ours = selectors.has_origin(product_pk)
    if is_ours:
        enqueue(project_product, product_pk)
