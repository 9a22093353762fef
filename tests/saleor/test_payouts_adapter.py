"""Payouts inside Saleor: an order's snapshot says what Saleor did to the money, and settling posts exactly that.

The order of most tests is the fixture `order_with_lines`, with tax: felt 3 × 12.30 = 36.90 (net 30.00),
honey 2 × 24.60 = 49.20 (net 40.00), shipping 12.30 (net 10.00); together 98.40 USD, from one warehouse, to Poland.
"""

import datetime
from decimal import Decimal

import graphene
import pytest
from celery.app.task import Task
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.giftcard.events import gift_cards_used_in_order_event
from saleor.graphql.tests.utils import get_graphql_content
from saleor.order import FulfillmentStatus, OrderEvents, OrderGrantedRefundStatus, OrderStatus
from saleor.order.models import Fulfillment, Order, OrderEvent
from saleor.payment import gateway
from saleor.payment.transaction_item_calculations import recalculate_transaction_amounts
from saleor.plugins.base_plugin import BasePlugin
from saleor.plugins.manager import get_plugins_manager
from saleor.warehouse.models import Stock

from ovop_origin.records import PlaceRow, ProducerRow
from ovop_origin.services import place_save, producer_save, product_origin_set
from ovop_producer_payouts.adapter import tasks
from ovop_producer_payouts.adapter.plugin import SETTLE_AFTER_SECONDS, ProducerPayoutsPlugin
from ovop_producer_payouts.adapter.snapshot import order_snapshots
from ovop_producer_payouts.models import Entry, Posting, SettledLine, SettledOrder
from ovop_producer_payouts.selectors import order_postings
from ovop_producer_payouts.services.rules import split_rule_save
from ovop_producer_payouts.services.settlement import orders_settle
from ovop_producer_payouts.snapshot import OrderState, snapshot_as_json
from ovop_shared.money import UnsupportedCurrency

AT = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def order(order_with_lines):
    """Saleor's hooks would settle by themselves; the tests say when."""
    return order_with_lines


@pytest.fixture
def felt(order):
    return order.lines.get(product_sku="SKU_AA")


@pytest.fixture
def honey(order):
    return order.lines.get(product_sku="SKU_B")


@pytest.fixture
def staff(staff_api_client, permission_group_manage_orders, site_settings):
    permission_group_manage_orders.user_set.add(staff_api_client.user)
    return staff_api_client


def snapshot_of(order):
    return order_snapshots([str(order.pk)])[str(order.pk)]


def refunded(order):
    """What was given back for felt, honey and shipping."""
    snapshot = snapshot_of(order)
    lines = {line.sku: line.refunded_minor for line in snapshot.lines}
    return lines["SKU_AA"], lines["SKU_B"], snapshot.shipping_refunded_minor


def report(item, kind, amount, reference):
    """What a payment app reports; Saleor's own arithmetic makes the amounts of it."""
    item.events.create(
        type=kind,
        amount_value=Decimal(amount),
        currency=item.currency,
        psp_reference=reference,
        include_in_calculations=True,
    )
    recalculate_transaction_amounts(item)


def mutate(client, mutation, **variables):
    answer = next(iter(get_graphql_content(client.post_graphql(mutation, variables))["data"].values()))
    assert answer["errors"] == []
    return answer


def gid(row):
    return graphene.Node.to_global_id(type(row).__name__, row.pk)


def postings(order):
    """(account, line's SKU, minor units) of everything posted for the order, summed."""
    skus = {str(line.pk): line.product_sku for line in order.lines.all()}
    sums = {}
    for row in order_postings(str(order.pk)):
        key = (row.account, skus.get(row.line_id, ""))
        sums[key] = sums.get(key, 0) + row.amount_minor
    return {key: amount for key, amount in sums.items() if amount}


# What the fixture is


def test_an_order_as_it_stands(order, felt, honey, transaction_item_generator):
    transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.40"))

    snapshot = snapshot_of(order)

    order.refresh_from_db()
    assert snapshot.order_id == str(order.pk)
    assert snapshot.number == str(order.number)
    assert (snapshot.channel, snapshot.currency, snapshot.state) == ("main", "USD", OrderState.OPEN)
    assert (snapshot.country, snapshot.outlet) == ("PL", "example-warehouse")
    assert (snapshot.placed_at, snapshot.changed_at) == (order.created_at, order.updated_at)
    assert snapshot.fulfilled_at is None
    assert (snapshot.held_minor, snapshot.gift_card_minor) == (9840, 0)
    assert (snapshot.shipping_gross_minor, snapshot.shipping_net_minor) == (1230, 1000)
    assert snapshot.shipping_refunded_minor == 0
    assert sorted(
        (line.line_id, line.product_pk, line.product_name, line.sku, line.quantity, line.gross_minor, line.net_minor)
        for line in snapshot.lines
    ) == sorted(
        [
            (str(felt.pk), felt.variant.product_id, "Test product", "SKU_AA", 3, 3690, 3000),
            (str(honey.pk), honey.variant.product_id, "Test product 2", "SKU_B", 2, 4920, 4000),
        ]
    )
    assert refunded(order) == (0, 0, 0)


