"""Inside Saleor: what was paid for in time becomes an order though its product was closed since; other money is listed
until it is an order or went back."""

import datetime
import inspect
from decimal import Decimal

import graphene
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from saleor.checkout import calculations
from saleor.checkout.fetch import fetch_checkout_info, fetch_checkout_lines
from saleor.checkout.models import Checkout
from saleor.order import OrderEvents, OrderStatus
from saleor.order.models import Order
from saleor.payment.transaction_item_calculations import recalculate_transaction_amounts
from saleor.plugins.manager import get_plugins_manager
from saleor.product.models import ProductChannelListing

from ovop_certification.adapter import closing, listing_tasks, paid_checkouts, tasks
from ovop_certification.models import CertificateEvent, Closure, EventKind, OrderFlag, OrderHold, StrandedPayment
from ovop_certification.services import certificate_event_add
from tests.saleor.gate_world import CODE, VALID, complete, load, pay, required, shop_state, total_of, use_voucher

PAID_AT = datetime.timedelta(days=1)
WITHDRAWN_AT = datetime.timedelta(hours=1)


def money(checkout, transaction_item_generator, *, charged=0, authorized=0, ago=PAID_AT):
    """A payment of then; the checkout's state is brought up to it, as Saleor does when one is reported."""
    item = transaction_item_generator(checkout_id=checkout.pk, charged_value=charged, authorized_value=authorized)
    item.events.update(created_at=timezone.now() - ago)
    settle_status(checkout)
    return item


def settle_status(checkout):
    checkout.refresh_from_db()
    lines, _ = fetch_checkout_lines(checkout)
    manager = get_plugins_manager(allow_replica=False)
    fetch = calculations.fetch_checkout_data
    requestor = {"requestor": None} if "requestor" in inspect.signature(fetch).parameters else {}  # 3.23
    info = fetch_checkout_info(checkout, lines, manager)
    done = fetch(info, manager, lines, force_update=True, force_status_update=True, **requestor)
    if hasattr(done, "get"):  # 3.23
        done.get()


def give_back(checkout, item):
    item.events.create(
        type="refund_success",
        amount_value=item.charged_value,
        currency=item.currency,
        include_in_calculations=True,
        psp_reference="refund",
    )
    recalculate_transaction_amounts(item)
    settle_status(checkout)


def withdraw(ago=WITHDRAWN_AT):
    certificate = CertificateEvent.objects.first().certificate
    at = timezone.now() - ago
    certificate_event_add(certificate.pk, EventKind.WITHDRAWN, actor="Desk", reason="because", at=at)


def close(product):
    """As the gate closes a listing of a product that may not be sold any more."""
    listing = product.channel_listings.get(channel__slug="main")
    closure = Closure.objects.create(
        listing_pk=listing.pk,
        product_pk=product.pk,
        channel="main",
        market="home",
        reasons=[],
        is_hidden=True,
        wants_published=listing.is_published,
        wants_available_at=listing.available_for_purchase_at,
        published_at=listing.published_at,
        closed_at=timezone.now(),
    )
    ProductChannelListing.objects.filter(pk=listing.pk).update(is_published=False, available_for_purchase_at=None)
    return closure


def listing_of(product):
    return ProductChannelListing.objects.values("is_published", "available_for_purchase_at").get(
        product=product, channel__slug="main"
    )


@pytest.fixture
def cart(checkout_of_food, product):
    """In the cart for two days, certified when it was put there."""
    load(product, required(product), [VALID])
    checkout_of_food.lines.update(created_at=timezone.now() - datetime.timedelta(days=2))
    return checkout_of_food


@pytest.fixture
def gone(cart, product):
    """And now neither certified nor open: Saleor itself refuses it, and asks nobody."""

    def leave():
        withdraw()
        close(product)

    return leave


@pytest.fixture
def sweep(django_capture_on_commit_callbacks):
    """One turn of the beat, with all that happens once it has committed."""

    def turn():
        with django_capture_on_commit_callbacks(execute=True):
            return tasks.sweep_paid_checkouts()

    return turn


