"""Countries and their regions as ISO 3166 names them. ISO stops at the region; below it other schemes begin."""

from dataclasses import dataclass
from functools import cache

import pycountry

COUNTRY_SCHEME = "iso3166-1"
REGION_SCHEME = "iso3166-2"


@dataclass(frozen=True, slots=True)
class IsoCountry:
    """`name` is English."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class IsoRegion:
    """`name` is the one ISO gives, which is the local one in Latin letters; `category` is its word for the kind."""

    code: str
    country_code: str
    name: str
    category: str


@cache
def iso_country(code: str) -> IsoCountry | None:
    """The country of a two-letter code (ISO 3166-1), None when there is none."""
    found = pycountry.countries.get(alpha_2=code)
    return IsoCountry(found.alpha_2, found.name) if found and found.alpha_2 == code else None


@cache
def iso_region(code: str) -> IsoRegion | None:
    """The first-level subdivision of a code (ISO 3166-2), None when there is none or it is a part of another one."""
    found = pycountry.subdivisions.get(code=code)
    if not found or found.code != code or found.parent_code:
        return None
    return IsoRegion(found.code, found.country_code, found.name, found.type)


@cache
def iso_regions(country_code: str) -> tuple[IsoRegion, ...]:
    """All regions of a country, ordered by code; empty when the country has none or does not exist."""
    found = pycountry.subdivisions.get(country_code=country_code) or ()
    regions = (iso_region(each.code) for each in found)
    return tuple(sorted((region for region in regions if region), key=lambda region: region.code))
