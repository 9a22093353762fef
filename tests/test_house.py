"""The house itself: its import rules, its pins, its database, who asks, and the tests' own tools."""

import datetime
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import psutil
import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from ovop_shared.records import ProductRecord
from ovop_shared.requester import Requester, RequesterKind
from ovop_standalone.catalogue import KeptRecords, known_products_store
from ovop_standalone.middleware import COOKIE
from ovop_standalone.models import KnownProduct
from ovop_standalone.recordings import newest_recording, read_recording
from ovop_standalone.replay import Replay
from ovop_standalone.tokens import make_token

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = ("ovop_origin", "ovop_certification", "ovop_producer_payouts")

STAFF = Requester(RequesterKind.STAFF, name="Aizada", permissions=frozenset({"manage_orders"}))


# Import rules

HOST_ONLY_IN_ADAPTER = "saleor and celery are imported only in adapter rooms"
PLUGINS_APART = "plugins meet only through another's selectors"
ONLY_DOWNWARDS = "inside a plugin imports go only downwards"


@pytest.fixture
def house_copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(house / "plugins"), "COLUMNS": "200"}
    return subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True)


def test_the_house_keeps_its_import_rules(house_copy: Path) -> None:
    result = lint_imports(house_copy)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "bad_import", "contract"),
    [
        ("ovop_origin/services.py", "import saleor", HOST_ONLY_IN_ADAPTER),
        ("ovop_shared/money.py", "from celery import Task", HOST_ONLY_IN_ADAPTER),
        ("ovop_origin/errors.py", "import ovop_origin.models", ONLY_DOWNWARDS),
        ("ovop_origin/hall.py", "", ONLY_DOWNWARDS),
        ("ovop_certification/services.py", "import ovop_origin.models", PLUGINS_APART),
        ("ovop_shared/money.py", "import ovop_origin.errors", "ovop_shared imports no plugin"),
    ],
)
def test_breaking_an_import_rule_turns_the_lint_red(
    house_copy: Path, file: str, bad_import: str, contract: str
) -> None:
    path = house_copy / "plugins" / file
    if path.with_suffix("").is_dir():
        path = path.with_suffix("") / "__init__.py"
    with path.open("a") as module:
        module.write(f"\n{bad_import}\n")

    result = lint_imports(house_copy)

    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout


# The distribution


def test_every_plugin_is_announced_to_saleor_under_its_app_name() -> None:
    announced = {entry.name: entry.value for entry in entry_points(group="saleor.plugins")}

    assert announced == {
        "ovop_origin": "ovop_origin.adapter.plugin:OriginPlugin",
        "ovop_certification": "ovop_certification.adapter.plugin:CertificationPlugin",
        "ovop_producer_payouts": "ovop_producer_payouts.adapter.plugin:ProducerPayoutsPlugin",
    }


def test_every_dependency_is_pinned_with_a_hash_and_no_address() -> None:
    constraints = (ROOT / "constraints.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", constraints, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [name for names in project["optional-dependencies"].values() for name in names]
    names = {re.match(r"[A-Za-z0-9-]+", requirement)[0].lower() for requirement in wanted}  # type: ignore[index]

    assert names - pinned.keys() == set()
    assert "saleor" not in pinned
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z])", constraints)[1:])
    assert "://" not in constraints
    assert pinned["django"].startswith("5.2.")


def test_no_migration_of_a_plugin_depends_on_another_app() -> None:
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None)
    foreign = [
        (key, dependency)
        for key, migration in loader.disk_migrations.items()
        for dependency in migration.dependencies
        if key[0] in PLUGINS and dependency[0] != key[0]
    ]

    assert foreign == []


# The embedded database

DATABASE_USER = """
import sys, time
import database, psycopg
with psycopg.connect(database.database_url("house"), autocommit=True) as connection:
    connection.execute("SELECT pg_advisory_lock(1)")
    connection.execute("CREATE TABLE IF NOT EXISTS visit (pid int)")
    connection.execute("INSERT INTO visit VALUES (pg_backend_pid())")
    print(connection.execute("SELECT count(*) FROM visit").fetchone()[0], flush=True)
if sys.argv[1:] == ["stay"]:
    time.sleep(60)
"""


