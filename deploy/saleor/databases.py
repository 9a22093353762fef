"""Databases made cheap: Saleor's migrations run once into a template, every shop and suite starts from a clone."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.saleor.interpreter import ROOT, Echo, Saleor, SaleorUnavailable

DEFAULT_URL = "postgresql://postgres@127.0.0.1:5432/ovop_shop"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ovop"

# Runs in Saleor's interpreter, which has a PostgreSQL driver; the Python that started us need not have one.
_EXECUTE = """
import json, sys, psycopg
request = json.load(sys.stdin)
try:
    with psycopg.connect(request["url"], autocommit=True, connect_timeout=10) as connection:
        for statement in request["statements"]:
            cursor = connection.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    print(json.dumps({"rows": rows}))
except psycopg.Error as error:
    print(json.dumps({"error": str(error).strip(), "sqlstate": error.sqlstate}))
"""


def checkout_digest() -> str:
    """Keeps what two checkouts create on one server apart."""
    return hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL server of a database address; databases on it are created, cloned and dropped by name."""

    saleor: Saleor
    url: str

    @classmethod
    def of(cls, saleor: Saleor, url: str | None = None) -> "Server":
        return cls(saleor, url or os.environ.get("DATABASE_URL") or DEFAULT_URL)

    @property
    def database(self) -> str:
        return urlsplit(self.url).path.lstrip("/")

    def address(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def execute(self, *statements: str, database: str = "postgres") -> list[list[object]]:
        """Runs the statements one by one, each committed; returns the last one's rows. Raises SaleorUnavailable."""
        done = subprocess.run(
            [self.saleor.python, "-c", _EXECUTE],
            input=json.dumps({"url": self.address(database), "statements": statements}),
            capture_output=True,
            text=True,
            cwd="/",
            check=True,
        )
        answer = json.loads(done.stdout)
        if "error" in answer:
            raise SaleorUnavailable(f"PostgreSQL at {_without_password(self.url)}: {answer['error']}")
        rows: list[list[object]] = answer["rows"]
        return rows

    def names(self, prefix: str) -> set[str]:
        rows = self.execute(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{_plain(prefix)}')")
        return {str(row[0]) for row in rows}

    def has(self, database: str) -> bool:
        return database in self.names(database)

    def drop(self, *databases: str) -> None:
        if databases:
            self.execute(*[f'DROP DATABASE IF EXISTS "{_plain(name)}" WITH (FORCE)' for name in databases])

    def clone(self, template: str, database: str) -> None:
        """Makes `database` a fresh copy of `template`, replacing what was there."""
        self.drop(database)
        self.execute(f'CREATE DATABASE "{_plain(database)}" TEMPLATE "{_plain(template)}"')

    def saleor_template(self, echo: Echo) -> str:
        """The database with Saleor's own migrations; built on first use (minutes) and when those migrations change."""
        prefix = f"ovop_template_{self.saleor.slug}_"
        name = prefix + _migrations_digest(self.saleor)
        with _one_builder(prefix):
            if not self.has(name):
                echo(f"Building the template database of Saleor {self.saleor.version}, once; this takes some minutes.")
                self.drop(*self.names(prefix))
                self._build(name, "template0", "deploy.saleor.template_settings", echo)
        return name

    def plugins_template(self, echo: Echo) -> str:
        """Saleor's template plus the installed plugins' migrations; rebuilt when either changes."""
        base = self.saleor_template(echo)
        prefix = f"ovop_plugins_{self.saleor.slug}_{checkout_digest()}_"
        digest = hashlib.sha256(f"{base} {_plugin_migrations_digest(self.saleor)}".encode()).hexdigest()[:12]
        with _one_builder(prefix):
            if not self.has(prefix + digest):
                echo("Applying the plugins' migrations to a copy of the template database.")
                self.drop(*self.names(prefix))
                self._build(prefix + digest, base, "saleor.settings", echo)
        return prefix + digest

    def _build(self, name: str, base: str, settings: str, echo: Echo) -> None:
        """Builds beside and renames: a name that exists is complete. Nobody may connect to it: it stays cloneable."""
        building = f"{name}_new"
        self.clone(base, building)
        migrate(self.saleor, self.address(building), settings, echo)
        self.execute(
            f'ALTER DATABASE "{building}" RENAME TO "{name}"', f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'
        )


def django_environment(saleor: Saleor, settings: str, database_url: str) -> dict[str, str]:
    """The environment in which a Django command of this Saleor runs on that database."""
    foreign = ("DJANGO_", "PYTEST_", "OVOP_", "PYTHONDONTWRITEBYTECODE")
    return {key: value for key, value in os.environ.items() if not key.startswith(foreign)} | {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        # Importing Saleor is most of what a start costs; its directory may be read-only, so the bytecode is kept here.
        "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"),
        "DJANGO_SETTINGS_MODULE": settings,
        "DATABASE_URL": database_url,
        "OVOP_SUITE_DATABASE": urlsplit(database_url).path.lstrip("/"),
        "SECRET_KEY": "migrating",
        "POPULATE_DEFAULTS": "False",
        # These databases can be made again: do not wait for the disk at every one of a thousand migrations.
        "PGOPTIONS": "-c synchronous_commit=off",
    }


def migrate(
    saleor: Saleor, database_url: str, settings: str, echo: Echo, extra: Mapping[str, str] | None = None
) -> None:
    """Runs `migrate`, telling how far it is. Raises SaleorUnavailable with the end of the output."""
    environment = django_environment(saleor, settings, database_url) | dict(extra or {})
    total = sum(1 for _ in _saleor_migrations(saleor))
    lines: list[str] = []
    applied = 0
    with subprocess.Popen(
        [saleor.python, "-m", "django", "migrate", "--no-input"],
        env=environment,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if line.lstrip().startswith("Applying "):
                applied += 1
                if applied % 100 == 0:
                    echo(f"  {applied} of about {total} migrations")
    if process.returncode != 0:
        raise SaleorUnavailable("Migrating failed:\n" + "".join(lines[-25:]))


def _saleor_migrations(saleor: Saleor) -> Iterator[Path]:
    return (path for path in saleor.package.glob("**/migrations/*.py") if path.name != "__init__.py")


def _site_packages(saleor: Saleor) -> Path:
    return next((saleor.prefix / "lib").glob("python3.*/site-packages"))


def _migrations_digest(saleor: Saleor) -> str:
    """Over the names and contents of all migrations that Saleor runs, its libraries' included."""
    site = _site_packages(saleor)
    libraries = (
        path
        for pattern in ("*/migrations/*.py", "django/contrib/*/migrations/*.py")
        for path in site.glob(pattern)
        if not path.relative_to(site).parts[0].startswith("ovop_")
    )
    return _digest([*_saleor_migrations(saleor), *libraries])


def _plugin_migrations_digest(saleor: Saleor) -> str:
    return _digest([*_site_packages(saleor).glob("ovop_*/migrations/*.py")])


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.parts[-3:]}".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _one_builder(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _plain(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}", name):
        raise SaleorUnavailable(f"{name!r} cannot be the name of a database here: use letters, digits, _ and -.")
    return name


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}"
