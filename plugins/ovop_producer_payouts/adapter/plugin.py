"""The Saleor plugin: every money event of an order only says "look at this order again"."""

from typing import Any

from saleor.order.models import Fulfillment, Order

from ovop_producer_payouts.adapter import tasks
from ovop_shared.adapter import checks  # noqa: F401 - registers the version check
from ovop_shared.adapter.catalogue import SaleorCatalogue
from ovop_shared.adapter.enqueue import enqueue, schedule
from ovop_shared.adapter.plugin import OvopPlugin, quiet_hook
from ovop_shared.catalogue import set_catalogue

# Saleor writes a granted refund's status only after the hooks of its refund have run.
SETTLE_AFTER_SECONDS = 3

set_catalogue(SaleorCatalogue())
schedule("ovop-settle-changed-orders", tasks.settle_changed_orders, tasks.SWEEP_EVERY_SECONDS)
schedule("ovop-settle-all-orders", tasks.settle_all_orders, 24 * 60 * 60)


class ProducerPayoutsPlugin(OvopPlugin):
    """Global plugin; its hooks take whatever Saleor passes and read nothing but the order's id: the object may be stale."""

    PLUGIN_ID = "ovop.producer_payouts"
    PLUGIN_NAME = "OVOP producer payouts"
    PLUGIN_DESCRIPTION = "Splits what is paid for an order among producers, village fund, association and outlet."
    APP = "ovop_producer_payouts"

    def _settle(self, order: Order) -> None:
        enqueue(tasks.settle_order, str(order.pk), countdown_seconds=SETTLE_AFTER_SECONDS)

    @quiet_hook
    def order_created(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_confirmed(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_paid(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_fully_paid(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_refunded(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_fully_refunded(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_updated(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_cancelled(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_expired(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_fulfilled(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._settle(order)

    @quiet_hook
    def order_bulk_created(self, orders: list[Order], *args: Any, **kwargs: Any) -> None:
        for order in orders:
            self._settle(order)

    @quiet_hook
    def fulfillment_created(self, fulfillment: Fulfillment, *args: Any, **kwargs: Any) -> None:
        self._settle(fulfillment.order)

    @quiet_hook
    def fulfillment_approved(self, fulfillment: Fulfillment, *args: Any, **kwargs: Any) -> None:
        self._settle(fulfillment.order)

    @quiet_hook
    def fulfillment_canceled(self, fulfillment: Fulfillment, *args: Any, **kwargs: Any) -> None:
        self._settle(fulfillment.order)
