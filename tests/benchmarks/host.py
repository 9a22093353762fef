"""Where the benches run: the standalone host on a database of their own, made anew for each run and dropped after it.

Nothing that needs Django's tables may be imported before `bench_database` has been entered.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "ovop_bench"
NAMED_SERVER = os.environ.get("DATABASE_URL")
"""What the caller named, before this module puts the bench's own database in its place."""


class BenchUnavailable(Exception):
    """There is no server, or another run is using the database; the message says what to do."""


@contextmanager
def bench_database() -> Iterator[None]:
    """An empty, migrated `ovop_bench` with Django set up on it, beside DATABASE_URL's or on the embedded server.

    Raises BenchUnavailable.
    """
    host_folder = str(ROOT / "deploy" / "standalone")
    if host_folder not in sys.path:
        sys.path.insert(0, host_folder)
    host = import_module("database")
    try:
        server = host.database_url("postgres")
    except host.DatabaseUnavailable as error:
        raise BenchUnavailable(str(error)) from error
    with psycopg.connect(server, autocommit=True) as administration:
        # Held until the run ends, however it ends.
        row = administration.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [DATABASE]).fetchone()
        if row != (True,):
            raise BenchUnavailable("A bench is running on this server already; wait for it or stop it.")
        _drop(administration)
        administration.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        try:
            _set_up(urlunsplit(urlsplit(server)._replace(path=f"/{DATABASE}")))
            yield
        finally:
            _drop(administration)


def _set_up(url: str) -> None:
    os.environ["DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    import_module("django").setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)


def _drop(administration: psycopg.Connection) -> None:
    administration.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
