"""What the commands of table files show: progress, differences, problems, and how much was written."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ovop_origin.records import SECTIONS
from ovop_origin.services import Change, LoadResult
from ovop_origin.services.files import READ, WRITE, OnProgress
from ovop_origin.table_files import CsvWriter
from ovop_shared.console import command_console
from ovop_shared.errors import OvopError

SHOWN_ROWS = 200
"""Of more differences or problems the terminal shows only the first; a file holds all."""

CHANGE_HEADER = ("table", "key", "field", "before", "after")
PROBLEM_HEADER = ("file", "table", "row", "column", "code", "value", "message")


class Listing:
    """Rows that are shown at the end and, all of them, written to a CSV file as they come."""

    def __init__(self, header: tuple[str, ...], stream: BinaryIO | None) -> None:
        self.header = header
        self.count = 0
        self._shown: list[tuple[str, ...]] = []
        self._writer = CsvWriter(stream, header) if stream else None

    def add(self, row: tuple[str, ...]) -> None:
        self.count += 1
        if len(self._shown) < SHOWN_ROWS:
            self._shown.append(row)
        if self._writer:
            self._writer.write(row)

    def change(self, change: Change) -> None:
        self.add((change.section, change.key, change.field, change.before, change.after))

    def problem(self, problem: OvopError) -> None:
        params = problem.params
        self.add(
            (
                str(params.get("file", "")),
                str(params.get("table", "")),
                "" if problem.row is None else str(problem.row),
                problem.field or "",
                problem.code,
                str(params.get("value", "")),
                problem.message,
            )
        )

    def show(self, console: Console, title: str) -> None:
        if not self.count:
            return
        table = Table(*self.header, title=title, title_justify="left")
        for row in self._shown:
            # Not as rich's markup: a value may hold brackets.
            table.add_row(*(_plain(cell) for cell in row))
        console.print(table, markup=False, highlight=False)
        if self.count > len(self._shown):
            console.print(f"… and {self.count - len(self._shown)} more")

    def finish(self) -> None:
        if self._writer:
            self._writer.finish()


def _plain(cell: str) -> Text:
    return Text(cell if len(cell) <= 100 else f"{cell[:99]}…")


@contextmanager
def listing(header: tuple[str, ...], path: Path | None) -> Iterator[Listing]:
    """A listing that is also written to a file, if there is a path."""
    if path is None:
        yield Listing(header, None)
        return
    try:
        stream = path.open("wb")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error}") from error
    with stream:
        rows = Listing(header, stream)
        try:
            yield rows
        finally:
            rows.finish()


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """A bar on the terminal; nothing where there is none."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        tasks = {READ: progress.add_task("reading rows", total=None)}

        def show(phase: str, done: int, total: int | None) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task({WRITE: "checking and writing"}.get(phase, phase), total=total)
            progress.update(tasks[phase], completed=done, total=total)

        yield show


def show_result(command: BaseCommand, result: LoadResult, *, is_dry_run: bool) -> None:
    for section in SECTIONS:
        tally = getattr(result, section)
        if tally.total:
            command.stdout.write(
                f"{section}: {tally.created} created, {tally.changed} changed, {tally.unchanged} unchanged"
            )
    if is_dry_run:
        command.stdout.write("This was a dry run: nothing was written.")
    elif not result.has_written:
        command.stdout.write("Nothing was written: the registry holds all of this already.")


def show_changes(command: BaseCommand, changes: Listing) -> None:
    changes.show(command_console(command), f"{changes.count} differences")


def show_problems(command: BaseCommand, problems: Listing) -> None:
    problems.show(command_console(command, is_error=True), f"{problems.count} problems")
