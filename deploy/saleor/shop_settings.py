"""Saleor's own settings; what is added keeps several shops on one machine apart and out of Saleor's directory."""

import os

from saleor.settings import *  # noqa: F403
from saleor.settings import CACHES, CELERY_BROKER_URL

_name = os.environ["OVOP_SHOP_NAME"]

CACHES["default"]["KEY_PREFIX"] = _name
CELERY_TASK_DEFAULT_QUEUE = _name
if CELERY_BROKER_URL.startswith(("redis:", "rediss:")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{_name}:"}

MEDIA_ROOT = os.environ["OVOP_SHOP_MEDIA"]
