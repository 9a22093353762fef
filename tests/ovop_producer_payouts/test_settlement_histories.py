"""Random histories of orders in two currencies; after every step the ledger stands where the auditor says.

The terms a line must have been frozen under are kept by the history itself, not read from the tables.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import auditor
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payouts_world import AT, DAY, FELT, HONEY, JAM, PACKAGING, STANDARD_STEPS, STRANGE, examples, line, order, posted

from ovop_origin.services import product_origin_set
from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.models import Entry, Posting, SettledOrder
from ovop_producer_payouts.selectors import balances
from ovop_producer_payouts.services.settlement import orders_settle
from ovop_producer_payouts.snapshot import OrderSnapshot, OrderState
from ovop_producer_payouts.split import LineTerms, MakerShare
from ovop_producer_payouts.split_rules import steps_from_document

pytestmark = pytest.mark.usefixtures("world")

IN_SOM = {"currency": "KGS", "channel": "issyk-kul-kgs", "country": "KG", "outlet": "karakol"}
IN_YEN = {"currency": "JPY", "channel": "japan-jpy", "country": "JP", "outlet": ""}
RULES = {
    "issyk-kul-kgs": ("standard", steps_from_document({"steps": STANDARD_STEPS})),
    "japan-jpy": (
        "japan",
        steps_from_document({"steps": [STANDARD_STEPS[0], PACKAGING, *STANDARD_STEPS[1:]]}),
    ),
}
ACTIONS = (
    "charge",
    "charge",
    "charge the rest",
    "refund a lump sum",
    "refund a line",
    "refund the shipping",
    "refund everything",
    "charge back below zero",
    "win the chargeback",
    "change a line",
    "add a line",
    "delete a line",
    "pay by gift card",
    "cancel",
    "reopen",
    "take back the confirmation",
    "fulfil",
    "forget the product",
    "change the makers",
    "make the strange product known",
    "forget the order",
)


@dataclass
class History:
    """The shop's orders, what the registry says today, and what each line was sold under."""

    orders: dict[str, OrderSnapshot]
    makers: dict[int, tuple[str, dict[str, int]]] = field(
        default_factory=lambda: {
            FELT: ("KG-Y-barskoon", {"aigerim": 3334, "ak-kiyiz": 3333, "chiy": 3333}),
            JAM: ("KG-Y-barskoon", {"ak-kiyiz": 10_000}),
            HONEY: ("UZ-QR-chimbay", {"boyan": 10_000}),
        }
    )
    sold_under: dict[tuple[str, str], LineTerms] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    settled: dict[str, OrderSnapshot] = field(default_factory=dict)

    def freeze(self) -> None:
        for order_id, snapshot in self.orders.items():
            if snapshot.state is not OrderState.OPEN or order_id in self.forgotten:
                continue
            for each in snapshot.lines:
                known = self.sold_under.get((order_id, each.line_id))
                if known is not None and known.makers:
                    continue
                village, shares = self.makers.get(each.product_pk or 0, ("", {}))
                if known is not None and not shares:
                    continue
                code, steps = RULES[snapshot.channel]
                self.sold_under[order_id, each.line_id] = LineTerms(
                    rule_code=code,
                    rule_version=1,
                    steps=steps,
                    makers=tuple(MakerShare(maker, share) for maker, share in sorted(shares.items())),
                    village_code=village,
                    outlet=snapshot.outlet,
                )

    def figures(self, order_id: str) -> auditor.Figures:
        snapshot = self.settled[order_id]
        if snapshot.state is not OrderState.OPEN:
            return auditor.figures(snapshot, {})
        under = {each.line_id: self.sold_under[order_id, each.line_id] for each in snapshot.lines}
        return auditor.figures(snapshot, under)

    def settle(self, step: int) -> list[Any]:
        self.freeze()
        shop = {order_id: each for order_id, each in self.orders.items() if order_id not in self.forgotten}
        self.settled |= shop
        return orders_settle(list(self.orders), lambda order_ids: shop, at=AT + step * DAY)

    def act(self, action: str, order_id: str, chance: random.Random) -> None:
        snapshot = self.orders[order_id]
        total = sum(each.gross_minor for each in snapshot.lines) + snapshot.shipping_gross_minor
        held = snapshot.held_minor
        position = chance.randrange(len(snapshot.lines)) if snapshot.lines else None
        chosen = snapshot.lines[position] if position is not None else None
        changes: dict[str, Any] = {}
        if action == "charge":
            changes["held_minor"] = held + chance.randint(1, total + 10)
        elif action == "charge the rest":
            changes["held_minor"] = max(held, total - snapshot.gift_card_minor)
        elif action == "refund a lump sum":
            changes["held_minor"] = held - chance.randint(0, max(held, 0))
        elif action == "refund a line" and chosen:
            back = chance.choice([chosen.gross_minor, chance.randint(0, chosen.gross_minor)])
            changed = replace(chosen, refunded_minor=chosen.refunded_minor + back)
            changes = {"lines": _with(snapshot, position, changed), "held_minor": held - chance.choice([back, back, 0])}
        elif action == "refund the shipping":
            back = snapshot.shipping_gross_minor
            changes = {"shipping_refunded_minor": back, "held_minor": held - back}
        elif action == "refund everything":
            changes["held_minor"] = 0
        elif action == "charge back below zero":
            changes["held_minor"] = -chance.randint(1, total + 1)
        elif action == "win the chargeback":
            changes["held_minor"] = max(held, 0) + total
        elif action == "change a line" and chosen:
            gross = chance.choice([0, 1, 99, 10_000, chance.randint(0, 10**6)])
            changed = replace(chosen, gross_minor=gross, net_minor=gross * 100 // 112, quantity=chance.randint(0, 4))
            changes["lines"] = _with(snapshot, position, changed)
        elif action == "add a line":
            changes["lines"] = (*snapshot.lines, _new_line(chance))
        elif action == "delete a line" and position is not None:
            changes["lines"] = snapshot.lines[:position] + snapshot.lines[position + 1 :]
        elif action == "pay by gift card":
            changes["gift_card_minor"] = chance.randint(0, total + 1)
        elif action == "cancel":
            changes["state"] = OrderState.CANCELLED
        elif action == "reopen":
            changes["state"] = OrderState.OPEN
        elif action == "take back the confirmation":
            changes["state"] = OrderState.UNCONFIRMED
        elif action == "fulfil":
            changes["fulfilled_at"] = chance.choice([AT, None])
        elif action == "forget the product" and chosen:
            changes["lines"] = _with(snapshot, position, replace(chosen, product_pk=None))
        elif action == "change the makers":
            self._make_known(chance.choice([FELT, JAM, HONEY]), chance)
        elif action == "make the strange product known":
            self._make_known(STRANGE, chance)
        elif action == "forget the order":
            self.forgotten ^= {order_id}
        self.orders[order_id] = replace(snapshot, **changes)

    def _make_known(self, product_pk: int, chance: random.Random) -> None:
        village, codes = chance.choice(
            [("KG-Y-barskoon", ["chiy", "ak-kiyiz"]), ("KG-Y-barskoon", ["aigerim"]), ("UZ-QR-chimbay", ["boyan"])]
        )
        first = chance.randint(1, 9_999) if len(codes) > 1 else 10_000
        shares = dict(zip(codes, [first, 10_000 - first], strict=False))
        product_origin_set(product_pk, village, shares, at=AT)
        self.makers[product_pk] = (village, shares)


def _with(snapshot: OrderSnapshot, position: int | None, changed: Any) -> tuple[Any, ...]:
    assert position is not None
    return (*snapshot.lines[:position], changed, *snapshot.lines[position + 1 :])


def _new_line(chance: random.Random) -> Any:
    gross = chance.choice([0, 1, 3, 10_000, 9_999, chance.randint(0, 10**6)])
    net = chance.choice([gross, gross * 100 // 112])
    return line(
        f"l{chance.getrandbits(40)}",
        gross,
        net,
        product_pk=chance.choice([FELT, FELT, JAM, HONEY, STRANGE, None]),
        quantity=chance.randint(1, 4),
    )


def new_history(chance: random.Random, count: int) -> History:
    orders = {}
    for number in range(count):
        shipping = chance.choice([0, 4_387])
        orders[f"o{number}"] = order(
            *[_new_line(chance) for _ in range(chance.randint(1, 3))],
            order_id=f"o{number}",
            held_minor=0,
            shipping_gross_minor=shipping,
            shipping_net_minor=shipping * 100 // 112,
            **chance.choice([IN_SOM, IN_YEN]),
        )
    return History(orders)


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def postgresql_agrees() -> None:
    """Fires what waits for the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def entries_and_postings() -> list[Any]:
    return [
        *Entry.objects.order_by("pk").values_list(),
        *Posting.objects.order_by("pk").values_list(),
    ]


def run_history(actions: list[str], seed: int, count: int) -> None:
    chance = random.Random(seed)
    history = new_history(chance, count)
    before: list[Any] = []
    for step, action in enumerate(["charge the rest", *actions]):
        history.act(action, chance.choice(sorted(history.orders)), chance)

        settlements = history.settle(step)

        postgresql_agrees()
        for order_id in history.settled:
            assert posted(order_id) == history.figures(order_id), (action, order_id)
        held: Counter[str] = Counter()
        for snapshot in history.settled.values():
            held[snapshot.currency] += snapshot.held_minor
        in_the_bank = {each.currency: each.amount_minor for each in balances(prefix="psp:")}
        assert in_the_bank == {currency: amount for currency, amount in held.items() if amount}
        # nothing that stood there was touched
        after = entries_and_postings()
        assert [row for row in before if row not in after] == []
        assert len(after) - len(before) == sum(1 + len(each.posted) for each in settlements if each.posted)
        # and once more changes nothing
        assert [each.posted for each in history.settle(step)] == [{}] * len(settlements)
        assert len(entries_and_postings()) == len(after)
        before = after
    assert ledger_findings() == []
    counts = SettledOrder.objects.values_list("order_id", "settlements")
    assert dict(counts) == {order_id: Entry.objects.filter(order_id=order_id).count() for order_id in history.orders}


@settings(examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=10),
    seed=st.integers(0, 2**32),
    count=st.integers(1, 3),
)
def test_after_every_step_of_any_history_the_ledger_stands_where_the_auditor_says(
    actions: list[str], seed: int, count: int
) -> None:
    with rolled_back():
        run_history(actions, seed, count)


@pytest.mark.parametrize("seed", range(3))
def test_long_histories_stand_where_the_auditor_says(seed: int) -> None:
    chance = random.Random(seed)
    run_history([chance.choice(ACTIONS) for _ in range(40)], seed, 3)


@settings(examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 8))
def test_it_does_not_matter_how_many_of_the_steps_settlement_saw(seed: int, steps: int) -> None:
    """Events get lost: settled after every step or only at the end, the balances are the same.

    The makers are left as they are: a line's terms are those of the day it was first settled.
    """
    events = [action for action in ACTIONS if "makers" not in action and "strange" not in action]

    def end_of(is_seen: bool) -> dict[str, dict[tuple[str, str, str], int]]:
        chance = random.Random(seed)
        history = new_history(chance, 2)
        history.settle(0)
        for step in range(steps):
            history.act(chance.choice(events), chance.choice(sorted(history.orders)), chance)
            if is_seen:
                history.settle(step)
        history.forgotten.clear()
        history.settle(steps)
        return {order_id: posted(order_id) for order_id in history.orders}

    with rolled_back():
        after_every_step = end_of(True)
    with rolled_back():
        only_at_the_end = end_of(False)
    assert after_every_step == only_at_the_end
