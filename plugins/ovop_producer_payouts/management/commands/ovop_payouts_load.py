"""`ovop_payouts_load FILE`: save the split rules of a JSON file (shape: storefront-config/sample/payouts.json)."""

import datetime
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ovop_producer_payouts.services.rules import split_rules_load
from ovop_shared.errors import OvopError


class Command(BaseCommand):
    help = "Save the split rules of a file; all of them or none. Saved ones are left as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", default="ovop_payouts_load", help="who is on record as having saved them")

    def handle(self, *args: Any, file: Path, by: str, **options: Any) -> None:
        at: datetime.datetime = timezone.now()
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            saved = split_rules_load(document, by=by, at=at)
        except (OSError, json.JSONDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except OvopError as error:
            raise CommandError(f"{error.code} at {error.field or '-'}: {error.message}") from error
        self.stdout.write(f"split rules: {saved} saved, {len(document['rules']) - saved} were there already")
