"""`ovop_certification_load FILE`: bring the registry to what a JSON file says, or leave it as it was."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ovop_certification.selectors import market_channels
from ovop_certification.services import registry_load
from ovop_shared.browsing import catalogue_browser
from ovop_shared.catalogue import host_catalogue
from ovop_shared.console import command_console
from ovop_shared.errors import OvopError, RegistryRefused


class Command(BaseCommand):
    help = "Load schemes, issuing bodies, markets, requirements and certificates from a JSON file. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        console = command_console(self)
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        try:
            counts = registry_load(document, catalogue=host_catalogue(), at=timezone.now())
        except RegistryRefused as refusal:
            for problem in refusal.problems:
                place = f"{problem.params.get('section', '')} {problem.row or ''}".strip()
                console.print(f"{place}: {problem.field or ''} {problem.code}: {problem.message}", markup=False)
            raise CommandError(refusal.message) from refusal
        except OvopError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        console.print(f"{counts.created} rows created, {counts.changed} changed")
        known = dict(catalogue_browser().kinds().channels)
        for channel in market_channels() if known else ():
            if channel not in known:
                console.print(f"The shop has no channel {channel!r}: nothing is closed there yet.", markup=False)
