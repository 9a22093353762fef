"""Places, what they lie in and what lies in them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ovop_origin.models import Place, PlaceName
from ovop_origin.selectors.names import names_by_owner


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


def place_names(place_ids: Iterable[int | None]) -> dict[int | None, dict[str, str]]:
    """Place pk -> its names by tag. One query."""
    return names_by_owner(PlaceName.objects.filter(place__in=[pk for pk in place_ids if pk is not None]), "place_id")


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
