"""Saleor's order lines, summed up."""

import datetime
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Coalesce, Round
from saleor.order import FulfillmentStatus, OrderEvents, OrderOrigin, OrderStatus
from saleor.order.models import FulfillmentLine, OrderEvent, OrderLine

from ovop_shared.money import MINOR_DIGITS, to_minor
from ovop_shared.sales import Sold, set_sales_book
from ovop_shared.statements import in_keys

NOT_SOLD = (OrderStatus.DRAFT, OrderStatus.UNCONFIRMED, OrderStatus.CANCELED, OrderStatus.EXPIRED)
CAME_BACK = (FulfillmentStatus.RETURNED, FulfillmentStatus.REFUNDED_AND_RETURNED, FulfillmentStatus.REPLACED)


class SaleorSales:
    """Implements ovop_shared.sales.SalesBook in two queries."""

    def sold_since(self, product_pks: Collection[int], since: datetime.datetime) -> Sequence[Sold]:
        keys = _keys("")
        lines = (
            _of_standing_orders(OrderLine.objects.all(), "", product_pks, since)
            .values_list(*keys)
            .annotate(units=Sum("quantity"), gross=Sum(_rounded()))
            .order_by(*keys)
        )
        returned = _of_standing_orders(
            FulfillmentLine.objects.filter(fulfillment__status__in=CAME_BACK), "order_line__", product_pks, since
        )
        keys_of_returns = _keys("order_line__")
        came_back = {
            row[:4]: int(row[4]) for row in returned.values_list(*keys_of_returns).annotate(units=Sum("quantity"))
        }
        return [
            Sold(
                product_pk=row[0],
                channel=row[1],
                country=row[2],
                currency=row[3],
                units=int(row[4]),
                gross_minor=to_minor(row[5], row[3]) if row[3] in MINOR_DIGITS else None,
                returned_units=came_back.get(row[:4], 0),
            )
            for row in lines
        ]


def _of_standing_orders(rows: Any, line: str, product_pks: Collection[int], since: datetime.datetime) -> Any:
    """Rows that are order lines, or lead to one by `line`. A draft was sold when it became an order; Saleor leaves
    the order's own date at the draft's (3.22, 3.23)."""
    placed = OrderEvent.objects.filter(
        order=OuterRef(f"{line}order"), type=OrderEvents.PLACED_FROM_DRAFT, date__gte=since
    )
    was_draft = Q(**{f"{line}order__origin": OrderOrigin.DRAFT})
    is_sold = Q(**{f"{line}order__created_at__gte": since}) | (was_draft & Exists(placed))
    country = Case(
        When(
            **{f"{line}order__collection_point__isnull": False},
            then=F(f"{line}order__collection_point__address__country"),
        ),
        default=F(f"{line}order__shipping_address__country"),
        output_field=CharField(),
    )
    return (
        rows.exclude(**{f"{line}order__status__in": NOT_SOLD})
        .filter(is_sold, in_keys(f"{line}variant__product_id", product_pks))
        .annotate(sold_to=Coalesce(country, Value(""), output_field=CharField()))
    )


def _keys(line: str) -> tuple[str, str, str, str]:
    return (f"{line}variant__product_id", f"{line}order__channel__slug", "sold_to", f"{line}currency")


def _rounded() -> Any:
    """Each line as Saleor shows it: its columns hold three decimals, whatever the currency has."""
    digits = sorted({*MINOR_DIGITS.values()})
    by_digits = {each: [code for code, count in MINOR_DIGITS.items() if count == each] for each in digits}
    whens = [
        When(currency__in=codes, then=Round("total_price_gross_amount", precision=each))
        for each, codes in by_digits.items()
    ]
    return Case(*whens, default=F("total_price_gross_amount"))


set_sales_book(SaleorSales())
