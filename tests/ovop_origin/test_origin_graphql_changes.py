"""Changes of the registry over GraphQL: what they write, what they refuse, and that doing one twice changes nothing."""

import json
from base64 import b64encode
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from origin_graphql_world import ask, codes_of, full_registry
from origin_world import INSIDERS, JAM, SLIPPERS, STAFF

from ovop_origin.models import (
    Lot,
    LotContribution,
    Maker,
    Material,
    MaterialName,
    Membership,
    Place,
    PlaceName,
    Producer,
    ProducerName,
    ProductGtin,
    ProductMaterial,
    ProductOrigin,
)
from ovop_shared.requester import Requester
from ovop_standalone.middleware import COOKIE
from ovop_standalone.tokens import make_token

ALL_TABLES = (
    Place,
    PlaceName,
    Producer,
    ProducerName,
    Membership,
    Material,
    MaterialName,
    ProductOrigin,
    Maker,
    ProductMaterial,
    ProductGtin,
    Lot,
    LotContribution,
)


@pytest.fixture
def full(registry: None) -> None:
    full_registry()


def stored() -> list[list[dict[str, Any]]]:
    return [list(table.objects.order_by("pk").values()) for table in ALL_TABLES]


PLACE = (
    "placeSave",
    {
        "kind": "VILLAGE",
        "code": "KG-Y-tamga",
        "parent": "KG-Y-jeti-oguz",
        "latitude": 42.14321,
        "longitude": 77.54,
        "validFrom": "2020-01-01",
        "classifierScheme": "soate",
        "classifierCode": "41702215600010",
        "names": [{"language": "ky", "text": "Тамга", "isOfficial": True}, {"language": "en", "text": "Tamga"}],
    },
    "place { code kind parent { code } latitude validFrom classifierCode names { language text isOfficial } }",
    {
        "code": "KG-Y-tamga",
        "kind": "VILLAGE",
        "parent": {"code": "KG-Y-jeti-oguz"},
        "latitude": 42.14321,
        "validFrom": "2020-01-01",
        "classifierCode": "41702215600010",
        "names": [
            {"language": "en", "text": "Tamga", "isOfficial": False},
            {"language": "ky", "text": "Тамга", "isOfficial": True},
        ],
    },
)
PRODUCER = (
    "producerSave",
    {
        "code": "tamga-felt",
        "kind": "GROUP",
        "village": "KG-Y-barskoon",
        "language": "ky",
        "stage": "WORKSHOP",
        "phone": "+996 555 000 002",
        "email": "felt@example.com",
        "isWomenLed": True,
        "flagsConsentedOn": "2025-02-03",
        "names": [{"language": "ky", "text": "Тамга кийиз"}],
    },
    'producer { code name(language: "ky") village { code } private { status stage phone email isWomenLed isYouthLed } }',
    {
        "code": "tamga-felt",
        "name": "Тамга кийиз",
        "village": {"code": "KG-Y-barskoon"},
        "private": {
            "status": "ACTIVE",
            "stage": "WORKSHOP",
            "phone": "+996 555 000 002",
            "email": "felt@example.com",
            "isWomenLed": True,
            "isYouthLed": None,
        },
    },
)
MEMBERSHIP = (
    "membershipSave",
    {"group": "boyan", "member": "m3", "since": "2025-01-01"},
    "membership { since until group { code } member { code } }",
    {"since": "2025-01-01", "until": None, "group": {"code": "boyan"}, "member": {"code": "m3"}},
)
MATERIAL = (
    "materialSave",
    {"code": "chiy", "place": "KG-Y", "names": [{"language": "ky", "text": "Чий"}]},
    'material { code name(language: "ky") place { code } }',
    {"code": "chiy", "name": "Чий", "place": {"code": "KG-Y"}},
)
ORIGIN = (
    "productOriginSet",
    {
        "productId": b64encode(f"Product:{JAM}".encode()).decode(),
        "village": "KG-Y-barskoon",
        "makers": [{"producer": "m3", "share": 4000}, {"producer": "ak-kiyiz", "share": 6000}],
        "stories": [{"language": "EN", "text": " Of wild berries. "}, {"language": "ky", "text": ""}],
        "materials": [{"material": "yarrow", "share": 10000}],
        "gtins": ["4006381333931"],
    },
    "origin { productId village { code } makers { share producer { code } } "
    "stories { language text } materials { material { code } } gtins }",
    {
        "productId": JAM,
        "village": {"code": "KG-Y-barskoon"},
        "makers": [
            {"share": 6000, "producer": {"code": "ak-kiyiz"}},
            {"share": 4000, "producer": {"code": "m3"}},
        ],
        "stories": [{"language": "en", "text": "Of wild berries."}],
        "materials": [{"material": {"code": "yarrow"}}],
        "gtins": ["04006381333931"],
    },
)
LOT = (
    "lotSave",
    {
        "productId": SLIPPERS,
        "code": "L9",
        "madeOn": "2025-05-01",
        "contributions": [{"producer": "m3", "quantity": 7}],
    },
    "lot { code madeOn village { code } quantity contributions { quantity producer { code } } }",
    {
        "code": "L9",
        "madeOn": "2025-05-01",
        "village": {"code": "KG-Y-barskoon"},
        "quantity": 7,
        "contributions": [{"quantity": 7, "producer": {"code": "m3"}}],
    },
)
SAVES = [pytest.param(*save, id=str(save[0])) for save in (PLACE, PRODUCER, MEMBERSHIP, MATERIAL, ORIGIN, LOT)]
INPUTS = {
    "placeSave": "PlaceInput",
    "producerSave": "ProducerInput",
    "membershipSave": "MembershipInput",
    "materialSave": "MaterialInput",
    "productOriginSet": "ProductOriginInput",
    "lotSave": "LotInput",
}
ERRORS = "changed errors { code field message params }"


