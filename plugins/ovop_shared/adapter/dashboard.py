"""The plugins' entry in the shop's dashboard: one app, one extension for each page that staff open from there.

Written straight into Saleor's tables: the app is this very shop, so there is no manifest to fetch. Its type is
THIRDPARTY because Saleor gives extensions of local apps no token (3.22, 3.23).
"""

from dataclasses import dataclass

from django.db import connection, transaction
from saleor.app.models import App, AppExtension
from saleor.app.types import AppType
from saleor.core.utils import build_absolute_uri
from saleor.permission.models import Permission

from ovop_shared.adapter.requester import SALEOR_PERMISSIONS
from ovop_shared.adapter.staff_accounts import APP_IDENTIFIER

APP_NAME = "One Village One Product"
_NEW_TAB = "new_tab"
_POST = "POST"

# "ovop" and a number of its own; Saleor's own advisory locks use the namespace 21218 (3.22, 3.23).
_NAMESPACE = 0x6F766F70
_DASHBOARD = 3


@dataclass(frozen=True, slots=True)
class DashboardEntry:
    """`path` is the page's entrance below the host's root, `mount` the dashboard's own word for the place.

    `permission` is never empty: to a superuser, Saleor gives an extension without one a token with every right.
    """

    label: str
    path: str
    permission: str
    mount: str = "navigation_catalog"


@transaction.atomic
def register_dashboard_entry(entry: DashboardEntry) -> int:
    """Make the app and its extension as `entry` says; how many rows were written. Safe to repeat.

    An app that staff deactivated stays so: that is how a shop shuts the pages.
    """
    _lock()
    app, changes = _app()
    permission = _permission(entry.permission)
    changes += _add_permission(app, permission)
    wanted = {
        "label": entry.label,
        "url": build_absolute_uri(entry.path),
        "mount": entry.mount,
        "target": _NEW_TAB,
        "http_target_method": _POST,
        "settings": {"newTabTarget": {"method": _POST}},
    }
    if any(field.name == "identifier" for field in AppExtension._meta.get_fields()):  # from 3.23
        wanted["identifier"] = _identifier(entry.path)
    found = [each for each in app.extensions.order_by("pk") if each.url.endswith(entry.path)]
    for surplus in found[1:]:
        surplus.delete()
        changes += 1
    if not found:
        extension = AppExtension.objects.create(app=app, **wanted)
        changes += 1
    else:
        extension = found[0]
        if any(getattr(extension, name) != value for name, value in wanted.items()):
            AppExtension.objects.filter(pk=extension.pk).update(**wanted)
            changes += 1
    if set(extension.permissions.values_list("pk", flat=True)) != {permission.pk}:
        extension.permissions.set([permission])
        changes += 1
    return changes


def _lock() -> None:
    """Nothing in Saleor keeps two apps of one identifier, or two entries of one page, apart: one process at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_NAMESPACE, _DASHBOARD])


def _app() -> tuple[App, int]:
    app = App.objects.select_for_update().filter(identifier=APP_IDENTIFIER, removed_at=None).order_by("pk").first()
    if app is not None:
        return app, 0
    return App.objects.create(identifier=APP_IDENTIFIER, name=APP_NAME, type=AppType.THIRDPARTY), 1


def _add_permission(app: App, permission: Permission) -> int:
    """The app's own token, which the dashboard may ask for too, must not be without a permission either."""
    if app.permissions.filter(pk=permission.pk).exists():
        return 0
    app.permissions.add(permission)
    return 1


def _permission(name: str) -> Permission:
    label, _, codename = SALEOR_PERMISSIONS[name].partition(".")
    return Permission.objects.get(content_type__app_label=label, codename=codename)


def _identifier(path: str) -> str:
    return path.strip("/").replace("/", "-").replace(".", "-")
