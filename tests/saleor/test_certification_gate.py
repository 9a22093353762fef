"""Inside Saleor: an uncertified product is refused where a shopper could buy it, certified it is sold, and what other
routes sell is flagged. Every refusal leaves stock, voucher, checkout and payment as they were."""

import datetime
import json
from decimal import Decimal
from types import SimpleNamespace

import graphene
import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.checkout.fetch import fetch_checkout_info, fetch_checkout_lines
from saleor.checkout.tasks import automatic_checkout_completion_task
from saleor.graphql.tests.utils import get_graphql_content
from saleor.order import OrderStatus
from saleor.order.models import Order
from saleor.plugins.manager import get_plugins_manager
from saleor.product.models import Category, ProductTranslation

from ovop_certification.adapter import audit, gate, tasks
from ovop_certification.adapter.plugin import CertificationPlugin
from ovop_certification.models import CertificateEvent, EventKind, GateRefusal, OrderFlag, SweepMark
from ovop_certification.services import certificate_event_add
from tests.saleor.gate_world import (
    CODE,
    CREATE,
    VALID,
    complete,
    ids,
    load,
    pay,
    required,
    shop_state,
    total_of,
    use_voucher,
)

# The veto


def test_checkout_complete_refuses_an_uncertified_product_and_sells_it_once_certified(api_client, paid, product):
    load(product, required(product))
    before = shop_state(paid)

    refused = complete(api_client, paid)

    variants, lines = ids(paid)
    assert refused == {
        "order": None,
        "errors": [
            {
                "field": "lines",
                "code": CODE,
                "message": f"{product.name} cannot be sold in Home market: "
                "the required certificate “EAC declaration” is missing.",
                "variants": variants,
                "lines": lines,
            }
        ],
    }
    assert shop_state(paid) == before
    assert list(GateRefusal.objects.values_list("checkout", "channel", "market", "product_pk", "code")) == [
        (str(paid.pk), "main", "home", product.pk, "missing")
    ]

    load(product, required(product), [VALID])
    sold = complete(api_client, paid)

    assert sold["errors"] == []
    assert Order.objects.count() == before["orders"] + 1
    assert not OrderFlag.objects.exists()


def test_order_create_from_checkout_is_refused_and_then_sells(
    app_api_client, permission_handle_checkouts, paid, product
):
    app_api_client.app.permissions.add(permission_handle_checkouts)
    load(product, required(product), [("EAC-0", "2024-12-31", ["issued"])])
    before = shop_state(paid)

    refused = complete(app_api_client, paid, CREATE)

    variants, lines = ids(paid)
    assert refused["order"] is None
    assert refused["errors"] == [
        {
            "field": "lines",
            "code": CODE,
            "message": f"{product.name} cannot be sold in Home market: "
            "its certificate “EAC declaration” EAC-0 has expired.",
            "variants": variants,
            "lines": lines,
        }
    ]
    assert shop_state(paid) == before

    load(product, required(product), [VALID])
    assert complete(app_api_client, paid, CREATE)["errors"] == []
    assert Order.objects.count() == before["orders"] + 1


def test_in_the_old_payment_flow_a_refusal_gives_back_the_use_of_the_voucher(
    api_client, checkout_of_food, product, voucher_percentage, payment_dummy
):
    load(product, required(product))
    code = use_voucher(checkout_of_food, voucher_percentage)
    payment = payment_dummy
    payment.order, payment.checkout, payment.total = None, checkout_of_food, total_of(checkout_of_food)
    payment.save()
    before = shop_state(checkout_of_food, code, payment)

    refused = complete(api_client, checkout_of_food)

    assert [error["code"] for error in refused["errors"]] == [CODE]
    assert shop_state(checkout_of_food, code, payment) == before
    assert not code.customers.exists()

    load(product, required(product), [VALID])
    assert complete(api_client, checkout_of_food)["errors"] == []
    code.refresh_from_db()
    assert code.used == 1


def test_with_transactions_a_refusal_counts_no_use_of_the_voucher(
    api_client, checkout_of_food, product, voucher_percentage, transaction_item_generator
):
    load(product, required(product))
    code = use_voucher(checkout_of_food, voucher_percentage)
    pay(checkout_of_food, transaction_item_generator)
    before = shop_state(checkout_of_food, code)

    assert [error["code"] for error in complete(api_client, checkout_of_food)["errors"]] == [CODE]

    assert shop_state(checkout_of_food, code) == before


def test_saleors_automatic_completion_is_refused_too_and_sells_later(paid, product, caplog):
    load(product, required(product))
    before = shop_state(paid)

    automatic_checkout_completion_task(paid.pk)

    assert shop_state(paid) == before
    automatic_checkout_completion_task(paid.pk)
    assert GateRefusal.objects.count() == 1

    load(product, required(product), [VALID])
    automatic_checkout_completion_task(paid.pk)
    assert Order.objects.count() == before["orders"] + 1


