"""Reads that the public pages add: places with all they lie in, for many at once, and what may be counted in public."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Count

from ovop_origin.models import Lot, Place, Producer, ProductOrigin
from ovop_origin.selectors.place_facts import PlaceFacts, places, within_place


@dataclass(frozen=True, slots=True)
class VillageProducts:
    """A village, what it lies in, and the keys of the products that come from it, in order."""

    village_code: str
    region_code: str
    country_code: str
    product_pks: tuple[int, ...]


_STEPS = ("code", "parent__code", "parent__parent__code", "parent__parent__parent__code")


def places_with_parents(codes: Collection[str]) -> dict[str, tuple[PlaceFacts, ...]]:
    """Each place with what it lies in, and so on up to the country; unknown codes are left out. Three queries."""
    rows = list(Place.objects.filter(code__in=codes).values_list(*_STEPS))
    found = places({step for row in rows for step in row if step})
    return {row[0]: tuple(found[step] for step in row if step) for row in rows}


def villages_with_products(place_code: str | None = None) -> tuple[VillageProducts, ...]:
    """The villages that products come from, ordered by code; those within a place of any kind if given. One query."""
    origins = ProductOrigin.objects.order_by("village__code", "product_pk")
    if place_code is not None:
        origins = origins.filter(within_place(place_code, "village__"))
    rows = origins.values_list("village__code", "village__parent__parent__code", "village__country_code", "product_pk")
    return tuple(
        VillageProducts(village, region, country, tuple(row[3] for row in of_village))
        for (village, region, country), of_village in groupby(rows, key=lambda row: row[:3])
    )


def named_producer_counts() -> dict[str, int]:
    """Village code -> how many of its producers agreed to be named; villages without any are left out. One query."""
    rows = Producer.objects.filter(is_name_public=True).order_by().values_list("place__code")
    return dict(rows.annotate(Count("pk")))


def newest_lots(product_pk: int, limit: int) -> tuple[tuple[str, datetime.date], ...]:
    """The codes and days of a product's newest lots, the newest first, then by code. One query."""
    rows = Lot.objects.filter(origin__product_pk=product_pk).order_by("-made_on", "code")
    return tuple(rows.values_list("code", "made_on")[:limit])
