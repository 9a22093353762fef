"""Export the registry's tables as CSV or XLSX; imported again, they change nothing."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ovop_origin.selectors.exports import export_tables
from ovop_origin.table_files import CSV_SUFFIX, XLSX_SUFFIX, ZIP_SUFFIX, Row, write_csv, write_xlsx, write_zip
from ovop_origin.tables import TABLES, Table
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError
from ovop_shared.snapshot import one_snapshot

Tables = Iterator[tuple[Table, Iterator[Row]]]
CSV, XLSX = "csv", "xlsx"


class Command(BaseCommand):
    help = (
        "Export the registry's tables: as CSV to a folder or to a .zip file, or to an .xlsx file. They hold producers' "
        "contact data: only the files' owner may read them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", type=Path, metavar="TARGET", help="a folder, or a file ending in .zip or .xlsx")
        parser.add_argument("--format", choices=(CSV, XLSX), help="as the name of TARGET says when it is left out")
        parser.add_argument("--table", action="append", choices=tuple(TABLES), help="only this table; may be repeated")

    def handle(
        self,
        *args: Any,
        target: Path,
        format: str | None,  # noqa: A002 - the option's name
        table: list[str] | None,
        **options: Any,
    ) -> None:
        suffix = target.suffix.lower()
        if format is not None and (format == XLSX) != (suffix == XLSX_SUFFIX):
            raise CommandError(
                f"{target}: {XLSX} goes to an {XLSX_SUFFIX} file, {CSV} to a folder or a {ZIP_SUFFIX} file."
            )
        write = {XLSX_SUFFIX: _write_xlsx, ZIP_SUFFIX: _write_zip}.get(suffix, _write_folder)
        try:
            with _progress() as counted, one_snapshot():
                tables = export_tables(table or tuple(TABLES), catalogue=host_catalogue())
                count = write(target, ((each, counted(each, rows)) for each, rows in tables))
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error}") from error
        except OvopError as refusal:
            raise CommandError(f"{refusal.code}: {refusal.field}, row {refusal.row}: {refusal.message}") from refusal
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=130) from None
        self.stdout.write(f"{count} rows written to {target}")


def _write_folder(folder: Path, tables: Tables) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for table, rows in tables:
        with _whole_file(folder / f"{table.name}{CSV_SUFFIX}") as stream:
            count += write_csv(stream, table, rows)
    return count


def _write_zip(file: Path, tables: Tables) -> int:
    with _whole_file(file) as stream:
        return write_zip(stream, tables)


def _write_xlsx(file: Path, tables: Tables) -> int:
    with _whole_file(file) as stream:
        return write_xlsx(stream, tables)


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name once it is whole, readable by its owner only."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as stream:
        temporary = Path(stream.name)
        try:
            yield cast("BinaryIO", stream)
            stream.close()
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _progress() -> Iterator[Callable[[Table, Iterator[Row]], Iterator[Row]]]:
    """Counts the rows of each table on the terminal; nothing where there is none."""
    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed} rows"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:

        def counted(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
            yield from progress.track(rows, total=None, description=table.name)

        yield counted
