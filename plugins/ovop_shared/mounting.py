"""Where a plugin's pages live: `/plugins/<plugin id>/…`, the path Saleor gives them; other hosts use the same."""

import os
from collections.abc import Callable

from django.urls import get_script_prefix, reverse


def plugin_id(app: str) -> str:
    """`ovop_origin` -> `ovop.origin`: Saleor's PLUGIN_ID, which is also part of the address."""
    return app.replace("_", ".", 1)


def mount_path(app: str) -> str:
    """The plugin's address below the host's root, with slashes around it."""
    return f"{get_script_prefix()}plugins/{plugin_id(app)}/"


def page_url(name: str, **parameters: object) -> str:
    """The path of a plugin's page on either host. `name` is `<app>:<url name>`, e.g. `ovop_origin:producer`.

    Raises django.urls.NoReverseMatch. Not Django's include(): on Saleor the plugin's urls are in no URLconf.
    """
    app, _, view = name.partition(":")
    path = reverse(view, urlconf=f"{app}.urls", kwargs=parameters or None)
    return mount_path(app) + path[len(get_script_prefix()) :]


def _environment_address() -> str:
    return os.environ.get("OVOP_PUBLIC_URL", "")


_public_address: list[Callable[[], str]] = [_environment_address]


def set_public_address(address: Callable[[], str]) -> None:
    """Called once by a host that knows its address otherwise. It gives scheme and host: `https://shop.example`."""
    _public_address[:] = [address]


def absolute_url(path: str) -> str:
    """The path as the rest of the world sees it: for QR codes, JSON-LD and letters.

    A host that says nothing answers at the environment's `OVOP_PUBLIC_URL`; one that has neither is misconfigured.
    """
    address = _public_address[0]().rstrip("/")
    if not address:
        raise RuntimeError("the host has set no public address, and OVOP_PUBLIC_URL is empty")
    return address + path
