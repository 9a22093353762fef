"""`ovop_certification_simulate`: what would go offline until the end of a day, or if a certificate falls."""

import datetime
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from ovop_certification.calendar.simulation import (
    SALES_DAYS,
    Impact,
    Simulation,
    Total,
    find_certificates,
    simulate_day,
    simulate_fall,
)
from ovop_certification.models import EventKind
from ovop_certification.rules import Rulebook
from ovop_certification.texts import reason_text
from ovop_origin.selectors import best_name
from ovop_shared.console import command_console
from ovop_shared.errors import OvopError
from ovop_shared.money import format_minor
from ovop_shared.shop_time import shop_zone


class Command(BaseCommand):
    help = "Show what would go offline, and what it sold lately: on a day, or if a certificate falls. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        question = parser.add_mutually_exclusive_group(required=True)
        question.add_argument("--on", type=datetime.date.fromisoformat, help="until the end of this day (2026-12-31)")
        question.add_argument("--certificate", nargs=2, metavar=("SCHEME", "NUMBER"), help="if this one falls")
        parser.add_argument("--body", default="", help="the issuing body's code, where several issued the number")
        parser.add_argument("--suspend", action="store_true", help="it is suspended, not withdrawn")
        parser.add_argument("--at", type=datetime.datetime.fromisoformat, help="when it falls; without, now")
        parser.add_argument("--limit", type=int, default=50, help="how many rows to show (0: all)")

    def handle(
        self,
        *args: Any,
        on: datetime.date | None,
        certificate: list[str] | None,
        body: str,
        suspend: bool,
        at: datetime.datetime | None,
        limit: int,
        **options: Any,
    ) -> None:
        now = timezone.now()
        try:
            if on is not None:
                found = simulate_day(on, now)
            else:
                assert certificate is not None
                kind = EventKind.SUSPENDED if suspend else EventKind.WITHDRAWN
                found = simulate_fall(_only(certificate, body), kind, _moment(at) if at else now, now=now)
        except OvopError as refusal:
            raise CommandError(f"{refusal.code}: {refusal.message}") from refusal
        console = command_console(self)
        _print(console, "goes offline", found, found.offline, limit)
        _print(console, "comes online", found, found.online, limit)
        for total in found.totals:
            console.print(f"sold in {SALES_DAYS} days of what goes offline: {_sold(total)}", markup=False)


def _only(certificate: list[str], body: str) -> int:
    scheme, number = certificate
    found = find_certificates(scheme, number, body)
    if not found:
        raise CommandError("there is no such certificate")
    if len(found) > 1:
        raise CommandError(f"say whose with --body: {', '.join(each.issuing_body.code for each in found)}")
    return found[0].pk


def _moment(at: datetime.datetime) -> datetime.datetime:
    return at if at.tzinfo else at.replace(tzinfo=shop_zone())


def _print(console: Console, title: str, found: Simulation, impacts: tuple[Impact, ...], limit: int) -> None:
    table = Table("product", "market", "channels", "countries", "from", "because", "sold", title=title)
    names = Rulebook(scheme_names=found.scheme_names)
    for each in impacts[: limit or None]:
        change = each.change
        table.add_row(
            change.product.slug,
            best_name(found.places[change.market].names, "en") or change.market,
            " ".join(each.channels),
            " ".join(each.countries),
            change.at.astimezone(shop_zone()).strftime("%Y-%m-%d %H:%M"),
            "; ".join(dict.fromkeys(reason_text(reason, names, "en") for reason in change.reasons)),
            "; ".join(_sold(total) for total in each.sold),
        )
    console.print(table)
    console.print(f"{len(impacts)} {title}")


def _sold(total: Total) -> str:
    money = total.currency if total.gross_minor is None else format_minor(total.gross_minor, total.currency)
    returned = f" ({total.returned_units} returned)" if total.returned_units else ""
    return f"{total.units}{returned}, {money}"
