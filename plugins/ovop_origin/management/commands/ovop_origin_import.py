"""Import the registry's tables from CSV, XLSX or ZIP files: all rows or none, and safe to stop and to repeat."""

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ovop_origin.management.file_console import (
    CHANGE_HEADER,
    PROBLEM_HEADER,
    listing,
    progress_bar,
    show_changes,
    show_problems,
    show_result,
)
from ovop_origin.services.files import import_tables
from ovop_origin.table_files import TableFile
from ovop_origin.tables import TABLES
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import RegistryRefused


class Command(BaseCommand):
    help = (
        "Import the registry's tables; all rows or none. A .csv file is named after its table, an .xlsx file has a sheet "
        f"per table, a .zip file holds .csv files. The tables: {', '.join(TABLES)}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
        parser.add_argument("--differences", type=Path, metavar="FILE.csv", help="write every difference to this file")
        parser.add_argument("--report", type=Path, metavar="FILE.csv", help="write every problem to this file")

    def handle(
        self,
        *args: Any,
        files: list[Path],
        dry_run: bool,
        differences: Path | None,
        report: Path | None,
        **options: Any,
    ) -> None:
        for file in files:
            _open(file).close()
        with listing(CHANGE_HEADER, differences) as changes, listing(PROBLEM_HEADER, report) as problems:
            try:
                with progress_bar() as on_progress:
                    result = import_tables(
                        [TableFile(file.name, partial(_open, file)) for file in files],
                        catalogue=host_catalogue(),
                        at=timezone.now(),
                        is_dry_run=dry_run,
                        on_problem=problems.problem,
                        on_change=changes.change if dry_run or differences else None,
                        on_progress=on_progress,
                    )
            except RegistryRefused as refusal:
                show_problems(self, problems)
                raise CommandError(f"Nothing was written: {problems.count} problems.") from refusal
            except KeyboardInterrupt:
                raise CommandError("Stopped: nothing was written.", returncode=130) from None
        if dry_run:
            show_changes(self, changes)
        show_result(self, result, is_dry_run=dry_run)


def _open(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
