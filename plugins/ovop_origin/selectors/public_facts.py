"""Reads that the public pages add: places with all they lie in, for many at once, and what may be counted in public."""

import datetime
from collections.abc import Collection

from django.db.models import Count

from ovop_origin.models import Lot, Place, Producer, ProductOrigin
from ovop_origin.selectors.place_facts import PlaceFacts, places

_STEPS = ("code", "parent__code", "parent__parent__code", "parent__parent__parent__code")


def places_with_parents(codes: Collection[str]) -> dict[str, tuple[PlaceFacts, ...]]:
    """Each place with what it lies in, and so on up to the country; unknown codes are left out. Three queries."""
    rows = list(Place.objects.filter(code__in=codes).values_list(*_STEPS))
    found = places({step for row in rows for step in row if step})
    return {row[0]: tuple(found[step] for step in row if step) for row in rows}


def products_by_village() -> dict[str, tuple[int, ...]]:
    """Code of each village that products come from -> their keys. One query."""
    found: dict[str, list[int]] = {}
    for code, product_pk in ProductOrigin.objects.order_by().values_list("village__code", "product_pk"):
        found.setdefault(code, []).append(product_pk)
    return {code: tuple(product_pks) for code, product_pks in found.items()}


def named_producer_counts() -> dict[str, int]:
    """Village code -> how many of its producers agreed to be named; villages without any are left out. One query."""
    rows = Producer.objects.filter(is_name_public=True).order_by().values_list("place__code")
    return dict(rows.annotate(Count("pk")))


def newest_lots(product_pk: int, limit: int) -> tuple[tuple[str, datetime.date], ...]:
    """The codes and days of a product's newest lots, the newest first, then by code. One query."""
    rows = Lot.objects.filter(origin__product_pk=product_pk).order_by("-made_on", "code")
    return tuple(rows.values_list("code", "made_on")[:limit])
