"""Every route to an order, over HTTP: it sells what is certified; what is not it refuses and leaves everything as it
was, or, where Saleor asks nobody, the order is flagged and held."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.saleor.e2e import driver, scenarios
from tests.saleor.e2e.driver import Data, Refusal
from tests.saleor.e2e.gate_shop import CHANNEL, CODE, NAMES, RUSSIAN, Cart, GateShop, key_of
from tests.saleor.e2e.scenarios import CHECKOUT_ERRORS, ERRORS
from tests.saleor.e2e.shop_builder import issue_app_token


@pytest.fixture(autouse=True)
def _listings_stay_open(gate: GateShop) -> None:
    """The veto is seen only while Saleor has no closed listing to refuse by itself (test_gate_lapse.py does)."""
    gate.closes_listings(False)


@pytest.fixture(scope="module")
def robot(gate: GateShop) -> driver.Client:
    """An app that makes orders."""
    made = gate.staff.mutate(
        f"mutation($input: AppInput!) {{ appCreate(input: $input) {{ app {{ id }} {ERRORS} }} }}",
        input={"name": "Gate robot", "permissions": ["HANDLE_CHECKOUTS", "MANAGE_ORDERS", "MANAGE_ORDERS_IMPORT"]},
    )
    return driver.app(gate.shop.graphql_url, issue_app_token(gate.staff, made["app"]["id"]))


# What refuses by itself


def pay(gate: GateShop, cart: Cart) -> None:
    scenarios.pay(gate.people.payment_app, cart.id, cart.total, "KGS")


def pay_the_old_way(gate: GateShop, cart: Cart) -> None:
    gate.people.shopper.mutate(
        f"""mutation($id: ID!, $input: PaymentInput!) {{ checkoutPaymentCreate(id: $id, input: $input) {{
          {CHECKOUT_ERRORS} }} }}""".replace("variants lines", ""),
        id=cart.id,
        input={"gateway": "mirumee.payments.dummy", "token": "charged", "amount": cart.total},
    )


Answer = tuple[str | None, tuple[Refusal, ...]]


def checkout_complete(gate: GateShop, robot: driver.Client, cart: Cart) -> Answer:
    document = f"mutation($id: ID!) {{ checkoutComplete(id: $id) {{ order {{ id }} {CHECKOUT_ERRORS} }} }}"
    payload, refusals = gate.people.shopper.try_mutate(document, id=cart.id)
    return (payload["order"]["id"] if payload["order"] else None), refusals


def order_create_from_checkout(gate: GateShop, robot: driver.Client, cart: Cart) -> Answer:
    document = f"mutation($id: ID!) {{ orderCreateFromCheckout(id: $id) {{ order {{ id }} {CHECKOUT_ERRORS} }} }}"
    payload, refusals = robot.try_mutate(document, id=cart.id)
    return (payload["order"]["id"] if payload["order"] else None), refusals


def automatic_completion(gate: GateShop, robot: driver.Client, cart: Cart) -> Answer:
    """Saleor's own task, in the worker. It answers nobody: what it was told is in the record of refusals."""
    key = key_of(cart.id)
    said = gate.ask(
        f"""
import time
from saleor.checkout.tasks import automatic_checkout_completion_task as task
from saleor.order.models import Order
from ovop_certification.models import GateRefusal
task.delay({key!r})
for _ in range(300):
    order = Order.objects.filter(checkout_token={key!r}).values_list("pk", flat=True).first()
    refusals = list(GateRefusal.objects.filter(checkout={key!r}).values_list("product_pk", "code"))
    if order or refusals:
        break
    time.sleep(0.1)
say([order and str(order), refusals])
"""
    )
    order = (
        said[0]
        and gate.staff.query(
            "query($ids: [ID!]) { orders(first: 1, filter: {ids: $ids}) { edges { node { id } } } }",
            ids=[driver_id("Order", said[0])],
        )["orders"]["edges"][0]["node"]["id"]
    )
    products = {key_of(goods.product): goods for goods in gate.goods.values()}
    return order, tuple(Refusal("lines", CODE, f"{pk} {code}", (products[str(pk)].variant,)) for pk, code in said[1])


