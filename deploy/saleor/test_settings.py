"""Saleor's own test settings, on a database that `deploy.saleor.suite` has cloned."""

import os

from saleor.tests.settings import *  # noqa: F403
from saleor.tests.settings import DATABASES

DATABASES["default"]["TEST"] = {"NAME": os.environ["OVOP_SUITE_DATABASE"]}
