"""Loading and writing the registry: everything or nothing, twice is once, and every refusal says what and where."""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from origin_world import AT, HONEY, JAM, SAMPLE, SLIPPERS, TABLES, registry_document, stored_rows

from ovop_origin import errors, selectors, services
from ovop_origin.models import SHARE_WHOLE, Maker, Place, PlaceName, Producer, ProductOrigin
from ovop_origin.records import MakerRow, PlaceRow, ProducerRow
from ovop_origin.rules import check_makers
from ovop_origin.services import Tally
from ovop_shared.catalogue import UnknownProduct, host_catalogue
from ovop_shared.errors import InvalidDocument, OvopError, RegistryRefused
from ovop_shared.languages import UnknownLanguage
from ovop_shared.money import allocate
from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import known_products_store

SAMPLE_SLUGS = (
    "licorice-honey",
    "sesame-cookies",
    "sesame-oil",
    "pickled-caper-buds",
    "dried-jida",
    "felt-slippers",
    "felt-ornament",
    "wild-berry-jam",
    "sea-buckthorn-juice",
    "mountain-honey",
    "pumpkin-seed-candies",
    "granola-twelve",
)


def place_row(**changes: Any) -> PlaceRow:
    given_row: dict[str, Any] = {
        "kind": "village",
        "code": "KG-Y-tamga",
        "parent": "KG-Y-jeti-oguz",
        "names": {"en": "Tamga"},
    }
    return PlaceRow(**given_row | changes)


def producer_row(**changes: Any) -> ProducerRow:
    given_row: dict[str, Any] = {
        "code": "tamga-group",
        "kind": "group",
        "village": "KG-Y-barskoon",
        "language": "ky",
        "names": {"ky": "Тамга"},
    }
    return ProducerRow(**given_row | changes)


# A whole document


def test_a_document_is_loaded_and_a_second_load_writes_nothing(
    load: Callable[[object], Any], django_assert_num_queries: Any
) -> None:
    first = load(registry_document())
    rows = stored_rows()

    with django_assert_num_queries(16) as queries:
        second = load(registry_document())

    assert (first.places, first.producers, first.products) == (Tally(created=8), Tally(created=3), Tally(created=2))
    assert (second.places, second.producers, second.products) == (
        Tally(unchanged=8),
        Tally(unchanged=3),
        Tally(unchanged=2),
    )
    assert not second.has_written
    assert stored_rows() == rows
    assert all(query["sql"].split()[0] in ("SELECT", "SAVEPOINT", "RELEASE") for query in queries.captured_queries)


def test_a_changed_document_writes_the_difference(load: Callable[[object], Any], registry: None) -> None:
    # given another name, a dropped name, a moved village, withdrawn consent, other makers and another story
    document = registry_document()
    barskoon = document["places"][3]
    barskoon["names"] = {"ky": "Барскоон айылы", "ru": "Барскоон"}
    document["producers"][0]["is_name_public"] = False
    document["products"][0]["makers"] = [{"producer": "ak-kiyiz", "share": 10000}]
    document["products"][1]["story"] = "From licorice."
    document["products"][0]["stories"] = {"ky": "Барскоондо басылган.", "ru": "Сваляны."}

    # when
    result = load(document)

    # then
    assert (result.places, result.producers, result.products) == (
        Tally(changed=1, unchanged=7),
        Tally(changed=1, unchanged=2),
        Tally(changed=2),
    )
    names = PlaceName.objects.filter(place__code="KG-Y-barskoon").order_by("language")
    assert list(names.values_list("language", "text", "is_official")) == [
        ("ky", "Барскоон айылы", True),
        ("ru", "Барскоон", False),
    ]
    assert not Producer.objects.get(code="ak-kiyiz").is_name_public
    makers = Maker.objects.filter(origin__product_pk=SLIPPERS)
    assert list(makers.values_list("producer__code", "share")) == [("ak-kiyiz", 10000)]
    assert selectors.product_stories([HONEY, SLIPPERS]) == {
        HONEY: {"en": "From licorice."},
        SLIPPERS: {"ky": "Барскоондо басылган.", "ru": "Сваляны."},
    }
    assert not load(document).has_written


def test_rows_that_a_document_does_not_name_stay(load: Callable[[object], Any], registry: None) -> None:
    rows = stored_rows()

    result = load({"version": 1})

    assert not result.has_written
    assert stored_rows() == rows


