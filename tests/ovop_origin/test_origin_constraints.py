"""What PostgreSQL itself refuses, whoever writes: each constraint and trigger, and two writers at once."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from origin_world import AT, JAM, SLIPPERS, stored_rows

from ovop_origin import services
from ovop_origin.models import Maker, Place, PlaceName, Producer, ProducerName, ProductOrigin
from ovop_origin.records import PlaceRow, ProducerRow


def refused_by(write: Callable[[], Any]) -> str:
    """The name of the constraint that refuses the write; nothing may have changed."""
    connection.check_constraints()  # what is still to be checked from before would hide a check that is missing
    rows = stored_rows()

    def write_and_check() -> None:
        with transaction.atomic():
            write()
            connection.check_constraints()

    with pytest.raises(IntegrityError) as refusal:
        write_and_check()
    assert stored_rows() == rows
    cause = refusal.value.__cause__
    assert isinstance(cause, psycopg.Error)
    return cause.diag.constraint_name or ""


def place(**changes: Any) -> Place:
    district = Place.objects.get(code="KG-Y-jeti-oguz")
    values = {"kind": "village", "code": "new", "code_scheme": "ovop", "country_code": "KG", "parent": district}
    return Place(**values | changes)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"code": "with space"}, "ovop_place_code_shape"),
        ({"code": "KG-Y-barskoon"}, "ovop_origin_place_code_key"),
        ({"code": "KG-Y-barskoon", "code_scheme": "soate"}, "ovop_origin_place_code_key"),
        ({"kind": "hamlet"}, "ovop_place_parent_kind"),
        ({"kind": "hamlet", "parent": None}, "ovop_place_kind"),
        ({"country_code": "kg", "parent": None}, "ovop_place_country_shape"),
        ({"country_code": "UZ"}, "ovop_place_parent_kind"),
        ({"kind": "district"}, "ovop_place_parent_kind"),
        ({"parent": None}, "ovop_place_parent_and_scheme"),
        ({"kind": "country", "parent": None}, "ovop_place_parent_and_scheme"),
        ({"kind": "country", "code": "KZ", "country_code": "KZ", "parent": None}, "ovop_place_parent_and_scheme"),
        ({"latitude": 91, "longitude": 0}, "ovop_place_on_map"),
        ({"latitude": 0, "longitude": -181}, "ovop_place_on_map"),
        ({"latitude": 42}, "ovop_place_on_map"),
        ({"longitude": 77}, "ovop_place_on_map"),
        ({"valid_from": "2025-02-01", "valid_until": "2025-01-31"}, "ovop_place_validity"),
    ],
)
def test_a_place_that_breaks_a_rule_is_not_stored(registry: None, changes: dict[str, Any], constraint: str) -> None:
    assert refused_by(place(**changes).save) == constraint


@pytest.mark.parametrize(
    "changes", [{"kind": "village"}, {"country_code": "UZ"}, {"code": "KG-Y-other"}], ids=["kind", "country", "code"]
)
def test_code_kind_and_country_of_a_place_never_change(registry: None, changes: dict[str, Any]) -> None:
    district = Place.objects.filter(code="KG-Y-jeti-oguz")

    assert refused_by(lambda: district.update(**changes)) == "ovop_place_is_fixed"


def test_a_place_cannot_be_moved_below_itself(registry: None) -> None:
    village = Place.objects.get(code="KG-Y-barskoon")
    moved = Place.objects.filter(code="KG-Y-jeti-oguz")

    assert refused_by(lambda: moved.update(parent=village)) == "ovop_place_parent_kind"


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        (lambda: PlaceName(place=Place.objects.get(code="KG"), language="ky", text="Дагы"), "ovop_place_name_language"),
        (lambda: PlaceName(place=Place.objects.get(code="KG"), language="KY", text="Дагы"), "ovop_place_name_tag"),
        (lambda: PlaceName(place=Place.objects.get(code="KG"), language="ja", text=""), "ovop_place_name_text"),
        (
            lambda: ProducerName(producer=Producer.objects.get(code="m3"), language="ru", text="Ещё"),
            "ovop_producer_name_language",
        ),
        (
            lambda: ProducerName(producer=Producer.objects.get(code="m3"), language="ru_RU", text="Ещё"),
            "ovop_producer_name_tag",
        ),
        (
            lambda: ProducerName(producer=Producer.objects.get(code="m3"), language="ky", text=""),
            "ovop_producer_name_text",
        ),
        (lambda: producer(code="m3"), "ovop_origin_producer_code_key"),
        (lambda: producer(code="a b"), "ovop_producer_code_shape"),
        (lambda: producer(kind="factory"), "ovop_producer_kind"),
        (lambda: producer(status="gone"), "ovop_producer_status"),
        (lambda: producer(language="Kyrgyz"), "ovop_producer_tag"),
        (lambda: producer(place=Place.objects.get(code="KG-Y")), "ovop_in_a_village"),
        (
            lambda: ProductOrigin(product_pk=JAM, village=Place.objects.get(code="KG-Y-jeti-oguz")),
            "ovop_in_a_village",
        ),
        (
            lambda: ProductOrigin(product_pk=SLIPPERS, village=Place.objects.get(code="KG-Y-barskoon")),
            "ovop_origin_productorigin_product_pk_key",
        ),
    ],
)
def test_a_row_that_breaks_a_rule_is_not_stored(registry: None, row: Callable[[], Any], constraint: str) -> None:
    assert refused_by(row().save) == constraint


def producer(**changes: Any) -> Producer:
    values = {"code": "new", "kind": "person", "language": "ky", "place": Place.objects.get(code="KG-Y-barskoon")}
    return Producer(**values | changes)


def test_a_product_cannot_be_moved_to_a_district_nor_a_producer_renamed(registry: None) -> None:
    district = Place.objects.get(code="KG-Y-jeti-oguz")

    assert refused_by(lambda: ProductOrigin.objects.update(village=district)) == "ovop_in_a_village"
    assert refused_by(lambda: Producer.objects.filter(code="m3").update(place=district)) == "ovop_in_a_village"
    assert refused_by(lambda: Producer.objects.filter(code="m3").update(code="m4")) == "ovop_producer_is_fixed"


def maker(code: str, share: int, product_pk: int = SLIPPERS) -> Maker:
    origin = ProductOrigin.objects.get(product_pk=product_pk)
    return Maker(origin=origin, producer=Producer.objects.get(code=code), share=share)


def test_a_share_is_from_one_to_the_whole_and_a_maker_stands_once(registry: None) -> None:
    assert refused_by(maker("boyan", 0).save) == "ovop_maker_share"
    assert refused_by(maker("boyan", 10_001).save) == "ovop_maker_share"
    assert refused_by(maker("m3", 1).save) == "ovop_maker_once"


def test_the_shares_of_a_product_add_up_at_commit(registry: None) -> None:
    slippers = Maker.objects.filter(origin__product_pk=SLIPPERS)

    # adding, changing, taking away and handing over a maker each leave a wrong sum
    assert refused_by(maker("boyan", 1).save) == "ovop_shares_add_up"
    assert refused_by(lambda: slippers.filter(producer__code="m3").update(share=3334)) == "ovop_shares_add_up"
    assert refused_by(slippers.filter(producer__code="m3").delete) == "ovop_shares_add_up"
    honey = ProductOrigin.objects.exclude(product_pk=SLIPPERS).get()
    assert refused_by(lambda: slippers.filter(producer__code="m3").update(origin=honey)) == "ovop_shares_add_up"

    # while the sum may be wrong on the way, and a product may have no makers or go altogether
    with transaction.atomic():
        slippers.filter(producer__code="m3").update(share=3334)
        slippers.filter(producer__code="ak-kiyiz").update(share=6666)
        connection.check_constraints()
    slippers.delete()
    honey.delete()
    connection.check_constraints()
    assert not Maker.objects.exists()


# Real commits


@pytest.fixture
def village_of_two(committed_database: str) -> str:
    """A committed product without makers, and two producers; the database's URL."""
    for row in (
        PlaceRow("country", "KG", {}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "KG-Y-ton", {"en": "Ton"}, parent="KG-Y"),
        PlaceRow("village", "KG-Y-bokonbaev", {"en": "Bokonbaev"}, parent="KG-Y-ton"),
    ):
        services.place_save(row, at=AT)
    for code in ("first", "second"):
        services.producer_save(ProducerRow(code, "person", "KG-Y-bokonbaev", "ky", {"ky": "Ай"}), at=AT)
    services.product_origin_set(SLIPPERS, "KG-Y-bokonbaev", {}, at=AT)
    return committed_database