def test_an_order_that_saleor_does_not_have_is_left_out(order):
    missing = "00000000-0000-4000-8000-000000000000"

    assert list(order_snapshots([missing, str(order.pk)])) == [str(order.pk)]


# What is held


def test_a_legacy_payment_and_a_transaction_are_held_together(order, payment_txn_preauth, transaction_item_generator):
    manager = get_plugins_manager(allow_replica=False)
    assert snapshot_of(order).held_minor == 0

    gateway.capture(payment_txn_preauth, manager, channel_slug="main", amount=Decimal("40.00"))
    assert snapshot_of(order).held_minor == 4000

    item = transaction_item_generator(order_id=order.pk, charged_value=Decimal("58.40"), authorized_value=Decimal(7))
    assert snapshot_of(order).held_minor == 9840

    gateway.refund(payment_txn_preauth, manager, channel_slug="main", amount=Decimal("5.50"))
    assert snapshot_of(order).held_minor == 9290

    report(item, "refund_request", "10.00", "r1")
    item.refresh_from_db()
    assert (item.charged_value, item.refund_pending_value) == (Decimal("48.400"), Decimal("10.000"))
    assert snapshot_of(order).held_minor == 9290

    report(item, "refund_success", "10.00", "r1")
    assert snapshot_of(order).held_minor == 8290


def test_a_refund_that_fails_is_still_held(order, transaction_item_generator):
    item = transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.40"))
    report(item, "refund_request", "10.00", "r1")
    report(item, "refund_failure", "10.00", "r1")

    assert snapshot_of(order).held_minor == 9840


def test_a_refund_that_is_reversed_is_held_again(order, transaction_item_generator):
    item = transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.40"))
    report(item, "refund_success", "10.00", "r1")
    assert snapshot_of(order).held_minor == 8840

    report(item, "refund_reverse", "10.00", "r1")

    assert snapshot_of(order).held_minor == 9840


def test_a_charge_that_is_only_requested_or_authorized_is_not_held(order, transaction_item_generator):
    item = transaction_item_generator(order_id=order.pk, authorized_value=Decimal("98.40"))
    report(item, "charge_request", "98.40", "c1")

    assert snapshot_of(order).held_minor == 0


def test_a_chargeback_is_no_longer_held_and_after_a_refund_goes_below_zero(order, transaction_item_generator):
    item = transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.40"))
    report(item, "refund_success", "12.30", "r1")
    assert snapshot_of(order).held_minor == 8610

    report(item, "charge_back", "98.40", "b1")

    assert snapshot_of(order).held_minor == -1230
    assert refunded(order) == (0, 0, 0)


def test_an_old_gift_cards_part_is_what_its_history_says(order, gift_card, gift_card_expiry_date):
    before = [(card, card.current_balance_amount) for card in (gift_card, gift_card_expiry_date)]
    gift_card.current_balance_amount = Decimal("0.00")
    gift_card_expiry_date.current_balance_amount = Decimal("17.55")
    gift_cards_used_in_order_event(before, order, user=None, app=None)

    snapshot = snapshot_of(order)

    assert snapshot.gift_card_minor == 1000 + 245
    assert snapshot.held_minor == 0


# Refunds that name something


def granted(order, amount, lines=(), shipping=False, status=OrderGrantedRefundStatus.SUCCESS):
    grant = order.granted_refunds.create(
        amount_value=Decimal(amount), currency="USD", shipping_costs_included=shipping, status=status
    )
    for line, quantity in lines:
        grant.lines.create(order_line=line, quantity=quantity)
    return grant


def test_a_grant_of_another_amount_is_shared_by_price_and_nothing_is_lost(order, felt, honey):
    granted(order, "50.01", [(felt, 3), (honey, 1)])

    # 3690 : 2460 of 5001 is 3000.6 : 2000.4
    assert refunded(order) == (3001, 2000, 0)


def test_a_grant_of_its_lines_and_the_shipping(order, felt):
    granted(order, "24.60", [(felt, 1)], shipping=True)
    assert refunded(order) == (1230, 0, 1230)