def driver_id(kind: str, key: str) -> str:
    import base64

    return base64.b64encode(f"{kind}:{key}".encode()).decode()


@dataclass(frozen=True)
class VetoRoute:
    name: str
    pay: Callable[[GateShop, Cart], None]
    complete: Callable[[GateShop, driver.Client, Cart], Answer]
    answers: bool = True


VETO_ROUTES = (
    VetoRoute("checkoutComplete, transactions", pay, checkout_complete),
    VetoRoute("checkoutComplete, old payments", pay_the_old_way, checkout_complete),
    VetoRoute("orderCreateFromCheckout", pay, order_create_from_checkout),
    VetoRoute("automatic completion", pay, automatic_completion, answers=False),
)
each_veto_route = pytest.mark.parametrize("route", VETO_ROUTES, ids=lambda route: route.name)


@each_veto_route
def test_it_sells_what_is_certified(gate: GateShop, robot: driver.Client, route: VetoRoute) -> None:
    cart = gate.cart("good")
    before = gate.state(cart)
    route.pay(gate, cart)

    order, refusals = route.complete(gate, robot, cart)

    assert refusals == ()
    assert order is not None
    after = gate.state(cart)
    assert after["checkout"] is None
    assert after["orders"] == before["orders"] + 1
    assert after["voucher"]["used"] == 1
    assert after["gift card"]["currentBalance"]["amount"] == 0
    allocated = [stocks["good"][0]["quantityAllocated"] for stocks in (before["stocks"], after["stocks"])]
    assert allocated[1] == allocated[0] + 1
    assert gate.flags(order) == {order: []}
    assert gate.order(order)["hold"] is None


@each_veto_route
def test_it_refuses_what_is_not_and_leaves_everything_as_it_was(
    gate: GateShop, robot: driver.Client, route: VetoRoute
) -> None:
    cart = gate.cart("bad", "good")
    route.pay(gate, cart)
    before = gate.state(cart)

    order, refusals = route.complete(gate, robot, cart)

    assert order is None
    (refusal,) = refusals
    assert (refusal.field, refusal.code) == ("lines", CODE)
    assert refusal.variants == (gate.goods["bad"].variant,)
    if route.answers:
        assert refusal.lines == (cart.lines[gate.goods["bad"].variant],)
        assert refusal.message == (
            f"{NAMES['bad']} cannot be sold in Kyrgyzstan: the required certificate “Gate paper” is missing."
        )
    assert gate.state(cart) == before


def test_the_refusal_is_in_the_language_of_the_checkout(gate: GateShop, robot: driver.Client) -> None:
    cart = gate.cart("bad", language="RU", extras=False)
    pay(gate, cart)

    _, (refusal,) = checkout_complete(gate, robot, cart)

    for word in (RUSSIAN["bad"], "Кыргызстан", "Свидетельство"):
        assert word in refusal.message
    assert "cannot" not in refusal.message


def test_without_the_refused_line_the_same_cart_is_sold(gate: GateShop, robot: driver.Client) -> None:
    cart = gate.cart("bad", "good")
    pay(gate, cart)
    assert checkout_complete(gate, robot, cart)[0] is None

    gate.people.shopper.mutate(
        f"""mutation($id: ID!, $lines: [ID!]!) {{ checkoutLinesDelete(id: $id, linesIds: $lines) {{
          {CHECKOUT_ERRORS} }} }}""",
        id=cart.id,
        lines=[cart.lines[gate.goods["bad"].variant]],
    )

    order, refusals = checkout_complete(gate, robot, cart)
    assert refusals == ()
    assert order is not None


# What Saleor asks nobody about


def draft(gate: GateShop, *kinds: str) -> str:
    made = gate.staff.mutate(
        f"mutation($input: DraftOrderCreateInput!) {{ draftOrderCreate(input: $input) {{ order {{ id }} {ERRORS} }} }}",
        input={
            "channelId": gate.channel,
            "userEmail": "buyer@example.com",
            "shippingAddress": gate.address(),
            "billingAddress": gate.address(),
            "lines": [{"variantId": gate.goods[kind].variant, "quantity": 1} for kind in kinds],
        },
    )
    return str(made["order"]["id"])


