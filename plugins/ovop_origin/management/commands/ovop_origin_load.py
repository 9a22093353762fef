"""Load the registry from a JSON file: all of it or nothing, and safe to repeat."""

import json
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ovop_origin.records import SECTIONS
from ovop_origin.services import registry_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError, RegistryRefused


class Command(BaseCommand):
    help = "Load places, producers, members, materials, origins and lots from a JSON file; all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            document = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except ValueError as error:
            raise CommandError(f"{file} is no JSON: {error}") from error
        try:
            result = registry_load(document, catalogue=host_catalogue(), at=timezone.now())
        except RegistryRefused as refusal:
            lines = [refusal.message, *(_line(problem) for problem in refusal.problems)]
            raise CommandError("\n".join(lines)) from refusal
        except OvopError as refusal:
            raise CommandError(_line(refusal)) from refusal
        for section in SECTIONS:
            tally = getattr(result, section)
            if tally.total:
                self.stdout.write(
                    f"{section}: {tally.created} created, {tally.changed} changed, {tally.unchanged} unchanged"
                )
        if not result.has_written:
            self.stdout.write("Nothing was written: the registry holds all of this already.")


def _line(problem: OvopError) -> str:
    where = [str(problem.params["section"])] if "section" in problem.params else []
    where += [f"row {problem.row}"] if problem.row is not None else []
    where += [f"field {problem.field}"] if problem.field else []
    return f"{', '.join(where)}: {problem.code}: {problem.message}" if where else f"{problem.code}: {problem.message}"
