"""`ovop_certification_listings`: look at every listing of the shop now, instead of with the next sweep."""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.module_loading import import_string
from rich.progress import Progress
from rich.table import Table

from ovop_shared.catalogue import host_catalogue
from ovop_shared.console import command_console

MAX_ROWS = 500


class Command(BaseCommand):
    help = (
        "Shut the listings of products that may not be sold, and re-open those that may. Stop it when you like and run "
        "it again: what was done stays done, and what is in line is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only show what would be shut and re-opened, and why"
        )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if not apps.is_installed("saleor.product"):
            raise CommandError("There is no Saleor here to write to: run this command where Saleor runs.")
        # By name: the adapter cannot be imported where there is no Saleor.
        sweep = "ovop_certification.adapter.listing_sweep."
        console = command_console(self)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("listings", total=import_string(sweep + "count_products")())

            def tell(products: int) -> None:
                progress.advance(task, products)

            if dry_run:
                found = list(import_string(sweep + "would_change")(timezone.now(), progress=tell))
            else:
                changes = import_string("ovop_certification.adapter.listing_tasks.sweep_by_hand")(progress=tell)
        if dry_run:
            self._show(found)
        elif changes.closed or changes.opened:
            console.print(f"{changes.closed} listings shut, {changes.opened} re-opened.")
        else:
            console.print("Nothing was written: every listing is as it has to be.")

    def _show(self, found: Iterable[Any]) -> None:
        console = command_console(self)
        written = [each.settled for each in found if each.settled.has_to_be_written]
        if not written:
            console.print("Nothing would be written: every listing is as it has to be.")
            return
        products = host_catalogue().by_pk({each.listing.product_pk for each in written[:MAX_ROWS]})
        table = Table("channel", "product", "would be", "because")
        for each in written[:MAX_ROWS]:
            product = products.get(each.listing.product_pk)
            reasons = each.shut.reasons if each.shut else ()
            because = "; ".join(f"{why['code']} {why['scheme']} {why['certificate'] or ''}".strip() for why in reasons)
            what = "re-opened" if each.shut is None else "hidden" if each.shut.hides else "closed"
            table.add_row(
                each.listing.channel, product.slug if product else str(each.listing.product_pk), what, because
            )
        console.print(table)
        if len(written) > MAX_ROWS:
            console.print(f"… and {len(written) - MAX_ROWS} more.")
