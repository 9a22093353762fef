"""Saleor's orders as OrderSnapshots. What the fields mean was seen on 3.22 and 3.23; see each function."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from saleor.giftcard import GiftCardEvents
from saleor.giftcard.models import GiftCardEvent
from saleor.order import FulfillmentStatus, OrderGrantedRefundStatus, OrderStatus
from saleor.order.models import Fulfillment, FulfillmentLine, Order, OrderGrantedRefund, OrderLine
from saleor.product.models import ProductTranslation
from saleor.warehouse.models import Allocation

from ovop_producer_payouts.snapshot import LineSnapshot, OrderSnapshot, OrderState
from ovop_shared.adapter.orders import placed_from_draft
from ovop_shared.money import allocate, minor_digits, to_minor

_STATES = {
    OrderStatus.DRAFT: OrderState.UNCONFIRMED,
    OrderStatus.UNCONFIRMED: OrderState.UNCONFIRMED,
    OrderStatus.CANCELED: OrderState.CANCELLED,
    OrderStatus.EXPIRED: OrderState.CANCELLED,
}
_REFUNDED = (FulfillmentStatus.REFUNDED, FulfillmentStatus.REFUNDED_AND_RETURNED)
_NOT_DONE = (FulfillmentStatus.CANCELED, FulfillmentStatus.WAITING_FOR_APPROVAL)

Refunds = dict[str, int]


def order_snapshots(order_ids: Collection[str]) -> dict[str, OrderSnapshot]:
    """Order id (UUID as text) -> what Saleor says now; orders it no longer has are left out. As many queries for
    one order as for many."""
    orders = list(
        Order.objects.filter(pk__in=order_ids)
        .select_related("channel", "shipping_address", "billing_address", "collection_point__address")
        .prefetch_related("payments", "payment_transactions")
        .order_by("pk")
    )
    names: dict[int, dict[str, str]] = defaultdict(dict)
    lines: dict[Any, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=orders).select_related("variant").order_by("created_at", "pk"):
        lines[line.order_id].append(line)
        if line.variant:
            names[line.variant.product_id] = {}
    translations = ProductTranslation.objects.filter(product__in=names).exclude(name=None)
    for product_pk, language, name in translations.values_list("product_id", "language_code", "name"):
        names[product_pk][language] = name
    fulfillments: dict[Any, list[Fulfillment]] = defaultdict(list)
    for fulfillment in Fulfillment.objects.filter(order__in=orders).prefetch_related("lines").order_by("pk"):
        fulfillments[fulfillment.order_id].append(fulfillment)
    grants: dict[Any, list[OrderGrantedRefund]] = defaultdict(list)
    for grant in OrderGrantedRefund.objects.filter(
        order__in=orders, status=OrderGrantedRefundStatus.SUCCESS
    ).prefetch_related("lines"):
        grants[grant.order_id].append(grant)
    gift_cards = _gift_cards(orders)
    outlets = _outlets(orders)
    placed = placed_from_draft(orders)
    return {
        str(order.pk): _snapshot(
            order,
            lines[order.pk],
            fulfillments[order.pk],
            grants[order.pk],
            gift_cards.get(order.pk, Decimal(0)),
            outlets.get(order.pk, ""),
            names,
            placed.get(order.pk, order.created_at),
        )
        for order in orders
    }


def _snapshot(
    order: Order,
    lines: list[OrderLine],
    fulfillments: list[Fulfillment],
    grants: list[OrderGrantedRefund],
    gift_card: Decimal,
    outlet: str,
    names: Mapping[int, Mapping[str, str]],
    placed_at: datetime.datetime,
) -> OrderSnapshot:
    refunds = _refunds(order, lines, fulfillments, grants)
    return OrderSnapshot(
        order_id=str(order.pk),
        number=str(order.number),
        channel=order.channel.slug,
        currency=order.currency,
        state=_STATES.get(order.status, OrderState.OPEN),
        country=_country(order),
        outlet=outlet,
        placed_at=placed_at,
        changed_at=order.updated_at,
        fulfilled_at=_fulfilled_at(lines, fulfillments),
        held_minor=_held_minor(order),
        gift_card_minor=_minor(gift_card, order.currency),
        shipping_gross_minor=_minor(order.shipping_price_gross_amount, order.currency),
        shipping_net_minor=_minor(order.shipping_price_net_amount, order.currency),
        shipping_refunded_minor=refunds.get("", 0),
        lines=tuple(
            LineSnapshot(
                line_id=str(line.pk),
                product_pk=line.variant.product_id if line.variant else None,
                product_name=line.product_name,
                sku=line.product_sku or "",
                quantity=line.quantity,
                gross_minor=_minor(line.total_price_gross_amount, order.currency),
                net_minor=_minor(line.total_price_net_amount, order.currency),
                refunded_minor=refunds.get(str(line.pk), 0),
                product_names=names[line.variant.product_id] if line.variant else {},
            )
            for line in lines
        ),
    )


def _minor(amount: Decimal | None, currency: str) -> int:
    """Saleor stores three decimals; its own prices are quantized to the currency when shown."""
    return to_minor(
        (amount or Decimal(0)).quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP), currency
    )


def _held_minor(order: Order) -> int:
    """Charged minus given back, over legacy payments and transactions.

    `captured_amount` and `charged_value` are already net of refunds and chargebacks; `charged_value` also of refunds
    that are only requested, and those have not been given back yet.
    """
    captured = sum((payment.captured_amount for payment in order.payments.all()), Decimal(0))
    charged = sum(
        (item.charged_value + item.refund_pending_value for item in order.payment_transactions.all()), Decimal(0)
    )
    return _minor(captured + charged, order.currency)


def _gift_cards(orders: Iterable[Order]) -> dict[Any, Decimal]:
    """What old-style gift cards paid: it is in no payment, only in the cards' history."""
    paid: dict[Any, Decimal] = defaultdict(Decimal)
    events = GiftCardEvent.objects.filter(type=GiftCardEvents.USED_IN_ORDER, order__in=orders)
    for order_pk, parameters in events.values_list("order_id", "parameters"):
        balance = parameters.get("balance", {})
        before, after = balance.get("old_current_balance"), balance.get("current_balance")
        if before is not None and after is not None:
            paid[order_pk] += Decimal(str(before)) - Decimal(str(after))
    return paid