def test_the_message_is_in_the_language_of_the_checkout(api_client, paid, product):
    load(product, required(product))
    ProductTranslation.objects.create(product=product, language_code="ru", name="Мёд 100%")
    paid.language_code = "ru"
    paid.save()

    message = complete(api_client, paid)["errors"][0]["message"]

    assert "Мёд 100%" in message
    assert "Рынок" in message
    assert "ЕАЭС" in message


def test_a_warning_sells(api_client, paid, product):
    load(product, required(product), effect="warn")

    assert complete(api_client, paid)["errors"] == []
    assert not GateRefusal.objects.exists()


def test_each_refused_product_has_an_error_of_its_own_and_others_none(
    api_client, checkout_of_food, product, product_list, transaction_item_generator
):
    lines = [checkout_of_food.lines.get()]
    for other in product_list[:2]:
        lines.append(
            checkout_of_food.lines.create(
                variant=other.variants.first(), quantity=1, currency="USD", undiscounted_unit_price_amount=Decimal(10)
            )
        )
    load(product, required(product), [VALID])
    load(product_list[0], required(product), [("EAC-2", None, ["issued", "suspended"])])
    pay(checkout_of_food, transaction_item_generator)

    errors = complete(api_client, checkout_of_food)["errors"]

    told = sorted((error["message"].split(" cannot")[0], error["lines"]) for error in errors)
    line_ids = [graphene.Node.to_global_id("CheckoutLine", line.pk) for line in lines]
    assert told == sorted([(product_list[0].name, [line_ids[1]]), (product_list[1].name, [line_ids[2]])])


def test_a_requirement_for_a_category_holds_for_everything_below_it(api_client, paid, product):
    parent = Category.objects.create(name="Food", slug="ovop-food")
    product.category.parent = parent
    product.category.save()
    Category.tree.rebuild()
    load(product, {"category": "ovop-food"})

    assert [error["code"] for error in complete(api_client, paid)["errors"]] == [CODE]


def test_the_destination_decides_and_the_billing_address_does_not(api_client, paid, product, address, address_usa):
    load(product, required(product), countries=["US"])
    paid.billing_address = address_usa
    paid.save()
    assert [error["code"] for error in complete(api_client, paid)["errors"]] == [CODE]

    paid.shipping_address = address_usa
    paid.save()
    assert complete(api_client, paid)["errors"] == []


def info_of(checkout):
    lines, _ = fetch_checkout_lines(checkout)
    return fetch_checkout_info(checkout, lines, get_plugins_manager(allow_replica=False)), lines


def test_goods_that_are_collected_go_to_the_country_of_the_collection_point(paid, warehouse_for_cc, address_usa):
    paid.collection_point = warehouse_for_cc
    paid.billing_address = address_usa
    paid.save()

    assert gate.destination_country(info_of(paid)[0]) == warehouse_for_cc.address.country.code
    paid.collection_point = None
    assert gate.destination_country(info_of(paid)[0]) is None


@pytest.mark.parametrize("target", ["type", "category", "no market"])
def test_a_sale_costs_one_query_more(paid, product, target):
    if target != "no market":
        load(product, required(product) if target == "type" else {"category": product.category.slug}, [VALID])
    info, lines = info_of(paid)

    with CaptureQueriesContext(connection) as captured:
        gate.refuse_uncertified(info, lines, timezone.now())

    assert len(captured) == 1


def test_what_cannot_be_checked_is_not_sold_and_the_payment_stays(api_client, paid, product, monkeypatch, caplog):
    load(product, required(product), [VALID])
    before = shop_state(paid)

    def broken(*args, **kwargs):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(gate, "rulebook_and_products", broken)
        refused = complete(api_client, paid)

    assert [error["code"] for error in refused["errors"]] == [CODE]
    assert "could not be checked" in refused["errors"][0]["message"]
    assert product.name in refused["errors"][0]["message"]
    assert "a bug" in caplog.text
    assert shop_state(paid) == before
    assert complete(api_client, paid)["errors"] == []


def test_a_database_error_within_saleors_transaction_is_left_to_saleor(paid, product, monkeypatch):
    info, lines = info_of(paid)

    def broken(*args, **kwargs):
        raise DatabaseError("gone")

    monkeypatch.setattr(gate, "rulebook_and_products", broken)

    with pytest.raises(DatabaseError):
        gate.refuse_uncertified(info, lines, timezone.now())
    # Without a transaction of Saleor's the shopper is told, as for any other failure.
    monkeypatch.setattr(gate, "connection", SimpleNamespace(in_atomic_block=False))
    with pytest.raises(ValidationError) as refusal:
        gate.refuse_uncertified(info, lines, timezone.now())
    assert "could not be checked" in refusal.value.messages[0]


