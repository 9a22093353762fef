"""The curated file of places: it keeps every rule, says where each fact comes from, and agrees with the sample."""

import csv
import datetime
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from origin_world import AT, SAMPLE

from ovop_origin import services
from ovop_origin.models import Place, PlaceName
from ovop_origin.records import PlaceRow
from ovop_shared.catalogue import host_catalogue

FILE = Path(services.__file__).resolve().parents[1] / "data" / "places.csv"

# South, north, west and east of each country, in whole degrees that hold all of it.
BOXES: Mapping[str, tuple[int, int, int, int]] = {
    "KG": (39, 44, 69, 81),
    "KZ": (40, 56, 46, 88),
    "TJ": (36, 42, 67, 76),
    "UZ": (37, 46, 55, 74),
}
# Regions of DOMAIN.md of which all districts and towns of regional rank are there, with how many there are of both.
WHOLE_REGIONS = {"KG-Y": 7, "KG-B": 6, "KG-O": 7, "KG-GO": 1, "UZ-QR": 17}
# The letters and digits of a number in each national classifier, by kind of place.
NUMBERS = {
    "soate": {"region": r"417\d{2}0{9}", "district": r"417\d{11}", "village": r"417\d{11}"},
    "soato": {"region": r"17\d{2}", "district": r"17\d{5}", "village": r"17\d{8}"},
}
CYRILLIC = {"ru", "ky", "uz-Cyrl", "kk", "tg", "kaa-Cyrl"}
LATIN = {"en", "uz-Latn", "kaa-Latn"}


def lines() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(line: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix("name:"): text for key, text in line.items() if key.startswith("name:") and text}


def place_rows() -> Iterator[PlaceRow]:
    for number, line in enumerate(lines(), start=1):
        yield PlaceRow(
            kind=line["kind"],
            code=line["code"],
            names=names(line),
            code_scheme=line["code_scheme"],
            parent=line["parent"],
            official=tuple(line["official"].split()),
            latitude=Decimal(line["latitude"]) if line["latitude"] else None,
            longitude=Decimal(line["longitude"]) if line["longitude"] else None,
            valid_from=datetime.date.fromisoformat(line["valid_from"]) if line["valid_from"] else None,
            valid_until=datetime.date.fromisoformat(line["valid_until"]) if line["valid_until"] else None,
            classifier_scheme=line["classifier_scheme"],
            classifier_code=line["classifier_code"],
            row=number,
        )


def test_the_registry_takes_the_whole_file_and_a_second_time_writes_nothing(db: None) -> None:
    rows = list(place_rows())

    result = services.registry_apply(rows, catalogue=host_catalogue(), at=AT)

    assert result.places == services.Tally(created=len(rows))
    assert Place.objects.count() == len(rows)
    assert PlaceName.objects.count() == sum(len(row.names) for row in rows)
    assert Place.objects.exclude(classifier_code="").count() == sum(bool(row.classifier_code) for row in rows)
    again = services.registry_apply(rows, catalogue=host_catalogue(), at=AT)
    assert again.places == services.Tally(unchanged=len(rows))


def test_every_row_says_where_it_comes_from_and_no_code_stands_twice() -> None:
    assert [line["code"] for line in lines() if not line["source"].strip()] == []
    assert [code for code, count in Counter(line["code"] for line in lines()).items() if count > 1] == []
    # Its point on the map and its number in a classifier are somebody's word, not ours.
    for line in lines():
        assert bool(line["latitude"]) == ("coordinates: " in line["source"]), line["code"]
        assert not line["classifier_scheme"] or line["classifier_scheme"].upper() in line["source"], line["code"]


def test_every_parent_stands_before_its_children_and_names_its_country() -> None:
    seen: dict[str, str] = {}
    for line in lines():
        assert line["kind"] == "country" or seen[line["parent"]], line["code"]
        country = seen.get(line["parent"], line["code"])
        assert line["code"].split("-")[0] == country
        seen[line["code"]] = country


def test_every_village_lies_in_its_country() -> None:
    placed = [line for line in lines() if line["latitude"]]

    assert len(placed) >= 60
    for line in placed:
        south, north, west, east = BOXES[line["code"].split("-")[0]]
        latitude, longitude = Decimal(line["latitude"]), Decimal(line["longitude"])
        assert south < latitude < north, line["code"]
        assert west < longitude < east, line["code"]
        assert line["kind"] == "village"
        assert all(len(line[axis].partition(".")[2]) <= 4 for axis in ("latitude", "longitude")), line["code"]


def test_regions_of_the_programme_have_all_their_districts() -> None:
    districts = Counter(line["parent"] for line in lines() if line["kind"] == "district")

    assert {region: districts[region] for region in WHOLE_REGIONS} == WHOLE_REGIONS


def test_numbers_of_classifiers_have_their_shape_and_follow_the_tree() -> None:
    by_code = {line["code"]: line for line in lines()}
    for line in by_code.values():
        scheme, number = line["classifier_scheme"], line["classifier_code"]
        assert bool(scheme) == bool(number), line["code"]
        if not number:
            continue
        assert re.fullmatch(NUMBERS[scheme][line["kind"]], number), line["code"]
        above = by_code[line["parent"]]["classifier_code"]
        # A region's number starts with 5 digits in SOATE and 4 in SOATO, a district's adds 3 more.
        width = {"region": 0, "district": 5, "village": 8}[line["kind"]] - (scheme == "soato")
        if above and width > 0:
            assert number[:width] == above[:width], line["code"]


@pytest.mark.parametrize("line", lines(), ids=lambda line: line["code"])
def test_a_name_is_written_in_the_script_of_its_tag(line: dict[str, str]) -> None:
    for tag, text in names(line).items():
        if tag in CYRILLIC:
            assert not re.search("[A-Za-z]", text), tag
        if tag in LATIN:
            assert not re.search("[А-яЁё]", text), tag
        # A typewriter's apostrophe is no letter of Uzbek.
        assert "'" not in text


def test_the_sample_registry_says_the_same_of_the_same_places(db: None) -> None:
    """So whoever loads both, in any order, finds nothing to write the second time."""
    services.registry_apply(place_rows(), catalogue=host_catalogue(), at=AT)
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))

    result = services.registry_load(
        {"version": document["version"], "places": document["places"]}, catalogue=host_catalogue(), at=AT
    )

    assert result.places == services.Tally(unchanged=len(document["places"]))
