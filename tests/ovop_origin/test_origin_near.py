"""Villages near a point, and the selectors that take many codes at once: exact answers, constant queries."""

import datetime
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from origin_world import AT, HONEY, JAM, SLIPPERS

from ovop_origin import errors, selectors, services
from ovop_origin.geo import EARTH_RADIUS_METRES, box_around, metres_between
from ovop_origin.records import (
    ContributionRow,
    LotRow,
    MaterialRow,
    MembershipRow,
    PlaceRow,
    ProducerRow,
)

BARSKOON = "KG-Y-barskoon"
DEGREE = math.pi * EARTH_RADIUS_METRES / 180


def village(code: str, latitude: str, longitude: str) -> None:
    row = PlaceRow(
        "village",
        code,
        {"en": code},
        parent="KG-Y-jeti-oguz",
        latitude=Decimal(latitude),
        longitude=Decimal(longitude),
    )
    services.place_save(row, at=AT)


def near(latitude: float, longitude: float, metres: int, limit: int = 100) -> list[tuple[str, int]]:
    found = selectors.villages_near(latitude, longitude, metres, limit=limit)
    return [(each.place.code, each.metres) for each in found]


def test_villages_come_nearest_first_and_then_by_code(registry: None, django_assert_num_queries: Any) -> None:
    for code, latitude in (("b", "10.1"), ("a", "10.1"), ("c", "10.2"), ("d", "10.05")):
        village(code, latitude, "20")

    with django_assert_num_queries(3):
        found = near(10, 20, 12_000)

    assert found == [("d", round(DEGREE / 20)), ("a", round(DEGREE / 10)), ("b", round(DEGREE / 10))]
    assert near(10, 20, 12_000, limit=2) == found[:2]
    assert near(-10, 20, 12_000) == []
    assert near(10.2, 20, 0) == [("c", 0)]


def test_villages_across_the_antimeridian_are_near(registry: None) -> None:
    village("east", "0", "179.9")
    village("west", "0", "-179.9")

    assert near(0, 180, 12_000) == [("east", round(DEGREE / 10)), ("west", round(DEGREE / 10))]
    assert near(0, -179.95, 12_000) == [("west", round(DEGREE / 20))]
    assert near(0, 179.85, 30_000) == [("east", round(DEGREE / 20)), ("west", round(DEGREE / 4))]


def test_villages_across_a_pole_are_near(registry: None) -> None:
    for pole, sign in (("north", 1), ("south", -1)):
        village(f"{pole}-here", str(89.9 * sign), "10")
        village(f"{pole}-beyond", str(89.9 * sign), "-170")

        assert near(90 * sign, 0, 12_000) == [
            (f"{pole}-beyond", round(DEGREE / 10)),
            (f"{pole}-here", round(DEGREE / 10)),
        ]
        assert near(89.9 * sign, 10, 25_000) == [(f"{pole}-here", 0), (f"{pole}-beyond", round(DEGREE / 5))]


@pytest.mark.parametrize(
    ("latitude", "longitude", "field"), [(90.1, 0, "latitude"), (0, -180.5, "longitude"), (math.nan, 0, "latitude")]
)
def test_a_point_off_the_map_is_refused(db: None, latitude: float, longitude: float, field: str) -> None:
    with pytest.raises(errors.CoordinatesOffMap) as refusal:
        selectors.villages_near(latitude, longitude, 1_000, limit=10)

    assert refusal.value.field == field


LATITUDES = st.floats(-90, 90, allow_subnormal=False)
LONGITUDES = st.floats(-180, 180, allow_subnormal=False)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES, st.floats(0, 21_000_000))
def test_the_box_holds_every_point_within_the_distance(
    latitude: float, longitude: float, there: float, along: float, metres: float
) -> None:
    box = box_around(latitude, longitude, metres)

    if metres_between(latitude, longitude, there, along) <= metres:
        assert box.south <= there <= box.north
        assert not box.longitudes or any(west <= along <= east for west, east in box.longitudes)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_a_great_circle_is_as_long_as_the_angle_between_two_vectors(
    latitude: float, longitude: float, there: float, along: float
) -> None:
    def vector(north: float, east: float) -> tuple[float, float, float]:
        phi, lam = math.radians(north), math.radians(east)
        return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)

    expected = (
        EARTH_RADIUS_METRES * 2 * math.asin(min(1, math.dist(vector(latitude, longitude), vector(there, along)) / 2))
    )

    assert metres_between(latitude, longitude, there, along) == pytest.approx(expected, abs=1)


def test_villages_on_the_map_lie_within_a_place_of_any_kind(registry: None, django_assert_num_queries: Any) -> None:
    for parent in ("KG", "KG-Y", "KG-Y-jeti-oguz", BARSKOON, None):
        with django_assert_num_queries(2):
            assert [place.code for place in selectors.villages_on_map(parent)] == [BARSKOON]
    assert selectors.villages_on_map("UZ") == ()