def test_a_refusal_that_cannot_be_recorded_is_still_a_refusal(api_client, paid, product, monkeypatch, caplog):
    load(product, required(product))

    def broken(*args, **kwargs):
        raise DatabaseError("full")

    monkeypatch.setattr(gate, "refusals_record", broken)

    assert [error["code"] for error in complete(api_client, paid)["errors"]] == [CODE]
    assert not GateRefusal.objects.exists()
    assert "could not be recorded" in caplog.text


def test_an_inactive_plugin_refuses_nothing(api_client, paid, product, monkeypatch):
    load(product, required(product))
    monkeypatch.setattr(CertificationPlugin, "DEFAULT_ACTIVE", False)

    assert complete(api_client, paid)["errors"] == []


# The audit

DRAFT_COMPLETE = """mutation ($id: ID!) { draftOrderComplete(id: $id) { order { id } errors { code message } } }"""
BULK_CREATE = """mutation ($orders: [OrderBulkCreateInput!]!) { orderBulkCreate(orders: $orders, stockUpdatePolicy: SKIP) {
  count results { order { id } errors { message code path } } errors { message code } } }"""


@pytest.fixture
def draft_of_food(draft_order):
    """The fixture's two lines; the first product is what the registry is loaded for."""
    return draft_order, draft_order.lines.order_by("pk").first().variant.product


def test_a_completed_draft_is_flagged_line_by_line_and_only_once(
    staff_api_client, permission_group_manage_orders, draft_of_food
):
    permission_group_manage_orders.user_set.add(staff_api_client.user)
    order, product = draft_of_food
    load(product, required(product), [VALID])
    uncertified = order.lines.exclude(variant__product=product).get()

    answer = get_graphql_content(
        staff_api_client.post_graphql(DRAFT_COMPLETE, {"id": graphene.Node.to_global_id("Order", order.pk)})
    )

    assert answer["data"]["draftOrderComplete"]["errors"] == []
    flags = list(OrderFlag.objects.values("order_id", "line_id", "product_pk", "market", "reasons"))
    assert flags == [
        {
            "order_id": str(order.pk),
            "line_id": str(uncertified.pk),
            "product_pk": uncertified.variant.product_id,
            "market": "home",
            "reasons": [{"code": "missing", "scheme": "eac", "certificate": None}],
        }
    ]
    assert audit.audit_orders([str(order.pk)], timezone.now()) == 0
    assert OrderFlag.objects.count() == 1


def test_a_draft_is_judged_when_it_is_placed_not_when_it_was_begun(draft_of_food):
    order, product = draft_of_food
    load(product, required(product), [VALID])
    order.lines.exclude(variant__product=product).delete()
    begun_at = timezone.now() - datetime.timedelta(days=10)
    order.lines.update(created_at=begun_at)
    certificate = CertificateEvent.objects.get().certificate
    certificate_event_add(
        certificate.pk,
        EventKind.WITHDRAWN,
        actor="Desk",
        reason="because",
        at=timezone.now() - datetime.timedelta(days=5),
    )
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.UNFULFILLED)

    assert audit.audit_orders([str(order.pk)], timezone.now()) == 0
    order.events.create(type="placed_from_draft", date=timezone.now())
    assert audit.audit_orders([str(order.pk)], timezone.now()) == 1
    assert OrderFlag.objects.get().reasons == [{"code": "withdrawn", "scheme": "eac", "certificate": "EAC-1"}]


def bulk_order(variant, warehouse, tax_class, created_at):
    price = {"gross": 10, "net": 10}
    address = {
        "firstName": "A",
        "lastName": "B",
        "streetAddress1": "Street 1",
        "city": "Karakol",
        "postalCode": "722200",
        "country": "KG",
    }
    return {
        "channel": "main",
        "status": "UNFULFILLED",
        "createdAt": created_at.isoformat(),
        "user": {"email": "buyer@example.com"},
        "billingAddress": address,
        "shippingAddress": address,
        "currency": "USD",
        "languageCode": "EN",
        "deliveryMethod": {"warehouseId": warehouse, "warehouseName": "Outlet"},
        "lines": [
            {
                "variantId": variant,
                "createdAt": created_at.isoformat(),
                "isShippingRequired": False,
                "isGiftCard": False,
                "quantity": 1,
                "totalPrice": price,
                "undiscountedTotalPrice": price,
                "warehouse": warehouse,
                "taxClassId": tax_class,
            }
        ],
    }


