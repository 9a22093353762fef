"""The places that come with the plugin: countries and regions of ISO 3166, and a curated file of what lies in them."""

import csv
import datetime
import io
from collections.abc import Callable
from importlib.resources import files
from typing import BinaryIO, cast

from ovop_origin.models import PlaceKind
from ovop_origin.regions import iso_regions
from ovop_origin.services.files import OnProgress, import_tables
from ovop_origin.services.results import Change, LoadResult
from ovop_origin.table_files import CsvWriter, TableFile
from ovop_shared.catalogue import Catalogue

COUNTRIES = ("KG", "KZ", "TJ", "UZ")
"""The countries of the programme, with all their regions."""

CURATED = files("ovop_origin") / "data" / "places.csv"
"""The table `places`, and where each row is from; see the README beside it."""


def curated_places_load(
    *,
    catalogue: Catalogue,
    at: datetime.datetime,
    is_overwriting: bool = False,
    is_dry_run: bool = False,
    on_change: Callable[[Change], None] | None = None,
    on_progress: OnProgress | None = None,
) -> LoadResult:
    """Put the curated places into the registry. A second call writes nothing.

    What the registry holds stays as it is, whoever wrote it: only places, names and facts that it does not have are
    added. With `is_overwriting` what the curated file says replaces what is there. Raises RegistryRefused.
    """
    return import_tables(
        [TableFile("iso-3166/places.csv", _iso_places), TableFile("places.csv", _curated)],
        catalogue=catalogue,
        at=at,
        is_additive=not is_overwriting,
        is_dry_run=is_dry_run,
        on_change=on_change,
        on_progress=on_progress,
    )


def _curated() -> BinaryIO:
    return cast("BinaryIO", CURATED.open("rb"))


def _iso_places() -> BinaryIO:
    """The countries and regions that the curated file does not name."""
    with io.TextIOWrapper(_curated(), encoding="utf-8-sig", newline="") as file:
        named = {row["code"] for row in csv.DictReader(file)}
    stream = io.BytesIO()
    writer = CsvWriter(stream, ("code", "kind", "parent"))
    for country in COUNTRIES:
        if country not in named:
            writer.write((country, PlaceKind.COUNTRY.value, ""))
        for region in iso_regions(country):
            if region.code not in named:
                writer.write((region.code, PlaceKind.REGION.value, country))
    writer.finish()
    return stream
