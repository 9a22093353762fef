"""`make demo`: sample villages, orders recorded on a real Saleor, a payout, statements; then pages on localhost.

SERVE=0 does all but serve; PORT chooses the port. A run that was stopped is run again and ends the same.
"""

import hashlib
import json
import os
import sys
from typing import Any

import django
from django.core.management import call_command
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from database import DEMO_DATABASE, DatabaseUnavailable, database_url, embedded_server


def main() -> None:
    from ovop_standalone.recordings import newest_recording, read_recording

    console = Console()
    os.environ["DJANGO_SETTINGS_MODULE"] = "ovop_standalone.settings"
    console.print("Starting PostgreSQL …")
    try:
        # A database for each recording: its orders and products have keys of their own.
        path = newest_recording()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        os.environ["DATABASE_URL"] = database_url(f"{DEMO_DATABASE}_{digest}")
    except DatabaseUnavailable as error:
        sys.exit(str(error))
    django.setup()
    summary = run(console, read_recording(path))
    summary_file = embedded_server().folder / "demo.json"
    summary_file.parent.mkdir(exist_ok=True)
    summary_file.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    show(console, summary)
    console.print(f"Written: {summary_file}", soft_wrap=True)
    if os.environ.get("SERVE", "1") != "0":
        serve(console, int(os.environ.get("PORT", "8000")))


def run(console: Console, recording: Any) -> dict[str, Any]:
    """Migrate and replay the recording, with progress; the summary."""
    from ovop_standalone.replay import Replay

    replay = Replay(recording)
    console.print(f"Replaying what was recorded on Saleor {recording.saleor_version}")
    columns = (TextColumn("{task.description:<36}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        def step(title: str, total: int | None = 1) -> Any:
            task = progress.add_task(title, total=total)
            return lambda: progress.advance(task)

        done = step("Tables")
        call_command("migrate", verbosity=0, interactive=False)
        done()
        done = step("Villages, producers, certificates")
        replay.load_registry()
        done()
        replay.settle(step("Orders at each moment", len(recording.moments)))
        replay.pay_out(step("Payouts", None))
        replay.issue_statements(step("Statements", None))
        done = step("Summary")
        summary = replay.summary()
        done()
    return summary


def show(console: Console, summary: dict[str, Any]) -> None:
    from ovop_shared.money import format_minor

    orders = Table("story", "order", "channel", "held", "settlements", title="Orders")
    for order in summary["orders"]:
        held = format_minor(order["held_minor"], order["currency"])
        orders.add_row(order["story"], order["number"], order["channel"], held, str(order["settlements"]))
    console.print(orders)
    refusals = Table("product", "channel", "gate says", title="Refused at checkout")
    refusals.add_column("Saleor answered", overflow="fold")
    for refusal in summary["refusals"]:
        refusals.add_row(
            refusal["product"], refusal["channel"], ", ".join(refusal["codes"]), ", ".join(refusal["shop_codes"])
        )
    console.print(refusals)
    ledger = Table("currency", "entries", "postings", "sum of all accounts", title="Ledger")
    for currency, total in summary["ledger"].items():
        ledger.add_row(
            currency, str(total["entries"]), str(total["postings"]), format_minor(total["sum_minor"], currency)
        )
    console.print(ledger)


def serve(console: Console, port: int) -> None:
    """Serve until Ctrl-C, and say what to look at."""
    from django.core.wsgi import get_wsgi_application
    from waitress import create_server

    try:
        server = create_server(get_wsgi_application(), host="127.0.0.1", port=port, ident=None)
    except OSError as error:
        sys.exit(f"Port {port} cannot be used ({error.strerror}). Choose another: make demo PORT=8001")
    tour(console, f"http://127.0.0.1:{port}")
    try:
        server.run()
    finally:
        server.close()
        console.print("Stopped.")


def tour(console: Console, base: str) -> None:
    from django.utils import timezone

    from ovop_producer_payouts.models import Statement
    from ovop_producer_payouts.statement_links import statement_token
    from ovop_shared.catalogue import host_catalogue
    from ovop_shared.mounting import mount_path, page_url
    from ovop_shared.requester import (
        HANDLE_PAYMENTS,
        MANAGE_ORDERS,
        MANAGE_PRODUCT_TYPES,
        MANAGE_PRODUCTS,
        Requester,
        RequesterKind,
    )
    from ovop_standalone.replay import COMMITTEE_USER_ID
    from ovop_standalone.tokens import make_token

    reads = {HANDLE_PAYMENTS, MANAGE_ORDERS, MANAGE_PRODUCTS}
    # Two managers: whoever verified a certificate does not issue it.
    personas = [
        Requester(RequesterKind.STAFF, f"{name}@demo.example", user_id, frozenset(permissions))
        for user_id, name, permissions in (
            ("1", "reader", reads),
            ("2", "manager", reads | {MANAGE_PRODUCT_TYPES}),
            ("3", "second-manager", reads | {MANAGE_PRODUCT_TYPES}),
            (COMMITTEE_USER_ID, "committee-member", {MANAGE_PRODUCTS}),
        )
    ]
    products = host_catalogue().by_slug(["felt-slippers"])
    console.rule("What to look at")
    for product in products.values():
        console.print(f"Where a product comes from   {base}{page_url('ovop_origin:product', product_pk=product.pk)}")
    console.print(f"Villages and their products  {base}{page_url('ovop_origin:places')}")
    console.print(f"The villages as GeoJSON      {base}{page_url('ovop_origin:villages-geojson')}")
    for statement in Statement.objects.order_by("number")[:4]:
        link = page_url("ovop_producer_payouts:statement-link", token=statement_token(statement.number))
        console.print(f"Statement {statement.number} ({statement.language}, {statement.currency})", end="   ")
        console.print(f"{base}{link}", soft_wrap=True, markup=False)
    console.print("Sign in as one of these, then open the ledger, the certificates, or the minutes of the committee:")
    for persona in personas:
        link = f"{base}/sign-in/?token={make_token(persona, at=timezone.now())}"
        console.print(f"  {persona.name:<30} {link}", soft_wrap=True, markup=False)
    console.print(f"  {base}{page_url('ovop_producer_payouts:ledger')}")
    console.print(f"  {base}{page_url('ovop_certification:staff-overview')}")
    console.print(f"  {base}{page_url('ovop_certification:staff-minutes', number=1)}")
    for app in ("ovop_origin", "ovop_certification", "ovop_producer_payouts"):
        console.print(f"GraphQL (POST)   {base}{mount_path(app)}graphql/")
    console.print("Stop with Ctrl-C.")


if __name__ == "__main__":
    main()