def test_an_imported_order_is_flagged_by_the_day_it_names(
    app_api_client, permission_manage_orders_import, permission_manage_orders, product, warehouse, default_tax_class
):
    app_api_client.app.permissions.add(permission_manage_orders_import, permission_manage_orders)
    load(product, required(product), [("EAC-1", "2024-12-31", ["issued"])])
    variant = graphene.Node.to_global_id("ProductVariant", product.variants.first().pk)
    outlet = graphene.Node.to_global_id("Warehouse", warehouse.pk)
    tax_class = graphene.Node.to_global_id("TaxClass", default_tax_class.pk)
    while_valid = datetime.datetime(2024, 6, 1, tzinfo=datetime.UTC)
    later = datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC)

    answer = get_graphql_content(
        app_api_client.post_graphql(
            BULK_CREATE, {"orders": [bulk_order(variant, outlet, tax_class, at) for at in (while_valid, later)]}
        )
    )["data"]["orderBulkCreate"]

    assert answer["count"] == 2, json.dumps(answer)
    flag = OrderFlag.objects.get()
    assert Order.objects.get(pk=flag.order_id).created_at == later
    assert flag.sold_at == later
    assert [reason["code"] for reason in flag.reasons] == ["expired"]


def test_the_sweep_finds_what_a_crash_lost_and_goes_on_where_it_stopped(draft_of_food, monkeypatch):
    order, product = draft_of_food
    load(product, required(product))
    now = timezone.now()
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.UNFULFILLED, updated_at=now)
    monkeypatch.setattr(audit, "BATCH_ORDERS", 1)

    assert tasks.sweep_orders() == 2
    assert tasks.sweep_orders() == 0
    assert OrderFlag.objects.count() == 2
    reached_at = SweepMark.objects.get().reached_at
    assert reached_at >= now

    # A night off: the mark stands where it stood, and the change of that night is found.
    line = order.lines.order_by("pk").first()
    line.pk, line.token = None, None
    line.save(force_insert=True)
    Order.objects.filter(pk=order.pk).update(updated_at=reached_at + datetime.timedelta(hours=3))
    assert audit.sweep_orders(reached_at + datetime.timedelta(hours=12)) == 1


def test_the_sweep_leaves_out_no_order_of_many_that_changed_at_the_same_moment(
    draft_of_food, order_generator, monkeypatch
):
    order, product = draft_of_food
    load(product, required(product))
    line = order.lines.order_by("pk").first()
    for _ in range(3):
        line.pk, line.token, line.order = None, None, order_generator()
        line.save(force_insert=True)
    Order.objects.update(status=OrderStatus.UNFULFILLED, updated_at=timezone.now(), shipping_address=None)
    monkeypatch.setattr(audit, "BATCH_ORDERS", 2)

    tasks.sweep_orders()

    assert set(OrderFlag.objects.values_list("order_id", flat=True)) == {str(each.pk) for each in Order.objects.all()}


def test_the_first_sweep_leaves_old_orders_alone(draft_of_food):
    order, product = draft_of_food
    load(product, required(product))
    Order.objects.filter(pk=order.pk).update(
        status=OrderStatus.UNFULFILLED, updated_at=timezone.now() - datetime.timedelta(days=3)
    )

    assert tasks.sweep_orders() == 0


@pytest.mark.parametrize("status", [OrderStatus.DRAFT, OrderStatus.CANCELED, OrderStatus.EXPIRED])
def test_what_was_not_sold_is_not_flagged(draft_of_food, status):
    order, product = draft_of_food
    load(product, required(product))
    Order.objects.filter(pk=order.pk).update(status=status)

    assert audit.audit_orders([str(order.pk)], timezone.now()) == 0


def test_the_audit_takes_the_same_queries_for_one_order_and_for_many(order_with_lines, order_generator):
    line = order_with_lines.lines.order_by("pk").first()
    load(line.variant.product, required(line.variant.product), [VALID])
    order_with_lines.lines.exclude(pk=line.pk).delete()
    orders = [order_with_lines]
    for _ in range(5):
        other = order_generator()
        Order.objects.filter(pk=other.pk).update(
            shipping_address=order_with_lines.shipping_address, collection_point=None
        )
        line.pk, line.token, line.order = None, None, other
        line.save(force_insert=True)
        orders.append(other)
    Order.objects.update(status=OrderStatus.UNFULFILLED)
    counts = []
    for chosen in (orders[:1], orders):
        with CaptureQueriesContext(connection) as captured:
            audit.audit_orders([str(order.pk) for order in chosen], timezone.now())
        counts.append(len(captured))

    assert counts[1] <= counts[0] <= 12


def test_a_hook_that_cannot_enqueue_does_not_reach_the_shop(api_client, paid, product, monkeypatch, caplog):
    load(product, required(product), [VALID])

    def broken(*args, **kwargs):
        raise RuntimeError("no broker")

    monkeypatch.setattr(tasks.audit_order, "apply_async", broken)

    assert complete(api_client, paid)["errors"] == []
    assert "could not be enqueued" in caplog.text
