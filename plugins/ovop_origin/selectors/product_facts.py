"""Where products come from and who made them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ovop_origin.models import Maker, ProducerName, ProductOrigin
from ovop_origin.selectors.names import names_by_owner
from ovop_origin.selectors.place_facts import place_names


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


def product_origins(product_pks: Collection[int]) -> dict[int, OriginFacts]:
    """The origins of these products by product key; products without one are left out. Four queries."""
    origins = list(
        ProductOrigin.objects.filter(product_pk__in=product_pks)
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
        )
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


def product_stories(product_pks: Collection[int]) -> dict[int, str]:
    """The stories of these products; those without one are left out. One query."""
    rows = ProductOrigin.objects.filter(product_pk__in=product_pks).exclude(story="")
    return dict(rows.values_list("product_pk", "story"))


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
