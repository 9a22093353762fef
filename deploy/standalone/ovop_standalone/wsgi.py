"""The host as a WSGI application; the database is started with it."""

import os

from django.core.wsgi import get_wsgi_application

from database import database_url

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ovop_standalone.settings")
database_url()
application = get_wsgi_application()
