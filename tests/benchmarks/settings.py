"""The standalone host with the peer beside it: the benches' own settings."""

from ovop_standalone.settings import *  # noqa: F403
from ovop_standalone.settings import INSTALLED_APPS as HOST_APPS

INSTALLED_APPS = [*HOST_APPS, "django.contrib.contenttypes", "mptt", "hordak"]
# Sums of UZS are long; hordak's own 13 digits would do for these orders, its ledger need not be the tight one.
HORDAK_MAX_DIGITS = 20
HORDAK_DECIMAL_PLACES = 2
DEFAULT_CURRENCY = "KGS"
