"""What two plugins ask of Saleor's orders."""

import datetime
from collections.abc import Collection
from typing import Any

from django.db.models import Max
from saleor.order import OrderEvents
from saleor.order.models import OrderEvent


def placed_from_draft(orders: Collection[Any]) -> dict[Any, datetime.datetime]:
    """Order pk -> when a draft became an order, of these orders (or pks).

    Saleor leaves the order's own date at the draft's (3.22, 3.23).
    """
    events = OrderEvent.objects.filter(order__in=orders, type=OrderEvents.PLACED_FROM_DRAFT)
    return dict(events.values_list("order_id").annotate(Max("date")))
