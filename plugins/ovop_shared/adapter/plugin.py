"""The base of the three Saleor plugins: one address for pages and GraphQL, hooks that never break the shop."""

import functools
import logging
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from saleor.core.utils import get_public_url
from saleor.plugins.base_plugin import BasePlugin
from saleor.plugins.models import PluginConfiguration

import ovop_shared.adapter.staff_accounts  # noqa: F401 - opens the staff pages' door
from ovop_shared.adapter.requester import saleor_requester
from ovop_shared.endpoint import refuse, serve
from ovop_shared.errors import NotFound, OvopError
from ovop_shared.mounting import set_public_address
from ovop_shared.requester import attach_requester

logger = logging.getLogger(__name__)

# PUBLIC_URL, or the domain of Saleor's site (3.22, 3.23).
set_public_address(get_public_url)

Hook = TypeVar("Hook", bound=Callable[..., Any])


class OvopPlugin(BasePlugin):  # type: ignore[misc]
    """Global (one configuration for all channels: with one per channel Saleor fires product hooks oddly or not at all)."""

    APP: ClassVar[str]
    CONFIGURATION_PER_CHANNEL = False
    DEFAULT_ACTIVE = True
    DEFAULT_CONFIGURATION: ClassVar[list[dict[str, Any]]] = []

    @classmethod
    def save_plugin_configuration(cls, plugin_configuration: PluginConfiguration, cleaned_data: Any) -> Any:
        """The first change of a setting makes the plugin's row, and Saleor makes it inactive unless the change says
        otherwise, even where the change is then refused (3.22, 3.23): nobody who sets a setting means to switch the plugin
        off. A row with a name is not new. A client's variable that was not filled comes as None, which Saleor would
        store."""
        changes = {name: value for name, value in cleaned_data.items() if name != "active" or value is not None}
        if not plugin_configuration.name:
            plugin_configuration.name = cls.PLUGIN_NAME
            plugin_configuration.active = cls.get_default_active()
            plugin_configuration.save(update_fields=["name", "active"])
        return super().save_plugin_configuration(plugin_configuration, changes)

    def webhook(self, request: HttpRequest, path: str, previous_value: Any) -> HttpResponseBase:
        """Serve `/plugins/<id>/<path>`. Saleor calls this for inactive plugins too."""
        if not self.active:
            return refuse(request, NotFound("There is no such page."))
        try:
            attach_requester(request, saleor_requester(request))
        except OvopError as error:
            return refuse(request, error)
        return serve(request, self.APP, path)


def quiet_hook(hook: Hook) -> Hook:
    """For every hook but a veto: log what goes wrong, return previous_value, never raise into the shop's request.

    Saleor isolates neither plugins nor events: an exception here would lose the hooks and mails after it.
    """

    @functools.wraps(hook)
    def guarded(self: OvopPlugin, *args: Any, previous_value: Any = None, **kwargs: Any) -> Any:
        if not self.active:
            return previous_value
        try:
            hook(self, *args, **kwargs)
        except Exception:
            logger.exception("%s.%s failed", type(self).__name__, hook.__name__)
        return previous_value

    return guarded  # type: ignore[return-value]