def test_what_was_paid_for_in_time_is_ordered_though_its_listing_is_closed(
    sweep, api_client, cart, gone, product, transaction_item_generator
):
    money(cart, transaction_item_generator, charged=total_of(cart))
    gone()
    closed = listing_of(product)
    assert complete(api_client, cart)["errors"][0]["code"] == CODE

    assert sweep() == 1

    order = Order.objects.get()
    assert order.checkout_token == str(cart.pk)
    assert order.charge_status == "full"
    assert order.events.filter(type=OrderEvents.PLACED_AUTOMATICALLY_FROM_PAID_CHECKOUT).count() == 1
    assert listing_of(product) == closed
    assert Closure.objects.filter(ended_at=None).count() == 1
    assert order.status == OrderStatus.UNCONFIRMED
    assert OrderHold.objects.get().cause == "lapsed"
    assert OrderFlag.objects.get().product_pk == product.pk
    assert sweep() == 0
    assert Order.objects.count() == 1
    assert not StrandedPayment.objects.exists()
    # The shopper who completes it now is given the same order.
    assert complete(api_client, cart)["errors"] == []
    assert Order.objects.count() == 1


def test_the_order_is_made_before_its_listing_is_closed_and_the_shopper_who_completes_it_gets_it(
    api_client, cart, product, transaction_item_generator, django_capture_on_commit_callbacks
):
    money(cart, transaction_item_generator, charged=total_of(cart))
    withdraw()

    with django_capture_on_commit_callbacks(execute=True):
        listing_tasks.look_at_listings([product.pk])

    assert listing_of(product)["available_for_purchase_at"] is None
    answer = complete(api_client, cart)
    assert answer["errors"] == []
    assert answer["order"]["id"] == graphene.Node.to_global_id("Order", Order.objects.get().pk)


def test_an_order_that_cannot_be_made_keeps_no_listing_open(cart, product, transaction_item_generator, monkeypatch):
    money(cart, transaction_item_generator, charged=total_of(cart))
    withdraw()
    monkeypatch.setattr(paid_checkouts, "_complete", lambda *_: 1 / 0)

    assert closing.close_and_open([product.pk], timezone.now()).closed == 1
    assert listing_of(product)["available_for_purchase_at"] is None


def test_an_authorisation_counts_as_a_payment_and_nothing_is_charged(sweep, cart, gone, transaction_item_generator):
    item = money(cart, transaction_item_generator, authorized=total_of(cart))
    gone()

    assert sweep() == 1

    order = Order.objects.get()
    assert (order.authorize_status, order.charge_status) == ("full", "none")
    item.refresh_from_db()
    assert (item.order_id, item.charged_value) == (order.pk, 0)


def test_of_two_payments_the_first_decides_and_both_become_the_orders(sweep, cart, gone, transaction_item_generator):
    half = total_of(cart) / 2
    money(cart, transaction_item_generator, charged=half)
    gone()
    assert sweep() == 0
    assert StrandedPayment.objects.get().amount_minor == int(half * 100)

    money(cart, transaction_item_generator, charged=half, ago=datetime.timedelta(0))

    assert sweep() == 1
    order = Order.objects.get()
    assert order.payment_transactions.count() == 2
    stranded = StrandedPayment.objects.get()
    assert (stranded.outcome, stranded.order_id) == ("ordered", str(order.pk))


def test_a_voucher_of_one_use_is_used_once(sweep, cart, gone, voucher_percentage, transaction_item_generator):
    code = use_voucher(cart, voucher_percentage)
    money(cart, transaction_item_generator, charged=total_of(cart))
    gone()

    assert sweep() == 1

    code.refresh_from_db()
    assert code.used == 1
    assert Order.objects.get().voucher_code == code.code


def test_a_gift_card_pays_its_part(sweep, cart, gone, gift_card, transaction_item_generator):
    cart.gift_cards.add(gift_card)
    rest = total_of(cart)
    money(cart, transaction_item_generator, charged=rest)
    gone()

    assert sweep() == 1

    order = Order.objects.get()
    gift_card.refresh_from_db()
    assert order.total_gross_amount == rest
    assert gift_card.current_balance_amount == 0


def test_a_cart_that_never_was_allowed_is_listed_until_the_money_went_back(
    sweep, checkout_of_food, product, transaction_item_generator
):
    load(product, required(product))
    close(product)
    item = money(checkout_of_food, transaction_item_generator, charged=total_of(checkout_of_food))
    before = shop_state(checkout_of_food)

    assert sweep() == 0

    assert shop_state(checkout_of_food) == before
    stranded = StrandedPayment.objects.get()
    assert (stranded.checkout, stranded.channel, stranded.market) == (str(checkout_of_food.pk), "main", "home")
    assert (stranded.amount_minor, stranded.currency) == (int(item.charged_value * 100), "USD")
    assert stranded.products == [
        {
            "product_pk": product.pk,
            "name": product.name,
            "reasons": [{"code": "missing", "scheme": "eac", "certificate": None}],
        }
    ]
    assert stranded.outcome == "waiting"
    sweep()
    assert StrandedPayment.objects.count() == 1

    give_back(checkout_of_food, item)
    sweep()

    stranded.refresh_from_db()
    assert stranded.outcome == "returned"
    assert stranded.ended_at is not None


