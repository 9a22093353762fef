"""Measuring: interleaved rounds, medians, rows. Knows neither Django nor what is measured.

A round plays both sides once, one after the other, so that both meet the same minute of the same machine. The first
round warms up and is thrown away. The ratio is the median of the rounds' own ratios, never a quotient of medians.
"""

import gc
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from rich.progress import Progress, TaskID
from rich.table import Table


class BenchBroken(Exception):
    """The two sides did not do the same work, so that their ratio would say nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ratio` is `value` in terms of the peer or the limit; `reference` says which, and which way is better.

    `spread` is how far the rounds' ratios lie apart, as a part of their median. `parts` are figures behind the value.
    """

    name: str
    value: float
    unit: str
    ratio: float | None
    reference: str
    rounds: int = 1
    spread: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round measured, both per second. A cost says how many of the reference fit into one of ours."""

    ours: float
    reference: float
    is_cost: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.reference / self.ours if self.is_cost else self.ours / self.reference


@dataclass(frozen=True, slots=True)
class Bench:
    """How much to measure, and the line of the progress display that says what is going on."""

    is_quick: bool
    progress: Progress
    task: TaskID
    between_rounds: Callable[[], None] = lambda: None

    @property
    def rounds(self) -> int:
        return 3 if self.is_quick else 5

    def tell(self, what: str) -> None:
        self.progress.update(self.task, what=what)

    def expect(self, steps: int) -> None:
        """So many steps more will be done."""
        self.progress.update(self.task, total=(self.progress.tasks[self.task].total or 0) + steps)

    def step(self) -> None:
        self.progress.advance(self.task)

    def play(self, play_round: Callable[[int], Round]) -> list[Round]:
        """Round 0 to warm up, then the rounds that count."""
        self.expect(self.rounds + 1)
        played = []
        for number in range(self.rounds + 1):
            played.append(play_round(number))
            self.step()
            self.tell("")
            self.between_rounds()
        return played[1:]


def row_of(name: str, unit: str, rounds: Sequence[Round], reference: str) -> Row:
    """The medians of the rounds; `parts` are medians too, the reference's own figure among them."""
    ratios = [each.ratio for each in rounds]
    ratio = median(ratios)
    parts = {part: median(each.parts[part] for each in rounds) for part in rounds[0].parts}
    return Row(
        name=name,
        value=median(each.ours for each in rounds),
        unit=unit,
        ratio=ratio,
        reference=reference,
        rounds=len(rounds),
        spread=(max(ratios) - min(ratios)) / ratio,
        parts={"reference": median(each.reference for each in rounds), **parts},
    )


class Clock:
    """Sums the seconds spent inside it. What is garbage before is collected before, outside the measured time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        gc.collect()
        started_at = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started_at


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """The rows as a JSON list. A reader never sees half a file, whenever the run is stopped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def table_of(rows: Sequence[Row]) -> Table:
    table = Table(title="Ratios measured in one run", show_lines=True)
    table.add_column("name", no_wrap=True)
    for column in ("value", "ratio", "spread"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("reference", ratio=1)
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:,.3g}x"
        spread = "" if row.spread is None else f"{row.spread:.0%}"
        table.add_row(row.name, number(row.value), ratio, spread, row.unit, row.reference)
    return table


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"
