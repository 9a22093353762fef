"""The part of the checkout bench that runs inside Saleor's interpreter, on a database and a broker's queue of its own.

Prints one JSON object a line: `{"tell": text}` on the way, and `{"result": {…}}` at the end.
"""

import argparse
import datetime
import gc
import json
import statistics
import sys
import time
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import django

CHANNEL = "bench"
PRODUCTS = 100
CART_LINES = 5
REQUIREMENTS = 10
COMPLETE = """mutation ($id: ID!) { checkoutComplete(id: $id) {
  order { id number status total { gross { amount } } } errors { field code message } } }"""


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rounds", "checkouts"):
        parser.add_argument(name, type=int)
    sizes = parser.parse_args()
    django.setup()
    from django.conf import settings

    settings.DEBUG = False
    if settings.CELERY_TASK_ALWAYS_EAGER:
        raise SystemExit("The bench needs a broker: without one the plugins' tasks run within the request.")
    say({"tell": f"a shop of {PRODUCTS} certified products"})
    world = make_world()
    load_registry()
    try:
        say({"result": measure(world, sizes.rounds, sizes.checkouts)})
    finally:
        purge()


def make_world() -> dict[str, Any]:
    from saleor.account.models import Address
    from saleor.channel.models import Channel
    from saleor.product.models import (
        Category,
        Product,
        ProductChannelListing,
        ProductType,
        ProductVariant,
        ProductVariantChannelListing,
    )
    from saleor.shipping.models import ShippingZone
    from saleor.tax.models import TaxConfiguration
    from saleor.warehouse.models import Stock, Warehouse

    channel = Channel.objects.create(
        name="Bench", slug=CHANNEL, currency_code="KGS", default_country="KG", is_active=True
    )
    TaxConfiguration.objects.get_or_create(channel=channel, defaults={"tax_calculation_strategy": "FLAT_RATES"})
    address = Address.objects.create(
        first_name="A",
        last_name="B",
        street_address_1="Street 1",
        city="KARAKOL",
        postal_code="722200",
        country="KG",
    )
    warehouse = Warehouse.objects.create(name="Outlet", slug="bench-outlet", address=address)
    warehouse.channels.add(channel)
    zone = ShippingZone.objects.create(name="Bench", countries=["KG"])
    zone.channels.add(channel)
    zone.warehouses.add(warehouse)
    category = Category.objects.create(name="Food", slug="bench-food")
    kind = ProductType.objects.create(name="Food", slug="bench-food", has_variants=False, is_shipping_required=False)
    products = Product.objects.bulk_create(
        Product(name=f"Product {number}", slug=f"bench-{number}", product_type=kind, category=category)
        for number in range(PRODUCTS)
    )
    now = datetime.datetime.now(datetime.UTC)
    ProductChannelListing.objects.bulk_create(
        ProductChannelListing(
            product=product,
            channel=channel,
            is_published=True,
            published_at=now,
            visible_in_listings=True,
            available_for_purchase_at=now,
            currency="KGS",
        )
        for product in products
    )
    variants = ProductVariant.objects.bulk_create(ProductVariant(product=each, sku=each.slug) for each in products)
    ProductVariantChannelListing.objects.bulk_create(
        ProductVariantChannelListing(
            variant=variant, channel=channel, currency="KGS", price_amount=10, discounted_price_amount=10
        )
        for variant in variants
    )
    Stock.objects.bulk_create(
        Stock(product_variant=variant, warehouse=warehouse, quantity=1_000_000) for variant in variants
    )
    return {"channel": channel, "address": address, "variants": variants}


