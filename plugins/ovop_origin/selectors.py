"""Reads of the registry, as frozen facts. Whatever the number of things asked for, the number of queries is constant.

`product_origins`, `makers_of`, `producers` and `best_name` are the contract other plugins use. Facts hold every name:
whoever shows a producer to the public asks `public_names` first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ovop_origin.models import Maker, Place, PlaceName, Producer, ProducerName, ProductOrigin
from ovop_shared.languages import LANGUAGE_TAGS, NAME_TAGS, page_language

FALLBACKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": (),
        "ru": ("en",),
        "ky": ("ky-Latn", "ru", "en"),
        "ky-Latn": ("ky", "en"),
        "uz-Latn": ("uz-Cyrl", "ru", "en"),
        "uz-Cyrl": ("uz-Latn", "ru", "en"),
        "kk": ("kk-Latn", "ru", "en"),
        "kk-Latn": ("kk", "en"),
        "tg": ("ru", "en"),
        "kaa-Latn": ("kaa-Cyrl", "uz-Latn", "ru", "en"),
        "kaa-Cyrl": ("kaa-Latn", "uz-Cyrl", "ru", "en"),
        "ja": ("en",),
    }
)
"""For each language the ones whose recorded names its readers are shown instead, in order."""


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
class ProducerFacts:
    """A producer and where it works. Without `is_name_public` neither code nor name is for the public."""

    code: str
    names: Mapping[str, str]
    language: str
    kind: str
    village_code: str
    village_names: Mapping[str, str]
    region_code: str
    region_names: Mapping[str, str]
    saleor_user_id: str
    is_name_public: bool


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """A place; `parent_code` is empty for a country. `official` holds the tags of its official names."""

    code: str
    code_scheme: str
    kind: str
    parent_code: str
    country_code: str
    names: Mapping[str, str]
    official: frozenset[str]
    latitude: Decimal | None
    longitude: Decimal | None


def best_language(names: Mapping[str, str], language: str) -> str | None:
    """The tag of the recorded name that a reader of `language` is shown; None when there is no name at all.

    The language itself, then its FALLBACKS, then the page languages in their order, then any. A name is never put
    into another script: only what somebody recorded is shown. `language` may be any BCP 47 tag.
    """
    wanted = next((tag for tag in NAME_TAGS if tag.lower() == language.lower()), None) or page_language(language)
    for tag in (wanted, *FALLBACKS[wanted], *LANGUAGE_TAGS):
        if tag in names:
            return tag
    return min(names, default=None)


def best_name(names: Mapping[str, str], language: str) -> str:
    """The name in that language or, as `best_language` says, the next best recorded one; empty when there is none."""
    tag = best_language(names, language)
    return names[tag] if tag else ""


def public_names(producer: ProducerFacts) -> Mapping[str, str]:
    """The producer's names as far as it has agreed to be named."""
    return producer.names if producer.is_name_public else {}


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
    place_names = _place_names({origin[2] for origin in origins} | {origin[6] for origin in origins})
    makers = _makers([origin[0] for origin in origins])
    return {
        product_pk: OriginFacts(
            product_pk=product_pk,
            village_code=village_code,
            village_names=place_names.get(village_id, {}),
            district_code=district_code,
            region_code=region_code,
            region_names=place_names.get(region_id, {}),
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


def producers(codes: Collection[str]) -> dict[str, ProducerFacts]:
    """These producers by code; unknown codes are left out. Three queries."""
    return _producers(code__in=codes)


def producers_of_village(code: str) -> tuple[ProducerFacts, ...]:
    """The producers of a village who agreed to be named, ordered by code. Three queries."""
    found = _producers(place__code=code, is_name_public=True)
    return tuple(found[each] for each in sorted(found))


def consenting_producers() -> dict[str, ProducerFacts]:
    """All producers who agreed to be named, by code. Three queries."""
    return _producers(is_name_public=True)


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


def places(codes: Collection[str]) -> dict[str, PlaceFacts]:
    """These places by code; unknown codes are left out. Two queries."""
    return {place.code: place for place in _places(code__in=codes)}


def places_of(
    kind: str, parent_code: str | None = None, *, after: str = "", limit: int | None = 100
) -> Sequence[PlaceFacts]:
    """Places of one kind, within one parent if given, ordered by code and starting behind `after`. Two queries.

    A `limit` of None gives all of them.
    """
    parent = {"parent__code": parent_code} if parent_code is not None else {}
    return _places(limit=limit, kind=kind, code__gt=after, **parent)


def place_with_parents(code: str) -> tuple[PlaceFacts, ...]:
    """A place, what it lies in, and so on up to the country; empty when there is no such place. Three queries."""
    steps = ("", "parent__", "parent__parent__", "parent__parent__parent__")
    row = Place.objects.filter(code=code).values_list(*(f"{step}code" for step in steps)).first()
    if row is None:
        return ()
    found = places([step for step in row if step])
    return tuple(found[step] for step in row if step)


def _producers(**lookup: Any) -> dict[str, ProducerFacts]:
    rows = list(
        Producer.objects.filter(**lookup)
        .order_by("code")
        .values_list(
            "pk",
            "code",
            "language",
            "kind",
            "saleor_user_id",
            "is_name_public",
            "place_id",
            "place__code",
            "place__parent__parent_id",
            "place__parent__parent__code",
        )
    )
    names = _names(ProducerName.objects.filter(producer__in=[row[0] for row in rows]), "producer_id")
    place_names = _place_names({row[6] for row in rows} | {row[8] for row in rows})
    return {
        row[1]: ProducerFacts(
            code=row[1],
            names=names.get(row[0], {}),
            language=row[2],
            kind=row[3],
            village_code=row[7],
            village_names=place_names.get(row[6], {}),
            region_code=row[9],
            region_names=place_names.get(row[8], {}),
            saleor_user_id=row[4],
            is_name_public=row[5],
        )
        for row in rows
    }


def _makers(origin_ids: Collection[int]) -> dict[int, tuple[MakerFacts, ...]]:
    rows = list(
        Maker.objects.filter(origin__in=origin_ids)
        .order_by("origin_id", "producer__code")
        .values_list("origin_id", "producer_id", "producer__code", "producer__language", "share")
    )
    names = _names(ProducerName.objects.filter(producer__in={row[1] for row in rows}), "producer_id")
    makers: dict[int, tuple[MakerFacts, ...]] = {}
    for origin_id, producer_id, code, language, share in rows:
        facts = MakerFacts(producer_code=code, names=names.get(producer_id, {}), share=share, language=language)
        makers[origin_id] = (*makers.get(origin_id, ()), facts)
    return makers


def _places(*, limit: int | None = None, **lookup: Any) -> list[PlaceFacts]:
    rows = list(Place.objects.filter(**lookup).select_related("parent").order_by("code")[:limit])
    names: dict[int, dict[str, str]] = {}
    official: dict[int, set[str]] = {}
    for name in PlaceName.objects.filter(place__in=rows).order_by("language"):
        names.setdefault(name.place_id, {})[name.language] = name.text
        if name.is_official:
            official.setdefault(name.place_id, set()).add(name.language)
    return [
        PlaceFacts(
            code=place.code,
            code_scheme=place.code_scheme,
            kind=place.kind,
            parent_code=place.parent.code if place.parent else "",
            country_code=place.country_code,
            names=names.get(place.pk, {}),
            official=frozenset(official.get(place.pk, ())),
            latitude=place.latitude,
            longitude=place.longitude,
        )
        for place in rows
    ]


def _place_names(place_ids: Iterable[int | None]) -> dict[int | None, dict[str, str]]:
    return _names(PlaceName.objects.filter(place__in=[pk for pk in place_ids if pk is not None]), "place_id")


def _names(rows: Any, owner: str) -> dict[int | None, dict[str, str]]:
    names: dict[int | None, dict[str, str]] = {}
    for owner_id, language, text in rows.order_by("language").values_list(owner, "language", "text"):
        names.setdefault(owner_id, {})[language] = text
    return names