def test_money_that_came_after_the_withdrawal_buys_nothing(sweep, api_client, cart, gone, transaction_item_generator):
    gone()
    money(cart, transaction_item_generator, charged=total_of(cart), ago=datetime.timedelta(minutes=1))

    assert sweep() == 0

    assert not Order.objects.exists()
    assert StrandedPayment.objects.get().outcome == "waiting"


def test_what_went_back_does_not_make_later_money_early(sweep, cart, gone, transaction_item_generator):
    first = money(cart, transaction_item_generator, charged=total_of(cart))
    give_back(cart, first)
    gone()
    money(cart, transaction_item_generator, charged=total_of(cart), ago=datetime.timedelta(minutes=1))

    assert sweep() == 0
    assert not Order.objects.exists()


def test_a_line_that_was_added_after_the_withdrawal_is_not_bought_by_earlier_money(
    sweep, cart, product, transaction_item_generator, api_client
):
    money(cart, transaction_item_generator, charged=total_of(cart))
    withdraw()
    cart.lines.update(created_at=timezone.now())

    assert [error["code"] for error in complete(api_client, cart)["errors"]] == [CODE]
    assert sweep() == 0
    assert StrandedPayment.objects.get().outcome == "waiting"


def test_money_for_a_cart_that_is_certified_later_becomes_an_order_by_the_shopper(
    sweep, api_client, checkout_of_food, product, transaction_item_generator
):
    load(product, required(product))
    pay(checkout_of_food, transaction_item_generator)
    settle_status(checkout_of_food)
    sweep()
    assert StrandedPayment.objects.get().outcome == "waiting"
    load(product, required(product), [VALID])

    assert complete(api_client, checkout_of_food)["errors"] == []
    sweep()

    stranded = StrandedPayment.objects.get()
    assert (stranded.outcome, stranded.order_id) == ("ordered", str(Order.objects.get().pk))
    assert not OrderHold.objects.exists()


def test_a_listing_that_staff_closed_stays_closed(sweep, cart, product, transaction_item_generator):
    money(cart, transaction_item_generator, charged=total_of(cart))
    withdraw()
    closure = close(product)
    Closure.objects.filter(pk=closure.pk).update(wants_available_at=None)
    before = shop_state(cart)

    assert sweep() == 0

    assert shop_state(cart) == before
    assert StrandedPayment.objects.get().outcome == "waiting"


def test_while_it_is_open_the_shopper_or_saleor_completes_it(sweep, api_client, cart, transaction_item_generator):
    money(cart, transaction_item_generator, charged=total_of(cart))
    withdraw()

    assert sweep() == 0
    assert not StrandedPayment.objects.exists()
    assert complete(api_client, cart)["errors"] == []


def test_what_saleor_refuses_for_another_reason_stays_as_it_was_and_is_listed(
    sweep, cart, gone, product, transaction_item_generator, caplog
):
    money(cart, transaction_item_generator, charged=total_of(cart))
    gone()
    closed = listing_of(product)
    Checkout.objects.filter(pk=cart.pk).update(billing_address=None)
    before = shop_state(cart)

    assert sweep() == 0

    assert shop_state(cart) == before
    assert listing_of(product) == closed
    assert "could not be completed" in caplog.text
    assert StrandedPayment.objects.get().outcome == "waiting"


def test_a_failure_within_leaves_the_listings_closed(
    sweep, cart, gone, product, transaction_item_generator, monkeypatch
):
    money(cart, transaction_item_generator, charged=total_of(cart))
    gone()
    closed = listing_of(product)
    seen = []

    def broken(**kwargs):
        seen.append(listing_of(product)["is_published"])
        raise ValidationError("no")

    monkeypatch.setattr(paid_checkouts, "complete_checkout", broken)

    assert sweep() == 0
    assert seen == [True]
    assert listing_of(product) == closed


def test_other_carts_cost_nothing(sweep, checkout_of_food, django_assert_max_num_queries):
    assert checkout_of_food.lines.count() == 1
    with django_assert_max_num_queries(3):
        assert sweep() == 0


def test_what_is_paid_in_part_is_listed_in_minor_units(sweep, checkout_of_food, product, transaction_item_generator):
    load(product, required(product))
    money(checkout_of_food, transaction_item_generator, charged=Decimal("1.05"))
    money(checkout_of_food, transaction_item_generator, authorized=Decimal("2.10"))

    sweep()

    assert StrandedPayment.objects.get().amount_minor == 315
