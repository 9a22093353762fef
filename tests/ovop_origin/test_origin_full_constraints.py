"""What PostgreSQL itself refuses of members, materials, GTINs and lots, whoever writes; and two writers at once."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from origin_world import AT, HONEY, JAM, SLIPPERS

from ovop_origin import services
from ovop_origin.models import (
    Lot,
    LotContribution,
    Material,
    MaterialName,
    Membership,
    Place,
    Producer,
    ProductGtin,
    ProductMaterial,
    ProductOrigin,
    RegistryUpload,
    ShownVillage,
)
from ovop_origin.records import LotRow, MaterialRow, MembershipRow, PlaceRow, ProducerRow
from ovop_shared.errors import OvopError

BARSKOON = "KG-Y-barskoon"


def refused_by(write: Callable[[], Any]) -> str:
    """The name of the constraint that refuses the write."""
    connection.check_constraints()

    def write_and_check() -> None:
        with transaction.atomic():
            write()
            connection.check_constraints()

    with pytest.raises(IntegrityError) as refusal:
        write_and_check()
    cause = refusal.value.__cause__
    assert isinstance(cause, psycopg.Error)
    return cause.diag.constraint_name or ""


@pytest.fixture
def full(registry: None) -> None:
    services.membership_save(MembershipRow("ak-kiyiz", "m3"), at=AT)
    for code in ("wool", "yarrow"):
        services.material_save(MaterialRow(code, {"en": code}), at=AT)
    services.product_origin_set(
        SLIPPERS, BARSKOON, {"m3": 10_000}, materials={"wool": 9_000, "yarrow": 1_000}, gtins=["96385074"], at=AT
    )
    services.lot_save(SLIPPERS, LotRow("", "L1", AT.date()), at=AT)


def producer(code: str) -> Producer:
    return Producer.objects.get(code=code)


def material(code: str) -> Material:
    return Material.objects.get(code=code)


def origin(product_pk: int = SLIPPERS) -> ProductOrigin:
    return ProductOrigin.objects.get(product_pk=product_pk)


def village() -> Place:
    return Place.objects.get(code=BARSKOON)


def lot() -> Lot:
    return Lot.objects.get(code="L1")


@pytest.mark.parametrize(
    ("write", "constraint"),
    [
        (lambda: Place.objects.filter(code="KG").update(classifier_code="417"), "ovop_place_classifier"),
        (lambda: Place.objects.filter(code="KG").update(classifier_scheme="soate"), "ovop_place_classifier"),
        (
            lambda: Place.objects.filter(code="KG").update(classifier_scheme="geonames", classifier_code="417"),
            "ovop_place_classifier",
        ),
        (
            lambda: Place.objects.filter(code="KG").update(classifier_scheme="soate", classifier_code="4x7"),
            "ovop_place_classifier",
        ),
        (
            lambda: Place.objects.filter(kind="country").update(classifier_scheme="soate", classifier_code="417"),
            "ovop_place_classifier_code",
        ),
        (lambda: Producer.objects.filter(code="m3").update(stage="retired"), "ovop_producer_stage"),
        (lambda: Producer.objects.filter(code="m3").update(is_women_led=True), "ovop_producer_flags_consent"),
        (lambda: Producer.objects.filter(code="m3").update(is_youth_led=False), "ovop_producer_flags_consent"),
        (lambda: Producer.objects.filter(code="m3").update(is_disability_led=True), "ovop_producer_flags_consent"),
        (lambda: Membership(group=producer("ak-kiyiz"), member=producer("m3")).save(), "ovop_membership_once"),
        (
            lambda: Membership.objects.update(since="2025-02-01", until="2025-01-31"),
            "ovop_membership_period",
        ),
        (lambda: Membership(group=producer("m3"), member=producer("boyan")).save(), "ovop_membership_of_person"),
        (
            lambda: Membership(group=producer("boyan"), member=producer("boyan")).save(),
            "ovop_membership_circle",
        ),
        (lambda: Producer.objects.filter(code="ak-kiyiz").update(kind="person"), "ovop_membership_of_person"),
        (lambda: Material(code="wool").save(), "ovop_origin_material_code_key"),
        (lambda: Material(code="two words").save(), "ovop_material_code_shape"),
        (
            lambda: MaterialName(material=material("wool"), language="en", text="Fleece").save(),
            "ovop_material_name_language",
        ),
        (
            lambda: MaterialName(material=material("wool"), language="ru_RU", text="Шерсть").save(),
            "ovop_material_name_tag",
        ),
        (lambda: MaterialName(material=material("wool"), language="ky", text="").save(), "ovop_material_name_text"),
        (
            lambda: ProductMaterial(origin=origin(), material=material("wool"), share=1).save(),
            "ovop_product_material_once",
        ),
        (
            lambda: ProductMaterial(origin=origin(HONEY), material=material("wool"), share=0).save(),
            "ovop_product_material_share",
        ),
        (
            lambda: ProductMaterial(origin=origin(HONEY), material=material("wool"), share=10_001).save(),
            "ovop_product_material_share",
        ),
        (
            lambda: ProductMaterial(origin=origin(HONEY), material=material("wool"), share=9_999).save(),
            "ovop_material_shares_add_up",
        ),
        (
            lambda: ProductMaterial.objects.filter(material__code="wool").update(share=8_999),
            "ovop_material_shares_add_up",
        ),
        (lambda: ProductMaterial.objects.filter(material__code="wool").delete(), "ovop_material_shares_add_up"),
        (
            lambda: ProductMaterial.objects.filter(material__code="wool").update(origin=origin(HONEY)),
            "ovop_material_shares_add_up",
        ),
        (lambda: ProductGtin(origin=origin(HONEY), gtin="00000096385074").save(), "ovop_origin_productgtin_gtin_key"),
        (lambda: ProductGtin(origin=origin(HONEY), gtin="96385074").save(), "ovop_product_gtin_digits"),
        (lambda: Lot(origin=origin(), code="L1", village=village(), made_on=AT).save(), "ovop_lot_code"),
        (lambda: Lot(origin=origin(), code="L 2", village=village(), made_on=AT).save(), "ovop_lot_code_shape"),
        (lambda: Lot.objects.update(village=Place.objects.get(code="KG-Y")), "ovop_in_a_village"),
        (
            lambda: Lot(origin=origin(), code="L2", village=Place.objects.get(code="KG"), made_on=AT).save(),
            "ovop_in_a_village",
        ),
        (
            lambda: LotContribution(lot=lot(), producer=producer("m3"), quantity=0).save(),
            "ovop_lot_contribution_quantity",
        ),
        (
            lambda: LotContribution.objects.bulk_create(
                LotContribution(lot=lot(), producer=producer("m3"), quantity=1) for _ in range(2)
            ),
            "ovop_lot_contribution_once",
        ),
        (
            lambda: ShownVillage.objects.bulk_create(ShownVillage(product_pk=1) for _ in range(2)),
            "ovop_origin_shownvillage_product_pk_key",
        ),
        (
            lambda: RegistryUpload.objects.bulk_create(
                RegistryUpload(
                    key="9b2f1c1e-0000-4000-8000-000000000000", name="a", content=b"", uploaded_by="s", uploaded_at=AT
                )
                for _ in range(2)
            ),
            "ovop_origin_registryupload_key_key",
        ),
    ],
)
def test_a_write_that_breaks_a_rule_is_refused(full: None, write: Callable[[], Any], constraint: str) -> None:
    assert refused_by(write) == constraint


def test_no_producer_is_a_member_of_itself_through_others(full: None) -> None:
    services.membership_save(MembershipRow("boyan", "ak-kiyiz"), at=AT)
    services.producer_save(ProducerRow("guild", "group", BARSKOON, "ky", {"ky": "Ж"}), at=AT)
    services.membership_save(MembershipRow("guild", "boyan"), at=AT)

    closing = Membership(group=producer("ak-kiyiz"), member=producer("guild"))
    assert refused_by(closing.save) == "ovop_membership_circle"
    moved = Membership.objects.filter(group__code="guild")
    assert refused_by(lambda: moved.update(group=producer("ak-kiyiz"))) == "ovop_membership_circle"


def test_a_membership_of_itself_is_refused_by_the_table_too(full: None) -> None:
    connection.check_constraints()  # a table with checks to come cannot be altered
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ovop_origin_membership DISABLE TRIGGER ovop_origin_membership_rules")

    write = Membership(group=producer("boyan"), member=producer("boyan")).save
    assert refused_by(write) == "ovop_membership_of_itself"


@pytest.mark.parametrize("version", ["0003_full_registry", "0002_rules"])
def test_the_full_registry_can_be_taken_back_and_made_again(committed_database: str, version: str) -> None:
    call_command("migrate", "ovop_origin", version, verbosity=0)
    call_command("migrate", "ovop_origin", verbosity=0)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'ovop_origin%'")
        assert cursor.fetchone() == (9,)


# Real commits


@pytest.fixture
def three_groups(committed_database: str) -> str:
    """A committed village with three groups, two products and a material; the database's URL."""
    for row in (
        PlaceRow("country", "KG", {}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "KG-Y-ton", {"en": "Ton"}, parent="KG-Y"),
        PlaceRow("village", "KG-Y-bokonbaev", {"en": "Bokonbaev"}, parent="KG-Y-ton"),
    ):
        services.place_save(row, at=AT)
    for code in ("a", "b", "c"):
        services.producer_save(ProducerRow(code, "group", "KG-Y-bokonbaev", "ky", {"ky": "Ж"}), at=AT)
        services.material_save(MaterialRow(code, {"en": code}), at=AT)
    for product_pk in (SLIPPERS, JAM):
        services.product_origin_set(product_pk, "KG-Y-bokonbaev", {}, at=AT)
    return committed_database


