"""`ovop_check_ledger`: audit the ledger from its rows alone and say what is wrong where."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.table import Table

from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.selectors import currency_totals
from ovop_shared.console import command_console


class Command(BaseCommand):
    help = "Audit entries, orders, payouts and statements; exits with an error when anything is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        console = command_console(self)
        totals = Table("currency", "entries", "postings", "sum of all accounts")
        for total in currency_totals():
            totals.add_row(total.currency, str(total.entries), str(total.postings), str(total.sum_minor))
        console.print(totals)
        findings = ledger_findings()
        for finding in findings:
            console.print(f"{finding.code}: {finding.what}", markup=False)
        if findings:
            raise CommandError(f"{len(findings)} findings")
        console.print("nothing is wrong")
