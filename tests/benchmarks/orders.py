"""Orders as a shop would have them: 1 to 5 lines, tax inside the price, shipping or an outlet, some paid in part."""

import datetime
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from ovop_producer_payouts.snapshot import LineSnapshot, OrderSnapshot, OrderState
from ovop_shared.records import ProductRecord
from tests.benchmarks.world import AT, CHANNELS, Channel, products

TAX_PERCENT = 12
REFUNDED_PART = 0.35


def sold_orders(batch: str, count: int) -> dict[str, OrderSnapshot]:
    """So many orders by their ids; `batch` keeps their ids apart from other batches'."""
    random = Random(batch)
    orders = (sold_order(f"{batch}-{number:06}", random) for number in range(count))
    return {order.order_id: order for order in orders}


def sold_order(order_id: str, random: Random, *, lines: int | None = None, outlet: str | None = None) -> OrderSnapshot:
    """One order; `lines` and `outlet` are drawn unless given."""
    channel = random.choice(CHANNELS)
    count = lines or random.choices((1, 2, 3, 4, 5), (35, 28, 18, 11, 8))[0]
    chosen = random.choices(products(channel), k=count)
    sold = tuple(_line(f"{order_id}/{place}", product, channel, random) for place, product in enumerate(chosen))
    is_collected = random.random() < 0.4
    shipping_minor = 0 if is_collected else channel.unit_minor * 150
    total_minor = shipping_minor + sum(line.gross_minor for line in sold)
    paid_percent = random.choices((100, 50, 0), (93, 5, 2))[0]
    placed_at = AT - datetime.timedelta(seconds=random.randrange(60, 120 * 86_400))
    return OrderSnapshot(
        order_id=order_id,
        number=order_id.rpartition("-")[2],
        channel=channel.slug,
        currency=channel.currency,
        state=OrderState.OPEN,
        country=channel.country,
        outlet=channel.outlet if outlet is None else outlet,
        placed_at=placed_at,
        changed_at=placed_at + datetime.timedelta(minutes=5),
        fulfilled_at=placed_at + datetime.timedelta(days=3) if random.random() < 0.7 else None,
        held_minor=total_minor * paid_percent // 100,
        gift_card_minor=0,
        shipping_gross_minor=shipping_minor,
        shipping_net_minor=_net(shipping_minor),
        shipping_refunded_minor=0,
        lines=sold,
    )


def refunded_orders(orders: Mapping[str, OrderSnapshot], batch: str) -> dict[str, OrderSnapshot]:
    """A part of these orders, later: a line given back, an amount given back without a line, or all of it cancelled."""
    random = Random(f"refunds of {batch}")
    paid = [order for order in orders.values() if order.held_minor]
    return {order.order_id: refunded_order(order, random) for order in paid if random.random() < REFUNDED_PART}


def refunded_order(order: OrderSnapshot, random: Random) -> OrderSnapshot:
    later = replace(order, changed_at=order.changed_at + datetime.timedelta(days=4))
    kind = random.choices(("line", "lump", "cancelled"), (60, 25, 15))[0]
    if kind == "cancelled":
        return replace(later, state=OrderState.CANCELLED, held_minor=0)
    if kind == "lump":
        return replace(later, held_minor=order.held_minor - order.held_minor // random.randint(5, 12))
    place = random.randrange(len(order.lines))
    back_minor = min(order.lines[place].gross_minor, order.held_minor)
    line = replace(order.lines[place], refunded_minor=back_minor)
    return replace(
        later,
        held_minor=order.held_minor - back_minor,
        lines=(*order.lines[:place], line, *order.lines[place + 1 :]),
    )


def _line(line_id: str, product: ProductRecord, channel: Channel, random: Random) -> LineSnapshot:
    quantity = random.choices((1, 2, 3, 6), (70, 18, 8, 4))[0]
    # A discount shared out over lines leaves odd units.
    gross_minor = channel.unit_minor * random.randrange(120, 4_000) * quantity - random.randrange(channel.unit_minor)
    return LineSnapshot(
        line_id=line_id,
        product_pk=product.pk,
        product_name=product.name,
        sku=f"SKU-{product.pk}",
        quantity=quantity,
        gross_minor=gross_minor,
        net_minor=_net(gross_minor),
    )


def _net(gross_minor: int) -> int:
    return gross_minor * 100 // (100 + TAX_PERCENT)