ADD_MEMBER = """
    INSERT INTO ovop_origin_membership (group_id, member_id)
    SELECT above.id, below.id FROM ovop_origin_producer above, ovop_origin_producer below
    WHERE above.code = %s AND below.code = %s
"""
ADD_MATERIAL = """
    INSERT INTO ovop_origin_productmaterial (origin_id, material_id, share)
    SELECT origin.id, material.id, 10000 FROM ovop_origin_productorigin origin, ovop_origin_material material
    WHERE origin.product_pk = %s AND material.code = %s
"""


def outcome_of(connection: psycopg.Connection, statement: str, given: tuple[object, ...]) -> str:
    try:
        connection.execute(statement, given)
        connection.commit()
    except psycopg.errors.IntegrityError as refusal:
        return refusal.diag.constraint_name or ""
    return "committed"


def test_two_memberships_that_would_close_a_circle_together(three_groups: str) -> None:
    # given a member of one transaction that has not ended
    services.membership_save(MembershipRow("a", "b"), at=AT)
    with psycopg.connect(three_groups) as first, psycopg.connect(three_groups) as second:
        first.execute(ADD_MEMBER, ("b", "c"))
        outcomes: list[str] = []
        thread = threading.Thread(target=lambda: outcomes.append(outcome_of(second, ADD_MEMBER, ("c", "a"))))
        thread.start()
        thread.join(0.3)
        assert outcomes == []

        # when it ends, the other sees what it wrote
        first.commit()
        thread.join(10)
        assert outcomes == ["ovop_membership_circle"]
    assert Membership.objects.count() == 2


