"""`ovop_certification_remind`: send the reminders of certificates that end, or show which are due."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.table import Table

from ovop_certification.services import reminders_due, reminders_send
from ovop_shared.console import command_console


class Command(BaseCommand):
    help = "Remind producers and staff of certificates that end. Safe to repeat: each reminder is sent once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="send nothing; show what is due")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        console = command_console(self)
        if dry_run:
            table = Table("last day", "days left", "reminder", "scheme", "number", "to", "language", "attempts so far")
            for each in reminders_due(timezone.now()):
                certificate = each.certificate
                table.add_row(
                    certificate.last_on.isoformat(),
                    str(certificate.days_left),
                    str(each.days_before),
                    certificate.scheme,
                    certificate.number,
                    each.recipient.address,
                    each.recipient.language,
                    str(each.attempts),
                )
            console.print(table)
            return
        counts = reminders_send(timezone.now())
        if counts.problem:
            raise CommandError(counts.problem)
        console.print(f"{counts.sent} sent, {counts.failed} failed, {counts.unknown} not known")