def test_a_grant_with_shipping_of_another_amount_is_shared_with_the_shipping(order, felt, honey):
    granted(order, "60.00", [(felt, 1), (honey, 1)], shipping=True)

    # 1230 : 2460 : 1230
    assert refunded(order) == (1500, 3000, 1500)


def test_a_grant_of_the_shipping_alone(order):
    granted(order, "3.21", shipping=True)

    assert refunded(order) == (0, 0, 321)


@pytest.mark.parametrize(
    "status", [OrderGrantedRefundStatus.NONE, OrderGrantedRefundStatus.PENDING, OrderGrantedRefundStatus.FAILURE]
)
def test_a_grant_that_has_not_succeeded_gives_nothing_back(order, felt, status):
    granted(order, "12.30", [(felt, 1)], shipping=True, status=status)

    assert refunded(order) == (0, 0, 0)


def test_a_grant_that_names_nothing_is_not_attributed(order):
    granted(order, "12.30")

    assert refunded(order) == (0, 0, 0)


def test_grants_and_lines_named_twice_add_up(order, felt, honey):
    granted(order, "24.60", [(felt, 1), (felt, 1)])
    granted(order, "36.90", [(felt, 1), (honey, 1)])

    assert refunded(order) == (3690, 2460, 0)


REFUND_PRODUCTS = """mutation ($order: ID!, $input: OrderRefundProductsInput!) {
  orderFulfillmentRefundProducts(order: $order, input: $input) { fulfillment { id } errors { field code message } } }"""
REFUND = """mutation ($id: ID!, $amount: PositiveDecimal!) {
  orderRefund(id: $id, amount: $amount) { order { id } errors { field code message } } }"""


def refund_products(staff, order, lines, **more):
    lines = [{"orderLineId": gid(line), "quantity": quantity} for line, quantity in lines]
    return mutate(staff, REFUND_PRODUCTS, order=gid(order), input={"orderLines": lines, **more})


def test_a_legacy_refund_of_products_and_shipping(staff, order, felt, honey, payment_txn_captured):
    refund_products(staff, order, [(felt, 3), (honey, 1)], includeShippingCosts=True)

    fulfillment = Fulfillment.objects.get(order=order)
    assert fulfillment.total_refund_amount == Decimal("73.800")
    assert fulfillment.shipping_refund_amount == Decimal("12.300")
    assert refunded(order) == (3690, 2460, 1230)
    assert snapshot_of(order).held_minor == 2460


def test_a_legacy_refund_of_another_amount_is_shared_by_price(staff, order, felt, honey, payment_txn_captured):
    refund_products(staff, order, [(felt, 1), (honey, 1)], amountToRefund="11.00")

    # 1230 : 2460 of 1100 is 366.7 : 733.3
    assert refunded(order) == (367, 733, 0)
    assert snapshot_of(order).held_minor == 8740


def test_an_order_refund_leaves_an_empty_fulfillment_and_is_not_attributed(staff, order, payment_txn_captured):
    mutate(staff, REFUND, id=gid(order), amount="20.00")

    fulfillment = Fulfillment.objects.get(order=order)
    assert (fulfillment.status, fulfillment.lines.count()) == (FulfillmentStatus.REFUNDED, 0)
    assert fulfillment.total_refund_amount == Decimal("20.000")
    assert refunded(order) == (0, 0, 0)
    assert snapshot_of(order).held_minor == 7840


def test_goods_that_came_back_without_money_are_no_refund(order, felt):
    returned = order.fulfillments.create(status=FulfillmentStatus.RETURNED)
    returned.lines.create(order_line=felt, quantity=3)

    assert refunded(order) == (0, 0, 0)


# States


@pytest.mark.parametrize("status", [OrderStatus.DRAFT, OrderStatus.UNCONFIRMED])
def test_before_it_is_confirmed_the_money_is_the_customers(order, transaction_item_generator, status):
    transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.40"))
    Order.objects.filter(pk=order.pk).update(status=status)

    tasks.settle_order(str(order.pk))

    assert snapshot_of(order).state is OrderState.UNCONFIRMED
    assert postings(order) == {("psp:clearing", ""): 9840, ("customer:prepaid", ""): -9840}
    assert not SettledLine.objects.exists()


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.EXPIRED])
def test_what_is_held_for_an_order_that_is_off_goes_back_to_the_customer(order, transaction_item_generator, status):
    transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.40"))
    tasks.settle_order(str(order.pk))
    Order.objects.filter(pk=order.pk).update(status=status)

    tasks.settle_order(str(order.pk))

    assert snapshot_of(order).state is OrderState.CANCELLED
    assert postings(order) == {("psp:clearing", ""): 9840, ("customer:prepaid", ""): -9840}


