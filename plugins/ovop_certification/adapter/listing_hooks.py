"""What Saleor tells of categories, channels and its plugins' settings, as far as listings depend on it (3.22, 3.23).

`product_updated` (plugin.py) comes after productUpdate, productChannelListingUpdate, a category's deletion and changes of
collections; a product type's slug and what is written past the API have no hook: the whole pass finds them.
"""

from typing import Any

from saleor.channel.models import Channel
from saleor.plugins.models import PluginConfiguration
from saleor.product.models import Category, Product

from ovop_certification.adapter import listing_tasks
from ovop_shared.adapter.plugin import OvopPlugin, quiet_hook


class ListingHooks(OvopPlugin):
    @quiet_hook
    def product_deleted(self, product: Product, *args: Any, **kwargs: Any) -> None:
        listing_tasks.product_gone(product.pk)

    @quiet_hook
    def category_updated(self, category: Category, *args: Any, **kwargs: Any) -> None:
        listing_tasks.category_changed(category)

    @quiet_hook
    def channel_created(self, channel: Channel, *args: Any, **kwargs: Any) -> None:
        listing_tasks.channels_changed()

    @quiet_hook
    def channel_updated(self, channel: Channel, *args: Any, **kwargs: Any) -> None:
        listing_tasks.channels_changed()

    @quiet_hook
    def channel_deleted(self, channel: Channel, *args: Any, **kwargs: Any) -> None:
        listing_tasks.channels_changed()

    @classmethod
    def save_plugin_configuration(cls, plugin_configuration: PluginConfiguration, cleaned_data: Any) -> Any:
        """A switch may be another one, or the whole plugin off: then every listing is to be as staff want it."""
        saved = super().save_plugin_configuration(plugin_configuration, cleaned_data)
        listing_tasks.sweep_soon()
        return saved
