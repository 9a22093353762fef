"""Distances on the globe, as a sphere, and the box of coordinates that holds everything within a distance."""

import math
from dataclasses import dataclass

EARTH_RADIUS_METRES = 6_371_008.8
"""The mean radius of the earth (IUGG). On this sphere a distance is wrong by up to half a percent."""


@dataclass(frozen=True, slots=True)
class Box:
    """Latitudes and longitudes in degrees. `longitudes` holds no range (all the way round), one, or two of them where
    the box crosses the antimeridian; each range is (from, to) within -180..180."""

    south: float
    north: float
    longitudes: tuple[tuple[float, float], ...]


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
