"""What the tests of the gate inside Saleor share: a market with one requirement, a checkout, and what a refusal leaves
alone."""

import inspect

import graphene
import pytest
from django.utils import timezone
from saleor.checkout import calculations
from saleor.checkout.fetch import fetch_checkout_info, fetch_checkout_lines
from saleor.checkout.models import Checkout
from saleor.checkout.utils import add_voucher_to_checkout
from saleor.graphql.tests.utils import get_graphql_content
from saleor.order.models import Order
from saleor.payment.transaction_item_calculations import recalculate_transaction_amounts
from saleor.plugins.manager import get_plugins_manager
from saleor.warehouse.models import Allocation, Reservation, Stock

from ovop_certification.services import registry_load
from ovop_shared.catalogue import host_catalogue

CODE = "UNAVAILABLE_VARIANT_IN_CHANNEL"
COMPLETE = """mutation ($id: ID!) { checkoutComplete(id: $id) {
  order { id } errors { field code message variants lines } } }"""
CREATE = """mutation ($id: ID!) { orderCreateFromCheckout(id: $id) {
  order { id } errors { field code message variants lines } } }"""


def load(product, target, certificates=(), effect="block", countries=()):
    """The market of the fixtures' channel, with one requirement; `certificates` are (number, last day, events)."""
    return registry_load(
        {
            "version": 1,
            "schemes": [{"code": "eac", "kind": "conformity", "names": {"en": "EAC declaration", "ru": "ЕАЭС"}}],
            "issuing_bodies": [{"code": "body", "name": "Sample body"}],
            "markets": [
                {"code": "home", "names": {"en": "Home market", "ru": "Рынок"}, "channels": ["main"]},
                {"code": "abroad", "names": {"en": "Abroad"}, "countries": list(countries)},
            ],
            "requirements": [
                {"market": "home", "scheme": "eac", "from_on": "2020-01-01", "effect": effect} | target,
            ],
            "certificates": [
                {
                    "scheme": "eac",
                    "issuing_body": "body",
                    "number": number,
                    "holder": {"product": product.slug},
                    "valid_from_on": "2020-01-01",
                    "valid_until_on": until,
                    "events": [
                        {"kind": kind, "at": "2020-01-01T00:00:00+06:00", "actor": "Desk", "reason": "because"}
                        for kind in events
                    ],
                }
                for number, until, events in certificates
            ],
        },
        catalogue=host_catalogue(),
        at=timezone.now(),
    )


def required(product):
    return {"product_type": product.product_type.slug}


VALID = ("EAC-1", None, ["issued"])


@pytest.fixture
def checkout_of_food(checkout_with_item, product, address):
    """A checkout of three pieces that only has to be paid: nothing is shipped, so that every version completes it."""
    product.product_type.is_shipping_required = False
    product.product_type.save()
    checkout = checkout_with_item
    checkout.email = "shopper@example.com"
    checkout.billing_address = address
    checkout.save()
    return checkout


@pytest.fixture
def paid(checkout_of_food, transaction_item_generator):
    pay(checkout_of_food, transaction_item_generator)
    return checkout_of_food


def total_of(checkout):
    manager = get_plugins_manager(allow_replica=False)
    lines, _ = fetch_checkout_lines(checkout)
    info = fetch_checkout_info(checkout, lines, manager)
    calculate = calculations.calculate_checkout_total_with_gift_cards
    takes_address = "address" in inspect.signature(calculate).parameters  # 3.22
    address = {"address": checkout.billing_address} if takes_address else {}
    return calculate(manager, info, lines, **address).gross.amount


def pay(checkout, transaction_item_generator):
    item = transaction_item_generator(checkout_id=checkout.pk, charged_value=total_of(checkout))
    item.events.create(
        type="charge_success", amount_value=item.charged_value, currency=item.currency, include_in_calculations=True
    )
    recalculate_transaction_amounts(item)
    checkout.price_expiration = timezone.now()
    checkout.save()
    return item


def use_voucher(checkout, voucher):
    voucher.usage_limit = 1
    voucher.apply_once_per_customer = True
    voucher.save()
    manager = get_plugins_manager(allow_replica=False)
    lines, _ = fetch_checkout_lines(checkout)
    info = fetch_checkout_info(checkout, lines, manager)
    add_voucher_to_checkout(manager, info, lines, voucher, voucher.codes.first())
    return voucher.codes.get()


def complete(client, checkout, mutation=COMPLETE):
    content = get_graphql_content(
        client.post_graphql(mutation, {"id": graphene.Node.to_global_id("Checkout", checkout.pk)})
    )
    return next(iter(content["data"].values()))


def shop_state(checkout, *more):
    """Everything a refusal must leave alone. `last_change` and price caches are Saleor's own housekeeping."""
    checkout = Checkout.objects.get(pk=checkout.pk)
    return {
        "orders": Order.objects.count(),
        "stock": list(Stock.objects.order_by("pk").values("pk", "quantity", "quantity_allocated")),
        "allocations": Allocation.objects.count(),
        "reservations": Reservation.objects.count(),
        "lines": list(checkout.lines.order_by("pk").values("pk", "quantity", "variant_id")),
        "checkout": (checkout.voucher_code, checkout.is_voucher_usage_increased, checkout.completing_started_at),
        "paid": list(checkout.payment_transactions.order_by("pk").values("pk", "charged_value", "refunded_value")),
        "more": [list(type(row).objects.filter(pk=row.pk).values()) for row in more],
    }


def ids(checkout):
    line = checkout.lines.get()
    return (
        [graphene.Node.to_global_id("ProductVariant", line.variant_id)],
        [graphene.Node.to_global_id("CheckoutLine", line.pk)],
    )
