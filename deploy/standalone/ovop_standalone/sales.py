"""The sales of this host: the orders it was told of, as settlement keeps them."""

import datetime
from collections.abc import Collection, Sequence

from django.db import connection

from ovop_shared.sales import Sold

SOLD_SINCE = """
SELECT (line->>'product_pk')::bigint, orders.channel, orders.snapshot->>'country', orders.currency,
       SUM((line->>'quantity')::bigint)::bigint, SUM((line->>'gross_minor')::bigint)::bigint
FROM ovop_producer_payouts_settledorder AS orders, jsonb_array_elements(orders.snapshot->'lines') AS line
WHERE orders.placed_at >= %s AND orders.snapshot->>'state' = 'open' AND (line->>'product_pk')::bigint = ANY(%s)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


class RecordedSales:
    """Implements ovop_shared.sales.SalesBook in one query. A snapshot tells what was refunded, not what came back."""

    def sold_since(self, product_pks: Collection[int], since: datetime.datetime) -> Sequence[Sold]:
        with connection.cursor() as cursor:
            cursor.execute(SOLD_SINCE, [since, list(product_pks)])
            rows: list[tuple[int, str, str, str, int, int]] = cursor.fetchall()
        return [Sold(*row, returned_units=None) for row in rows]
