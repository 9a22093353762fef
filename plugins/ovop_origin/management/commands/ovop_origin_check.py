"""List what differs between the registry of origins and what this shop shows, and the goods without an origin."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.table import Table

from ovop_origin.shop_check import shop_check
from ovop_shared.console import command_console
from ovop_shared.errors import OvopError

KINDS = {
    "differs": "shop is put right",
    "pick": "registry takes it",
    "conflict": "registry stays",
    "stray": "is removed",
    "hidden": "stays hidden",
    "gone": "stays",
}


class Command(BaseCommand):
    help = "List what differs between the registry of origins and this shop; exits with 1 when something does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, default=200, metavar="N", help="show at most N differences (200)")

    def handle(self, *args: Any, limit: int, **options: Any) -> None:
        check = shop_check()
        if check is None:
            raise CommandError("There is no Saleor here to compare with: run this command where Saleor runs.")
        console = command_console(self)
        table = Table("What", "Which", "Field", "Shop", "Registry")
        table.add_column("Then", no_wrap=True)
        counts: Counter[str] = Counter()
        try:
            for difference in check.differences():
                counts[difference.kind] += 1
                # Only counted: they stay for good, and would fill the table.
                if difference.kind != "gone" and counts.total() - counts["gone"] <= limit:
                    table.add_row(
                        difference.subject,
                        difference.key,
                        difference.field,
                        _short(difference.shop),
                        _short(difference.registry),
                        KINDS[difference.kind],
                    )
        except OvopError as refusal:
            raise CommandError(f"{refusal.code}: {refusal.message}") from refusal
        gone = counts.pop("gone", 0)
        if counts:
            console.print(table)
        if counts.total() > limit:
            console.print(f"... and {counts.total() - limit} more.")
        self._print_unplaced()
        hidden = counts.pop("hidden", 0)
        if gone:
            self.stdout.write(f"{gone} origins are of products that the shop no longer has; what was sold keeps them.")
        if hidden:
            self.stdout.write(
                f"{hidden} pages or attributes are kept from shoppers by staff; that is theirs to decide."
            )
        if counts:
            told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
            raise CommandError(f"{counts.total()} differences: {told}.", returncode=1)
        self.stdout.write("Nothing differs: the shop shows what the registry holds.")

    def _print_unplaced(self) -> None:
        check = shop_check()
        unplaced = check.unplaced() if check else ()
        if not unplaced:
            return
        self.stdout.write("Goods without an origin, by category; listed, never guessed:")
        table = Table("Category", "Products")
        for category in unplaced:
            table.add_row(f"{category.name} ({category.slug})" if category.slug else "-", str(category.products))
        command_console(self).print(table)


def _short(text: str) -> str:
    """A cell is no place for a whole JSON-LD."""
    return text if len(text) <= 60 else f"{text[:57]}..."
