"""Where products come from, who made them and what of."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from ovop_origin.models import (
    Maker,
    MaterialName,
    ProducerName,
    ProductGtin,
    ProductMaterial,
    ProductOrigin,
    ProductStory,
)
from ovop_origin.selectors.names import names_by_owner
from ovop_origin.selectors.place_facts import place_names, within_place


@dataclass(frozen=True, slots=True)
class MakerFacts:
    """A producer behind a product; `share` is its part of 10,000, `language` the one it is written to in."""

    producer_code: str
    names: Mapping[str, str]
    share: int
    language: str


@dataclass(frozen=True, slots=True)
class OriginFacts:
    """Where a product comes from and who made it; names by BCP 47 tag, makers ordered by their codes."""

    product_pk: int
    village_code: str
    village_names: Mapping[str, str]
    district_code: str
    region_code: str
    region_names: Mapping[str, str]
    country_code: str
    makers: tuple[MakerFacts, ...]


@dataclass(frozen=True, slots=True)
class ProductMaterialFacts:
    """A material's part of 10,000 in a product; `place_code` is empty when it is not known where it comes from."""

    code: str
    names: Mapping[str, str]
    share: int
    place_code: str


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """What else is known of a product: its stories by BCP 47 tag, its GTINs of 14 digits, in order, and its materials,
    the largest part first."""

    product_pk: int
    stories: Mapping[str, str]
    gtins: tuple[str, ...]
    materials: tuple[ProductMaterialFacts, ...]


def product_origins(product_pks: Collection[int]) -> dict[int, OriginFacts]:
    """The origins of these products by product key; products without one are left out. Four queries."""
    return _origins(Q(product_pk__in=product_pks))


def origins_page(
    *,
    village: str | None = None,
    place: str | None = None,
    producer: str | None = None,
    after: int = 0,
    limit: int | None = 100,
) -> tuple[OriginFacts, ...]:
    """Origins ordered by product key, starting behind `after`: of a village, within a place of any kind, of products
    a producer has a part in, or all. A `limit` of None gives all of them. Four queries.
    """
    condition = Q(product_pk__gt=after)
    if village is not None:
        condition &= Q(village__code=village)
    if place is not None:
        condition &= within_place(place, "village__")
    if producer is not None:
        condition &= Q(makers__producer__code=producer)
    return tuple(_origins(condition, limit=limit).values())


def _origins(condition: Q, *, limit: int | None = None) -> dict[int, OriginFacts]:
    origins = list(
        ProductOrigin.objects.filter(condition)
        .order_by("product_pk")
        .values_list(
            "pk",
            "product_pk",
            "village_id",
            "village__code",
            "village__country_code",
            "village__parent__code",
            "village__parent__parent_id",
            "village__parent__parent__code",
        )[:limit]
    )
    names_of_places = place_names({origin[2] for origin in origins} | {origin[6] for origin in origins})
    makers = _makers([origin[0] for origin in origins])
    return {
        product_pk: OriginFacts(
            product_pk=product_pk,
            village_code=village_code,
            village_names=names_of_places.get(village_id, {}),
            district_code=district_code,
            region_code=region_code,
            region_names=names_of_places.get(region_id, {}),
            country_code=country_code,
            makers=makers.get(pk, ()),
        )
        for pk, product_pk, village_id, village_code, country_code, district_code, region_id, region_code in origins
    }


def makers_of(product_pks: Collection[int]) -> dict[int, frozenset[str]]:
    """Product key -> the codes of its makers; products without any are left out. One query."""
    rows = Maker.objects.filter(origin__product_pk__in=product_pks)
    makers: dict[int, set[str]] = {}
    for product_pk, code in rows.values_list("origin__product_pk", "producer__code"):
        makers.setdefault(product_pk, set()).add(code)
    return {product_pk: frozenset(codes) for product_pk, codes in makers.items()}


def product_stories(product_pks: Collection[int]) -> dict[int, Mapping[str, str]]:
    """The stories of these products by BCP 47 tag; products without one are left out. One query."""
    rows = ProductStory.objects.filter(origin__product_pk__in=product_pks)
    return {pk: stories for pk, stories in names_by_owner(rows, "origin__product_pk").items() if pk is not None}


