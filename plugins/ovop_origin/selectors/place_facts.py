"""Places, what they lie in, what lies in them, and what lies near a point."""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, FloatField, Q, Value
from django.db.models.functions import ASin, Cast, Cos, Least, Power, Radians, Round, Sin, Sqrt

from ovop_origin.errors import CoordinatesOffMap
from ovop_origin.geo import EARTH_RADIUS_METRES, box_around
from ovop_origin.models import Place, PlaceKind, PlaceName
from ovop_origin.selectors.names import names_by_owner


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """A place; `parent_code` is empty for a country. `official` holds the tags of its official names.

    `valid_from` and `valid_until` are its first and last day, either may be open; `classifier_code` is its number in
    the national classifier `classifier_scheme`, both empty when it is not known.
    """

    code: str
    code_scheme: str
    kind: str
    parent_code: str
    country_code: str
    names: Mapping[str, str]
    official: frozenset[str]
    latitude: Decimal | None
    longitude: Decimal | None
    valid_from: datetime.date | None
    valid_until: datetime.date | None
    classifier_scheme: str
    classifier_code: str


@dataclass(frozen=True, slots=True)
class NearPlace:
    """A place and how far away it is, in whole metres."""

    place: PlaceFacts
    metres: int


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


def villages_on_map(parent_code: str | None = None) -> tuple[PlaceFacts, ...]:
    """The villages whose coordinates are known, ordered by code; within a district, region or country if given.

    Two queries.
    """
    within = [within_place(parent_code)] if parent_code is not None else []
    return tuple(_places(*within, kind=PlaceKind.VILLAGE, latitude__isnull=False))


def villages_near(
    latitude: Decimal | float, longitude: Decimal | float, metres: int, *, limit: int
) -> tuple[NearPlace, ...]:
    """The villages at most `metres` from a point in degrees, nearest first, then by code; at most `limit` of them.

    Distances are great circles on a sphere of `geo.EARTH_RADIUS_METRES`; those of one whole metre are as near as each
    other. Three queries. Raises CoordinatesOffMap.
    """
    for name, value, edge in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not -edge <= value <= edge:
            raise CoordinatesOffMap(
                f"{name} is a number from -{edge} to {edge}.", field=name, params={"value": str(value)}
            )
    here_latitude, here_longitude = float(latitude), float(longitude)
    box = box_around(here_latitude, here_longitude, metres)
    in_longitudes = Q()
    for west, east in box.longitudes:
        in_longitudes |= Q(longitude__gte=west, longitude__lte=east)
    there_latitude, there_longitude = Cast("latitude", FloatField()), Cast("longitude", FloatField())
    across = Power(Sin(Radians(there_latitude - Value(here_latitude)) / 2.0), 2)
    along = Power(Sin(Radians(there_longitude - Value(here_longitude)) / 2.0), 2)
    chord = across + Cos(Radians(Value(here_latitude))) * Cos(Radians(there_latitude)) * along
    rows = (
        Place.objects.filter(in_longitudes, kind=PlaceKind.VILLAGE, latitude__gte=box.south, latitude__lte=box.north)
        .annotate(metres=ASin(Sqrt(Least(chord, Value(1.0)))) * (2 * EARTH_RADIUS_METRES))
        .filter(metres__lte=metres)
        .order_by(Round("metres"), "code")
        .values_list("code", "metres")[:limit]
    )
    distances = dict(rows)
    found = places(distances)
    return tuple(NearPlace(found[code], round(distance)) for code, distance in distances.items())


def within_place(code: str, path: str = "") -> Q:
    """The condition that a place, reached by `path` ("village__"), lies in the place of that code or is that place."""
    condition = Q()
    for step in ("", "parent__", "parent__parent__", "parent__parent__parent__"):
        condition |= Q(**{f"{path}{step}code": code})
    return condition


def place_names(place_ids: Iterable[int | None]) -> dict[int | None, dict[str, str]]:
    """Place pk -> its names by tag. One query."""
    return names_by_owner(PlaceName.objects.filter(place__in=[pk for pk in place_ids if pk is not None]), "place_id")


def _places(*conditions: Q, limit: int | None = None, **lookup: Any) -> list[PlaceFacts]:
    rows = list(
        Place.objects.filter(*conditions, **lookup).annotate(parent_code=F("parent__code")).order_by("code")[:limit]
    )
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
            parent_code=place.parent_code or "",
            country_code=place.country_code,
            names=names.get(place.pk, {}),
            official=frozenset(official.get(place.pk, ())),
            latitude=place.latitude,
            longitude=place.longitude,
            valid_from=place.valid_from,
            valid_until=place.valid_until,
            classifier_scheme=place.classifier_scheme,
            classifier_code=place.classifier_code,
        )
        for place in rows
    ]
