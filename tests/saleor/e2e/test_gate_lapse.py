"""A certificate that falls while people buy, over HTTP with a worker at work: no order past it without a flag, no money
without an order, and no order twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.saleor.e2e import scenarios
from tests.saleor.e2e.driver import Client, wait_until
from tests.saleor.e2e.gate_shop import CODE, SCHEME, Cart, GateShop, add_goods, key_of, load_registry
from tests.saleor.e2e.scenarios import CHECKOUT_ERRORS, People
from tests.saleor.e2e.shop_builder import Sample

COMPLETE = f"mutation($id: ID!) {{ checkoutComplete(id: $id) {{ order {{ id }} {CHECKOUT_ERRORS} }} }}"
SHOPPERS = 50


@pytest.fixture(scope="module")
def lapse(gate: GateShop, people: People, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> GateShop:
    """The shop of the gate with three more goods, each with a certificate to lose."""
    kind = gate.staff.query('{ productTypes(first: 1, filter: {slugs: ["gate-goods"]}) { edges { node { id } } } }')
    kind_id = kind["productTypes"]["edges"][0]["node"]["id"]
    for name in ("one", "many", "twice"):
        gate.goods[name] = add_goods(people, sample, kind_id, f"lapse-{name}", f"Lapsing {name}", f"Чаша {name}")
    numbers = {f"lapse-{name}": f"LAPSE-{name}" for name in ("one", "many", "twice")}
    load_registry(gate.shop, tmp_path_factory.mktemp("lapse"), numbers)
    return gate


def pay(gate: GateShop, cart: Cart) -> None:
    scenarios.pay(gate.people.payment_app, cart.id, cart.total, "KGS")


def withdraw(gate: GateShop, number: str, *, takes_seconds: float = 0, begun: Path | None = None) -> str:
    """Withdraws the certificate, in a transaction that takes a while to commit; the moment of the withdrawal. The file
    `begun` is there as soon as it is written and not committed."""
    said: str = gate.ask(
        f"""
import time
from django.db import transaction
from django.utils import timezone
from ovop_certification.models import Certificate
from ovop_certification.services import certificate_withdraw
with transaction.atomic():
    certificate = Certificate.objects.get(scheme__code={SCHEME!r}, number={number!r})
    at = timezone.now()
    certificate_withdraw(certificate.pk, actor="Desk", reason="because", at=at)
    if {str(begun or "")!r}:
        open({str(begun or "")!r}, "w").close()
    time.sleep({takes_seconds})
say(at.isoformat())
"""
    )
    return said


def orders_of(gate: GateShop, carts: list[Cart]) -> list[dict[str, Any]]:
    """What became of these carts: the order, when its line was sold, whether it is flagged, its state and its money."""
    rows: list[dict[str, Any]] = gate.ask(
        f"""
