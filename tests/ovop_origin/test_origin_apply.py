"""Many rows at once: in chunks, all or none, each bad row once, and nothing told before it is committed."""

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from origin_world import AT, HONEY, SLIPPERS, registry_document

from ovop_origin import selectors, services
from ovop_origin.models import Membership, Place, Producer, ProductGtin, ProductOrigin
from ovop_origin.records import (
    AnyRow,
    LotRow,
    MakerRow,
    MembershipRow,
    PlaceRow,
    ProducerRow,
    ProductRow,
    read_document,
)
from ovop_origin.services import Change, Tally, registry_apply, rows_in_order
from ovop_origin.services.registry import CHUNK_ROWS
from ovop_origin.signals import registry_changed
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError, RegistryRefused
from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import known_products_store

BARSKOON = "KG-Y-barskoon"


def apply(rows: Iterable[AnyRow], **options: Any) -> services.LoadResult:
    return registry_apply(rows, catalogue=host_catalogue(), at=AT, **options)


def producers(numbers: Iterable[int], **changes: Any) -> Iterator[ProducerRow]:
    for number in numbers:
        given: dict[str, Any] = {"kind": "group", "village": BARSKOON, "language": "ky", "names": {"ky": f"Ж{number}"}}
        yield ProducerRow(f"p{number:05}", row=number, **given | changes)


def gtin(number: int) -> str:
    digits = f"{number:012}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


@pytest.fixture
def many_products(registry: None) -> None:
    known_products_store([ProductRecord(pk, f"s{pk:05}", f"S{pk}", "ovop-felt") for pk in range(1_000, 2_500)])


# Chunks


def queries_of(rows: Iterable[AnyRow]) -> int:
    with CaptureQueriesContext(connection) as queries:
        apply(rows)
    return len(queries)


def test_a_chunk_takes_the_same_queries_whatever_its_rows(registry: None) -> None:
    few = queries_of(producers(range(10)))
    many = queries_of(producers(range(100, 900)))
    two_chunks = queries_of(producers(range(1_000, 2_500)))

    # Savepoint, lock and release stand for the load; behind the first full chunk two tables are counted.
    assert (few, many) == (7, 7)
    assert two_chunks == 3 + 2 * 4 + 2


def test_progress_is_told_behind_each_chunk_and_the_result_counts_all(registry: None) -> None:
    done: list[int] = []

    result = apply(producers(range(2_300)), on_progress=done.append)

    assert done == [CHUNK_ROWS, 2 * CHUNK_ROWS, 2_300]
    assert result.producers == Tally(created=2_300)


def test_a_chunk_of_products_with_many_makers_ends_early(many_products: None) -> None:
    apply(producers(range(400)))
    makers = tuple(MakerRow(f"p{number:05}", 25) for number in range(400))
    done: list[int] = []

    result = apply((ProductRow(f"s{pk:05}", BARSKOON, makers) for pk in range(1_000, 1_055)), on_progress=done.append)

    assert done == [50, 55]
    assert result.products == Tally(created=55)


def test_rows_in_another_order_than_that_of_the_sections_are_a_mistake_of_the_caller(registry: None) -> None:
    village = PlaceRow("village", "V", {"en": "V"}, parent="KG-Y-jeti-oguz")
    district = PlaceRow("district", "D", {"en": "D"}, parent="KG-Y")

    for rows in ([*producers([1]), village], [village, district]):
        with pytest.raises(ValueError, match="section by section"):
            apply(rows)
    assert Place.objects.count() == 8
    assert Producer.objects.count() == 3


def test_a_duplicate_is_found_across_the_border_of_two_chunks(registry: None) -> None:
    rows = [*producers(range(CHUNK_ROWS)), *producers([CHUNK_ROWS - 1]), *producers([CHUNK_ROWS])]

    with pytest.raises(RegistryRefused) as refusal:
        apply(rows)

    assert [(each.code, each.params["value"]) for each in refusal.value.problems] == [("duplicate_row", "p00999")]
    assert Producer.objects.count() == 3


