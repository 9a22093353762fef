"""`ovop_payout_batch STEP REFERENCE`: take a payout batch one step further, by hand."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.table import Table

from ovop_producer_payouts.models import PayoutBatch
from ovop_producer_payouts.services import batches
from ovop_shared.console import command_console
from ovop_shared.errors import OvopError
from ovop_shared.money import format_minor


class Command(BaseCommand):
    help = "Draft, approve, submit, confirm (complete, fail) and close a batch of payouts. Every step can be repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("step", choices=["draft", "approve", "submit", "complete", "fail", "close", "show"])
        parser.add_argument("reference")
        parser.add_argument("--by", required=True, help="who does it; whoever drafts does not approve")
        parser.add_argument("--currency", help="draft: which currency is paid")
        parser.add_argument("--producer", help="complete, fail: whose payout")
        parser.add_argument("--payment-reference", help="complete: the bank's reference")
        parser.add_argument("--reason", help="fail: what the bank said")

    def handle(self, *args: Any, step: str, reference: str, by: str, **options: Any) -> None:
        at = timezone.now()
        try:
            if step == "draft":
                batches.batch_draft(
                    reference=reference, currency=self._need(options, "currency"), payable_until=at, by=by, at=at
                )
            elif step == "approve":
                batches.batch_approve(reference, by=by, at=at)
            elif step == "submit":
                batches.batch_submit(reference, by=by, at=at)
            elif step == "complete":
                batches.payout_complete(
                    reference,
                    self._need(options, "producer"),
                    payment_reference=self._need(options, "payment_reference"),
                    by=by,
                    at=at,
                )
            elif step == "fail":
                batches.payout_fail(
                    reference, self._need(options, "producer"), reason=self._need(options, "reason"), by=by, at=at
                )
            elif step == "close":
                batches.batch_close(reference)
        except OvopError as error:
            raise CommandError(f"{error.code} at {error.field or '-'}: {error.message}") from error
        self._show(reference)

    def _need(self, options: dict[str, Any], name: str) -> str:
        if not options[name]:
            raise CommandError(f"--{name.replace('_', '-')} is needed for this step")
        return str(options[name])

    def _show(self, reference: str) -> None:
        batch = PayoutBatch.objects.filter(reference=reference).first()
        if batch is None:
            raise CommandError(f"There is no batch {reference}.")
        table = Table("producer", "amount", "status", "payment reference", title=f"{reference}: {batch.status}")
        for payout in batch.payouts.order_by("producer_code"):
            amount = format_minor(payout.amount_minor, payout.currency)
            table.add_row(payout.producer_code, amount, payout.status, payout.payment_reference)
        command_console(self).print(table)