def embedded_environment(state_folder: Path) -> dict[str, str]:
    environment = {**os.environ, "OVOP_STATE_FOLDER": str(state_folder), "PYTHONPATH": str(ROOT / "deploy/standalone")}
    environment.pop("DATABASE_URL", None)
    return environment


@pytest.fixture
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder whose path has a space and is too long for a socket; its server is gone afterwards."""
    folder = tmp_path_factory.mktemp("state of the house " + "x" * 60)
    if os.geteuid() == 0:
        for parent in (folder, *folder.parents[:2]):
            parent.chmod(0o711)
    yield folder
    pid_file = folder / "postgres" / "postmaster.pid"
    if pid_file.exists():
        psutil.Process(int(pid_file.read_text().split("\n", 1)[0])).send_signal(signal.SIGINT)


@pytest.fixture
def run_user(state_folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", DATABASE_USER, *arguments]
        process = subprocess.Popen(
            command, env=embedded_environment(state_folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def visits(process: subprocess.Popen[str]) -> int:
    """What the process printed: how many processes have used this database so far."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return int(line)


def is_server_running(state_folder: Path) -> bool:
    return (state_folder / "postgres" / "postmaster.pid").exists()


def test_the_last_user_of_the_embedded_database_stops_it_however_it_ends(
    run_user: Callable[..., subprocess.Popen[str]], state_folder: Path
) -> None:
    # given two processes started at once on nothing
    first, second = run_user("stay"), run_user("stay")
    assert sorted([visits(first), visits(second)]) == [1, 2]

    # when one is interrupted, the other goes on
    first.send_signal(signal.SIGINT)
    assert first.wait(30) != 0
    assert is_server_running(state_folder)

    # when the last is terminated, nothing runs
    second.terminate()
    assert second.wait(30) == 128 + signal.SIGTERM
    assert not is_server_running(state_folder)


def test_a_killed_user_of_the_embedded_database_is_recovered_by_the_next_run(
    run_user: Callable[..., subprocess.Popen[str]], state_folder: Path
) -> None:
    # given a killed process, whose server stays
    killed = run_user("stay")
    assert visits(killed) == 1
    killed.kill()
    killed.wait(30)
    assert is_server_running(state_folder)

    # then the next run uses that server and stops it
    again = run_user()
    assert visits(again) == 2
    assert again.wait(30) == 0
    assert not is_server_running(state_folder)

    # given a killed server, whose process id now belongs to somebody else
    pid_file = state_folder / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{state_folder / 'postgres'}\n1\n5432\n\n\n\nready\n")

    # then the next run starts a new one
    last = run_user()
    assert visits(last) == 3
    assert last.wait(30) == 0


def test_a_database_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    command = [sys.executable, "-c", DATABASE_USER]

    result = subprocess.run(command, env=embedded_environment(tmp_path), capture_output=True, text=True)

    assert result.returncode == 1
    assert "was made by PostgreSQL 9" in result.stderr


# Real commits


def test_a_committed_database_is_seen_by_other_connections_and_threads(committed_database: str) -> None:
    with transaction.atomic():
        known_products_store([ProductRecord(pk=7, slug="felt-slippers", name="Felt slippers", product_type="felt")])

    counts = []

    def count_in_another_thread() -> None:
        counts.append(KnownProduct.objects.count())
        connection.close()

    thread = threading.Thread(target=count_in_another_thread)
    thread.start()
    thread.join()
    with psycopg.connect(committed_database) as other:
        row = other.execute("SELECT slug FROM ovop_standalone_knownproduct").fetchone()

    assert counts == [1]
    assert row == ("felt-slippers",)


def test_a_committed_database_leaves_nothing_to_the_others(db: None) -> None:
    assert KnownProduct.objects.count() == 0


# The host's catalogue


