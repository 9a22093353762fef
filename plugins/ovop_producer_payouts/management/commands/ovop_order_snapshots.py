"""`ovop_order_snapshots ID…`: what Saleor says of orders now, as the JSON that settlement works from."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ovop_producer_payouts.snapshot import snapshot_as_json

try:
    from ovop_producer_payouts.adapter.snapshot import order_snapshots
except ModuleNotFoundError as error:
    if error.name != "saleor":
        raise
    order_snapshots = None  # type: ignore[assignment]


class Command(BaseCommand):
    help = "Print the snapshots of orders (UUIDs) as a JSON list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("order_id", nargs="+")

    def handle(self, *args: Any, order_id: list[str], **options: Any) -> None:
        if order_snapshots is None:
            raise CommandError("This host has no Saleor, so it has no orders to read.")
        found = order_snapshots(order_id)
        missing = sorted(set(order_id) - found.keys())
        if missing:
            raise CommandError(f"Saleor has no order {', '.join(missing)}")
        self.stdout.write(
            json.dumps([snapshot_as_json(found[each]) for each in order_id], ensure_ascii=False, indent=1)
        )