def _refunds(
    order: Order, lines: list[OrderLine], fulfillments: list[Fulfillment], grants: list[OrderGrantedRefund]
) -> Refunds:
    """Line id -> minor units given back for that line; "" for the shipping.

    A grant or a refunding fulfillment may carry an amount other than the sum of its lines: the amount is the truth,
    and its lines share it by their price.
    """
    refunds: Refunds = defaultdict(int)
    units = {line.pk: _minor(line.unit_price_gross_amount, order.currency) for line in lines}
    shipping_minor = _minor(order.shipping_price_gross_amount, order.currency)
    for grant in grants:
        weights = {str(each.order_line_id): 0 for each in grant.lines.all()}
        for each in grant.lines.all():
            weights[str(each.order_line_id)] += units.get(each.order_line_id, 0) * each.quantity
        if grant.shipping_costs_included:
            weights[""] = shipping_minor
        _share(refunds, _minor(grant.amount_value, order.currency), weights)
    for fulfillment in fulfillments:
        if fulfillment.status not in _REFUNDED or fulfillment.total_refund_amount is None:
            continue
        shipping_refund_minor = _minor(fulfillment.shipping_refund_amount, order.currency)
        weights = defaultdict(int)
        for each in fulfillment.lines.all():
            weights[str(each.order_line_id)] += units.get(each.order_line_id, 0) * each.quantity
        total_minor = _minor(fulfillment.total_refund_amount, order.currency)
        _share(refunds, total_minor - shipping_refund_minor, weights)
        if shipping_refund_minor:
            refunds[""] += shipping_refund_minor
    return dict(refunds)


def _share(refunds: Refunds, amount_minor: int, weights: Mapping[str, int]) -> None:
    """A refund that names nothing stays unattributed: it falls on the whole order through what is held."""
    if amount_minor > 0 and any(weights.values()):
        for key, part_minor in allocate(amount_minor, weights).items():
            refunds[key] += part_minor


def _fulfilled_at(lines: list[OrderLine], fulfillments: list[Fulfillment]) -> datetime.datetime | None:
    """When the last line was handed over, or None while one is missing.

    Counted from fulfillments that happened: `quantity_fulfilled` also rises for goods still waiting for approval.
    Goods that were refunded or came back are missing from nobody, but their fulfillment is made then, and the empty
    one of a refund of money alone too: neither is the day on which the others were handed over.
    """
    done = [fulfillment for fulfillment in fulfillments if fulfillment.status not in _NOT_DONE]
    handed: dict[Any, int] = defaultdict(int)
    for fulfillment in done:
        for each in fulfillment.lines.all():
            handed[each.order_line_id] += each.quantity
    if not lines or not done or any(handed[line.pk] < line.quantity for line in lines):
        return None
    delivered = [fulfillment for fulfillment in done if fulfillment.status == FulfillmentStatus.FULFILLED]
    return max(fulfillment.created_at for fulfillment in delivered or done)


def _country(order: Order) -> str:
    """Where the goods go: the address, else the outlet they are fetched from, else the buyer's, else the channel's."""
    point = order.collection_point
    for address in (order.shipping_address, point.address if point else None, order.billing_address):
        if address is not None and address.country:
            return str(address.country.code)
    return str(order.channel.default_country.code)


def _outlet(point: str, warehouses: set[str]) -> str:
    if point:
        return point
    return next(iter(warehouses)) if len(warehouses) == 1 else ""


def _outlets(orders: Iterable[Order]) -> dict[Any, str]:
    """The outlet that sells: where the order is fetched, else the one warehouse all its goods come from, else none.

    Saleor keeps an allocation that was used up or given back, with nothing in it: it counts only where nothing else
    tells of a warehouse. What a cancelled fulfillment took out was not handed over.
    """
    orders = list(orders)
    warehouses: dict[Any, set[str]] = defaultdict(set)
    emptied: dict[Any, set[str]] = defaultdict(set)
    allocations = Allocation.objects.filter(order_line__order__in=orders).exclude(stock=None)
    for order_pk, slug, quantity in allocations.values_list(
        "order_line__order_id", "stock__warehouse__slug", "quantity_allocated"
    ):
        (warehouses if quantity else emptied)[order_pk].add(slug)
    handed_over = FulfillmentLine.objects.filter(order_line__order__in=orders).exclude(stock=None)
    for order_pk, slug in (
        handed_over.exclude(fulfillment__status=FulfillmentStatus.CANCELED)
        .values_list("order_line__order_id", "stock__warehouse__slug")
        .distinct()
    ):
        warehouses[order_pk].add(slug)
    return {
        order.pk: _outlet(
            order.collection_point.slug if order.collection_point else "", warehouses[order.pk] or emptied[order.pk]
        )
        for order in orders
    }
