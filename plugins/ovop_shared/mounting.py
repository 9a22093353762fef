"""Where a plugin's pages live: `/plugins/<plugin id>/…`, the path Saleor gives them; other hosts use the same."""

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
