"""Distances on the globe, as a sphere, boxes of coordinates, and points as GeoJSON (RFC 7946)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ovop_origin.errors import InvalidBox

EARTH_RADIUS_METRES = 6_371_008.8
"""The mean radius of the earth (IUGG). On this sphere a distance is wrong by up to half a percent."""


@dataclass(frozen=True, slots=True)
class Box:
    """Latitudes and longitudes in degrees. `longitudes` holds no range (all the way round), one, or two of them where
    the box crosses the antimeridian; each range is (from, to) within -180..180."""

    south: float
    north: float
    longitudes: tuple[tuple[float, float], ...]

    def holds(self, latitude: float, longitude: float) -> bool:
        """Whether a point in degrees lies in the box or on its edge."""
        if not self.south <= latitude <= self.north:
            return False
        return not self.longitudes or any(west <= longitude <= east for west, east in self.longitudes)


def metres_between(
    first_latitude: float, first_longitude: float, second_latitude: float, second_longitude: float
) -> float:
    """The length of the great circle between two points given in degrees (haversine formula)."""
    first, second = math.radians(first_latitude), math.radians(second_latitude)
    across = math.sin((second - first) / 2) ** 2
    along = math.sin(math.radians(second_longitude - first_longitude) / 2) ** 2
    chord = across + math.cos(first) * math.cos(second) * along
    return 2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, chord)))


def box_around(latitude: float, longitude: float, metres: float) -> Box:
    """The box that holds every point at most `metres` away, a little generously; all longitudes if it holds a pole."""
    # The coordinates are kept to a millionth of a degree: what lies on the edge is not lost to rounding.
    angle = metres / EARTH_RADIUS_METRES + 1e-8
    reach = math.degrees(angle)
    south, north = latitude - reach, latitude + reach
    if south <= -90 or north >= 90:
        return Box(max(south, -90.0), min(north, 90.0), ())
    # The meridians that touch the circle of that angle around the point (spherical right triangle).
    width = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(latitude))))) + 1e-6
    west, east = longitude - width, longitude + width
    if west < -180:
        return Box(south, north, ((west + 360, 180.0), (-180.0, east)))
    if east > 180:
        return Box(south, north, ((west, 180.0), (-180.0, east - 360)))
    return Box(south, north, ((west, east),))


def box_of_text(text: str) -> Box:
    """`west,south,east,north` in degrees (RFC 7946, 5); with west above east it crosses the antimeridian.

    Raises InvalidBox.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise _invalid_box(text) from None
    # A comparison with what is not a number is false.
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise _invalid_box(text)
    return Box(south, north, ((west, east),) if west <= east else ((west, 180.0), (-180.0, east)))


def point_feature(key: str, latitude: float, longitude: float, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A GeoJSON Feature; a position is longitude, then latitude (RFC 7946, 3.1.1)."""
    return {
        "type": "Feature",
        "id": key,
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": dict(properties),
    }


def feature_collection(features: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def _invalid_box(text: str) -> InvalidBox:
    return InvalidBox(
        "A box is four numbers in degrees: west,south,east,north.", field="bbox", params={"value": text[:100]}
    )
