"""What was sold past the gate: drafts, bulk imports, lines added by staff, a certificate that fell in between.

An order is looked at as it is now, and each of its lines judged as of the moment it was sold. Finding the same line
again changes nothing. What is found anew is flagged and, where the market says so, its order held in the same
transaction: a flag without the hold that belongs to it is never seen.
"""

import datetime
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from saleor.order import OrderOrigin, OrderStatus
from saleor.order.models import Order, OrderEvent, OrderLine

from ovop_certification import selectors
from ovop_certification.adapter.holds import PLACED, hold, locked_order, review_holds
from ovop_certification.adapter.payments import first_paid_at
from ovop_certification.locks import lock_sweep_mark
from ovop_certification.models import HoldCause, Market, OnBypassed, OnLapsed, OrderFlag, OrderHold, SweepMark
from ovop_certification.rules import is_allowed
from ovop_certification.services import SoldLine, order_lines_flag
from ovop_certification.texts import refusal_message
from ovop_shared.adapter.orders import placed_from_draft
from ovop_shared.catalogue import host_catalogue
from ovop_shared.languages import page_language
from ovop_shared.records import product_name
from ovop_shared.shop_time import shop_zone

logger = logging.getLogger(__name__)

SWEEP = "orders"
BATCH_ORDERS = 200
# A transaction may commit a while after the moment it wrote as the order's last change.
OVERLAP = datetime.timedelta(minutes=15)
# The first sweep of a fresh installation does not judge years of old orders.
FIRST_LOOK_BACK = datetime.timedelta(days=1)
WITH_THE_ORDER = datetime.timedelta(seconds=30)
NOT_SOLD = (OrderStatus.DRAFT, OrderStatus.CANCELED, OrderStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class Found:
    """A sold line that was not allowed. `was_allowed_when_paid`: its order came from a checkout that was paid for
    before that. `refusal` says it in the shop's language."""

    line: SoldLine
    was_allowed_when_paid: bool
    refusal: str


def audit_orders(order_pks: Collection[str], at: datetime.datetime) -> int:
    """Flag the lines of these orders that were not allowed when they were sold, hold their orders where the market
    says so, and look after the holds there are; how many lines were flagged anew.

    The number of queries depends on the number of different channels and destinations, and of orders found, only.
    """
    found = _found(order_pks)
    known = OrderFlag.objects.filter(line_id__in=[each.line.line_id for each in found]) if found else ()
    flagged_before = {(flag.order_id, flag.line_id) for flag in known}
    by_order: dict[str, list[Found]] = {}
    for each in found:
        if (each.line.order_id, each.line.line_id) not in flagged_before:
            by_order.setdefault(each.line.order_id, []).append(each)
    markets = Market.objects.in_bulk([each.line.market for each in found], field_name="code") if by_order else {}
    flagged = sum(_flag(order_id, by_order[order_id], markets, at) for order_id in sorted(by_order))
    if flagged:
        logger.warning("%d sold lines were not allowed in their market", flagged)
    review_holds(order_pks, at)
    return flagged


def audit_since(product_pks: Collection[int] | None, since: datetime.datetime, at: datetime.datetime) -> int:
    """Audit what was sold since that moment, of these products or of all: something else is known of it now."""
    concerned = Q(updated_at__gte=since) | Q(created_at__gte=since)
    if product_pks is not None:
        lines = OrderLine.objects.filter(variant__product__in=list(product_pks)).values("order")
        concerned &= Q(pk__in=lines)
    return sum(audit_orders(batch, at) for batch in _batches(concerned))


def sweep_orders(at: datetime.datetime) -> int:
    """Audit every order that changed since the last sweep began, and every held one; how many lines were flagged anew.

    Two sweeps at once do not wait for each other: the second does nothing.
    """
    SweepMark.objects.get_or_create(name=SWEEP, defaults={"reached_at": at - FIRST_LOOK_BACK})
    with transaction.atomic():
        mark = lock_sweep_mark(SWEEP)
        if mark is None:
            return 0
        flagged = sum(audit_orders(batch, at) for batch in _batches(Q(updated_at__gte=mark.reached_at - OVERLAP)))
        mark.reached_at = max(mark.reached_at, at)
        mark.save(update_fields=["reached_at"])
    # Saleor expires orders without touching the moment of their last change.
    review_holds(OrderHold.objects.filter(released_at=None).values_list("order_id", flat=True), at)
    return flagged


def _batches(concerned: Q) -> Iterator[Sequence[str]]:
    after = Q()
    while True:
        orders = Order.objects.filter(concerned, after).order_by("updated_at", "pk")
        rows = list(orders.values_list("updated_at", "pk")[:BATCH_ORDERS])
        if not rows:
            return
        yield [str(pk) for _, pk in rows]
        updated_at, pk = rows[-1]
        after = Q(updated_at__gt=updated_at) | Q(updated_at=updated_at, pk__gt=pk)


def _found(order_pks: Collection[str]) -> list[Found]:
    orders = Order.objects.filter(pk__in=order_pks).exclude(status__in=NOT_SOLD)
    by_pk = {
        order.pk: order for order in orders.select_related("channel", "shipping_address", "collection_point__address")
    }
    lines = OrderLine.objects.filter(order__in=by_pk, variant__isnull=False).select_related("variant").order_by("pk")
    by_market: dict[tuple[str, str | None], list[OrderLine]] = {}
    for line in lines:
        order = by_pk[line.order_id]
        by_market.setdefault((order.channel.slug, _destination_country(order)), []).append(line)
    products = host_catalogue().by_pk({line.variant.product_id for group in by_market.values() for line in group})
    placed = placed_from_draft(by_pk)
    zone = shop_zone()
    language = page_language(settings.LANGUAGE_CODE)
    paid: dict[object, datetime.datetime] | None = None
    found = []
    for (channel, country), group in by_market.items():
        rulebook = selectors.rulebook(channel, country, {line.variant.product_id for line in group})
        for line in group:
            product = products.get(line.variant.product_id)
            if product is None:
                continue
            order = by_pk[line.order_id]
            sold_at = _sold_at(line, order, placed)
            reasons = rulebook.reasons(product, at=sold_at, zone=zone)
            if is_allowed(reasons):
                continue
            if paid is None:
                paid = _paid_before_placed(by_pk.values())
            paid_at = paid.get(order.pk)
            was_allowed = (
                paid_at is not None
                and order.origin == OrderOrigin.CHECKOUT
                and _came_with_the_order(line, order)
                and is_allowed(rulebook.reasons(product, at=paid_at, zone=zone))
            )
            found.append(
                Found(
                    SoldLine(str(order.pk), str(line.pk), product.pk, rulebook.market or "", reasons, sold_at),
                    was_allowed,
                    refusal_message(product_name(product, language), reasons, rulebook, language),
                )
            )
    return found


def _flag(order_id: str, found: Sequence[Found], markets: Mapping[str, Market], at: datetime.datetime) -> int:
    """Flag these lines of one order and hold it, or neither; how many were flagged anew."""
    with transaction.atomic():
        order = locked_order(order_id)
        if order is None or order.status in NOT_SOLD:
            return 0
        flagged = order_lines_flag([each.line for each in found], at=at)
        holding = [each for each in found if _is_held_for(each, markets)]
        if flagged and holding:
            lapsed = all(each.was_allowed_when_paid for each in holding)
            hold(
                order,
                market=holding[0].line.market,
                cause=HoldCause.LAPSED if lapsed else HoldCause.BYPASSED,
                refusals=[each.refusal for each in found],
                at=at,
            )
    return flagged


def _is_held_for(found: Found, markets: Mapping[str, Market]) -> bool:
    market = markets.get(found.line.market)
    if market is None:
        return False
    if found.was_allowed_when_paid:
        return market.on_lapsed == OnLapsed.HOLD
    return market.on_bypassed == OnBypassed.HOLD


def _paid_before_placed(orders: Collection[Order]) -> dict[object, datetime.datetime]:
    """Order pk -> when the first money came, of those that were paid for before they were placed."""
    pks = [order.pk for order in orders]
    placed = dict(
        OrderEvent.objects.filter(order__in=pks, type__in=PLACED).values_list("order_id").annotate(Max("date"))
    )
    made = {order.pk: placed.get(order.pk, order.created_at) for order in orders}
    return {pk: moment for pk, moment in first_paid_at("order", pks).items() if moment < made[pk]}


def _came_with_the_order(line: OrderLine, order: Order) -> bool:
    """Saleor writes the lines of a checkout together with the order; staff may add more to an unconfirmed one."""
    return bool(abs(line.created_at - order.created_at) < WITH_THE_ORDER)


def _destination_country(order: Order) -> str | None:
    address = order.collection_point.address if order.collection_point else order.shipping_address
    return (address.country.code or None) if address else None


def _sold_at(line: OrderLine, order: Order, placed: dict[object, datetime.datetime]) -> datetime.datetime:
    """An imported order was sold on the day it names; Saleor dates its lines on the day of the import."""
    if order.origin == OrderOrigin.BULK_CREATE:
        return order.created_at
    return max(line.created_at, placed.get(order.pk, line.created_at))
