"""Prepare a Saleor for the plugins: page types, attributes, and what else their adapters registered."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from ovop_shared.errors import OvopError
from ovop_shared.setup_steps import setup_steps


class Command(BaseCommand):
    help = "Prepare this Saleor for the OVOP plugins. Safe to run again: a second run changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not apps.is_installed("saleor.product"):
            raise CommandError("There is no Saleor here to set up: run this command where Saleor runs.")
        table = Table("Step", "Changed")
        total = 0
        for step in setup_steps():
            try:
                changed = step.run()
            except OvopError as refusal:
                raise CommandError(f"{step.title}: {refusal.code}: {refusal.message}") from refusal
            total += changed
            table.add_row(step.title, str(changed) if changed else "-")
        Console(file=self.stdout, width=100).print(table)  # type: ignore[arg-type]
        self.stdout.write(f"{total} rows changed." if total else "Nothing was changed: all of it was there already.")