def test_a_load_takes_the_same_queries_whatever_the_number_of_rows(
    load: Callable[[object], Any], registry: None, django_assert_num_queries: Any
) -> None:
    document = registry_document()
    for number in range(40):
        document["places"].append(
            {"kind": "village", "code": f"V{number}", "parent": "KG-Y-jeti-oguz", "names": {"en": f"Village {number}"}}
        )
        document["producers"].append(
            {"code": f"p{number}", "kind": "person", "village": f"V{number}", "language": "ky", "names": {"ky": "Ай"}}
        )

    with django_assert_num_queries(20):
        load(document)


def test_every_bad_row_is_named_and_nothing_is_written(load: Callable[[object], Any], registry: None) -> None:
    # given
    rows = stored_rows()
    document = registry_document()
    document["places"][3]["latitude"] = "91"
    document["places"][7]["parent"] = "UZ-QR"
    document["producers"][1]["village"] = "KG-Y"
    document["producers"].append(document["producers"][0] | {"names": {"ky": "Башка"}})
    document["products"][0]["makers"][0]["share"] = 3334
    document["products"][1]["slug"] = "unheard-of"

    # when
    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    # then
    found = [(each.params["section"], each.row, each.field, each.code) for each in refusal.value.problems]
    assert found == [
        ("places", 4, "latitude", "coordinates_off_map"),
        ("places", 8, "parent", "wrong_parent"),
        ("producers", 2, "village", "not_a_village"),
        ("producers", 4, None, "duplicate_row"),
        ("products", 1, "makers", "shares_do_not_add_up"),
        ("products", 2, "slug", "unknown_product"),
    ]
    assert stored_rows() == rows