def product_details(product_pks: Collection[int]) -> dict[int, ProductDetails]:
    """The details of these products by product key; products without an origin are left out. Five queries."""
    origins = list(
        ProductOrigin.objects.filter(product_pk__in=product_pks).order_by("product_pk").values_list("pk", "product_pk")
    )
    origin_ids = [origin[0] for origin in origins]
    stories = names_by_owner(ProductStory.objects.filter(origin__in=origin_ids), "origin_id")
    gtins: dict[int, list[str]] = {}
    for origin_id, gtin in (
        ProductGtin.objects.filter(origin__in=origin_ids).order_by("gtin").values_list("origin_id", "gtin")
    ):
        gtins.setdefault(origin_id, []).append(gtin)
    rows = list(
        ProductMaterial.objects.filter(origin__in=origin_ids)
        .order_by("origin_id", "-share", "material__code")
        .values_list("origin_id", "material_id", "material__code", "share", "material__place__code")
    )
    names = names_by_owner(MaterialName.objects.filter(material__in={row[1] for row in rows}), "material_id")
    materials: dict[int, list[ProductMaterialFacts]] = {}
    for origin_id, material_id, code, share, place_code in rows:
        facts = ProductMaterialFacts(code, names.get(material_id, {}), share, place_code or "")
        materials.setdefault(origin_id, []).append(facts)
    return {
        product_pk: ProductDetails(
            product_pk, stories.get(pk, {}), tuple(gtins.get(pk, ())), tuple(materials.get(pk, ()))
        )
        for pk, product_pk in origins
    }


def product_of_gtin(gtin: str) -> int | None:
    """The product with this GTIN of 14 digits, None when there is none. One query."""
    rows = ProductGtin.objects.filter(gtin=gtin)
    return rows.values_list("origin__product_pk", flat=True).first()


def products_of_gtins(gtins: Collection[str]) -> dict[str, int]:
    """GTIN of 14 digits -> the product with it; unknown ones are left out. One query."""
    return dict(ProductGtin.objects.filter(gtin__in=gtins).values_list("gtin", "origin__product_pk"))


def products_of_villages(
    codes: Collection[str], *, after: int = 0, limit: int | None = None
) -> dict[str, tuple[int, ...]]:
    """Village code -> the keys of the products from there, in order, behind `after`; at most `limit` of each village.

    Villages without any are left out. One query.
    """
    return _products_by("village__code", codes, after, limit)


def products_of_producers(
    codes: Collection[str], *, after: int = 0, limit: int | None = None
) -> dict[str, tuple[int, ...]]:
    """Producer code -> the keys of the products it has a part in, in order, behind `after`; at most `limit` of each.

    Producers without any are left out. One query.
    """
    return _products_by("makers__producer__code", codes, after, limit)


def _products_by(key: str, codes: Collection[str], after: int, limit: int | None) -> dict[str, tuple[int, ...]]:
    rows: Any = ProductOrigin.objects.filter(**{f"{key}__in": codes}, product_pk__gt=after)
    if limit is not None:
        place = Window(RowNumber(), partition_by=[F(key)], order_by=[F("product_pk").asc()])
        rows = rows.annotate(number=place).filter(number__lte=limit)
    found: dict[str, list[int]] = {}
    for code, product_pk in rows.order_by("product_pk").values_list(key, "product_pk"):
        found.setdefault(code, []).append(product_pk)
    return {code: tuple(product_pks) for code, product_pks in found.items()}


def products_of_village(code: str) -> tuple[int, ...]:
    """The keys of the products that come from a village, in order. One query."""
    rows = ProductOrigin.objects.filter(village__code=code).order_by("product_pk")
    return tuple(rows.values_list("product_pk", flat=True))


def products_of_producer(code: str) -> tuple[int, ...]:
    """The keys of the products a producer has a part in, in order. One query."""
    rows = ProductOrigin.objects.filter(makers__producer__code=code).order_by("product_pk")
    return tuple(rows.values_list("product_pk", flat=True))


def products_with_origin(after: int = 0, limit: int = 500) -> tuple[int, ...]:
    """The next keys, in order, of products that have an origin: for walking through all of them in batches."""
    rows = ProductOrigin.objects.filter(product_pk__gt=after).order_by("product_pk")
    return tuple(rows.values_list("product_pk", flat=True)[:limit])


def has_origin(product_pk: int) -> bool:
    """Whether the registry knows where this product comes from. One query."""
    return ProductOrigin.objects.filter(product_pk=product_pk).exists()


def _makers(origin_ids: Collection[int]) -> dict[int, tuple[MakerFacts, ...]]:
    rows = list(
        Maker.objects.filter(origin__in=origin_ids)
        .order_by("origin_id", "producer__code")
        .values_list("origin_id", "producer_id", "producer__code", "producer__language", "share")
    )
    names = names_by_owner(ProducerName.objects.filter(producer__in={row[1] for row in rows}), "producer_id")
    makers: dict[int, tuple[MakerFacts, ...]] = {}
    for origin_id, producer_id, code, language, share in rows:
        facts = MakerFacts(producer_code=code, names=names.get(producer_id, {}), share=share, language=language)
        makers[origin_id] = (*makers.get(origin_id, ()), facts)
    return makers
