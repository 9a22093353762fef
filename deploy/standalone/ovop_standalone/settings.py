"""Settings of the standalone host. Reading them starts nothing and needs no database."""

import os
from pathlib import Path

from database import STATE_FOLDER, django_database, expected_url
from ovop_standalone.secret import secret_key

PLUGINS = ("ovop_origin", "ovop_certification", "ovop_producer_payouts")

SECRET_KEY = secret_key(Path(os.environ.get("OVOP_STATE_FOLDER") or STATE_FOLDER) / "secret-key")
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "ovop_standalone.urls"
WSGI_APPLICATION = "ovop_standalone.wsgi.application"
INSTALLED_APPS = ["ovop_standalone", *PLUGINS]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "ovop_standalone.middleware.PublicAddressMiddleware",
    "ovop_standalone.middleware.RequesterMiddleware",
    "ovop_standalone.middleware.CookieCsrfMiddleware",
    "ovop_standalone.middleware.RefusalMiddleware",
]
OVOP_TEMPLATE_FOLDERS = [Path(__file__).parent / "templates"]
DATABASES = {"default": django_database(expected_url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Asia/Bishkek"
LANGUAGE_CODE = "en"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "ovop_standalone.views.csrf_refused"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
