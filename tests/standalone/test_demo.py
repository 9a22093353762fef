"""`make demo` as its visitor meets it: one command, the same result after every run, pages at the addresses it prints."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import psycopg
import pytest

from ovop_producer_payouts.snapshot import OrderSnapshot
from ovop_standalone.recordings import FOLDER, newest_recording, read_recording

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "deploy" / "standalone" / "demo.py"


def environment(state: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")}
    return {**kept, "OVOP_STATE_FOLDER": str(state), "COLUMNS": "200", **more}


def run_demo(state: Path) -> dict[str, Any]:
    subprocess.run([sys.executable, DEMO], env=environment(state, SERVE="0"), check=True, timeout=300)
    summary: dict[str, Any] = json.loads((state / "demo.json").read_text(encoding="utf-8"))
    return summary


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def summary(state: Path) -> dict[str, Any]:
    return run_demo(state)


def last_snapshots() -> dict[str, OrderSnapshot]:
    return {moment.snapshot.order_id: moment.snapshot for moment in read_recording(newest_recording()).moments}


def test_the_ledger_sums_to_zero_and_holds_what_the_shop_held_in_every_currency(summary: Mapping[str, Any]) -> None:
    held: dict[str, int] = {}
    for snapshot in last_snapshots().values():
        held[snapshot.currency] = held.get(snapshot.currency, 0) + snapshot.held_minor
    paid_out: dict[str, int] = {}
    for payout in summary["payouts"]:
        assert payout["status"] == "completed"
        paid_out[payout["currency"]] = paid_out.get(payout["currency"], 0) + payout["amount_minor"]

    assert set(summary["ledger"]) == {"KGS", "UZS"}
    for currency, total in summary["ledger"].items():
        assert total["sum_minor"] == 0
        assert sum(total["accounts"].values()) == 0
        assert total["accounts"]["psp:clearing"] == held[currency] - paid_out[currency]


def test_each_order_stands_as_its_last_snapshot_says(summary: Mapping[str, Any]) -> None:
    told = {order["order_id"]: order["held_minor"] for order in summary["orders"]}

    assert told == {order_id: snapshot.held_minor for order_id, snapshot in last_snapshots().items()}


def test_what_saleor_refused_the_gate_refuses_for_the_same_reason(summary: Mapping[str, Any]) -> None:
    told = {(each["product"], tuple(each["codes"]), each["allowed"]) for each in summary["refusals"]}

    assert told == {("sea-buckthorn-juice", ("missing",), False), ("mountain-honey", ("expired",), False)}
    assert {code for each in summary["refusals"] for code in each["shop_codes"]} == {"UNAVAILABLE_VARIANT_IN_CHANNEL"}


def test_every_statement_closes_at_zero_once_everything_delivered_was_paid_out(summary: Mapping[str, Any]) -> None:
    numbers = [statement["number"] for statement in summary["statements"]]

    assert numbers == list(range(1, len(numbers) + 1))
    unpaid = {
        (code.split(":")[1], currency): -amount
        for currency, total in summary["ledger"].items()
        for code, amount in total["accounts"].items()
        if code.startswith("producer:") and code.endswith(":payable")
    }
    for statement in summary["statements"]:
        assert statement["closing_minor"] == unpaid.get((statement["producer"], statement["currency"]), 0)


def test_a_second_run_changes_nothing(state: Path, summary: Mapping[str, Any]) -> None:
    assert run_demo(state) == summary


@pytest.mark.parametrize("entries_before_the_kill", [1, 9, 17])
def test_a_run_killed_half_way_and_run_again_ends_the_same(
    entries_before_the_kill: int, tmp_path: Path, summary: Mapping[str, Any]
) -> None:
    process = subprocess.Popen([sys.executable, DEMO], env=environment(tmp_path, SERVE="0"), start_new_session=True)
    wait_for_entries(tmp_path, entries_before_the_kill, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "demo.json").exists()

    assert run_demo(tmp_path) == summary


def wait_for_entries(state: Path, wanted: int, process: subprocess.Popen[bytes]) -> None:
    """Until the demo's database, whatever its name, holds that many entries; a demo that ends first is a failure."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "the demo ended before it could be killed"
        for database in demo_databases(state):
            with contextlib.suppress(psycopg.Error), psycopg.connect(server(state, database)) as connection:
                row = connection.execute("SELECT count(*) FROM ovop_producer_payouts_entry").fetchone()
                if row is not None and row[0] >= wanted:
                    return
        time.sleep(0.01)
    raise AssertionError("the demo posted nothing")


def demo_databases(state: Path) -> list[str]:
    with contextlib.suppress(psycopg.Error), psycopg.connect(server(state, "postgres")) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'ovop_demo_%'").fetchall()
        return [row[0] for row in rows]
    return []


def server(state: Path, database: str) -> str:
    code = "import database; print(database.embedded_server().url('NAME'))"
    url = _urls.setdefault(
        state,
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment(state),
            cwd=ROOT / "deploy" / "standalone",
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip(),
    )
    return url.replace("/NAME", f"/{database}")


_urls: dict[Path, str] = {}


@pytest.fixture(scope="module")
def served(state: Path, summary: Mapping[str, Any]) -> Iterator[str]:
    """What a running demo prints, once it serves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, DEMO],
        env=environment(state, PORT=str(port), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if "Stop with Ctrl-C" in line:
            break
    yield printed
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=30) == 0, rest
    assert not demo_databases(state), f"PostgreSQL still runs after Ctrl-C: {rest}"


def test_every_printed_page_opens(served: str) -> None:
    addresses = re.findall(r"http://127\.0\.0\.1:\d+/\S*", served)
    pages = [each for each in addresses if not any(part in each for part in ("/graphql/", "/ledger/", "/staff/"))]

    assert len(pages) >= 4
    for page in pages:
        with urlopen(page, timeout=30) as answer:
            assert answer.status == 200
            text = answer.read().decode()
            if "json" in answer.headers["Content-Type"]:
                assert json.loads(text)
            else:
                assert "</html>" in text


def test_everybody_it_signs_in_sees_the_certificates(served: str) -> None:
    addresses = re.findall(r"http://127\.0\.0\.1:\d+/\S*", served)
    links = [each for each in addresses if "/sign-in/" in each]
    pages = [each for each in addresses if "/staff/" in each]

    assert (len(links), bool(pages)) == (4, True)
    for link in links:
        browser = build_opener(HTTPCookieProcessor())
        browser.open(link, timeout=30).close()
        for page in pages:
            with browser.open(page, timeout=30) as answer:
                assert answer.status == 200


def test_both_supported_saleors_were_recorded_and_tell_the_same_stories() -> None:
    recordings = [read_recording(path) for path in sorted(FOLDER.glob("saleor-*.json"))]

    assert [recording.saleor_version.rsplit(".", 1)[0] for recording in recordings] == ["3.22", "3.23"]
    stories = [[(moment.story, moment.what) for moment in recording.moments] for recording in recordings]
    assert stories[0] == stories[1]
    assert {tuple(sorted(error["code"] for error in refusal.errors)) for refusal in recordings[0].refusals} == {
        tuple(sorted(error["code"] for error in refusal.errors)) for refusal in recordings[1].refusals
    }