def test_in_every_other_state_the_order_is_a_sale(order):
    others = [
        status for status, _ in OrderStatus.CHOICES if status not in ("draft", "unconfirmed", "canceled", "expired")
    ]
    assert len(others) == 5
    for status in others:
        Order.objects.filter(pk=order.pk).update(status=status)
        assert snapshot_of(order).state is OrderState.OPEN


# Country and outlet


def test_the_country_is_where_the_goods_go(order, address, warehouse_for_cc):
    def lives_in(country):
        place = address.get_copy()
        place.country = country
        place.save()
        return place

    warehouse_for_cc.address = lives_in("UZ")
    warehouse_for_cc.save()
    order.channel.default_country = "KG"
    order.channel.save()
    order.shipping_address, order.billing_address = lives_in("DE"), lives_in("KZ")
    order.collection_point = warehouse_for_cc
    order.save()
    assert snapshot_of(order).country == "DE"

    order.shipping_address = None
    order.save()
    assert snapshot_of(order).country == "UZ"

    order.collection_point = None
    order.save()
    assert snapshot_of(order).country == "KZ"

    order.billing_address = None
    order.save()
    assert snapshot_of(order).country == "KG"


def test_an_address_without_a_country_is_passed_over(order, address_usa):
    order.shipping_address.country = ""
    order.shipping_address.save()
    order.billing_address = address_usa
    order.save()

    assert snapshot_of(order).country == "US"


@pytest.fixture
def second_warehouse(warehouses_with_shipping_zone, felt, honey):
    other = warehouses_with_shipping_zone[0]
    for line in (felt, honey):
        Stock.objects.create(warehouse=other, product_variant=line.variant, quantity=9)
    return other


def test_the_outlet_is_the_collection_point_before_any_warehouse(order, warehouse_for_cc):
    order.collection_point = warehouse_for_cc
    order.save()

    assert snapshot_of(order).outlet == "local-warehouse"


def test_goods_allocated_in_two_warehouses_have_no_outlet(order, felt, second_warehouse):
    assert snapshot_of(order).outlet == "example-warehouse"

    felt.allocations.update(stock=felt.variant.stocks.get(warehouse=second_warehouse))

    assert snapshot_of(order).outlet == ""


def test_goods_without_stock_have_no_outlet(order):
    for line in order.lines.all():
        line.allocations.all().delete()

    assert snapshot_of(order).outlet == ""


FULFILL = """mutation ($order: ID!, $input: OrderFulfillInput!) { orderFulfill(order: $order, input: $input) {
  fulfillments { id } errors { field code message } } }"""
APPROVE = """mutation ($id: ID!) { orderFulfillmentApprove(id: $id, notifyCustomer: false) {
  fulfillment { id } errors { field code message } } }"""
CANCEL = """mutation ($id: ID!, $input: FulfillmentCancelInput) { orderFulfillmentCancel(id: $id, input: $input) {
  fulfillment { id } errors { field code message } } }"""


def fulfill(staff, order, warehouse, *lines):
    """Hand over these lines' quantities from the warehouse."""
    lines = [
        {"orderLineId": gid(line), "stocks": [{"quantity": quantity, "warehouse": gid(warehouse)}]}
        for line, quantity in lines
    ]
    answer = mutate(staff, FULFILL, order=gid(order), input={"lines": lines, "notifyCustomer": False})
    return answer["fulfillments"][0]["id"]


def test_goods_handed_over_keep_their_outlet(staff, order, felt, honey, warehouse):
    fulfill(staff, order, warehouse, (felt, 3), (honey, 2))
    for line in (felt, honey):
        line.allocations.all().delete()

    assert snapshot_of(order).outlet == "example-warehouse"


def test_goods_handed_over_by_another_warehouse_than_planned_are_its_sale(staff, order, felt, honey, second_warehouse):
    fulfill(staff, order, second_warehouse, (felt, 3), (honey, 2))

    assert snapshot_of(order).outlet == "warehouse1"


def test_goods_put_back_from_a_cancelled_fulfillment_are_sold_by_where_they_are_now(
    staff, order, felt, honey, warehouse, second_warehouse
):
    fulfillment = fulfill(staff, order, second_warehouse, (felt, 3), (honey, 2))

    mutate(staff, CANCEL, id=fulfillment, input={"warehouseId": gid(warehouse)})

    assert snapshot_of(order).outlet == "example-warehouse"


def test_an_order_that_is_called_off_keeps_the_outlet_it_was_planned_for(order):
    for line in order.lines.all():
        assert line.allocations.update(quantity_allocated=0) == 1

    assert snapshot_of(order).outlet == "example-warehouse"