def test_a_circle_across_chunks_is_refused_once(registry: None) -> None:
    # given a group of more members than one chunk holds, and a chain that begins before and ends behind it
    count = CHUNK_ROWS + 200
    apply(producers(range(count + 10)))
    group = [MembershipRow("p00001", f"p{number:05}") for number in range(10, count)]
    circle = [MembershipRow("p00000", "p00001"), *group, MembershipRow("p01100", "p00000", row=7)]

    with pytest.raises(RegistryRefused) as refusal:
        apply(circle)

    assert [(each.code, each.row) for each in refusal.value.problems] == [("wrong_member", 7)]
    assert not Membership.objects.exists()
    assert apply(circle[:-1]).memberships == Tally(created=len(group) + 1)


def test_gtins_move_around_all_products_of_several_chunks(many_products: None) -> None:
    count = 1_500

    def products(shift: int) -> Iterator[ProductRow]:
        for number in range(count):
            yield ProductRow(f"s{number + 1_000:05}", BARSKOON, gtins=(gtin(1 + (number + shift) % count),))

    apply(products(0))
    result = apply(products(1))

    assert result.products == Tally(changed=count)
    assert ProductGtin.objects.count() == count
    assert selectors.product_of_gtin("0" + gtin(1)) == 2_499
    assert not apply(products(1)).has_written


def test_a_gtin_that_a_refused_row_would_have_given_up_is_no_second_problem(many_products: None) -> None:
    apply([ProductRow("s01001", BARSKOON, gtins=(gtin(1),))])

    with pytest.raises(RegistryRefused) as refusal:
        apply(
            [
                ProductRow("s01000", BARSKOON, gtins=(gtin(1),), row=1),
                ProductRow("s01001", BARSKOON, (MakerRow("m3", 1),), row=2),
            ]
        )

    assert [(each.code, each.row) for each in refusal.value.problems] == [("shares_do_not_add_up", 2)]


def test_a_number_of_a_classifier_moves_to_a_place_of_an_earlier_chunk(registry: None) -> None:
    def villages(holder: int) -> Iterator[PlaceRow]:
        for number in range(1_200):
            numbered = {"classifier_scheme": "soate", "classifier_code": "41701"} if number == holder else {}
            yield PlaceRow("village", f"V{number:05}", {"en": "V"}, parent="KG-Y-jeti-oguz", **numbered)

    apply(villages(1_100))
    result = apply(villages(5))

    assert result.places == Tally(changed=2, unchanged=1_198)
    assert Place.objects.get(classifier_code="41701").code == "V00005"
    assert not apply(villages(5)).has_written


# Refusals


def test_what_names_a_refused_row_is_no_second_problem(registry: None) -> None:
    document = registry_document()
    document["places"][2]["names"] = {"xx": "Jeti-Oguz"}
    document["producers"][1]["status"] = "gone"
    document["memberships"] = [{"group": "ak-kiyiz", "member": "m3"}]
    document["lots"] = [{"product": "felt-slippers", "code": "L1", "made_on": "2025-05-01"}]
    told: list[OvopError] = []

    with pytest.raises(RegistryRefused) as refusal:
        apply(rows_in_order(read_document(document)), on_problem=told.append)

    assert (refusal.value.problems, refusal.value.count) == ((), 2)
    assert refusal.value.message == "Nothing was loaded: 2 rows break a rule."
    assert [(each.params["section"], each.row, each.field, each.code, each.params["value"]) for each in told] == [
        ("places", 3, "names", "unknown_language", "xx"),
        ("producers", 2, "status", "invalid_choice", "gone"),
    ]


def test_a_parent_of_a_lower_level_in_a_later_chunk_is_a_wrong_one(registry: None) -> None:
    districts = [PlaceRow("district", "D", {"en": "D"}, parent="V01150", row=1)]
    villages = [PlaceRow("village", f"V{n:05}", {"en": "V"}, parent="KG-Y-jeti-oguz") for n in range(1_200)]
    below = [PlaceRow("village", "W", {"en": "W"}, parent="D")]

    with pytest.raises(RegistryRefused) as refusal:
        apply([*districts, *villages, *below])

    assert [(each.code, each.row, each.params["value"]) for each in refusal.value.problems] == [
        ("wrong_parent", 1, "V01150")
    ]


def test_every_row_may_be_bad(registry: None) -> None:
    told: list[OvopError] = []

    with pytest.raises(RegistryRefused) as refusal:
        apply(producers(range(2_500), phone="none"), on_problem=told.append)

    assert refusal.value.count == len(told) == 2_500
    assert [each.row for each in told] == list(range(2_500))
    assert Producer.objects.count() == 3


