"""What two plugins ask of Saleor's orders."""

import datetime
import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import Max
from saleor.order import OrderEvents
from saleor.order.models import Order, OrderEvent

from ovop_shared.order_numbers import set_order_numbers


def placed_from_draft(orders: Collection[Any]) -> dict[Any, datetime.datetime]:
    """Order pk -> when a draft became an order, of these orders (or pks).

    Saleor leaves the order's own date at the draft's (3.22, 3.23).
    """
    events = OrderEvent.objects.filter(order__in=orders, type=OrderEvents.PLACED_FROM_DRAFT)
    return dict(events.values_list("order_id").annotate(Max("date")))


def numbers_of_orders(order_ids: Collection[str]) -> dict[str, str]:
    """What the dashboard calls an order."""
    pks = [order_id for order_id in order_ids if _is_uuid(order_id)]
    return {str(pk): str(number) for pk, number in Order.objects.filter(pk__in=pks).values_list("pk", "number")}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


set_order_numbers(numbers_of_orders)