def test_goods_handed_over_by_two_warehouses_have_no_outlet(staff, order, felt, honey, warehouse, second_warehouse):
    fulfill(staff, order, warehouse, (felt, 3))
    fulfill(staff, order, second_warehouse, (honey, 2))

    assert snapshot_of(order).outlet == ""


# Handed over


def test_a_part_of_the_goods_is_not_the_order(staff, order, felt, honey, warehouse):
    fulfill(staff, order, warehouse, (felt, 3), (honey, 1))
    assert snapshot_of(order).fulfilled_at is None

    fulfill(staff, order, warehouse, (honey, 1))

    last = Fulfillment.objects.filter(order=order).order_by("pk").last()
    assert snapshot_of(order).fulfilled_at == last.created_at


def test_goods_waiting_for_approval_are_not_handed_over(staff, order, felt, honey, warehouse, site_settings):
    site_settings.fulfillment_auto_approve = False
    site_settings.save()
    fulfillment = fulfill(staff, order, warehouse, (felt, 3), (honey, 2))
    felt.refresh_from_db()
    assert felt.quantity_fulfilled == 3
    assert snapshot_of(order).fulfilled_at is None

    mutate(staff, APPROVE, id=fulfillment)

    assert snapshot_of(order).fulfilled_at == Fulfillment.objects.get(order=order).created_at


def test_a_cancelled_fulfillment_handed_nothing_over(staff, order, felt, honey, warehouse):
    fulfill(staff, order, warehouse, (felt, 3))
    second = fulfill(staff, order, warehouse, (honey, 2))
    assert snapshot_of(order).fulfilled_at is not None

    mutate(staff, CANCEL, id=second, input={"warehouseId": gid(warehouse)})

    assert Fulfillment.objects.filter(order=order, status=FulfillmentStatus.CANCELED).count() == 1
    assert snapshot_of(order).fulfilled_at is None
    assert snapshot_of(order).outlet == "example-warehouse"


def test_a_refund_of_money_alone_hands_nothing_over(staff, order, felt, honey, warehouse, payment_txn_captured):
    fulfill(staff, order, warehouse, (felt, 3), (honey, 2))
    handed_at = Fulfillment.objects.get(order=order).created_at

    mutate(staff, REFUND, id=gid(order), amount="20.00")

    assert Fulfillment.objects.filter(order=order).count() == 2
    assert snapshot_of(order).fulfilled_at == handed_at


def test_a_refund_after_delivery_does_not_move_the_day_of_delivery(
    staff, order, felt, honey, warehouse, payment_txn_captured
):
    fulfill(staff, order, warehouse, (felt, 3), (honey, 2))
    handed = Fulfillment.objects.get(order=order)
    back = order.fulfillments.create(status=FulfillmentStatus.REFUNDED_AND_RETURNED, total_refund_amount=Decimal(12))
    handed.lines.filter(order_line=felt).update(quantity=2)
    back.lines.create(order_line=felt, quantity=1)

    assert snapshot_of(order).fulfilled_at == handed.created_at
    assert refunded(order) == (1200, 0, 0)


def test_when_everything_came_back_nothing_is_missing(order, felt, honey):
    back = order.fulfillments.create(status=FulfillmentStatus.RETURNED)
    for line in (felt, honey):
        back.lines.create(order_line=line, quantity=line.quantity)

    assert snapshot_of(order).fulfilled_at == back.created_at


# Prices and products


def test_stored_thousandths_are_rounded_half_up_to_the_currency(order, felt, transaction_item_generator):
    felt.total_price_gross_amount = Decimal("36.905")
    felt.total_price_net_amount = Decimal("30.004")
    felt.save()
    Order.objects.filter(pk=order.pk).update(
        shipping_price_gross_amount=Decimal("12.345"), shipping_price_net_amount=Decimal("10.034")
    )
    transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.405"))
    granted(order, "0.125", [(felt, 1)])

    snapshot = snapshot_of(order)

    line = next(line for line in snapshot.lines if line.line_id == str(felt.pk))
    assert (line.gross_minor, line.net_minor, line.refunded_minor) == (3691, 3000, 13)
    assert (snapshot.shipping_gross_minor, snapshot.shipping_net_minor) == (1235, 1003)
    assert snapshot.held_minor == 9841


def test_a_line_whose_variant_was_deleted_is_a_product_nobody_knows(order, felt, honey):
    felt.variant.delete()

    lines = {line.sku: line for line in snapshot_of(order).lines}

    assert lines["SKU_AA"].product_pk is None
    assert (lines["SKU_AA"].product_name, lines["SKU_AA"].gross_minor) == ("Test product", 3690)
    assert lines["SKU_B"].product_pk == honey.variant.product_id


