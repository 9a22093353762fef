"""Put the curated places into the registry: countries, regions, districts and villages of the programme."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ovop_origin.management.file_console import (
    CHANGE_HEADER,
    PROBLEM_HEADER,
    Listing,
    progress_bar,
    show_changes,
    show_problems,
    show_result,
)
from ovop_origin.services.curated import curated_places_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import RegistryRefused


class Command(BaseCommand):
    help = "Put the curated places into the registry. What it holds already stays as it is. Safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
        parser.add_argument(
            "--overwrite", action="store_true", help="let the curated names and facts replace those of the registry"
        )

    def handle(self, *args: Any, dry_run: bool, overwrite: bool, **options: Any) -> None:
        changes = Listing(CHANGE_HEADER, None)
        try:
            with progress_bar() as on_progress:
                result = curated_places_load(
                    catalogue=host_catalogue(),
                    at=timezone.now(),
                    is_overwriting=overwrite,
                    is_dry_run=dry_run,
                    on_change=changes.change if dry_run else None,
                    on_progress=on_progress,
                )
        except RegistryRefused as refusal:
            problems = Listing(PROBLEM_HEADER, None)
            for problem in refusal.problems:
                problems.problem(problem)
            show_problems(self, problems)
            raise CommandError(f"Nothing was written: {problems.count} problems.") from refusal
        show_changes(self, changes)
        show_result(self, result, is_dry_run=dry_run)