def load_registry() -> None:
    """Every product has a certificate of its own for each of the requirements that concern it, and more."""
    from django.utils import timezone

    from ovop_certification.services import registry_load
    from ovop_shared.catalogue import host_catalogue

    schemes = [f"bench-{number}" for number in range(REQUIREMENTS)]
    registry_load(
        {
            "version": 1,
            "schemes": [{"code": code, "kind": "conformity", "names": {"en": code}} for code in schemes],
            "issuing_bodies": [{"code": "body", "name": "Body"}],
            "markets": [{"code": "bench", "names": {"en": "Bench"}, "channels": [CHANNEL], "countries": ["KG"]}],
            "requirements": [
                {"market": "bench", "scheme": code, "from_on": "2020-01-01", "effect": "block"}
                | ({"product_type": "bench-food"} if number % 2 else {"category": "bench-food"})
                for number, code in enumerate(schemes)
            ],
            "certificates": [
                {
                    "scheme": code,
                    "issuing_body": "body",
                    "number": f"{code}/{product}",
                    "holder": {"product": f"bench-{product}"},
                    "valid_from_on": "2020-01-01",
                    "valid_until_on": "2090-12-31",
                    "events": [{"kind": "issued", "at": "2020-01-01T00:00:00+06:00", "actor": "Desk"}],
                }
                for code in schemes
                for product in range(PRODUCTS)
            ],
        },
        catalogue=host_catalogue(),
        at=timezone.now(),
    )
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def make_checkout(world: dict[str, Any], number: int) -> str:
    """A cart of five products, paid in full by a transaction."""
    import graphene
    from saleor.checkout.models import Checkout, CheckoutLine
    from saleor.payment.models import TransactionItem

    address = world["address"].get_copy()
    checkout = Checkout.objects.create(
        channel=world["channel"],
        currency="KGS",
        email=f"shopper-{number}@example.com",
        billing_address=address,
        shipping_address=world["address"].get_copy(),
        country="KG",
    )
    variants = world["variants"]
    CheckoutLine.objects.bulk_create(
        CheckoutLine(
            checkout=checkout,
            variant=variants[(number * CART_LINES + line) % len(variants)],
            quantity=1,
            currency="KGS",
            undiscounted_unit_price_amount=Decimal(10),
        )
        for line in range(CART_LINES)
    )
    item = TransactionItem.objects.create(
        checkout=checkout, currency="KGS", charged_value=Decimal(1000), psp_reference=f"bench-{number}"
    )
    item.events.create(type="charge_success", amount_value=Decimal(1000), currency="KGS")
    return str(graphene.Node.to_global_id("Checkout", checkout.pk))


def measure(world: dict[str, Any], rounds: int, checkouts: int) -> dict[str, Any]:
    """Each round completes some checkouts with the plugins and as many without, in turns; the first warms up."""
    from django.conf import settings

    plugins = list(settings.PLUGINS)
    sides = {"on": plugins, "off": [name for name in plugins if not name.startswith("ovop_")]}
    if len(sides["off"]) == len(plugins):
        raise SystemExit("The plugins are not installed in this Saleor.")
    seconds: dict[str, list[float]] = {"on": [], "off": []}
    cpu_seconds: dict[str, list[float]] = {"on": [], "off": []}
    number = 0
    for round_number in range(rounds + 1):
        carts = {name: [make_checkout(world, number + place) for place in range(checkouts)] for name in sides}
        number += checkouts
        for place in range(checkouts):
            # Whoever comes second meets warmer caches: they take turns.
            order = ("on", "off") if (place + round_number) % 2 else ("off", "on")
            for name in order:
                settings.PLUGINS = sides[name]
                wall, cpu = complete(carts[name][place])
                if round_number:
                    seconds[name].append(wall)
                    cpu_seconds[name].append(cpu)
        purge()
        say({"tell": f"checkoutComplete, round {round_number} of {rounds}"})
    counts = {}
    for name, active in sides.items():
        settings.PLUGINS = active
        counts[name] = count_queries(make_checkout(world, number))
        number += 1
    settings.PLUGINS = plugins
    return {
        # Of each two that ran one after the other, so that both met the same moment of the machine.
        "ratios": [ours / theirs for ours, theirs in zip(seconds["on"], seconds["off"], strict=True)],
        "cpu_ratios": [ours / theirs for ours, theirs in zip(cpu_seconds["on"], cpu_seconds["off"], strict=True)],
        "seconds_on": statistics.median(seconds["on"]),
        "seconds_off": statistics.median(seconds["off"]),
        "queries_on": counts["on"],
        "queries_off": counts["off"],
    }


def complete(checkout: str) -> tuple[float, float]:
    """Seconds of one checkoutComplete, from the request to its answer: of the clock, and of this process's work."""
    from django.test import Client

    client = Client()
    body = json.dumps({"query": COMPLETE, "variables": {"id": checkout}})
    gc.collect()
    gc.disable()
    try:
        started_at, worked_at = time.perf_counter(), time.process_time()
        answer = client.post("/graphql/", body, content_type="application/json").json()
        seconds, worked = time.perf_counter() - started_at, time.process_time() - worked_at
    finally:
        gc.enable()
    if not ((answer.get("data") or {}).get("checkoutComplete") or {}).get("order"):
        raise SystemExit(f"Saleor answered {json.dumps(answer)[:800]}")
    return seconds, worked


def count_queries(checkout: str) -> int:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    with ExitStack() as stack:
        captured = [stack.enter_context(CaptureQueriesContext(connection)) for connection in connections.all()]
        complete(checkout)
    return sum(len(each) for each in captured)


def purge() -> None:
    """Nobody works off the queue here."""
    from saleor.celeryconf import app

    app.control.purge()


if __name__ == "__main__":
    main()