# Many codes at once


@pytest.fixture
def full(registry: None) -> None:
    services.membership_save(MembershipRow("ak-kiyiz", "m3"), at=AT)
    services.material_save(MaterialRow("wool", {"en": "Wool"}, place="KG"), at=AT)
    services.product_origin_set(JAM, BARSKOON, {"m3": 10_000}, materials={"wool": 10_000}, gtins=["96385074"], at=AT)
    for number in (1, 2):
        row = LotRow("", f"L{number}", datetime.date(2025, 1, number), contributions=(ContributionRow("m3", number),))
        services.lot_save(JAM, row, at=AT)


def test_each_question_about_many_takes_its_queries(full: None, django_assert_num_queries: Any) -> None:
    villages, codes, pks = [BARSKOON, "UZ-QR-chimbay", "nowhere"], ["ak-kiyiz", "m3", "nobody"], [SLIPPERS, JAM, 999]

    with django_assert_num_queries(1):
        assert selectors.products_of_villages(villages) == {BARSKOON: (SLIPPERS, JAM), "UZ-QR-chimbay": (HONEY,)}
    with django_assert_num_queries(1):
        assert selectors.products_of_villages(villages, after=SLIPPERS, limit=1) == {
            BARSKOON: (JAM,),
            "UZ-QR-chimbay": (HONEY,),
        }
    with django_assert_num_queries(1):
        assert selectors.products_of_producers(codes) == {"ak-kiyiz": (SLIPPERS,), "m3": (SLIPPERS, JAM)}
    with django_assert_num_queries(1):
        assert selectors.products_of_producers(codes, limit=1) == {"ak-kiyiz": (SLIPPERS,), "m3": (SLIPPERS,)}
    with django_assert_num_queries(3):
        found = selectors.producers_of_villages(villages, only_public=False)
    assert {code: [each.code for each in facts] for code, facts in found.items()} == {
        BARSKOON: ["ak-kiyiz", "m3"],
        "UZ-QR-chimbay": ["boyan"],
    }
    with django_assert_num_queries(3):
        found = selectors.producers_of_villages(villages, only_public=False, after="ak-kiyiz", limit=1)
    assert {code: [each.code for each in facts] for code, facts in found.items()} == {
        BARSKOON: ["m3"],
        "UZ-QR-chimbay": ["boyan"],
    }
    with django_assert_num_queries(3):
        found = selectors.producers_of_villages(villages, only_public=True)
    assert [each.code for each in found[BARSKOON]] == ["ak-kiyiz"]
    with django_assert_num_queries(1):
        assert sorted(selectors.members_of(codes)) == ["ak-kiyiz"]
    with django_assert_num_queries(1):
        assert sorted(selectors.groups_of(codes)) == ["m3"]
    with django_assert_num_queries(1):
        assert sorted(selectors.producers_private(codes)) == ["ak-kiyiz", "m3"]
    with django_assert_num_queries(2):
        assert selectors.materials(["wool", "silk"])["wool"].place_code == "KG"
    with django_assert_num_queries(5):
        assert sorted(selectors.product_details(pks)) == [SLIPPERS, JAM]
    with django_assert_num_queries(2):
        assert [lot.code for lot in selectors.lots_of(pks)[JAM]] == ["L2", "L1"]
    with django_assert_num_queries(2):
        assert selectors.lot(JAM, "L1") is not None
    with django_assert_num_queries(1):
        assert selectors.product_of_gtin("00000096385074") == JAM
    assert selectors.lot(JAM, "L9") is None
    assert selectors.product_of_gtin("96385074") is None


def test_pages_of_producers_and_origins(full: None, django_assert_num_queries: Any) -> None:
    services.producer_save(ProducerRow("z", "group", BARSKOON, "ky", {"ky": "Ж"}), at=AT)

    with django_assert_num_queries(3):
        page = selectors.producers_of(village=BARSKOON, only_public=False, after="ak-kiyiz", limit=1)
    assert [each.code for each in page] == ["m3"]
    assert [each.code for each in selectors.producers_of(place="KG", only_public=False)] == ["ak-kiyiz", "m3", "z"]
    assert [each.code for each in selectors.producers_of(only_public=True)] == ["ak-kiyiz", "boyan"]
    with django_assert_num_queries(4):
        origins = selectors.origins_page(producer="m3", after=SLIPPERS, limit=5)
    assert [each.product_pk for each in origins] == [JAM]
    assert [each.product_pk for each in selectors.origins_page(place="UZ")] == [HONEY]
    assert [each.product_pk for each in selectors.origins_page(village=BARSKOON, limit=1)] == [SLIPPERS]
    assert [each.product_pk for each in selectors.origins_page()] == [SLIPPERS, JAM, HONEY]
