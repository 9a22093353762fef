"""The Saleor plugin: the veto before an order is made, and a look at every order that was."""

import datetime
from collections.abc import Sequence
from typing import Any, ClassVar

from django.dispatch import receiver
from django.utils import timezone
from saleor.attribute.models import AttributeValue
from saleor.channel.models import Channel
from saleor.checkout.fetch import CheckoutInfo, CheckoutLineInfo
from saleor.checkout.models import Checkout
from saleor.order.models import Order
from saleor.plugins.models import PluginConfiguration
from saleor.product.models import Category, Product

import ovop_certification.adapter.dashboard
import ovop_certification.adapter.reminders  # noqa: F401 - puts them on the beat
import ovop_shared.adapter.sales  # noqa: F401 - the shop keeps a book of its sales
from ovop_certification.adapter import (
    audit,
    listing_tasks,
    recipes,
    shop_attributes,  # noqa: F401 - registers the setup steps
    shopper_tasks,
    tasks,
)
from ovop_certification.adapter.gate import refuse_uncertified
from ovop_certification.adapter.settings import CONFIG_STRUCTURE, DEFAULT_CONFIGURATION, PLUGIN_ID, check_configuration
from ovop_certification.signals import certification_changed
from ovop_shared.adapter import checks  # noqa: F401 - registers the version check
from ovop_shared.adapter.catalogue import SaleorCatalogue
from ovop_shared.adapter.enqueue import enqueue, schedule
from ovop_shared.adapter.plugin import OvopPlugin, quiet_hook
from ovop_shared.catalogue import set_catalogue

AUDIT_AFTER_SECONDS = 2
# By then the shopper has mostly completed it.
LOOK_AT_CHECKOUT_AFTER_SECONDS = 10
# By then the listings are closed.
AFTER_CLOSING_SECONDS = 10

set_catalogue(SaleorCatalogue())
schedule("ovop-certification-sweep-orders", tasks.sweep_orders, tasks.SWEEP_EVERY_SECONDS)
schedule("ovop-certification-paid-checkouts", tasks.sweep_paid_checkouts, tasks.PAID_EVERY_SECONDS)


class CertificationPlugin(OvopPlugin):
    """Global plugin. Only the veto may raise into Saleor's request."""

    PLUGIN_ID = PLUGIN_ID
    PLUGIN_NAME = "OVOP certification"
    PLUGIN_DESCRIPTION = "Sells a product in a market only while it has the certificates that the market requires."
    APP = "ovop_certification"
    DEFAULT_CONFIGURATION: ClassVar[list[dict[str, Any]]] = DEFAULT_CONFIGURATION
    CONFIG_STRUCTURE: ClassVar[dict[str, dict[str, Any]]] = CONFIG_STRUCTURE

    @classmethod
    def validate_plugin_configuration(cls, plugin_configuration: PluginConfiguration, **kwargs: Any) -> None:
        check_configuration(plugin_configuration.configuration)

    @classmethod
    def save_plugin_configuration(cls, plugin_configuration: PluginConfiguration, cleaned_data: Any) -> Any:
        """A switch may be another one, or the whole plugin off: then every listing is to be as staff want it."""
        saved = super().save_plugin_configuration(plugin_configuration, cleaned_data)
        listing_tasks.sweep_soon()
        return saved

    def preprocess_order_creation(
        self,
        checkout_info: CheckoutInfo,
        lines: Sequence[CheckoutLineInfo] | None = None,
        *args: Any,
        previous_value: Any = None,
        **kwargs: Any,
    ) -> Any:
        refuse_uncertified(checkout_info, checkout_info.lines if lines is None else lines, timezone.now())
        return previous_value

    # One task for all that happens to an order within a second. It runs when Saleor has done its part: confirmed the
    # order, taken note of the payment.

    def _audit(self, order: Order) -> None:
        enqueue(tasks.audit_order, str(order.pk), countdown_seconds=AUDIT_AFTER_SECONDS)

    @quiet_hook
    def order_created(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._audit(order)

    @quiet_hook
    def order_updated(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._audit(order)

    @quiet_hook
    def order_confirmed(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._audit(order)

    @quiet_hook
    def order_cancelled(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._audit(order)

    @quiet_hook
    def order_expired(self, order: Order, *args: Any, **kwargs: Any) -> None:
        self._audit(order)

    @quiet_hook
    def order_bulk_created(self, orders: Sequence[Order], *args: Any, **kwargs: Any) -> None:
        enqueue(tasks.audit_orders, [str(order.pk) for order in orders])

    @quiet_hook
    def product_created(self, product: Product, *args: Any, **kwargs: Any) -> None:
        listing_tasks.look_now(product.pk)
        shopper_tasks.product_changed(product.pk)
        recipes.look_soon(product.pk)

    @quiet_hook
    def product_updated(self, product: Product, *args: Any, **kwargs: Any) -> None:
        listing_tasks.look_now(product.pk)
        shopper_tasks.product_changed(product.pk)
        recipes.look_soon(product.pk)

    @quiet_hook
    def checkout_fully_authorized(self, checkout: Checkout, *args: Any, **kwargs: Any) -> None:
        enqueue(tasks.look_at_checkout, str(checkout.pk), countdown_seconds=LOOK_AT_CHECKOUT_AFTER_SECONDS)

    @quiet_hook
    def checkout_fully_paid(self, checkout: Checkout, *args: Any, **kwargs: Any) -> None:
        enqueue(tasks.look_at_checkout, str(checkout.pk), countdown_seconds=LOOK_AT_CHECKOUT_AFTER_SECONDS)

    @quiet_hook
    def attribute_value_updated(self, attribute_value: AttributeValue, *args: Any, **kwargs: Any) -> None:
        shopper_tasks.value_changed(attribute_value)

    @quiet_hook
    def attribute_value_deleted(self, attribute_value: AttributeValue, *args: Any, **kwargs: Any) -> None:
        shopper_tasks.value_changed(attribute_value)

    @quiet_hook
    def channel_updated(self, channel: Channel, *args: Any, **kwargs: Any) -> None:
        listing_tasks.channels_changed()
        shopper_tasks.sweep_soon()

    @quiet_hook
    def channel_deleted(self, channel: Channel, *args: Any, **kwargs: Any) -> None:
        listing_tasks.channels_changed()
        shopper_tasks.sweep_soon()

    @quiet_hook
    def channel_created(self, channel: Channel, *args: Any, **kwargs: Any) -> None:
        listing_tasks.channels_changed()

    @quiet_hook
    def product_deleted(self, product: Product, *args: Any, **kwargs: Any) -> None:
        listing_tasks.product_gone(product.pk)

    @quiet_hook
    def category_updated(self, category: Category, *args: Any, **kwargs: Any) -> None:
        listing_tasks.category_changed(category)


@receiver(certification_changed, dispatch_uid="ovop_certification.audit")
def look_again(
    sender: object, product_pks: frozenset[int] | None, since: datetime.datetime | None, **kwargs: Any
) -> None:
    """What was sold while the change was on its way to the database was judged without it."""
    earliest = timezone.now() - audit.OVERLAP
    moment = min(since, earliest) if since else earliest
    enqueue(tasks.audit_since, None if product_pks is None else sorted(product_pks), moment.isoformat())
    enqueue(tasks.sweep_paid_checkouts, countdown_seconds=AFTER_CLOSING_SECONDS)
