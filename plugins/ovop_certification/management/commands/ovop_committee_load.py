"""`ovop_committee_load FILE`: bring in a committee's members, criteria and earlier sittings, or nothing."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ovop_certification.services.committee import committee_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.console import command_console
from ovop_shared.errors import OvopError, RegistryRefused


class Command(BaseCommand):
    help = "Load members, criteria and earlier sittings of the Brand Committee from a JSON file. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        console = command_console(self)
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        try:
            written = committee_load(document, catalogue=host_catalogue())
        except RegistryRefused as refusal:
            for problem in refusal.problems:
                place = f"{problem.params.get('section', '')} {problem.row or ''}".strip()
                console.print(f"{place}: {problem.field or ''} {problem.code}: {problem.message}", markup=False)
            raise CommandError(refusal.message) from refusal
        except OvopError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        console.print(f"{written} members, criteria and sittings written")