@pytest.mark.parametrize(
    ("section", "row", "changes", "field"),
    [
        ("places", 1, {"kind": 3}, "kind"),
        ("places", 1, {"names": {"en": 3}}, "names"),
        ("places", 1, {"names": "Kyrgyzstan"}, "names"),
        ("places", 1, {"colour": "red"}, "colour"),
        ("places", 4, {"latitude": "north"}, "latitude"),
        ("places", 4, {"latitude": "NaN"}, "latitude"),
        ("places", 4, {"latitude": "42.1234567"}, "latitude"),
        ("places", 4, {"latitude": True}, "latitude"),
        ("places", 4, {"valid_until": "31.12.2025"}, "valid_until"),
        ("producers", 1, {"is_name_public": 1}, "is_name_public"),
        ("producers", 1, {"code": None}, "code"),
        ("products", 1, {"makers": [{"producer": "m3", "share": "all"}]}, "share"),
        ("products", 1, {"makers": [{"producer": "m3", "share": True}]}, "share"),
        ("products", 1, {"makers": ["m3"]}, None),
        ("products", 1, {"makers": [{"producer": "m3", "share": 10000, "role": "felt"}]}, "role"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(
    load: Callable[[object], Any], section: str, row: int, changes: dict[str, Any], field: str | None
) -> None:
    document = registry_document()
    document[section][row - 1] |= changes

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    (problem,) = refusal.value.problems
    assert (problem.code, problem.params["section"], problem.row, problem.field) == (
        "invalid_document",
        section,
        row,
        field,
    )
    assert stored_rows() == [[]] * len(TABLES)


@pytest.mark.parametrize(
    "document",
    [[], "origin", {}, {"version": 2}, {"version": True}, {"version": 1, "villages": []}, {"version": 1, "places": {}}],
)
def test_what_is_no_registry_document_is_refused(load: Callable[[object], Any], document: object) -> None:
    with pytest.raises(InvalidDocument):
        load(document)


def test_an_empty_day_is_no_day(load: Callable[[object], Any]) -> None:
    document = registry_document()
    document["places"][3] |= {"valid_from": "", "valid_until": None}

    load(document)

    village = Place.objects.get(code=document["places"][3]["code"])
    assert (village.valid_from, village.valid_until) == (None, None)


# One row


def test_a_place_is_saved_once(registry: None) -> None:
    row = place_row(
        names={"EN": " Tamga ", "ky": "Тамга"}, official=("ky",), latitude=Decimal("42.15"), longitude=Decimal(77)
    )

    assert services.place_save(row, at=AT)
    assert not services.place_save(row, at=AT)

    place = Place.objects.get(code="KG-Y-tamga")
    assert (place.country_code, place.parent.code, place.code_scheme) == ("KG", "KG-Y-jeti-oguz", "ovop")  # type: ignore[union-attr]
    assert dict(place.names.values_list("language", "text")) == {"en": "Tamga", "ky": "Тамга"}


def test_a_country_and_a_region_without_names_get_those_of_iso_3166(db: None) -> None:
    services.place_save(PlaceRow("country", "KZ", {}, code_scheme="iso3166-1"), at=AT)
    services.place_save(PlaceRow("region", "KZ-10", {}, code_scheme="iso3166-2", parent="KZ"), at=AT)

    assert list(PlaceName.objects.order_by("pk").values_list("place__code", "language", "text")) == [
        ("KZ", "en", "Kazakhstan"),
        ("KZ-10", "en", "Abay oblysy"),
    ]


@pytest.mark.parametrize(
    ("row", "error", "field"),
    [
        (place_row(kind="hamlet"), errors.InvalidChoice, "kind"),
        (place_row(code_scheme="geonames"), errors.InvalidChoice, "code_scheme"),
        (place_row(code="Tamga village"), errors.InvalidCode, "code"),
        (place_row(code="x" * 65), errors.InvalidCode, "code"),
        (place_row(code=""), errors.InvalidCode, "code"),
        (place_row(code="Tamga\n"), errors.InvalidCode, "code"),
        (place_row(code_scheme="iso3166-2"), errors.NotInIso3166, "code_scheme"),
        (place_row(parent="KG-Y-nowhere"), errors.UnknownPlace, "parent"),
        (place_row(parent=""), errors.WrongParent, "parent"),
        (place_row(parent="KG-Y"), errors.WrongParent, "parent"),
        (place_row(parent="KG-Y-tamga"), errors.WrongParent, "parent"),
        (place_row(code="KG-Y-barskoon", parent="KG-Y-barskoon"), errors.WrongParent, "parent"),
        (place_row(code="KG-Y-barskoon", parent="UZ-QR-chimbay-district"), errors.PlaceIsFixed, "parent"),
        (place_row(kind="district", code="KG-Y-barskoon", parent="KG-Y"), errors.PlaceIsFixed, "kind"),
        (place_row(kind="region", code="KG-X", code_scheme="iso3166-2", parent="KG"), errors.NotInIso3166, "code"),
        (place_row(kind="region", code="KG-B", code_scheme="iso3166-2", parent="UZ"), errors.NotInIso3166, "code"),
        (place_row(kind="region", code="KG-B", code_scheme="ovop", parent="KG"), errors.NotInIso3166, "code"),
        (place_row(kind="country", code="XX", code_scheme="iso3166-1", parent=""), errors.NotInIso3166, "code"),
        (place_row(kind="country", code="kz", code_scheme="iso3166-1", parent=""), errors.NotInIso3166, "code"),
        (place_row(kind="country", code="KZ", code_scheme="iso3166-1", parent="KG"), errors.WrongParent, "parent"),
        (place_row(latitude=Decimal("90.1"), longitude=Decimal(0)), errors.CoordinatesOffMap, "latitude"),
        (place_row(latitude=Decimal(0), longitude=Decimal("-180.1")), errors.CoordinatesOffMap, "longitude"),
        (place_row(latitude=Decimal(42)), errors.CoordinatesOffMap, "longitude"),
        (
            place_row(valid_from=datetime.date(2025, 2, 1), valid_until=datetime.date(2025, 1, 31)),
            errors.ValidityReversed,
            "valid_until",
        ),
        (place_row(names={}), errors.NameMissing, "names"),
        (place_row(names={"en": " "}), errors.NameMissing, "names"),
        (place_row(names={"en": "T" * 201}), errors.InvalidName, "names"),
        (place_row(names={"uz": "Tamga"}), UnknownLanguage, "names"),
        (place_row(names={"xx": "Tamga"}), UnknownLanguage, "names"),
        (place_row(official=("ky",)), errors.InvalidChoice, "official"),
    ],
)
def test_a_place_that_breaks_a_rule_is_refused(
    registry: None, row: PlaceRow, error: type[OvopError], field: str
) -> None:
    rows = stored_rows()

    with pytest.raises(error) as refusal:
        services.place_save(row, at=AT)

    assert refusal.value.field == field
    assert stored_rows() == rows


def test_a_district_cannot_lie_in_a_village_of_the_same_document(load: Callable[[object], Any]) -> None:
    document = registry_document()
    document["places"][2]["parent"] = "KG-Y-barskoon"

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    assert [(each.row, each.code) for each in refusal.value.problems] == [(3, "wrong_parent")]
    assert not Place.objects.exists()


@pytest.mark.parametrize(
    ("row", "error", "field"),
    [
        (producer_row(code="tamga/1"), errors.InvalidCode, "code"),
        (producer_row(kind="factory"), errors.InvalidChoice, "kind"),
        (producer_row(status="gone"), errors.InvalidChoice, "status"),
        (producer_row(language="de"), UnknownLanguage, "language"),
        (producer_row(language="kaa-Cyrl"), UnknownLanguage, "language"),
        (producer_row(names={}), errors.NameMissing, "names"),
        (producer_row(village="KG-Y-nowhere"), errors.UnknownPlace, "village"),
        (producer_row(village="KG-Y-jeti-oguz"), errors.NotAVillage, "village"),
    ],
)
def test_a_producer_that_breaks_a_rule_is_refused(
    registry: None, row: ProducerRow, error: type[OvopError], field: str
) -> None:
    rows = stored_rows()

    with pytest.raises(error) as refusal:
        services.producer_save(row, at=AT)

    assert refusal.value.field == field
    assert stored_rows() == rows


def test_a_village_takes_new_producers_and_products_only_while_it_is_valid(registry: None) -> None:
    # given a village that a producer and a product come from, and that ends
    ends_on = datetime.date(2025, 6, 30)
    barskoon = place_row(code="KG-Y-barskoon", names={"en": "Barskoon"}, valid_until=ends_on)
    services.place_save(barskoon, at=AT)
    last_day = datetime.datetime(2025, 6, 30, 12, tzinfo=datetime.UTC)
    after = last_day + datetime.timedelta(days=1)

    # then it takes newcomers on its last day and none later, while those who were there stay
    assert services.producer_save(producer_row(code="last"), at=last_day)
    with pytest.raises(errors.PlaceNotValid):
        services.producer_save(producer_row(code="late"), at=after)
    with pytest.raises(errors.PlaceNotValid):
        services.product_origin_set(JAM, "KG-Y-barskoon", {}, at=after)
    assert services.producer_save(producer_row(code="last", kind="household"), at=after)
    assert services.product_origin_set(SLIPPERS, "KG-Y-barskoon", {"m3": SHARE_WHOLE}, at=after)


def test_the_origin_of_a_product_is_set_and_replaced(registry: None) -> None:
    assert services.product_origin_set(
        JAM, "KG-Y-barskoon", {"m3": 1, "ak-kiyiz": 9_999}, stories={"EN": " Jam. "}, at=AT
    )
    same = {"en": "Jam.", "ky": " \n"}
    assert not services.product_origin_set(JAM, "KG-Y-barskoon", {"ak-kiyiz": 9_999, "m3": 1}, stories=same, at=AT)
    assert selectors.product_stories([JAM, HONEY]) == {JAM: {"en": "Jam."}}
    assert services.product_origin_set(JAM, "UZ-QR-chimbay", {}, at=AT)

    origin = ProductOrigin.objects.get(product_pk=JAM)
    assert (origin.village.code, origin.stories.count(), origin.makers.count()) == ("UZ-QR-chimbay", 0, 0)


@pytest.mark.parametrize(
    ("village", "makers", "error", "field"),
    [
        ("KG-Y-nowhere", {}, errors.UnknownPlace, "village"),
        ("KG-Y", {}, errors.NotAVillage, "village"),
        ("KG-Y-barskoon", {"nobody": 10_000}, errors.UnknownProducer, "makers"),
        ("KG-Y-barskoon", {"m3": 10_001}, errors.InvalidShare, "makers"),
        ("KG-Y-barskoon", {"m3": 10_000, "boyan": 0}, errors.InvalidShare, "makers"),
        ("KG-Y-barskoon", {"m3": 9_999}, errors.SharesDoNotAddUp, "makers"),
        ("KG-Y-barskoon", {"m3": 5_000, "boyan": 5_001}, errors.SharesDoNotAddUp, "makers"),
    ],
)
def test_an_origin_that_breaks_a_rule_is_refused(
    registry: None, village: str, makers: dict[str, int], error: type[OvopError], field: str
) -> None:
    rows = stored_rows()

    with pytest.raises(error) as refusal:
        services.product_origin_set(SLIPPERS, village, makers, at=AT)

    assert refusal.value.field == field
    assert stored_rows() == rows


def test_a_maker_named_twice_is_refused(load: Callable[[object], Any]) -> None:
    document = registry_document()
    document["products"][0]["makers"] = [{"producer": "m3", "share": 5000}] * 2

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    assert [each.code for each in refusal.value.problems] == ["duplicate_maker"]


def test_a_product_the_shop_does_not_have_is_refused_in_a_file_only(load: Callable[[object], Any]) -> None:
    document = registry_document()
    document["products"] = [{"slug": "unheard-of", "village": "KG-Y-barskoon"}]

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    assert isinstance(refusal.value.problems[0], UnknownProduct)


# Shares


@given(st.lists(st.integers(min_value=-1, max_value=SHARE_WHOLE + 1), max_size=6))
def test_shares_are_accepted_exactly_when_they_are_parts_of_the_whole(shares: list[int]) -> None:
    is_whole = not shares or (sum(shares) == SHARE_WHOLE and all(1 <= share <= SHARE_WHOLE for share in shares))
    makers = [MakerRow(f"p{number}", share) for number, share in enumerate(shares)]

    try:
        check_makers(makers)
    except (errors.InvalidShare, errors.SharesDoNotAddUp):
        assert not is_whole
    else:
        assert is_whole


@given(st.lists(st.integers(min_value=1, max_value=1_000), min_size=1, max_size=400))
def test_shares_allocated_from_any_weights_are_accepted(weights: list[int]) -> None:
    shares = allocate(SHARE_WHOLE, dict(enumerate(weights)))

    makers = [MakerRow(f"p{number}", share) for number, share in shares.items() if share]

    check_makers(makers)


# The command and the sample


@pytest.fixture
def sample_shop(db: None) -> None:
    known_products_store([ProductRecord(pk, slug, slug, "ovop-food") for pk, slug in enumerate(SAMPLE_SLUGS, start=1)])


def test_the_sample_is_loaded_by_the_command_and_again_without_a_write(
    sample_shop: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("ovop_origin_load", SAMPLE)
    assert capsys.readouterr().out == (
        "places: 23 created, 0 changed, 0 unchanged\n"
        "producers: 28 created, 0 changed, 0 unchanged\n"
        "memberships: 14 created, 0 changed, 0 unchanged\n"
        "materials: 25 created, 0 changed, 0 unchanged\n"
        "products: 12 created, 0 changed, 0 unchanged\n"
        "lots: 11 created, 0 changed, 0 unchanged\n"
    )
    rows = stored_rows()

    call_command("ovop_origin_load", SAMPLE)
    assert capsys.readouterr().out == (
        "places: 0 created, 0 changed, 23 unchanged\n"
        "producers: 0 created, 0 changed, 28 unchanged\n"
        "memberships: 0 created, 0 changed, 14 unchanged\n"
        "materials: 0 created, 0 changed, 25 unchanged\n"
        "products: 0 created, 0 changed, 12 unchanged\n"
        "lots: 0 created, 0 changed, 11 unchanged\n"
        "Nothing was written: the registry holds all of this already.\n"
    )
    assert stored_rows() == rows


def test_the_sample_has_makers_whose_shares_do_not_divide_evenly(sample_shop: None) -> None:
    call_command("ovop_origin_load", SAMPLE, verbosity=0)

    pks = {record.slug: pk for pk, record in host_catalogue().by_pk(range(1, 13)).items()}
    shares = {
        slug: sorted(Maker.objects.filter(origin__product_pk=pks[slug]).values_list("share", flat=True))
        for slug in ("felt-slippers", "wild-berry-jam", "sea-buckthorn-juice")
    }
    assert shares == {
        "felt-slippers": [3333, 3333, 3334],
        "wild-berry-jam": [4000, 6000],
        "sea-buckthorn-juice": [10_000],
    }


def test_the_command_says_what_is_wrong_and_where(shop: None, tmp_path: Any) -> None:
    document = registry_document()
    document["places"][3]["latitude"] = "91"
    document["products"][0]["slug"] = "unheard-of"
    path = tmp_path / "origin.json"
    path.write_text(json.dumps(document, default=str))

    with pytest.raises(CommandError) as refusal:
        call_command("ovop_origin_load", path)

    assert str(refusal.value).splitlines() == [
        "Nothing was loaded: 2 rows break a rule.",
        "places, row 4, field latitude: coordinates_off_map: "
        "latitude is a number from -90 to 90, and both coordinates are given.",
        "products, row 1, field slug: unknown_product: The shop has no product 'unheard-of'.",
    ]
    assert not Place.objects.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[]", "document: invalid_document: A JSON object is expected here."),
    ],
)
def test_the_command_refuses_a_file_that_is_no_document(
    db: None, tmp_path: Any, content: str | None, message: str
) -> None:
    path = tmp_path / "origin.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(CommandError, match=message):
        call_command("ovop_origin_load", path)


@pytest.mark.parametrize("command", ["ovop_setup", "ovop_origin_project"])
def test_commands_for_saleor_say_that_there_is_none(command: str) -> None:
    with pytest.raises(CommandError, match="There is no Saleor here"):
        call_command(command)