def change(name: str, given: dict[str, Any], fields: str = "", requester: Requester = STAFF) -> dict[str, Any]:
    query = f"mutation ($input: {INPUTS[name]}!) {{ {name}(input: $input) {{ {ERRORS} {fields} }} }}"
    answer: dict[str, Any] = ask(query, requester, input=given)[name]
    return answer


@pytest.mark.parametrize("requester", INSIDERS)
@pytest.mark.parametrize(("name", "given", "fields", "saved"), SAVES)
def test_a_thing_is_saved_and_given_back_and_saved_again_without_a_change(
    full: None, name: str, given: dict[str, Any], fields: str, saved: dict[str, Any], requester: Requester
) -> None:
    thing = fields.partition(" ")[0]

    assert change(name, given, fields, requester) == {"changed": True, "errors": [], thing: saved}
    before = stored()
    assert change(name, given, fields, requester) == {"changed": False, "errors": [], thing: saved}

    assert stored() == before


def test_a_saved_row_replaces_the_whole_row(full: None) -> None:
    short = {"code": "ak-kiyiz", "kind": "COOPERATIVE", "village": "KG-Y-barskoon", "language": "ky"}

    answer = change(
        "producerSave",
        {**short, "names": [{"language": "ru", "text": "Ак кийиз"}]},
        "producer { names { language } private { phone isWomenLed isNamePublic saleorUserId flagsConsentedOn } }",
    )

    assert answer["producer"] == {
        "names": [{"language": "ru"}],
        "private": {
            "phone": None,
            "isWomenLed": None,
            "isNamePublic": False,
            "saleorUserId": None,
            "flagsConsentedOn": None,
        },
    }


def test_a_country_and_a_region_have_iso_codes_without_saying_so(full: None) -> None:
    for place in (
        {"kind": "COUNTRY", "code": "KZ", "names": [{"language": "en", "text": "Kazakhstan"}]},
        {"kind": "REGION", "code": "KZ-75", "parent": "KZ", "names": [{"language": "en", "text": "Almaty"}]},
    ):
        answer = change("placeSave", place, "place { codeScheme }")
        assert (answer["changed"], answer["errors"]) == (True, [])
    assert answer["place"] == {"codeScheme": "iso3166-2"}