def test_a_product_is_named_in_the_languages_it_is_translated_to(order, felt):
    felt.variant.product.translations.create(language_code="ky", name="Кийиз")
    felt.variant.product.translations.create(language_code="ru", name=None)

    names = {line.sku: line.product_names for line in snapshot_of(order).lines}

    assert names == {"SKU_AA": {"ky": "Кийиз"}, "SKU_B": {}}


@pytest.fixture
def yen_line(order_line_JPY):  # noqa: N803 - Saleor's name
    return order_line_JPY


def test_orders_in_two_currencies_keep_their_own_minor_units(order, yen_line, transaction_item_generator):
    abroad = yen_line.order
    Order.objects.filter(pk=abroad.pk).update(currency="JPY")
    yen_line.total_price_gross_amount = Decimal("1230.000")
    yen_line.total_price_net_amount = Decimal("1000.000")
    yen_line.save()
    transaction_item_generator(order_id=abroad.pk, charged_value=Decimal("1230"), currency="JPY")
    transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.40"))

    orders_settle([str(order.pk), str(abroad.pk)], order_snapshots, at=timezone.now())

    snapshots = order_snapshots([str(order.pk), str(abroad.pk)])
    assert (snapshots[str(order.pk)].currency, snapshots[str(order.pk)].held_minor) == ("USD", 9840)
    assert (snapshots[str(abroad.pk)].currency, snapshots[str(abroad.pk)].held_minor) == ("JPY", 1230)
    assert snapshots[str(abroad.pk)].lines[0].gross_minor == 1230
    assert {row.currency for row in order_postings(str(order.pk))} == {"USD"}
    assert {row.currency for row in order_postings(str(abroad.pk))} == {"JPY"}
    assert postings(abroad)["psp:clearing", ""] == 1230


def copy_of(order, generator, felt, transaction_item_generator):
    """Another order with a line, a fulfillment, a grant, a legacy payment and a transaction of its own."""
    other = generator()
    line = order.lines.get(pk=felt.pk)
    line.pk, line.token, line.order = None, None, other
    line.save(force_insert=True)
    other.fulfillments.create().lines.create(order_line=line, quantity=3, stock=line.variant.stocks.get())
    granted(other, "1.00", [(line, 1)])
    transaction_item_generator(order_id=other.pk, charged_value=Decimal("36.90"))
    return other


def test_the_queries_are_the_same_for_one_order_and_for_many(
    order, felt, order_generator, transaction_item_generator, payment_dummy, gift_card
):
    orders = [copy_of(order, order_generator, felt, transaction_item_generator) for _ in range(6)]
    gift_cards_used_in_order_event([(gift_card, Decimal(11))], orders[0], user=None, app=None)
    counts = []
    for chosen in (orders[:1], orders, [*orders, order]):
        with CaptureQueriesContext(connection) as captured:
            snapshots = order_snapshots([str(each.pk) for each in chosen])
        assert len(snapshots) == len(chosen)
        counts.append(len(captured))

    assert counts == [13, 13, 13]


# Settling


@pytest.fixture
def village(felt):
    """Felt comes from a village and its maker; nobody knows where the honey comes from."""
    for place in (
        PlaceRow("country", "KG", {}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {"en": "Issyk-Kul"}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "KG-Y-jeti-oguz", {"en": "Jeti-Oguz"}, parent="KG-Y"),
        PlaceRow("village", "barskoon", {"en": "Barskoon"}, parent="KG-Y-jeti-oguz"),
    ):
        place_save(place, at=AT)
    for code in ("ak-kiyiz", "bal"):
        producer_save(ProducerRow(code, "cooperative", "barskoon", "ky", {"en": code}, is_name_public=True), at=AT)
    product_origin_set(felt.variant.product_id, "barskoon", {"ak-kiyiz": 10_000}, at=AT)


@pytest.fixture
def rule():
    steps = [
        {
            "code": "outlet",
            "names": {"en": "O"},
            "account": "outlet:{outlet}:commission",
            "base": "net",
            "rate_bp": 1500,
        },
        {"code": "fee", "names": {"en": "F"}, "account": "association:fee", "base": "net", "rate_bp": 1000},
    ]
    split_rule_save(
        code="standard",
        version=1,
        channel="",
        valid_from_on=AT.date(),
        document={"steps": steps},
        by="desk@example.com",
        at=AT,
    )


