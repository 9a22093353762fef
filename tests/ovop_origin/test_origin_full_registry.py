"""Members, materials, GTINs, lots and the private facts of producers: their rules, one row at a time and in documents."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from origin_world import AT, HONEY, JAM, SLIPPERS, registry_document

from ovop_origin import errors, selectors, services
from ovop_origin.models import (
    Lot,
    LotContribution,
    Maker,
    Material,
    Membership,
    Place,
    Producer,
    ProductGtin,
    ProductMaterial,
    ProductOrigin,
)
from ovop_origin.records import ContributionRow, LotRow, MaterialRow, MembershipRow, PlaceRow, ProducerRow
from ovop_origin.services import Tally
from ovop_shared.errors import OvopError, RegistryRefused

BARSKOON = "KG-Y-barskoon"
GTIN_13, GTIN_8, GTIN_12 = "4006381333931", "96385074", "036000291452"
TODAY = datetime.date(2025, 6, 1)

ALL_TABLES = (
    Place,
    Producer,
    Membership,
    Material,
    ProductOrigin,
    Maker,
    ProductMaterial,
    ProductGtin,
    Lot,
    LotContribution,
)


def everything() -> list[list[dict[str, Any]]]:
    return [list(table.objects.order_by("pk").values()) for table in ALL_TABLES]


def refused(write: Callable[[], Any]) -> OvopError:
    """The refusal; nothing may have changed."""
    rows = everything()
    with pytest.raises(OvopError) as refusal:
        write()
    assert everything() == rows
    return refusal.value


def full_document() -> dict[str, Any]:
    document = registry_document()
    document["places"][3] |= {"classifier_scheme": "soate", "classifier_code": "41702215810010"}
    document["producers"][0] |= {
        "stage": "markets",
        "phone": "+996 555 12-34-56",
        "email": "office@example.com",
        "is_women_led": True,
        "is_youth_led": False,
        "flags_consented_on": "2025-05-01",
    }
    document["memberships"] = [{"group": "ak-kiyiz", "member": "m3", "since": "2024-01-01"}]
    document["materials"] = [
        {"code": "wool", "names": {"en": "Wool", "ky": "Жүн"}, "place": "KG-Y"},
        {"code": "yarrow", "names": {"en": "Yarrow"}},
    ]
    document["products"][0] |= {
        "materials": [{"material": "wool", "share": 9900}, {"material": "yarrow", "share": 100}],
        "gtins": [GTIN_13, GTIN_8],
    }
    document["lots"] = [
        {
            "product": "felt-slippers",
            "code": "2025-05",
            "made_on": "2025-05-20",
            "contributions": [{"producer": "m3", "quantity": 40}, {"producer": "ak-kiyiz", "quantity": 60}],
        }
    ]
    return document


@pytest.fixture
def full(load: Callable[[object], Any]) -> None:
    load(full_document())


# A whole document


def test_every_section_is_loaded_and_a_second_load_writes_nothing(
    load: Callable[[object], Any], django_assert_num_queries: Any
) -> None:
    first = load(full_document())
    rows = everything()

    with django_assert_num_queries(32) as queries:
        second = load(full_document())

    assert (first.memberships, first.materials, first.lots) == (Tally(created=1), Tally(created=2), Tally(created=1))
    assert not second.has_written
    assert (second.memberships, second.materials, second.lots) == (
        Tally(unchanged=1),
        Tally(unchanged=2),
        Tally(unchanged=1),
    )
    assert everything() == rows
    assert {query["sql"].split()[0] for query in queries.captured_queries} <= {
        "SELECT", "SAVEPOINT", "RELEASE", "WITH",
    }  # fmt: skip


def test_what_was_loaded_is_told(full: None) -> None:
    assert selectors.members_of(["ak-kiyiz"])["ak-kiyiz"][0].since == datetime.date(2024, 1, 1)
    details = selectors.product_details([SLIPPERS])[SLIPPERS]
    assert details.gtins == ("00000096385074", "04006381333931")
    assert [(each.code, each.share, each.place_code) for each in details.materials] == [
        ("wool", 9900, "KG-Y"),
        ("yarrow", 100, ""),
    ]
    lot = selectors.lot(SLIPPERS, "2025-05")
    assert lot is not None
    assert (lot.village_code, lot.quantity, lot.made_on) == (BARSKOON, 100, datetime.date(2025, 5, 20))
    private = selectors.producers_private(["ak-kiyiz"])["ak-kiyiz"]
    assert (private.stage, private.is_women_led, private.is_youth_led, private.is_disability_led) == (
        "markets", True, False, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("section", "changes", "field"),
    [
        ("memberships", {"group": None}, "group"),
        ("memberships", {"since": "yesterday"}, "since"),
        ("materials", {"names": []}, "names"),
        ("materials", {"place": 7}, "place"),
        ("lots", {"made_on": None}, "made_on"),
        ("lots", {"made_on": "20.05.2025"}, "made_on"),
        ("lots", {"contributions": [{"producer": "m3", "quantity": "many"}]}, "quantity"),
        ("lots", {"contributions": [{"producer": "m3", "quantity": 1, "unit": "kg"}]}, "unit"),
        ("products", {"gtins": [4006381333931]}, "gtins"),
        ("products", {"gtins": "4006381333931"}, "gtins"),
        ("products", {"materials": [{"material": "wool", "share": 1.5}]}, "share"),
        ("producers", {"is_women_led": "yes"}, "is_women_led"),
        ("places", {"classifier_code": 417}, "classifier_code"),
    ],
)
def test_a_new_row_that_cannot_be_read_is_refused(
    load: Callable[[object], Any], section: str, changes: dict[str, Any], field: str
) -> None:
    document = full_document()
    document[section][0] |= changes

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    (problem,) = refusal.value.problems
    assert (problem.code, problem.params["section"], problem.row, problem.field) == (
        "invalid_document", section, 1, field,
    )  # fmt: skip
    assert not Place.objects.exists()


# Producers


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"phone": "call me"}, errors.InvalidContact, "phone"),
        ({"phone": "1234"}, errors.InvalidContact, "phone"),
        ({"phone": "+1234567890123456"}, errors.InvalidContact, "phone"),
        ({"phone": "0" + "-" * 30 + "12345"}, errors.InvalidContact, "phone"),
        ({"email": "office@"}, errors.InvalidContact, "email"),
        ({"email": "a" * 250 + "@example.com"}, errors.InvalidContact, "email"),
        ({"stage": "retired"}, errors.InvalidChoice, "stage"),
        ({"is_women_led": False}, errors.FlagsWithoutConsent, "is_women_led"),
        ({"is_disability_led": True}, errors.FlagsWithoutConsent, "is_disability_led"),
        (
            {"is_youth_led": True, "flags_consented_on": TODAY + datetime.timedelta(days=1)},
            errors.FlagsWithoutConsent,
            "flags_consented_on",
        ),
        ({"saleor_user_id": "7" * 65}, errors.InvalidText, "saleor_user_id"),
        ({"saleor_user_id": "7\0"}, errors.InvalidText, "saleor_user_id"),
        ({"names": {"ky": "Ай\0"}}, errors.InvalidName, "names"),
        ({"names": {"ky": "Ай", "KY": "Ай"}}, errors.InvalidName, "names"),
        ({"village": "\0"}, errors.UnknownPlace, "village"),
    ],
)
def test_private_facts_that_break_a_rule_are_refused(
    full: None, changes: dict[str, Any], error: type[OvopError], field: str
) -> None:
    given: dict[str, Any] = {
        "code": "new",
        "kind": "group",
        "village": BARSKOON,
        "language": "ky",
        "names": {"ky": "Ж"},
    }

    refusal = refused(lambda: services.producer_save(ProducerRow(**given | changes), at=AT))

    assert (type(refusal), refusal.field) == (error, field)
    assert "value" in refusal.params


# Places


@pytest.mark.parametrize(
    ("scheme", "code", "field"),
    [
        ("soate", "", "classifier_code"),
        ("", "41702215810011", "classifier_scheme"),
        ("geonames", "41702215810011", "classifier_scheme"),
        ("soate", "4", "classifier_code"),
        ("soate", "417-022", "classifier_code"),
        ("soate", "٤١٧", "classifier_code"),
        ("soate", "41702215810010", "classifier_code"),
    ],
)
def test_a_number_of_a_classifier_has_its_scheme_and_one_place(full: None, scheme: str, code: str, field: str) -> None:
    row = PlaceRow(
        "village",
        "KG-Y-tamga",
        {"en": "Tamga"},
        parent="KG-Y-jeti-oguz",
        classifier_scheme=scheme,
        classifier_code=code,
    )

    refusal = refused(lambda: services.place_save(row, at=AT))

    assert (type(refusal), refusal.field) == (errors.ClassifierMismatch, field)


def test_numbers_of_a_classifier_change_places_within_a_document(load: Callable[[object], Any], full: None) -> None:
    # given Barskoon's number for a village whose code stands before it, and a district's for Barskoon
    document = full_document()
    document["places"][3]["classifier_code"] = "41702215810099"
    document["places"][2] |= {"classifier_scheme": "soate", "classifier_code": "41702215810010"}
    load(document)
    document["places"][3]["classifier_code"] = "41702215810010"
    document["places"][2]["classifier_code"] = "41702215810099"

    # when they are exchanged
    result = load(document)

    # then
    assert result.places == Tally(changed=2, unchanged=6)
    numbers = Place.objects.exclude(classifier_code="").order_by("code").values_list("code", "classifier_code")
    assert list(numbers) == [(BARSKOON, "41702215810010"), ("KG-Y-jeti-oguz", "41702215810099")]
    assert not load(document).has_written


def test_a_coordinate_is_kept_to_a_millionth_of_a_degree(full: None) -> None:
    row = PlaceRow(
        "village",
        "KG-Y-tamga",
        {"en": "Tamga"},
        parent="KG-Y-jeti-oguz",
        latitude=Decimal("42.12345678"),
        longitude=Decimal("77.5"),
    )

    assert services.place_save(row, at=AT)
    assert not services.place_save(row, at=AT)
    assert Place.objects.get(code="KG-Y-tamga").latitude == Decimal("42.123457")


# Memberships


def test_members_are_told_from_both_sides_and_saved_once(full: None) -> None:
    row = MembershipRow("boyan", "ak-kiyiz", until=datetime.date(2025, 1, 1))

    assert services.membership_save(row, at=AT)
    assert not services.membership_save(row, at=AT)
    assert services.membership_save(MembershipRow("boyan", "ak-kiyiz"), at=AT)

    assert [each.member_code for each in selectors.members_of(["boyan"])["boyan"]] == ["ak-kiyiz"]
    assert [each.group_code for each in selectors.groups_of(["m3"])["m3"]] == ["ak-kiyiz"]


@pytest.mark.parametrize(
    ("group", "member", "error", "field"),
    [
        ("m3", "boyan", errors.WrongMember, "group"),
        ("boyan", "boyan", errors.WrongMember, "member"),
        ("nobody", "boyan", errors.UnknownProducer, "group"),
        ("boyan", "nobody\0", errors.UnknownProducer, "member"),
        ("guild", "union", errors.WrongMember, "member"),
    ],
)
def test_a_membership_that_breaks_a_rule_is_refused(
    full: None, group: str, member: str, error: type[OvopError], field: str
) -> None:
    # given the guild in the boyan group, and that in the union
    for code in ("guild", "union"):
        services.producer_save(ProducerRow(code, "group", BARSKOON, "ky", {"ky": "Ж"}), at=AT)
    services.membership_save(MembershipRow("boyan", "guild"), at=AT)
    services.membership_save(MembershipRow("union", "boyan"), at=AT)

    refusal = refused(lambda: services.membership_save(MembershipRow(group, member), at=AT))

    assert (type(refusal), refusal.field) == (error, field)


def test_a_membership_ends_after_it_begins(full: None) -> None:
    row = MembershipRow("boyan", "m3", datetime.date(2025, 2, 1), datetime.date(2025, 1, 31))

    refusal = refused(lambda: services.membership_save(row, at=AT))

    assert (refusal.code, refusal.field, refusal.params["value"]) == ("validity_reversed", "until", "2025-01-31")


def test_a_group_with_members_does_not_become_a_person(full: None) -> None:
    row = ProducerRow("ak-kiyiz", "person", BARSKOON, "ky", {"ky": "Ак кийиз"})

    refusal = refused(lambda: services.producer_save(row, at=AT))

    assert (refusal.code, refusal.field) == ("wrong_member", "kind")


def test_a_circle_inside_one_document_is_refused_once(load: Callable[[object], Any], full: None) -> None:
    rows = everything()
    document = full_document()
    for code in ("a", "b", "c"):
        document["producers"].append(
            {"code": code, "kind": "group", "village": BARSKOON, "language": "ky", "names": {"ky": "Ж"}}
        )
    document["memberships"] += [
        {"group": "c", "member": "a"},
        {"group": "a", "member": "b"},
        {"group": "b", "member": "c"},
    ]

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    assert [(each.code, each.params["section"], each.row) for each in refusal.value.problems] == [
        ("wrong_member", "memberships", 2)
    ]
    assert everything() == rows


# Materials and GTINs


@pytest.mark.parametrize(
    ("row", "error", "field"),
    [
        (MaterialRow("with space", {"en": "Wool"}), errors.InvalidCode, "code"),
        (MaterialRow("silk", {}), errors.NameMissing, "names"),
        (MaterialRow("silk", {"en": "Silk"}, place="nowhere"), errors.UnknownPlace, "place"),
    ],
)
def test_a_material_that_breaks_a_rule_is_refused(
    full: None, row: MaterialRow, error: type[OvopError], field: str
) -> None:
    refusal = refused(lambda: services.material_save(row, at=AT))

    assert (type(refusal), refusal.field) == (error, field)


@pytest.mark.parametrize(
    ("materials", "code"),
    [
        ({"wool": 9_999}, "shares_do_not_add_up"),
        ({"wool": 9_999, "yarrow": 2}, "shares_do_not_add_up"),
        ({"wool": 10_000, "yarrow": 0}, "invalid_share"),
        ({"silk": 10_000}, "unknown_material"),
    ],
)
def test_materials_of_a_product_are_known_and_the_whole(full: None, materials: dict[str, int], code: str) -> None:
    refusal = refused(lambda: services.product_origin_set(JAM, BARSKOON, {}, materials=materials, at=AT))

    assert (refusal.code, refusal.field) == (code, "materials")


@pytest.mark.parametrize(
    "text", ["", "4006381333932", "12345", "00000000", "400638133393X", "٤٠٠٦٣٨١٣٣٣٩٣١", "96385074\0"]
)
def test_what_is_no_gtin_is_refused(full: None, text: str) -> None:
    refusal = refused(lambda: services.product_origin_set(JAM, BARSKOON, {}, gtins=[text], at=AT))

    assert (refusal.code, refusal.field, refusal.params["value"]) == ("invalid_gtin", "gtins", text)


def test_a_gtin_is_kept_as_fourteen_digits_and_belongs_to_one_product(full: None) -> None:
    services.product_origin_set(JAM, BARSKOON, {}, gtins=[GTIN_12, "0 36000-29145 2", "00" + GTIN_12], at=AT)

    assert selectors.product_details([JAM])[JAM].gtins == ("00036000291452",)
    assert selectors.product_of_gtin("00036000291452") == JAM
    refusal = refused(lambda: services.product_origin_set(HONEY, "UZ-QR-chimbay", {}, gtins=[GTIN_8], at=AT))
    assert (refusal.code, refusal.field, refusal.params["value"]) == ("gtin_taken", "gtins", "00000096385074")


def test_gtins_change_products_within_a_document(load: Callable[[object], Any], full: None) -> None:
    document = full_document()
    document["products"][1]["gtins"] = [GTIN_12]
    load(document)
    document["products"][0]["gtins"], document["products"][1]["gtins"] = [GTIN_12, GTIN_8], [GTIN_13]

    result = load(document)

    assert result.products == Tally(changed=2)
    assert selectors.product_of_gtin("0" + GTIN_13) == HONEY
    assert selectors.product_of_gtin("00" + GTIN_12) == SLIPPERS
    assert not load(document).has_written


def test_a_gtin_that_two_products_of_a_document_claim_is_one_problem(load: Callable[[object], Any], full: None) -> None:
    rows = everything()
    document = full_document()
    document["products"][1]["gtins"] = [GTIN_13, GTIN_8]

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    assert [(each.code, each.row) for each in refusal.value.problems] == [("gtin_taken", 2)]
    assert everything() == rows


# A product's village alone


def test_only_the_village_of_a_product_changes(full: None) -> None:
    services.place_save(PlaceRow("village", "KG-Y-tamga", {"en": "Tamga"}, parent="KG-Y-jeti-oguz"), at=AT)
    before = selectors.product_details([SLIPPERS])[SLIPPERS]

    assert services.product_village_set(SLIPPERS, "KG-Y-tamga", makers={"boyan": 10_000}, at=AT)
    assert not services.product_village_set(SLIPPERS, "KG-Y-tamga", at=AT)

    origin = selectors.product_origins([SLIPPERS])[SLIPPERS]
    assert origin.village_code == "KG-Y-tamga"
    assert [(maker.producer_code, maker.share) for maker in origin.makers] == [("ak-kiyiz", 6667), ("m3", 3333)]
    assert selectors.product_details([SLIPPERS])[SLIPPERS] == before


def test_the_makers_given_with_a_village_are_those_of_a_new_origin(full: None) -> None:
    assert services.product_village_set(JAM, BARSKOON, makers={"m3": 10_000}, at=AT)

    assert selectors.makers_of([JAM]) == {JAM: {"m3"}}


def test_an_origin_goes_with_its_parts_unless_it_has_lots(full: None) -> None:
    refusal = refused(lambda: services.product_origin_remove(SLIPPERS))
    assert refusal.code == "origin_has_lots"

    assert services.product_origin_remove(HONEY)
    assert not services.product_origin_remove(HONEY)
    assert not selectors.has_origin(HONEY)


# Lots


def lot_row(**changes: Any) -> LotRow:
    given: dict[str, Any] = {"product": "", "code": "L-1", "made_on": TODAY}
    return LotRow(**given | changes)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"code": "x" * 21}, "invalid_lot_code", "code"),
        ({"code": ""}, "invalid_lot_code", "code"),
        ({"code": "L 1"}, "invalid_lot_code", "code"),
        ({"code": "L\0"}, "invalid_lot_code", "code"),
        ({"made_on": TODAY + datetime.timedelta(days=1)}, "made_in_the_future", "made_on"),
        ({"village": "nowhere"}, "unknown_place", "village"),
        ({"village": "KG-Y"}, "not_a_village", "village"),
        ({"contributions": (ContributionRow("m3", 0),)}, "invalid_quantity", "contributions"),
        ({"contributions": (ContributionRow("m3", 2**31),)}, "invalid_quantity", "contributions"),
        ({"contributions": (ContributionRow("m3", 1),) * 2}, "duplicate_contribution", "contributions"),
        ({"contributions": (ContributionRow("nobody", 1),)}, "unknown_producer", "contributions"),
    ],
)
def test_a_lot_that_breaks_a_rule_is_refused(full: None, changes: dict[str, Any], code: str, field: str) -> None:
    refusal = refused(lambda: services.lot_save(SLIPPERS, lot_row(**changes), at=AT))

    assert (refusal.code, refusal.field) == (code, field)


def test_a_lot_needs_an_origin(full: None) -> None:
    refusal = refused(lambda: services.lot_save(JAM, lot_row(), at=AT))

    assert (refusal.code, refusal.field) == ("origin_missing", "product")


def test_the_shops_day_decides_what_lies_in_the_future(full: None) -> None:
    # given twenty past two at night in Bishkek, which is the day before in UTC
    at = datetime.datetime(2025, 6, 1, 20, 20, tzinfo=datetime.UTC)

    assert services.lot_save(SLIPPERS, lot_row(made_on=datetime.date(2025, 6, 2)), at=at)


def contributors_of(product_pk: int, code: str) -> list[tuple[str, int]]:
    lot = selectors.lot(product_pk, code)
    assert lot is not None
    return [(each.producer_code, each.quantity) for each in lot.contributions]


def lot_of(producer: str, quantity: int = 7) -> LotRow:
    return lot_row(contributions=(ContributionRow(producer, quantity),))


def test_a_lot_holds_nothing_of_who_neither_makes_the_product_nor_belongs_to_a_maker(full: None) -> None:
    refusal = refused(lambda: services.lot_save(SLIPPERS, lot_of("boyan"), at=AT))

    assert (refusal.code, refusal.field, refusal.params["value"]) == ("not_a_maker", "contributions", "boyan")


def test_a_maker_of_the_lot_that_left_the_product_stays_in_the_lot(full: None) -> None:
    services.lot_save(SLIPPERS, lot_of("m3"), at=AT)
    services.product_origin_set(SLIPPERS, BARSKOON, {"ak-kiyiz": 10_000}, at=AT)

    assert services.lot_save(SLIPPERS, lot_of("m3", 8), at=AT)

    assert contributors_of(SLIPPERS, "L-1") == [("m3", 8)]


@pytest.mark.parametrize(
    ("since", "until", "is_member"),
    [
        (None, None, True),
        ("made_on", "made_on", True),
        ("day after", None, False),
        (None, "day before", False),
    ],
)
def test_members_of_a_makers_group_on_the_day_made_the_lot(
    full: None, since: str | None, until: str | None, is_member: bool
) -> None:
    # given boyan, a member of a group in the maker ak-kiyiz, through another group
    made_on = lot_row().made_on
    day = datetime.timedelta(days=1)
    days = {"made_on": made_on, "day after": made_on + day, "day before": made_on - day, None: None}
    services.producer_save(ProducerRow("chiy-group", "group", BARSKOON, "ky", {"ky": "Чий"}), at=AT)
    services.membership_save(MembershipRow("ak-kiyiz", "chiy-group"), at=AT)
    services.membership_save(MembershipRow("chiy-group", "boyan", days[since], days[until]), at=AT)

    if is_member:
        assert services.lot_save(SLIPPERS, lot_of("boyan"), at=AT)
        assert contributors_of(SLIPPERS, "L-1") == [("boyan", 7)]
    else:
        assert refused(lambda: services.lot_save(SLIPPERS, lot_of("boyan"), at=AT)).code == "not_a_maker"


def test_anybody_may_have_made_a_lot_of_a_product_whose_makers_nobody_named(full: None) -> None:
    services.product_origin_set(SLIPPERS, BARSKOON, {}, at=AT)

    assert services.lot_save(SLIPPERS, lot_of("boyan"), at=AT)

    assert contributors_of(SLIPPERS, "L-1") == [("boyan", 7)]


@pytest.mark.parametrize(
    "text", ["\u200b", "\u0304 \u200d", "a\u202eb", "a\x07b", "a\nb", "a\u2028b"], ids=lambda text: ascii(text)
)
def test_a_name_is_one_line_in_which_something_can_be_seen(full: None, text: str) -> None:
    refusal = refused(lambda: services.material_save(MaterialRow("dye", {"ky": text}), at=AT))

    assert (refusal.code, refusal.field) in [("invalid_name", "names"), ("name_missing", "names")]


def test_coordinates_of_zero_are_none(full: None) -> None:
    zero = PlaceRow(
        "village",
        "KG-Y-new",
        {"en": "New"},
        parent="KG-Y-jeti-oguz",
        latitude=Decimal(0),
        longitude=Decimal("0.0000001"),
    )

    assert refused(lambda: services.place_save(zero, at=AT)).code == "coordinates_off_map"


def test_a_lot_stays_in_its_village_when_its_product_moves(full: None) -> None:
    services.lot_save(SLIPPERS, lot_row(), at=AT)
    services.product_village_set(SLIPPERS, "UZ-QR-chimbay", at=AT)

    assert not services.lot_save(SLIPPERS, lot_row(), at=AT)

    lot = selectors.lot(SLIPPERS, "L-1")
    assert lot is not None
    assert lot.village_code == BARSKOON


def test_a_lots_village_was_there_when_it_was_made(full: None) -> None:
    past = PlaceRow(
        "village",
        "KG-Y-old",
        {"en": "Old"},
        parent="KG-Y-jeti-oguz",
        valid_until=datetime.date(2024, 12, 31),
    )
    services.place_save(past, at=AT)

    assert services.lot_save(SLIPPERS, lot_row(made_on=datetime.date(2024, 12, 31), village="KG-Y-old"), at=AT)
    row = lot_row(code="L-2", made_on=datetime.date(2025, 1, 1), village="KG-Y-old")
    assert refused(lambda: services.lot_save(SLIPPERS, row, at=AT)).code == "place_not_valid"