def test_several_changes_of_one_request_see_each_other(full: None) -> None:
    answer = ask(
        """mutation ($first: MaterialInput!, $second: MaterialInput!) {
          first: materialSave(input: $first) { changed material { name } }
          second: materialSave(input: $second) { changed material { name } }
        }""",
        STAFF,
        first={"code": "wool", "names": [{"language": "en", "text": "Wool of sheep"}]},
        second={"code": "wool", "names": [{"language": "en", "text": "Wool of yak"}]},
    )

    assert answer == {
        "first": {"changed": True, "material": {"name": "Wool of sheep"}},
        "second": {"changed": True, "material": {"name": "Wool of yak"}},
    }


def test_an_origin_is_removed_once_and_not_while_there_are_lots(full: None) -> None:
    remove = "mutation ($id: ID!) { productOriginRemove(productId: $id) { changed errors { code field } } }"
    before = stored()

    refused = ask(remove, STAFF, id=SLIPPERS)["productOriginRemove"]
    assert refused == {"changed": False, "errors": [{"code": "origin_has_lots", "field": "productId"}]}
    assert stored() == before

    assert ask(remove, STAFF, id=13)["productOriginRemove"] == {"changed": True, "errors": []}
    assert not ProductOrigin.objects.filter(product_pk=13).exists()
    assert ask(remove, STAFF, id=13)["productOriginRemove"] == {"changed": False, "errors": []}


@pytest.mark.parametrize(
    ("save", "difference", "code", "field"),
    [
        (PLACE, {"parent": "KG-Y"}, "wrong_parent", "parent"),
        (PLACE, {"parent": "nowhere"}, "unknown_place", "parent"),
        (PLACE, {"code": "a b"}, "invalid_code", "code"),
        (PLACE, {"names": []}, "name_missing", "names"),
        (PLACE, {"names": [{"language": "xx", "text": "X"}]}, "unknown_language", "names"),
        (PLACE, {"names": [{"language": "en", "text": "X"}] * 2}, "duplicate_row", "names"),
        (PLACE, {"names": [{"language": "en", "text": "X\0"}]}, None, "names"),
        (PLACE, {"latitude": None}, "coordinates_off_map", "latitude"),
        (PLACE, {"latitude": float("nan")}, "coordinates_off_map", "latitude"),
        (PLACE, {"validUntil": "2019-01-01"}, "validity_reversed", "validUntil"),
        (PLACE, {"classifierCode": "12a"}, "classifier_mismatch", "classifierCode"),
        (PRODUCER, {"village": "KG-Y"}, "not_a_village", "village"),
        (PRODUCER, {"flagsConsentedOn": None}, "flags_without_consent", "isWomenLed"),
        (PRODUCER, {"phone": "call me"}, "invalid_contact", "phone"),
        (PRODUCER, {"saleorUserId": "\0"}, None, None),
        (MEMBERSHIP, {"group": "m3", "member": "boyan"}, "wrong_member", None),
        (MEMBERSHIP, {"member": "nobody"}, "unknown_producer", "member"),
        (MATERIAL, {"place": "nowhere"}, "unknown_place", "place"),
        (ORIGIN, {"productId": "999"}, "unknown_product", "productId"),
        (ORIGIN, {"productId": "x"}, "unknown_product", "productId"),
        (ORIGIN, {"makers": [{"producer": "m3", "share": 9999}]}, "shares_do_not_add_up", "makers"),
        (ORIGIN, {"makers": [{"producer": "m3", "share": 5000}] * 2}, "duplicate_maker", "makers"),
        (ORIGIN, {"makers": [{"producer": "nobody", "share": 10000}]}, "unknown_producer", "makers"),
        (ORIGIN, {"materials": [{"material": "yarrow", "share": 5000}] * 2}, "duplicate_material", "materials"),
        (ORIGIN, {"gtins": ["4006381333932"]}, "invalid_gtin", "gtins"),
        (ORIGIN, {"gtins": ["96385074"]}, "gtin_taken", "gtins"),
        (ORIGIN, {"stories": [{"language": "ky", "text": "\0"}]}, "invalid_text", "stories"),
        (ORIGIN, {"stories": [{"language": "uz", "text": "x"}]}, "unknown_language", "stories"),
        (ORIGIN, {"stories": [{"language": "ky", "text": "x"}] * 2}, "duplicate_row", "stories"),
        (LOT, {"productId": JAM}, "origin_missing", None),
        (LOT, {"code": "x" * 21}, "invalid_lot_code", "code"),
        (LOT, {"madeOn": "2999-01-01"}, "made_in_the_future", "madeOn"),
        (LOT, {"contributions": [{"producer": "m3", "quantity": 0}]}, "invalid_quantity", "contributions"),
        (LOT, {"contributions": [{"producer": "m3", "quantity": 1}] * 2}, "duplicate_contribution", "contributions"),
        (LOT, {"village": "nowhere"}, "unknown_place", "village"),
    ],
)
def test_a_broken_rule_is_told_with_its_code_and_field_and_nothing_is_written(
    full: None, save: tuple[Any, ...], difference: dict[str, Any], code: str | None, field: str | None
) -> None:
    name, given, fields, _ = save
    before = stored()

    answer = change(name, {**given, **difference}, fields)

    (error,) = answer["errors"]
    assert error["code"] == (code or error["code"])
    assert error["field"] == (field or error["field"])
    assert error["message"]
    assert answer["changed"] is False
    assert answer[fields.partition(" ")[0]] is None
    assert stored() == before