# 98.40 paid in full: tax, the rule's two steps, the makers or nobody, the shipping.
SALE = {
    ("psp:clearing", ""): 9840,
    ("tax:PL", "SKU_AA"): -690,
    ("outlet:example-warehouse:commission", "SKU_AA"): -450,
    ("association:fee", "SKU_AA"): -300,
    ("producer:ak-kiyiz:payable", "SKU_AA"): -2250,
    ("tax:PL", "SKU_B"): -920,
    ("outlet:example-warehouse:commission", "SKU_B"): -600,
    ("association:fee", "SKU_B"): -400,
    ("association:unassigned", "SKU_B"): -3000,
    ("tax:PL", ""): -230,
    ("shipping", ""): -1000,
}


@pytest.fixture
def paid(order, village, rule, transaction_item_generator):
    item = transaction_item_generator(order_id=order.pk, charged_value=Decimal("98.40"))
    order.refresh_from_db()
    return item


def test_settling_posts_a_balanced_entry_of_what_the_snapshot_says_and_only_once(order, paid):
    tasks.settle_order(str(order.pk))

    assert postings(order) == SALE
    assert sum(SALE.values()) == 0
    entry = Entry.objects.get()
    assert (entry.kind, entry.order_id, entry.reference) == ("sale", str(order.pk), f"settle:{order.pk}:1")
    assert sum(entry.postings.values_list("amount_minor", flat=True)) == 0
    settled = SettledOrder.objects.get()
    assert settled.snapshot == snapshot_as_json(snapshot_of(order))
    assert settled.changed_at == order.updated_at

    posted = Posting.objects.count()
    tasks.settle_order(str(order.pk))

    assert (Entry.objects.count(), Posting.objects.count()) == (1, posted)
    assert SettledOrder.objects.get().settlements == 1


def test_a_refund_of_a_line_takes_back_that_lines_parts_and_no_others(order, felt, paid):
    tasks.settle_order(str(order.pk))
    report(paid, "refund_success", "12.30", "r1")
    granted(order, "12.30", [(felt, 1)])

    tasks.settle_order(str(order.pk))

    assert postings(order) == SALE | {
        ("psp:clearing", ""): 8610,
        ("tax:PL", "SKU_AA"): -460,
        ("outlet:example-warehouse:commission", "SKU_AA"): -300,
        ("association:fee", "SKU_AA"): -200,
        ("producer:ak-kiyiz:payable", "SKU_AA"): -1500,
    }
    assert list(Entry.objects.order_by("pk").values_list("kind", flat=True)) == ["sale", "refund"]


def test_the_sweep_finds_an_order_that_no_hook_told_of(order, paid):
    assert tasks.settle_changed_orders() == 1
    assert postings(order) == SALE

    assert tasks.changed_order_ids(None) == []
    assert tasks.settle_changed_orders() == 0
    assert Entry.objects.count() == 1


def test_the_sweep_finds_a_settled_order_that_changed_since(order, paid):
    tasks.settle_changed_orders()
    report(paid, "refund_success", "98.40", "r1")
    Order.objects.filter(pk=order.pk).update(updated_at=timezone.now())

    assert tasks.settle_changed_orders() == 1

    assert postings(order) == {}
    assert Entry.objects.count() == 2


def test_the_sweep_skips_drafts(order, paid):
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.DRAFT)

    assert tasks.settle_changed_orders() == 0
    assert tasks.settle_all_orders() == 0
    assert not SettledOrder.objects.exists()


def test_what_changed_long_ago_is_left_to_the_nightly_pass(order, paid):
    Order.objects.filter(pk=order.pk).update(updated_at=timezone.now() - tasks.SWEEP_WINDOW)

    assert tasks.settle_changed_orders() == 0
    assert tasks.settle_all_orders() == 1
    assert postings(order) == SALE


def test_the_nightly_pass_settles_again_what_had_no_makers(order, honey, paid):
    tasks.settle_order(str(order.pk))
    assert tasks.settle_all_orders() == 0
    product_origin_set(honey.variant.product_id, "barskoon", {"bal": 10_000}, at=AT)

    assert tasks.settle_changed_orders() == 0
    assert postings(order) == SALE
    assert tasks.settle_all_orders() == 1

    expected = SALE | {("producer:bal:payable", "SKU_B"): -3000}
    del expected["association:unassigned", "SKU_B"]
    assert postings(order) == expected
    assert not SettledLine.objects.filter(is_resolved=False).exists()
    assert tasks.settle_all_orders() == 0


@pytest.fixture
def foreign(order_generator, channel_PLN):  # noqa: N803 - Saleor's name
    """An order in a currency that the ledger does not know."""
    return order_generator(channel=channel_PLN, currency="PLN")


