"""What was sold past the gate: drafts, bulk imports, lines added by staff, a certificate that fell in between.

An order is looked at as it is now, and each of its lines judged as of the moment it was sold. Finding the same line
again changes nothing.
"""

import datetime
import logging
from collections.abc import Collection, Iterator, Sequence

from django.db import transaction
from django.db.models import Q
from saleor.order import OrderOrigin, OrderStatus
from saleor.order.models import Order, OrderLine

from ovop_certification import selectors
from ovop_certification.locks import lock_sweep_mark
from ovop_certification.models import SweepMark
from ovop_certification.rules import is_allowed
from ovop_certification.services import SoldLine, order_lines_flag
from ovop_shared.adapter.orders import placed_from_draft
from ovop_shared.catalogue import host_catalogue
from ovop_shared.shop_time import shop_zone

logger = logging.getLogger(__name__)

SWEEP = "orders"
BATCH_ORDERS = 200
# A transaction may commit a while after the moment it wrote as the order's last change.
OVERLAP = datetime.timedelta(minutes=15)
# The first sweep of a fresh installation does not judge years of old orders.
FIRST_LOOK_BACK = datetime.timedelta(days=1)
NOT_SOLD = (OrderStatus.DRAFT, OrderStatus.CANCELED, OrderStatus.EXPIRED)


def audit_orders(order_pks: Collection[str], at: datetime.datetime) -> int:
    """Flag the lines of these orders that were not allowed when they were sold; how many were flagged anew.

    The number of queries depends on the number of different channels and destinations only.
    """
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
    found = []
    for (channel, country), group in by_market.items():
        rulebook = selectors.rulebook(channel, country, {line.variant.product_id for line in group})
        for line in group:
            product = products.get(line.variant.product_id)
            if product is None:
                continue
            sold_at = _sold_at(line, by_pk[line.order_id], placed)
            reasons = rulebook.reasons(product, at=sold_at, zone=zone)
            if not is_allowed(reasons):
                market = rulebook.market or ""
                found.append(SoldLine(str(line.order_id), str(line.pk), product.pk, market, reasons, sold_at))
    flagged = order_lines_flag(found, at=at) if found else 0
    if flagged:
        logger.warning("%d sold lines were not allowed in their market", flagged)
    return flagged


def sweep_orders(at: datetime.datetime) -> int:
    """Audit every order that changed since the last sweep began; how many lines were flagged anew.

    Two sweeps at once do not wait for each other: the second does nothing.
    """
    SweepMark.objects.get_or_create(name=SWEEP, defaults={"reached_at": at - FIRST_LOOK_BACK})
    with transaction.atomic():
        mark = lock_sweep_mark(SWEEP)
        if mark is None:
            return 0
        flagged = sum(audit_orders(batch, at) for batch in _changed_since(mark.reached_at - OVERLAP))
        mark.reached_at = max(mark.reached_at, at)
        mark.save(update_fields=["reached_at"])
    return flagged


def _changed_since(moment: datetime.datetime) -> Iterator[Sequence[str]]:
    after = Q(updated_at__gte=moment)
    while True:
        rows = list(
            Order.objects.filter(after).order_by("updated_at", "pk").values_list("updated_at", "pk")[:BATCH_ORDERS]
        )
        if not rows:
            return
        yield [str(pk) for _, pk in rows]
        updated_at, pk = rows[-1]
        after = Q(updated_at__gt=updated_at) | Q(updated_at=updated_at, pk__gt=pk)


def _destination_country(order: Order) -> str | None:
    address = order.collection_point.address if order.collection_point else order.shipping_address
    return (address.country.code or None) if address else None


def _sold_at(line: OrderLine, order: Order, placed: dict[object, datetime.datetime]) -> datetime.datetime:
    """An imported order was sold on the day it names; Saleor dates its lines on the day of the import."""
    if order.origin == OrderOrigin.BULK_CREATE:
        return order.created_at
    return max(line.created_at, placed.get(order.pk, line.created_at))