def test_the_values_of_an_error_come_as_json(full: None) -> None:
    answer = change("productOriginSet", {**ORIGIN[1], "makers": [{"producer": "m3", "share": 9999}]})

    assert answer["errors"][0]["params"]["sum"] == 9999


@pytest.mark.parametrize(
    ("difference", "name"),
    [
        ({"kind": "HAMLET"}, "placeSave"),
        ({"validFrom": "yesterday"}, "placeSave"),
        ({"language": None}, "producerSave"),
    ],
)
def test_what_is_no_input_of_the_schema_is_refused(full: None, difference: dict[str, Any], name: str) -> None:
    given = {"placeSave": PLACE, "producerSave": PRODUCER}[name][1]
    query = f"mutation ($input: {INPUTS[name]}!) {{ {name}(input: $input) {{ changed }} }}"

    assert codes_of(query, STAFF, input={**given, **difference}) == ["graphql_invalid"]


# Only with a token in a header


def post(client: Client, query: str, **headers: str) -> tuple[int, list[str]]:
    body = json.dumps({"query": query})
    response = client.post(
        "/plugins/ovop.origin/graphql/", body, content_type="application/json", headers=headers or None
    )
    return response.status_code, [error.get("extensions", error)["code"] for error in response.json().get("errors", ())]


REMOVE = "mutation { productOriginRemove(productId: 13) { changed } }"


def test_a_cookie_alone_changes_nothing_even_with_a_csrf_token(full: None) -> None:
    # given someone who manages products, signed in by cookie, and a form token that is theirs
    client = Client(enforce_csrf_checks=True)
    client.cookies[COOKIE] = make_token(STAFF, at=timezone.now())
    client.get("/")
    csrf_token = client.cookies["csrftoken"].value
    before = stored()

    assert post(client, "{ materials { totalCount } }", **{"x-csrftoken": csrf_token}) == (200, [])
    assert post(client, REMOVE, **{"x-csrftoken": csrf_token}) == (401, ["authentication_required"])
    assert post(client, REMOVE)[0] == 403
    assert stored() == before


def test_a_token_in_a_header_changes_with_a_cookie_beside_it(full: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies[COOKIE] = make_token(STAFF, at=timezone.now())

    status, codes = post(client, REMOVE, authorization=f"Bearer {make_token(STAFF, at=timezone.now())}")

    assert (status, codes) == (200, [])
    assert not ProductOrigin.objects.filter(product_pk=13).exists()


def test_a_bad_token_in_a_header_is_not_made_good_by_a_cookie(full: None) -> None:
    client = Client()
    client.cookies[COOKIE] = make_token(STAFF, at=timezone.now())
    before = stored()

    assert post(client, REMOVE, authorization="Bearer x") == (401, ["invalid_token"])
    assert stored() == before