def test_an_order_that_cannot_be_settled_holds_up_no_other(
    order, felt, paid, foreign, order_generator, transaction_item_generator, caplog
):
    transaction_item_generator(order_id=foreign.pk, charged_value=Decimal("5.00"), currency="PLN")
    other = copy_of(order, order_generator, felt, transaction_item_generator)
    Order.objects.filter(pk=foreign.pk).update(updated_at=order.updated_at - datetime.timedelta(minutes=1))
    assert tasks.changed_order_ids(None)[0] == str(foreign.pk)
    with pytest.raises(UnsupportedCurrency):
        orders_settle([str(foreign.pk)], order_snapshots, at=timezone.now())

    assert tasks.settle_changed_orders() == 2

    assert postings(order) == SALE
    assert postings(other)["psp:clearing", ""] == 3690
    assert postings(foreign) == {}
    assert set(SettledOrder.objects.values_list("order_id", flat=True)) == {str(order.pk), str(other.pk)}
    assert f"order {foreign.pk} could not be settled" in caplog.text
    assert tasks.changed_order_ids(None) == [str(foreign.pk)]


def test_many_orders_are_settled_in_chunks(order, felt, order_generator, transaction_item_generator, monkeypatch):
    orders = [copy_of(order, order_generator, felt, transaction_item_generator) for _ in range(5)]
    monkeypatch.setattr(tasks, "CHUNK", 2)

    assert tasks.settle_chunks([str(each.pk) for each in orders]) == 5

    assert [postings(each)["psp:clearing", ""] for each in orders] == [3690] * 5


# Hooks

ORDER_HOOKS = (
    "order_cancelled",
    "order_confirmed",
    "order_created",
    "order_expired",
    "order_fulfilled",
    "order_fully_paid",
    "order_fully_refunded",
    "order_paid",
    "order_refunded",
    "order_updated",
)
FULFILLMENT_HOOKS = ("fulfillment_approved", "fulfillment_canceled", "fulfillment_created")


@pytest.fixture
def sent(monkeypatch):
    """What reaches the broker of our task; the broker itself is away in these tests."""
    messages = []
    send = Task.apply_async

    def apply_async(self, args=(), *more, **options):
        if self.name != tasks.settle_order.name:
            return send(self, args, *more, **options)
        messages.append((tuple(args), options["countdown"]))
        return None

    # On the class: taken back from the task itself, the method would stay behind on it and hide other tests' patches.
    monkeypatch.setattr(Task, "apply_async", apply_async)
    return messages


def test_these_are_all_the_hooks():
    hooks = {name for name in vars(ProducerPayoutsPlugin) if name in BasePlugin.__annotations__}

    assert hooks == {*ORDER_HOOKS, *FULFILLMENT_HOOKS, "order_bulk_created"}


@pytest.mark.parametrize("hook", ORDER_HOOKS)
def test_a_hook_of_an_order_sends_its_id_after_commit(hook, order, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        getattr(get_plugins_manager(allow_replica=False), hook)(order)
        assert sent == []

    assert sent == [((str(order.pk),), SETTLE_AFTER_SECONDS)]


@pytest.mark.parametrize("hook", FULFILLMENT_HOOKS)
def test_a_hook_of_a_fulfillment_sends_its_orders_id_after_commit(
    hook, order, sent, django_capture_on_commit_callbacks
):
    fulfillment = order.fulfillments.create()

    with django_capture_on_commit_callbacks(execute=True):
        getattr(get_plugins_manager(allow_replica=False), hook)(fulfillment)
        assert sent == []

    assert sent == [((str(order.pk),), SETTLE_AFTER_SECONDS)]


def test_the_hook_of_imported_orders_sends_the_id_of_each(order_list, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        get_plugins_manager(allow_replica=False).order_bulk_created(order_list)
        assert sent == []

    assert sent == [((str(each.pk),), SETTLE_AFTER_SECONDS) for each in order_list]


def test_what_is_rolled_back_sends_nothing(order, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False) as waiting:
        get_plugins_manager(allow_replica=False).order_updated(order)

    assert waiting
    assert sent == []


def test_an_inactive_plugin_sends_nothing(order, sent, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(ProducerPayoutsPlugin, "DEFAULT_ACTIVE", False)

    with django_capture_on_commit_callbacks(execute=True):
        get_plugins_manager(allow_replica=False).order_updated(order)

    assert sent == []


def test_an_order_from_a_draft_was_placed_when_the_draft_became_an_order(order):
    assert snapshot_of(order).placed_at == order.created_at

    placed_at = order.created_at + datetime.timedelta(days=40)
    event = OrderEvent.objects.create(order=order, type=OrderEvents.PLACED_FROM_DRAFT)
    OrderEvent.objects.filter(pk=event.pk).update(date=placed_at)

    assert snapshot_of(order).placed_at == placed_at