ADD_MAKER = """
    INSERT INTO ovop_origin_maker (origin_id, producer_id, share)
    SELECT origin.id, producer.id, 10000 FROM ovop_origin_productorigin origin, ovop_origin_producer producer
    WHERE origin.product_pk = %s AND producer.code = %s
"""


def test_of_two_transactions_that_each_add_the_whole_only_one_is_committed(village_of_two: str) -> None:
    # given two open transactions that do not see each other
    with psycopg.connect(village_of_two) as first, psycopg.connect(village_of_two) as second:
        first.execute(ADD_MAKER, (SLIPPERS, "first"))
        second.execute(ADD_MAKER, (SLIPPERS, "second"))

        # when both commit
        first.commit()
        with pytest.raises(psycopg.errors.CheckViolation) as refusal:
            second.commit()

        # then
        assert refusal.value.diag.constraint_name == "ovop_shares_add_up"
    assert list(Maker.objects.values_list("producer__code", "share")) == [("first", 10_000)]


def test_a_commit_waits_for_another_that_is_checking_the_same_product(village_of_two: str) -> None:
    # given a transaction whose sum was checked and that has not ended
    with psycopg.connect(village_of_two) as first, psycopg.connect(village_of_two) as second:
        first.execute(ADD_MAKER, (SLIPPERS, "first"))
        first.execute("SET CONSTRAINTS ALL IMMEDIATE")
        second.execute(ADD_MAKER, (SLIPPERS, "second"))
        outcome: list[str] = []

        def commit_second() -> None:
            try:
                second.commit()
                outcome.append("committed")
            except psycopg.errors.CheckViolation as refusal:
                outcome.append(refusal.diag.constraint_name or "")

        thread = threading.Thread(target=commit_second)
        thread.start()
        thread.join(0.3)
        assert outcome == []

        # when it ends, the other sees what it wrote
        first.commit()
        thread.join(10)
        assert outcome == ["ovop_shares_add_up"]


def test_two_writers_of_the_same_new_place_and_product_both_succeed(village_of_two: str) -> None:
    row = PlaceRow("village", "KG-Y-kaji-say", {"en": "Kaji-Say"}, parent="KG-Y-ton")
    written: list[tuple[bool, bool]] = []
    start = threading.Barrier(4)

    def write() -> None:
        start.wait()
        place_written = services.place_save(row, at=AT)
        origin_written = services.product_origin_set(JAM, row.code, {"first": 5_000, "second": 5_000}, at=AT)
        written.append((place_written, origin_written))
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(written) == 4
    assert sum(place_written for place_written, _ in written) == 1
    assert sum(origin_written for _, origin_written in written) == 1
    assert Place.objects.filter(code=row.code).count() == 1
    assert Maker.objects.filter(origin__product_pk=JAM).count() == 2