from ovop_certification.models import OrderFlag, OrderHold
from saleor.order.models import OrderLine
flags = set(OrderFlag.objects.values_list("line_id", flat=True))
holds = dict(OrderHold.objects.values_list("order_id", "cause"))
lines = OrderLine.objects.filter(order__checkout_token__in={[key_of(cart.id) for cart in carts]!r})
say([
    {{
        "cart": line.order.checkout_token,
        "order": str(line.order_id),
        "sold_at": line.created_at.isoformat(),
        "is_flagged": str(line.pk) in flags,
        "status": line.order.status,
        "cause": holds.get(str(line.order_id)),
        "charge": line.order.charge_status,
        "transactions": line.order.payment_transactions.count(),
    }}
    for line in lines.select_related("order")
])
"""
    )
    return rows


def test_what_was_paid_for_in_time_becomes_one_held_order_by_itself(lapse: GateShop) -> None:
    lapse.closes_listings(True)
    cart = lapse.cart("one")
    pay(lapse, cart)
    withdraw(lapse, "LAPSE-one")

    def is_closed() -> bool:
        product = lapse.people.shopper.query(
            """query($id: ID!) { product(id: $id, channel: "issyk-kul-kgs") { isAvailableForPurchase } }""",
            id=lapse.goods["one"].product,
        )["product"]
        return product is None or not product["isAvailableForPurchase"]

    wait_until("the listing is closed", is_closed, seconds=60)
    found = wait_until("the order is made and held", lambda: _held(lapse, cart), seconds=120)

    assert (found["charge"], found["cause"], found["status"]) in {
        ("full", "lapsed", "unconfirmed"),
        ("overcharged", "lapsed", "unconfirmed"),
    }
    assert found["is_flagged"]
    assert is_closed()
    payload, refusals = lapse.people.shopper.try_mutate(COMPLETE, id=cart.id)
    assert refusals == ()
    assert key_of(payload["order"]["id"]) == found["order"]
    after = lapse.state(cart)
    assert after["voucher"]["used"] == 1
    assert after["gift card"]["currentBalance"]["amount"] == 0


def _held(gate: GateShop, cart: Cart) -> dict[str, Any] | None:
    rows = orders_of(gate, [cart])
    return rows[0] if rows and rows[0]["cause"] else None


def test_what_was_paid_for_afterwards_is_refused_by_saleor_and_listed(lapse: GateShop) -> None:
    lapse.closes_listings(False)
    lapse.shop.run(SWEEP_LISTINGS)
    cart = lapse.cart("bad")
    lapse.closes_listings(True)
    lapse.shop.run(SWEEP_LISTINGS)
    pay(lapse, cart)
    before = lapse.state(cart)

    payload, refusals = lapse.people.shopper.try_mutate(COMPLETE, id=cart.id)

    assert payload["order"] is None
    assert [(refusal.code, refusal.variants) for refusal in refusals] == [(CODE, (lapse.goods["bad"].variant,))]
    lapse.shop.run(SWEEP_PAID)
    assert lapse.state(cart) == before
    (row,) = lapse.ask(
        "from ovop_certification.models import StrandedPayment as S\n"
        f"say(list(S.objects.filter(checkout={key_of(cart.id)!r}).values('outcome', 'amount_minor', 'currency')))"
    )
    assert row == {"outcome": "waiting", "amount_minor": int(cart.total * 100), "currency": "KGS"}


SWEEP_LISTINGS = """
from ovop_certification.adapter.listing_sweep import sweep_all
from django.utils import timezone
sweep_all(timezone.now())
"""
SWEEP_PAID = """
from ovop_certification.adapter.tasks import sweep_paid_checkouts
sweep_paid_checkouts()
"""


def at_once(steps: list[Callable[[], Any]]) -> list[Any]:
    """All of them begin in the same moment; what each gave."""
    gate = threading.Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        gate.wait()
        return step()

    with ThreadPoolExecutor(len(steps)) as pool:
        return [each.result() for each in [pool.submit(run, step) for step in steps]]


def shopper_completes(gate: GateShop, cart: Cart) -> Callable[[], tuple[str | None, list[str]]]:
    client = Client(gate.shop.graphql_url)

    def step() -> tuple[str | None, list[str]]:
        payload, refusals = client.try_mutate(COMPLETE, id=cart.id)
        order = payload["order"]["id"] if payload["order"] else None
        return order, [refusal.code for refusal in refusals]

    return step


def test_two_sweeps_and_the_shopper_at_the_same_time_make_one_order(lapse: GateShop) -> None:
    lapse.closes_listings(True)
    carts = [lapse.cart("twice", extras=False) for _ in range(6)]
    for cart in carts:
        pay(lapse, cart)
    withdraw(lapse, "LAPSE-twice")
    lapse.shop.run(SWEEP_LISTINGS)
    sweep = [lambda: lapse.shop.run(SWEEP_PAID)] * 2

    def keep_completing(cart: Cart) -> Callable[[], Any]:
        step = shopper_completes(lapse, cart)

        def until_ordered() -> Any:
            return wait_until("the shopper has an order", lambda: step()[0], seconds=120)

        return until_ordered

    answers = at_once([*sweep, *(keep_completing(cart) for cart in carts)])[2:]

    rows = orders_of(lapse, carts)
    assert len(rows) == len(carts)
    assert {row["cart"]: row["order"] for row in rows} == {
        key_of(cart.id): key_of(order) for cart, order in zip(carts, answers, strict=True)
    }
    assert {row["transactions"] for row in rows} == {1}


def test_a_withdrawal_against_fifty_shoppers_leaves_no_order_after_it_unflagged(
    lapse: GateShop, tmp_path: Path
) -> None:
    lapse.closes_listings(False)
    carts = [lapse.cart("many", extras=False) for _ in range(SHOPPERS)]
    for cart in carts:
        pay(lapse, cart)
    begun = tmp_path / "begun"

    def shop(own: list[Cart]) -> Callable[[], list[Any]]:
        steps = [shopper_completes(lapse, cart) for cart in own]

        def buy() -> list[Any]:
            first = steps[0]()
            wait_until("the certificate is being withdrawn", begun.exists, seconds=120)
            return [first, *(step() for step in steps[1:])]

        return buy

    # Ten shoppers with five carts each: one before, the others while it falls and after.
    withdrawn_at, *_ = at_once(
        [
            lambda: withdraw(lapse, "LAPSE-many", takes_seconds=5, begun=begun),
            *(shop(carts[first::10]) for first in range(10)),
        ]
    )

    def all_flagged() -> list[dict[str, Any]] | None:
        rows = orders_of(lapse, carts)
        late = [row for row in rows if row["sold_at"] >= withdrawn_at]
        return rows if all(row["is_flagged"] and row["cause"] for row in late) else None

    rows = wait_until("every order after the withdrawal is flagged and held", all_flagged, seconds=180)

    assert len({row["order"] for row in rows}) == len({row["cart"] for row in rows}) == SHOPPERS
    early = [row for row in rows if row["sold_at"] < withdrawn_at]
    late = [row for row in rows if row["sold_at"] >= withdrawn_at]
    assert late, "nobody bought after the withdrawal: the race did not happen"
    assert not any(row["is_flagged"] for row in early)
    assert {(row["status"], row["cause"]) for row in late} == {("unconfirmed", "lapsed")}