# Differences


def test_a_dry_run_tells_the_differences_and_writes_nothing(registry: None) -> None:
    document = registry_document()
    document["places"][3] |= {"latitude": "42.17", "names": {"en": "Barskoon", "ru": "Барскоон"}, "official": []}
    document["producers"][0]["is_name_public"] = False
    document["producers"][1]["village"] = "UZ-QR-chimbay"
    document["producers"].append(document["producers"][2] | {"code": "zz"})
    document["products"][0]["makers"] = [{"producer": "m3", "share": 10000}]
    document["products"][1]["gtins"] = [gtin(1)]
    changes: list[Change] = []
    before = list(ProductOrigin.objects.values()), list(Place.objects.order_by("pk").values())

    result = apply(rows_in_order(read_document(document)), is_dry_run=True, on_change=changes.append)

    assert changes == [
        Change("places", BARSKOON, "latitude", "42.16", "42.17"),
        Change("places", BARSKOON, "name:ky", "Барскоон", ""),
        Change("places", BARSKOON, "name:ru", "", "Барскоон"),
        Change("places", BARSKOON, "official", "ky", ""),
        Change("producers", "ak-kiyiz", "is_name_public", "true", "false"),
        Change("producers", "m3", "village", BARSKOON, "UZ-QR-chimbay"),
        Change("producers", "zz", "", "", "new"),
        Change("products", "felt-slippers", "maker:ak-kiyiz", "6667", ""),
        Change("products", "felt-slippers", "maker:m3", "3333", "10000"),
        Change("products", "licorice-honey", "gtins", "", "0" + gtin(1)),
    ]
    assert (result.places, result.producers, result.products) == (
        Tally(changed=1, unchanged=7),
        Tally(created=1, changed=2, unchanged=1),
        Tally(changed=2),
    )
    assert (list(ProductOrigin.objects.values()), list(Place.objects.order_by("pk").values())) == before
    assert not Producer.objects.filter(code="zz").exists()


# The signal


@pytest.fixture
def told() -> Iterator[list[frozenset[int] | None]]:
    heard: list[frozenset[int] | None] = []

    def listen(product_pks: frozenset[int] | None, **kwargs: object) -> None:
        heard.append(product_pks)

    registry_changed.connect(listen)
    yield heard
    registry_changed.disconnect(listen)


def test_the_host_is_told_what_changed_after_the_commit(
    registry: None, told: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    lot = LotRow("", "L1", datetime.date(2025, 5, 1))
    with django_capture_on_commit_callbacks() as callbacks:
        services.product_village_set(SLIPPERS, "UZ-QR-chimbay", at=AT)
        services.product_village_set(SLIPPERS, "UZ-QR-chimbay", at=AT)
        services.lot_save(HONEY, lot, at=AT)
        services.producer_save(next(iter(producers([1]))), at=AT)
        with pytest.raises(OvopError):
            services.product_origin_set(SLIPPERS, "nowhere", {}, at=AT)
        apply(producers([2]), is_dry_run=True)
        services.product_origin_remove(SLIPPERS)
        assert told == []

    for callback in callbacks:
        callback()

    assert told == [frozenset({SLIPPERS}), frozenset({HONEY}), None, frozenset({SLIPPERS})]


def test_more_products_than_are_worth_naming_are_not_named(
    many_products: None, told: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        apply(ProductRow(f"s{pk:05}", BARSKOON) for pk in range(1_000, 1_500))
    with django_capture_on_commit_callbacks(execute=True):
        apply(ProductRow(f"s{pk:05}", BARSKOON) for pk in range(1_500, 2_001))

    assert told == [frozenset(range(1_000, 1_500)), None]


def test_a_receiver_that_fails_undoes_nothing(committed_database: str, caplog: pytest.LogCaptureFixture) -> None:
    def fail(**kwargs: object) -> None:
        raise RuntimeError("the host is ill")

    registry_changed.connect(fail)
    try:
        assert services.place_save(PlaceRow("country", "KG", {}, code_scheme="iso3166-1"), at=AT)
    finally:
        registry_changed.disconnect(fail)

    assert Place.objects.filter(code="KG").exists()
    assert "the host is ill" in caplog.text