def test_the_host_keeps_the_newest_record_of_a_product(db: None) -> None:
    honey = ProductRecord(pk=3, slug="mountain-honey", name="Mountain honey", product_type="honey")
    known_products_store([honey])
    renamed = ProductRecord(
        pk=3,
        slug="honey",
        name="Honey",
        product_type="honey",
        names={"ky": "Бал"},
        is_published=False,
        was_published=False,
    )
    known_products_store([renamed])

    assert KeptRecords().by_slug(["honey", "mountain-honey"]) == {"honey": renamed}
    assert KeptRecords().by_pk([3, 4]) == {3: renamed}
    assert KeptRecords().published([3, 4]) == set()
    known_products_store([honey])
    assert KeptRecords().published([3, 4]) == {3}


# Who asks


def token(**changes: object) -> str:
    return make_token(STAFF, at=timezone.now(), **changes)  # type: ignore[arg-type]


def test_the_index_page_leads_to_every_product_village_and_for_staff_to_the_ledger(client: Client, db: None) -> None:
    load_sample()
    staff = make_token(replace(STAFF, permissions=frozenset({"handle_payments"})), at=timezone.now())

    nobody = client.get("/?lang=ru")
    somebody = client.get("/", headers={"Authorization": f"Bearer {staff}"})

    assert "manage.py ovop_token" in nobody.text
    assert "/ledger/" not in nobody.text
    for link in re.findall(r'href="(/plugins/[^"]+)"', nobody.text):
        assert client.get(link.replace("&amp;", "&")).status_code == 200, link
    assert nobody.text.count("/products/") == 12
    assert "/plugins/ovop.producer_payouts/ledger/" in somebody.text


def load_sample() -> None:
    recording = read_recording(newest_recording())
    Replay(recording).load_registry()


@pytest.mark.django_db
def test_a_token_in_the_header_names_the_requester(client: Client) -> None:
    response = client.get("/", headers={"authorization": f"Bearer {token()}"})

    assert "Signed in as Aizada (staff)" in response.text


@pytest.mark.django_db
def test_a_token_is_kept_in_a_cookie_by_signing_in_and_dropped_by_signing_out() -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.get("/sign-in/", {"token": token()})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert response.cookies[COOKIE]["httponly"] is True
    assert response.cookies[COOKIE]["samesite"] == "Lax"

    page = client.get("/").text
    assert "Signed in as Aizada (staff)" in page

    # a form of another site carries the cookie but not the page's token
    refused = client.post("/sign-out/")
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["code"] == "csrf_failed"
    assert "Signed in as Aizada" in client.get("/").text

    form_token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert form_token is not None
    assert client.post("/sign-out/", {"csrfmiddlewaretoken": form_token[1]}).status_code == 302
    assert "Signed in" not in client.get("/").text


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("Bearer nonsense", id="malformed"),
        pytest.param("Bearer", id="empty"),
        pytest.param("Basic dXNlcjpwYXNz", id="another scheme"),
        pytest.param(None, id="expired"),
    ],
)
def test_a_bad_token_is_refused_and_never_anonymous(client: Client, header: str | None) -> None:
    expired = f"Bearer {token(lifetime=datetime.timedelta(seconds=-1))}"

    response = client.get("/", headers={"authorization": header or expired})

    assert response.status_code == 401
    assert response.json()["errors"][0]["code"] == "invalid_token"


@pytest.mark.django_db
def test_an_expired_cookie_is_refused_once_and_does_not_lock_out(client: Client) -> None:
    client.cookies[COOKIE] = token(lifetime=datetime.timedelta(seconds=-1))

    assert client.get("/sign-in/", {"token": token()}).status_code == 302

    client.cookies[COOKIE] = "nonsense"
    assert client.get("/").status_code == 401
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_the_token_command_prints_a_token_that_is_accepted(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("ovop_token", "--kind", "app", "--name", "outlet till", "--permission", "manage_orders")
    printed = capsys.readouterr().out.strip()

    response = client.get("/", headers={"authorization": f"Bearer {printed}"})

    assert "Signed in as outlet till (app)" in response.text


def test_an_unknown_address_is_refused_with_a_code(client: Client) -> None:
    response = client.get("/plugins/ovop.nothing/")

    assert response.status_code == 404
    assert response.json()["errors"][0]["code"] == "not_found"
