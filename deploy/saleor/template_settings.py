"""Saleor alone: settings under which the template database is migrated, without any plugin from outside."""

from saleor.settings import *  # noqa: F403
from saleor.settings import BUILTIN_PLUGINS, INSTALLED_APPS, installed_plugins

_outside = {entry_point.name for entry_point in installed_plugins}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in _outside]
PLUGINS = BUILTIN_PLUGINS
