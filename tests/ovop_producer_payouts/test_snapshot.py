"""What an order's snapshot must be, and that its JSON loses nothing."""

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payouts_world import AT, line, order

from ovop_producer_payouts.errors import InvalidSnapshot
from ovop_producer_payouts.snapshot import LineSnapshot, OrderSnapshot, OrderState, snapshot_as_json, snapshot_from_json
from ovop_shared.money import MINOR_DIGITS, UnsupportedCurrency

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(
    datetime.datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime.datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([datetime.UTC, datetime.timezone(datetime.timedelta(hours=6))]),
)


@st.composite
def snapshots(draw: st.DrawFn) -> OrderSnapshot:
    gross = draw(st.lists(st.integers(0, 10**12), max_size=4))
    return order(
        *[
            LineSnapshot(
                line_id=f"l{number}",
                product_pk=draw(st.none() | st.integers(1, 2**62)),
                product_name=draw(TEXTS),
                sku=draw(TEXTS),
                quantity=draw(st.integers(0, 10_000)),
                gross_minor=gross_minor,
                net_minor=draw(st.integers(0, gross_minor)),
                refunded_minor=draw(st.integers(0, 10**12)),
            )
            for number, gross_minor in enumerate(gross)
        ],
        currency=draw(st.sampled_from(sorted(MINOR_DIGITS))),
        state=draw(st.sampled_from(OrderState)),
        held_minor=draw(st.integers(-(10**12), 10**12)),
        placed_at=draw(MOMENTS),
        changed_at=draw(MOMENTS),
        fulfilled_at=draw(st.none() | MOMENTS),
    )


def document(**changes: Any) -> dict[str, Any]:
    return {**snapshot_as_json(order(line(), shipping_gross_minor=500)), **changes}


@given(snapshots())
def test_a_snapshot_comes_back_from_json_as_it_was(snapshot: OrderSnapshot) -> None:
    assert snapshot_from_json(json.loads(json.dumps(snapshot_as_json(snapshot)))) == snapshot


@pytest.mark.parametrize("name", sorted(snapshot_as_json(order(line()))))
def test_a_snapshot_that_lacks_a_field_is_refused_with_its_name(name: str) -> None:
    lacking = document()
    del lacking[name]

    with pytest.raises(InvalidSnapshot) as refusal:
        snapshot_from_json(lacking)

    assert refusal.value.code == "invalid_snapshot"
    assert name in (refusal.value.field or refusal.value.message)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_id": ""}, "order_id"),
        ({"held_minor": 10.5}, "held_minor"),
        ({"held_minor": "100"}, "held_minor"),
        ({"held_minor": True}, "held_minor"),
        ({"gift_card_minor": -1}, "gift_card_minor"),
        ({"shipping_net_minor": 501}, "net_minor"),
        ({"shipping_net_minor": -1}, "net_minor"),
        ({"shipping_refunded_minor": -1}, "refunded_minor"),
        ({"country": "kg"}, "country"),
        ({"country": "KGZ"}, "country"),
        ({"country": "KG\n"}, "country"),
        ({"country": ""}, "country"),
        ({"placed_at": "2025-06-01T12:00:00"}, "placed_at"),
        ({"changed_at": "2025-06-01T12:00:00"}, "changed_at"),
        ({"fulfilled_at": "2025-06-01T12:00:00"}, "fulfilled_at"),
        ({"placed_at": None}, "placed_at"),
    ],
)
def test_a_contradictory_snapshot_is_refused_with_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSnapshot) as refusal:
        snapshot_from_json(document(**changes))

    assert (refusal.value.code, refusal.value.field) == ("invalid_snapshot", field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"line_id": ""}, "line_id"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 1.0}, "quantity"),
        ({"gross_minor": 5}, "net_minor"),
        ({"gross_minor": "10000"}, "gross_minor"),
        ({"net_minor": -1}, "net_minor"),
        ({"refunded_minor": -1}, "refunded_minor"),
    ],
)
def test_a_contradictory_line_is_refused_with_the_field(changes: dict[str, Any], field: str) -> None:
    wrong = document()
    wrong["lines"] = [{**wrong["lines"][0], **changes}]

    with pytest.raises(InvalidSnapshot) as refusal:
        snapshot_from_json(wrong)

    assert (refusal.value.code, refusal.value.field) == ("invalid_snapshot", field)


def test_two_lines_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidSnapshot) as refusal:
        order(line("l1"), line("l1"))

    assert refusal.value.field == "line_id"


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1},
        {"state": "paid"},
        {"placed_at": "yesterday"},
        {"lines": None},
        {"lines": [1]},
        {"lines": [{"line_id": "l1"}]},
    ],
)
def test_what_is_not_of_the_documented_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidSnapshot):
        snapshot_from_json(document(**changes))


def test_a_delivery_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidSnapshot):
        order(line(), fulfilled_at=AT.replace(tzinfo=None))


def test_a_currency_of_unknown_minor_units_is_refused() -> None:
    with pytest.raises(UnsupportedCurrency) as refusal:
        snapshot_from_json(document(currency="XAU"))

    assert (refusal.value.code, refusal.value.field) == ("unsupported_currency", "currency")
