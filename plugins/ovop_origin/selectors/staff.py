"""What only the pages of staff read: how much there is, and keys for the host's own queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from ovop_origin.models import (
    Lot,
    Material,
    Membership,
    Place,
    PlaceKind,
    PlaceName,
    Producer,
    ProducerName,
    ProductOrigin,
)
from ovop_origin.selectors.place_facts import PlaceFacts, places
from ovop_origin.selectors.producer_facts import ProducerFacts, producers


@dataclass(frozen=True, slots=True)
class RegistryCounts:
    """How many rows the registry has; `unnamed` counts the producers who did not agree to be named."""

    countries: int
    regions: int
    districts: int
    villages: int
    producers: int
    unnamed: int
    memberships: int
    materials: int
    products: int
    lots: int


@dataclass(frozen=True, slots=True)
class ProducerPage:
    """Some producers and how many there are in all."""

    producers: tuple[ProducerFacts, ...]
    total: int


def registry_counts() -> RegistryCounts:
    """Six queries."""
    kinds = dict(Place.objects.values_list("kind").annotate(number=Count("pk")).order_by())
    people = Producer.objects.aggregate(all=Count("pk"), unnamed=Count("pk", filter=Q(is_name_public=False)))
    return RegistryCounts(
        countries=kinds.get(PlaceKind.COUNTRY, 0),
        regions=kinds.get(PlaceKind.REGION, 0),
        districts=kinds.get(PlaceKind.DISTRICT, 0),
        villages=kinds.get(PlaceKind.VILLAGE, 0),
        producers=people["all"],
        unnamed=people["unnamed"],
        memberships=Membership.objects.count(),
        materials=Material.objects.count(),
        products=ProductOrigin.objects.count(),
        lots=Lot.objects.count(),
    )


def product_keys_with_origin() -> QuerySet[Any, Any]:
    """The keys of all products with an origin, as a query for the host to join."""
    return ProductOrigin.objects.values("product_pk")


def search_producers(text: str, *, offset: int, limit: int) -> ProducerPage:
    """Producers, named publicly or not, whose code or name in any language holds `text`; by code. Five queries."""
    rows = Producer.objects.order_by("code")
    if text:
        named = ProducerName.objects.filter(text__icontains=text).values("producer_id")
        rows = rows.filter(Q(code__icontains=text) | Q(pk__in=named))
    codes = list(rows.values_list("code", flat=True)[offset : offset + limit])
    found = producers(codes)
    return ProducerPage(tuple(found[code] for code in codes), rows.count())


def villages_like(text: str, *, limit: int = 10) -> Sequence[PlaceFacts]:
    """The village of that code; else those that have exactly that name in any language, ignoring case. By code."""
    villages = Place.objects.filter(kind=PlaceKind.VILLAGE)
    codes = list(villages.filter(code=text).values_list("code", flat=True))
    if not codes:
        named = PlaceName.objects.filter(text__iexact=text).values("place_id")
        codes = list(villages.filter(pk__in=named).order_by("code").values_list("code", flat=True)[:limit])
    found = places(codes)
    return [found[code] for code in codes]


def producers_like(text: str, *, limit: int = 10) -> Sequence[ProducerFacts]:
    """The producer of that code; else those that have exactly that name in any language, ignoring case. By code."""
    codes = list(Producer.objects.filter(code=text).values_list("code", flat=True))
    if not codes:
        named = ProducerName.objects.filter(text__iexact=text).values("producer_id")
        codes = list(Producer.objects.filter(pk__in=named).order_by("code").values_list("code", flat=True)[:limit])
    found = producers(codes)
    return [found[code] for code in codes]
