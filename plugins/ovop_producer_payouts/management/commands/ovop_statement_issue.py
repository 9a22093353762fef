"""`ovop_statement_issue`: issue a producer's statement for a period and print the link that opens it."""

import datetime
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ovop_producer_payouts.services.statements import statement_issue
from ovop_producer_payouts.statement_links import statement_token
from ovop_shared.errors import OvopError
from ovop_shared.mounting import page_url


class Command(BaseCommand):
    help = "Issue a statement (or find the one issued before) and print its signed link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("producer")
        parser.add_argument("currency")
        parser.add_argument("period_from_on", type=datetime.date.fromisoformat)
        parser.add_argument("period_until_on", type=datetime.date.fromisoformat)
        parser.add_argument("--language")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            statement = statement_issue(
                producer_code=options["producer"],
                currency=options["currency"],
                period_from_on=options["period_from_on"],
                period_until_on=options["period_until_on"],
                language=options["language"],
                at=timezone.now(),
            )
        except OvopError as error:
            raise CommandError(f"{error.code} at {error.field or '-'}: {error.message}") from error
        link = page_url("ovop_producer_payouts:statement-link", token=statement_token(statement.number))
        self.stdout.write(f"statement {statement.number}: {link}")
