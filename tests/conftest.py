"""The standalone host's tests: a real PostgreSQL always, migrated once per run, real commits in clones of it."""

import os
import signal
from collections.abc import Iterator
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

import database

collect_ignore = ["saleor"]

# A shell that starts the suite in the background has it, and all that it starts, ignore an interrupt; some tests send one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a machine under load is not a failure. `deep` is for a long look before a release.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("deep", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# The process id in the name keeps runs in one checkout apart.
TEST_DATABASE_PREFIX = "test_ovop_"
TEST_DATABASE = f"{TEST_DATABASE_PREFIX}{os.getpid()}"
_clone_numbers = count(1)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Start the server when the first test asks for a database, and name the database after this run."""
    from django.conf import settings as django_settings
    from django.db import connection

    if os.environ.get("DATABASE_URL"):
        database.database_url()
    else:
        database.database_url(database.DEMO_DATABASE)
        database.drop_databases_of_ended_processes(TEST_DATABASE_PREFIX)
    django_settings.DATABASES["default"]["TEST"]["NAME"] = TEST_DATABASE
    connection.settings_dict["TEST"]["NAME"] = TEST_DATABASE


@pytest.fixture
def committed_database(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test alone, for real commits and several connections; its URL.

    It is a clone of the migrated one, so it is made in a moment and dropped whole: the ledger's tables refuse UPDATE,
    DELETE and TRUNCATE, and could not be emptied. Django's default connection points to it in every thread.
    """
    from django.db import connection

    clone = f"{TEST_DATABASE}_{next(_clone_numbers)}"
    connection.close()
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        original = connection.settings_dict["NAME"]
        with _administration() as administration:
            administration.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(clone), sql.Identifier(original)
                )
            )
        connection.settings_dict["NAME"] = clone
        try:
            yield _url(clone)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = original
            with _administration() as administration:
                administration.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(clone)))


def _url(name: str) -> str:
    """The URL of another database on the server the tests use."""
    return urlunsplit(urlsplit(database.expected_url())._replace(path=f"/{name}"))


def _administration() -> psycopg.Connection:
    return psycopg.connect(_url("postgres"), autocommit=True)
