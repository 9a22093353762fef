"""What the registry tells others: exact facts in a constant number of queries, and names never made up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from origin_world import AT, HONEY, JAM, SLIPPERS

from ovop_origin import selectors, services
from ovop_origin.records import PlaceRow
from ovop_origin.regions import IsoCountry, iso_country, iso_region, iso_regions
from ovop_origin.selectors import FALLBACKS, MakerFacts, OriginFacts, ProducerFacts, best_name
from ovop_shared.languages import NAME_TAGS

BARSKOON = {"en": "Barskoon", "ky": "Барскоон"}
ISSYK_KUL = {"en": "Issyk-Kul", "ky": "Ысык-Көл облусу"}


def test_the_origin_of_a_product_is_told_in_full(registry: None) -> None:
    assert selectors.product_origins([SLIPPERS, JAM, 999]) == {
        SLIPPERS: OriginFacts(
            product_pk=SLIPPERS,
            village_code="KG-Y-barskoon",
            village_names=BARSKOON,
            district_code="KG-Y-jeti-oguz",
            region_code="KG-Y",
            region_names=ISSYK_KUL,
            country_code="KG",
            makers=(
                MakerFacts("ak-kiyiz", {"ky": "Ак кийиз", "en": "Ak Kiyiz"}, 6667, "ky"),
                MakerFacts("m3", {"ru": "Айгерим"}, 3333, "ru"),
            ),
        )
    }


def test_many_origins_take_four_queries(registry: None, django_assert_num_queries: Any) -> None:
    for product_pk in range(100, 150):
        services.product_origin_set(product_pk, "KG-Y-barskoon", {"m3": 4_000, "boyan": 6_000}, at=AT)

    with django_assert_num_queries(4):
        found = selectors.product_origins([SLIPPERS, HONEY, *range(100, 150)])

    assert len(found) == 52
    assert [maker.producer_code for maker in found[120].makers] == ["boyan", "m3"]


def test_the_makers_of_many_products_take_one_query(registry: None, django_assert_num_queries: Any) -> None:
    services.product_origin_set(JAM, "KG-Y-barskoon", {}, at=AT)
    for product_pk in range(100, 150):
        services.product_origin_set(product_pk, "KG-Y-barskoon", {"m3": 4_000, "boyan": 6_000}, at=AT)

    with django_assert_num_queries(1):
        found = selectors.makers_of([SLIPPERS, JAM, 999, *range(100, 150)])

    assert found == {SLIPPERS: {"ak-kiyiz", "m3"}} | {product_pk: {"boyan", "m3"} for product_pk in range(100, 150)}


def test_the_origin_of_nothing_takes_no_query(registry: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert selectors.product_origins([]) == {}
        assert selectors.makers_of([]) == {}
        assert selectors.producers([]) == {}


def test_a_producer_is_told_in_full_in_three_queries(registry: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        found = selectors.producers(["ak-kiyiz", "m3", "nobody"])

    assert sorted(found) == ["ak-kiyiz", "m3"]
    assert found["ak-kiyiz"] == ProducerFacts(
        code="ak-kiyiz",
        names={"ky": "Ак кийиз", "en": "Ak Kiyiz"},
        language="ky",
        kind="cooperative",
        village_code="KG-Y-barskoon",
        village_names=BARSKOON,
        region_code="KG-Y",
        region_names=ISSYK_KUL,
        saleor_user_id="5",
        is_name_public=True,
        status="active",
    )
    assert not found["m3"].is_name_public
    assert selectors.public_names(found["m3"]) == {}
    assert selectors.public_names(found["ak-kiyiz"]) == found["ak-kiyiz"].names


def test_a_place_is_told_with_what_it_lies_in(registry: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        chain = selectors.place_with_parents("KG-Y-barskoon")

    assert [(place.code, place.kind, place.parent_code) for place in chain] == [
        ("KG-Y-barskoon", "village", "KG-Y-jeti-oguz"),
        ("KG-Y-jeti-oguz", "district", "KG-Y"),
        ("KG-Y", "region", "KG"),
        ("KG", "country", ""),
    ]
    assert chain[0].official == {"ky"}
    assert selectors.place_with_parents("nowhere") == ()


def test_places_of_a_kind_come_by_code_and_in_pages(registry: None, django_assert_num_queries: Any) -> None:
    for number in range(30):
        row = PlaceRow("village", f"V{number:02}", {"en": f"Village {number}"}, parent="KG-Y-jeti-oguz")
        services.place_save(row, at=AT)

    with django_assert_num_queries(2):
        page = selectors.places_of("village", "KG-Y-jeti-oguz", after="V09", limit=3)

    assert [place.code for place in page] == ["V10", "V11", "V12"]


def test_only_consenting_producers_of_a_village_are_listed(registry: None) -> None:
    assert [producer.code for producer in selectors.producers_of_village("KG-Y-barskoon")] == ["ak-kiyiz"]


# Names


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("kaa-Latn", "Shımbay"),
        ("kaa-Cyrl", "Шымбай"),
        ("KAA-cyrl", "Шымбай"),
        ("kaa", "Shımbay"),
        ("uz-Latn", "Чимбай"),
        ("ky", "Чимбай"),
        ("ru-KG", "Чимбай"),
        ("ja", "Чимбай"),
        ("de", "Чимбай"),
        ("", "Чимбай"),
    ],
)
def test_the_next_best_recorded_name_is_shown(language: str, name: str) -> None:
    assert best_name({"ru": "Чимбай", "kaa-Latn": "Shımbay", "kaa-Cyrl": "Шымбай"}, language) == name


def test_a_name_in_the_language_comes_before_all_and_no_name_is_empty() -> None:
    assert best_name({"en": "Nukus", "ky": "Нөкүс"}, "ky") == "Нөкүс"
    assert best_name({"kaa-Cyrl": "Нөкис"}, "en") == "Нөкис"
    assert best_name({}, "ky") == ""


def test_every_language_of_names_has_fallbacks_that_are_languages_of_names() -> None:
    assert set(FALLBACKS) == NAME_TAGS
    assert all(set(tags) <= NAME_TAGS and language not in tags for language, tags in FALLBACKS.items())


@given(st.dictionaries(st.sampled_from(sorted(NAME_TAGS)), st.text(min_size=1)), st.text(max_size=12))
def test_a_shown_name_is_always_a_recorded_one(names: dict[str, str], language: str) -> None:
    shown = best_name(names, language)

    assert shown in names.values() if names else shown == ""


# ISO 3166


def test_countries_and_regions_are_those_of_iso_3166() -> None:
    assert iso_country("KG") == IsoCountry("KG", "Kyrgyzstan")
    assert iso_country("kg") is None
    assert iso_country("KGZ") is None
    region = iso_region("UZ-QR")
    assert region is not None
    assert (region.country_code, region.category) == ("UZ", "Republic")
    assert iso_region("KG-XX") is None
    assert [each.code for each in iso_regions("KG")] == [
        "KG-B", "KG-C", "KG-GB", "KG-GO", "KG-J", "KG-N", "KG-O", "KG-T", "KG-Y",
    ]  # fmt: skip
    assert iso_regions("XX") == ()