def complete_draft(gate: GateShop, order: str) -> str:
    gate.staff.mutate(f"mutation($id: ID!) {{ draftOrderComplete(id: $id) {{ {ERRORS} }} }}", id=order)
    return order


def add_line(gate: GateShop, order: str, kind: str) -> None:
    gate.staff.mutate(
        f"""mutation($id: ID!, $input: [OrderLineCreateInput!]!) {{ orderLinesCreate(id: $id, input: $input) {{
          {ERRORS} }} }}""",
        id=order,
        input=[{"variantId": gate.goods[kind].variant, "quantity": 1}],
    )


def more_of(gate: GateShop, order: str, kind: str) -> None:
    (line,) = (line for line in gate.order(order)["lines"] if line["variant"]["id"] == gate.goods[kind].variant)
    gate.staff.mutate(
        f"""mutation($id: ID!, $input: OrderLineInput!) {{ orderLineUpdate(id: $id, input: $input) {{ {ERRORS} }} }}""",
        id=line["id"],
        input={"quantity": 4},
    )


def waiting_order(gate: GateShop) -> str:
    """Bought in a channel whose orders wait for staff to confirm them."""
    cart = gate.cart("good", extras=False)
    pay(gate, cart)
    document = f"mutation($id: ID!) {{ checkoutComplete(id: $id) {{ order {{ id }} {CHECKOUT_ERRORS} }} }}"
    return str(gate.people.shopper.mutate(document, id=cart.id)["order"]["id"])


def draft_order_complete(gate: GateShop, robot: driver.Client, kind: str) -> str:
    return complete_draft(gate, draft(gate, kind))


def lines_create_on_a_draft(gate: GateShop, robot: driver.Client, kind: str) -> str:
    order = draft(gate, "good")
    if kind == "bad":
        add_line(gate, order, kind)
    return complete_draft(gate, order)


def line_update_on_a_draft(gate: GateShop, robot: driver.Client, kind: str) -> str:
    order = draft(gate, kind)
    more_of(gate, order, kind)
    return complete_draft(gate, order)


def lines_create_on_a_waiting_order(gate: GateShop, robot: driver.Client, kind: str) -> str:
    with gate.waiting_orders():
        order = waiting_order(gate)
        add_line(gate, order, kind)
    return order


def line_update_on_a_waiting_order(gate: GateShop, robot: driver.Client, kind: str) -> str:
    with gate.waiting_orders():
        order = waiting_order(gate)
        if kind == "bad":
            add_line(gate, order, kind)
        more_of(gate, order, kind)
    return order


def order_bulk_create(gate: GateShop, robot: driver.Client, kind: str) -> str:
    price = {"gross": 100, "net": 100}
    now = "2026-01-05T12:00:00+06:00"
    tax_class = gate.staff.query("{ taxClasses(first: 1) { edges { node { id } } } }")["taxClasses"]["edges"][0]
    document = """mutation($orders: [OrderBulkCreateInput!]!) { orderBulkCreate(orders: $orders) {
      count results { order { id } errors { message code path } } errors { field: message code message } } }"""
    answer: Data = robot.mutate(
        document,
        orders=[
            {
                "channel": CHANNEL,
                "status": "UNFULFILLED",
                "createdAt": now,
                "user": {"email": "buyer@example.com"},
                "billingAddress": gate.address(),
                "shippingAddress": gate.address(),
                "currency": "KGS",
                "languageCode": "EN",
                "deliveryMethod": {"warehouseId": gate.outlet, "warehouseName": "Outlet"},
                "lines": [
                    {
                        "variantId": gate.goods[kind].variant,
                        "createdAt": now,
                        "isShippingRequired": False,
                        "isGiftCard": False,
                        "quantity": 1,
                        "totalPrice": price,
                        "undiscountedTotalPrice": price,
                        "warehouse": gate.outlet,
                        "taxClassId": tax_class["node"]["id"],
                    }
                ],
            }
        ],
    )
    assert answer["count"] == 1, answer
    return str(answer["results"][0]["order"]["id"])


