"""`ovop_settle_orders`: settle the shop's orders now, e.g. after installing the plugin on a shop that has sold before."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from ovop_producer_payouts.models import SettledOrder

try:
    from ovop_producer_payouts.adapter import tasks
except ModuleNotFoundError as error:
    if error.name != "saleor":
        raise
    tasks = None  # type: ignore[assignment]


class Command(BaseCommand):
    help = "Settle every order whose ledger is behind the shop; stop it and run it again as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="look at the settled ones again too")

    def handle(self, *args: Any, **options: Any) -> None:
        if tasks is None:
            raise CommandError("This host has no Saleor, so it has no orders to read.")
        order_ids = tasks.changed_order_ids(None)
        if options["all"]:
            order_ids += list(SettledOrder.objects.values_list("order_id", flat=True))
            order_ids = sorted(set(order_ids))
        posted = 0
        with Progress() as progress:
            bar = progress.add_task("orders", total=len(order_ids))
            for start in range(0, len(order_ids), tasks.CHUNK):
                chunk = order_ids[start : start + tasks.CHUNK]
                posted += tasks.settle_chunks(chunk)
                progress.advance(bar, len(chunk))
        self.stdout.write(f"{len(order_ids)} orders looked at, {posted} got new postings")
