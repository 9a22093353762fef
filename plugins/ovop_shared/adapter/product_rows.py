"""Writing many products at once."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone
from saleor.core.utils.json_serializer import CustomJsonEncoder

_STORE = """
    UPDATE product_product SET metadata = new.metadata::jsonb, search_index_dirty = new.is_dirty, updated_at = %s
    FROM unnest(%s::int[], %s::text[], %s::bool[]) AS new (pk, metadata, is_dirty) WHERE product_product.id = new.pk
"""


def store_products(products: Sequence[Any], *, dirty: Collection[int]) -> None:
    """Write the metadata of these locked products; Saleor's search looks again at those whose key is `dirty`.

    One statement: Django's bulk_update would write a condition for each product and column.
    """
    now = timezone.now()
    for product in products:
        product.search_index_dirty = product.search_index_dirty or product.pk in dirty
        product.updated_at = now
    pks = [product.pk for product in products]
    metadata = [json.dumps(product.metadata, cls=CustomJsonEncoder) for product in products]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [now, pks, metadata, [product.search_index_dirty for product in products]])