def test_a_service_waits_for_whoever_writes_a_membership_and_refuses_with_a_code(three_groups: str) -> None:
    with psycopg.connect(three_groups) as first:
        first.execute(ADD_MEMBER, ("a", "b"))
        outcomes: list[str] = []

        def write() -> None:
            try:
                services.membership_save(MembershipRow("b", "a"), at=AT)
                outcomes.append("written")
            except OvopError as refusal:
                outcomes.append(refusal.code)
            finally:
                connection.close()

        thread = threading.Thread(target=write)
        thread.start()
        thread.join(0.3)
        assert outcomes == []
        first.commit()
        thread.join(10)

    assert outcomes == ["wrong_member"]


def test_one_gtin_for_two_products_at_once_is_one_products(three_groups: str) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def write(product_pk: int) -> None:
        start.wait()
        try:
            services.product_origin_set(product_pk, "KG-Y-bokonbaev", {}, gtins=["96385074"], at=AT)
            outcomes.append("written")
        except OvopError as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(product_pk,)) for product_pk in (SLIPPERS, JAM)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(outcomes) == ["gtin_taken", "written"]
    assert ProductGtin.objects.count() == 1


def test_of_two_transactions_that_each_add_a_whole_material_only_one_is_committed(three_groups: str) -> None:
    with psycopg.connect(three_groups) as first, psycopg.connect(three_groups) as second:
        first.execute(ADD_MATERIAL, (SLIPPERS, "a"))
        second.execute(ADD_MATERIAL, (SLIPPERS, "b"))

        first.commit()
        with pytest.raises(psycopg.errors.CheckViolation) as refusal:
            second.commit()

        assert refusal.value.diag.constraint_name == "ovop_material_shares_add_up"
    assert list(ProductMaterial.objects.values_list("material__code", "share")) == [("a", 10_000)]


def test_a_commit_waits_for_another_that_is_checking_the_same_products_materials(three_groups: str) -> None:
    with psycopg.connect(three_groups) as first, psycopg.connect(three_groups) as second:
        first.execute(ADD_MATERIAL, (SLIPPERS, "a"))
        first.execute("SET CONSTRAINTS ALL IMMEDIATE")
        outcomes: list[str] = []
        arguments = (second, ADD_MATERIAL, (SLIPPERS, "b"))
        thread = threading.Thread(target=lambda: outcomes.append(outcome_of(*arguments)))
        thread.start()
        time.sleep(0.3)
        assert outcomes == []

        first.commit()
        thread.join(10)
        assert outcomes == ["ovop_material_shares_add_up"]
