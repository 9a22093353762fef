"""The harness by itself: no database, nothing timed."""

import io
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from tests.benchmarks.__main__ import BENCHES
from tests.benchmarks.harness import Bench, Round, Row, row_of, table_of, write_rows

ROWS = [
    Row("settle", 1_200.5, "legs/s", 0.25, "COPY of the same rows", rounds=5, spread=0.1, parts={"reference": 4_802}),
    Row("queries", 12, "queries", None, "счёт запросов"),
]


def make_bench(*, is_quick: bool, tidied: list[str] | None = None) -> Bench:
    progress = Progress(console=Console(file=io.StringIO()))
    done = [] if tidied is None else tidied
    return Bench(is_quick, progress, progress.add_task("bench", total=None, what=""), lambda: done.append("tidied"))


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # One slow minute halves both sides of the third round; medians of the sides alone would give 30 / 10.
    rounds = [Round(20, 10), Round(30, 5), Round(10, 5), Round(40, 20), Round(50, 20)]

    row = row_of("settle", "legs/s", rounds, "peer")

    assert (row.value, row.ratio, row.rounds) == (30, 2.0, 5)
    assert row.spread == pytest.approx((6.0 - 2.0) / 2.0)
    assert row.parts == {"reference": 10}


def test_a_cost_says_how_many_of_the_reference_fit_into_one() -> None:
    row = row_of("gate", "checkouts/s", [Round(50, 200, is_cost=True)] * 3, "round trips")

    assert (row.value, row.ratio, row.spread) == (50, 4.0, 0.0)


def test_parts_are_medians_too() -> None:
    rounds = [Round(1, 1, parts={"sold": sold}) for sold in (3, 1, 2)]

    assert row_of("settle", "legs/s", rounds, "peer").parts == {"reference": 1, "sold": 2}


@pytest.mark.parametrize(("is_quick", "count"), [(True, 3), (False, 5)])
def test_the_first_round_warms_up_and_does_not_count(is_quick: bool, count: int) -> None:
    tidied: list[str] = []
    bench = make_bench(is_quick=is_quick, tidied=tidied)

    played = bench.play(lambda number: Round(number, 1))

    assert [each.ours for each in played] == list(range(1, count + 1))
    assert len(tidied) == count + 1
    assert bench.progress.tasks[0].completed == bench.progress.tasks[0].total == count + 1


def test_two_plays_of_one_bench_add_up_in_the_progress() -> None:
    bench = make_bench(is_quick=True)

    bench.play(lambda _: Round(1, 1))
    bench.play(lambda _: Round(1, 1))

    assert bench.progress.tasks[0].completed == bench.progress.tasks[0].total == 8


def test_the_file_is_a_list_of_rows(tmp_path: Path) -> None:
    file = tmp_path / "state" / "bench.json"

    write_rows(ROWS, file)

    assert json.loads(file.read_text(encoding="utf-8")) == [
        {
            "name": "settle",
            "value": 1_200.5,
            "unit": "legs/s",
            "ratio": 0.25,
            "reference": "COPY of the same rows",
            "rounds": 5,
            "spread": 0.1,
            "parts": {"reference": 4_802},
        },
        {
            "name": "queries",
            "value": 12,
            "unit": "queries",
            "ratio": None,
            "reference": "счёт запросов",
            "rounds": 1,
            "spread": None,
            "parts": {},
        },
    ]
    assert [each.name for each in file.parent.iterdir()] == ["bench.json"]


def test_a_second_run_replaces_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    write_rows(ROWS, file)

    write_rows(ROWS[1:], file)

    assert [row["name"] for row in json.loads(file.read_text(encoding="utf-8"))] == ["queries"]


def test_the_table_shows_every_row_with_its_reference() -> None:
    console = Console(file=io.StringIO(), width=150)

    console.print(table_of(ROWS))

    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(text in shown for text in ("settle", "1,200", "0.25x", "10%", "COPY of the same rows", "queries", "12"))


def test_every_bench_has_its_module() -> None:
    assert {name for name, module in BENCHES.items() if find_spec(module) is None} == set()
    assert {"settle_vs_hordak", "settle_vs_copy", "settle_order_queries", "gate_decision"} <= set(BENCHES)