HELD_ROUTES: dict[str, tuple[Callable[[GateShop, driver.Client, str], str], str]] = {
    "draftOrderComplete": (draft_order_complete, "UNFULFILLED"),
    "orderLinesCreate on a draft": (lines_create_on_a_draft, "UNFULFILLED"),
    "orderLineUpdate on a draft": (line_update_on_a_draft, "UNFULFILLED"),
    "orderLinesCreate on an unconfirmed order": (lines_create_on_a_waiting_order, "UNCONFIRMED"),
    "orderLineUpdate on an unconfirmed order": (line_update_on_a_waiting_order, "UNCONFIRMED"),
    "orderBulkCreate": (order_bulk_create, "UNFULFILLED"),
}


@pytest.mark.parametrize("name", HELD_ROUTES)
def test_what_staff_and_apps_make_sells_what_is_certified_and_is_held_otherwise(
    gate: GateShop, robot: driver.Client, name: str
) -> None:
    make, status = HELD_ROUTES[name]

    sold, stopped = make(gate, robot, "good"), make(gate, robot, "bad")

    held = gate.held(stopped)
    (note,) = (event["message"] for event in held["events"] if event["type"] == "NOTE_ADDED")
    assert f"{NAMES['bad']} cannot be sold in Kyrgyzstan: the required certificate “Gate paper” is missing." in note
    assert NAMES["good"] not in note
    bad = int(key_of(gate.goods["bad"].product))
    assert gate.flags(sold, stopped) == {sold: [], stopped: [{"product": bad, "codes": ["missing"]}]}
    order = gate.order(sold)
    assert (order["status"], order["hold"]) == (status, None)


CONFIRM = f"mutation($id: ID!) {{ orderConfirm(id: $id) {{ order {{ status }} {ERRORS} }} }}"


def test_order_confirm_sells_what_is_certified_and_is_staffs_release_of_what_is_held(
    gate: GateShop, robot: driver.Client
) -> None:
    with gate.waiting_orders():
        sold, stopped = waiting_order(gate), waiting_order(gate)
        add_line(gate, stopped, "bad")
        gate.held(stopped)
        for order in (sold, stopped):
            assert gate.staff.mutate(CONFIRM, id=order)["order"]["status"] == "UNFULFILLED"

        def released() -> Data | None:
            order = gate.order(stopped)
            return order if order["hold"] is None else None

        order = driver.wait_until("the hold is over", released)
    assert order["status"] == "UNFULFILLED"
    assert gate.ask(
        "from ovop_certification.models import OrderHold as H\n"
        f"say(list(H.objects.filter(order_id={key_of(stopped)!r}).values_list('released_by', 'release_reason')))"
    ) == [[gate.shop.staff.email, "orderConfirm"]]
    assert gate.flags(sold)[sold] == []
    assert len(gate.flags(stopped)[stopped]) == 1


def test_a_held_order_stays_held_when_it_is_paid(gate: GateShop, robot: driver.Client) -> None:
    order = complete_draft(gate, draft(gate, "bad"))
    gate.held(order)
    total = scenarios.read_order(gate.staff, order).total_gross

    scenarios.pay(gate.people.payment_app, order, total, "KGS")

    def paid_and_held() -> Any:
        now = scenarios.read_order(gate.staff, order)
        return now.charge_status == "FULL" and now.status == "UNCONFIRMED"

    driver.wait_until("it is paid and held", paid_and_held)


def test_a_cancelled_order_is_held_no_longer(gate: GateShop, robot: driver.Client) -> None:
    order = complete_draft(gate, draft(gate, "bad"))
    gate.held(order)

    gate.staff.mutate(f"mutation($id: ID!) {{ orderCancel(id: $id) {{ {ERRORS} }} }}", id=order)

    driver.wait_until("the hold is over", lambda: gate.order(order)["hold"] is None)
    assert gate.order(order)["status"] == "CANCELED"
