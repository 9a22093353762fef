"""The registry as a file: every field goes in, comes out the same, and is refused with its row and field."""

import copy
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from certification_world import AT, HONEY, JUICE, PRODUCTS, moment, registry_document
from django.core.management import CommandError, call_command

from ovop_certification.models import Certificate, CertificateEvent, IssuingBody, Market, Requirement, Scheme
from ovop_certification.selectors import registry_document as exported
from ovop_certification.services import RegistryCounts, registry_load
from ovop_certification.signals import certification_changed
from ovop_origin.models import Place
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import RegistryRefused
from ovop_standalone.catalogue import known_products_store
from ovop_standalone.models import KnownProduct


@pytest.fixture
def places(shop: None) -> None:
    country = Place.objects.create(kind="country", code="KG", country_code="KG", code_scheme="iso3166-1")
    Place.objects.create(kind="region", code="KG-Y", country_code="KG", code_scheme="iso3166-2", parent=country)


def full_document() -> dict[str, Any]:
    """The small registry with a row that uses every field there is."""
    document = registry_document()
    document["schemes"].append(
        {
            "code": "honey-gi",
            "kind": "geographical",
            "names": {"en": "Issyk-Kul honey"},
            "suspends_on_recipe_change": True,
        }
    )
    document["issuing_bodies"].append(
        {"code": "gi-body", "name": "Sample office of indications", "register_url": "https://register.example/gi"}
    )
    document["markets"].append(
        {
            "code": "de",
            "names": {"en": "Germany"},
            "countries": ["DE"],
            "on_uncertified": "hide",
            "on_lapsed": "honour",
            "on_bypassed": "flag",
            "grace_days": 14,
        }
    )
    document["requirements"] += [
        {
            "market": "de",
            "scheme": "honey-gi",
            "intended_use": "gift",
            "from_on": "2024-01-01",
            "until_on": "2030-12-31",
        },
        {"market": "de", "scheme": "eac", "from_on": "2024-01-01", "grace_days": 0},
    ]
    events = [
        {"kind": "applied", "at": "2025-01-01T03:00:00+00:00", "actor": "Desk"},
        {"kind": "verified", "at": "2025-01-02T03:00:00+00:00", "actor": "Desk"},
        {"kind": "issued", "at": "2025-01-03T03:00:00+00:00", "actor": "Manager"},
    ]
    document["certificates"] += [
        {
            "scheme": "honey-gi",
            "issuing_body": "gi-body",
            "number": "GI-1",
            "holder": {"group": "tamga-union"},
            "valid_from_on": "2025-01-01",
            "valid_until_on": "2029-12-31",
            "products": ["mountain-honey"],
            "product_types": ["ovop-food"],
            "areas": ["KG-Y"],
            "markets": ["de", "kg"],
            "register_url": "https://register.example/gi/1",
            "surveillance_last_on": "2025-05-01",
            "surveillance_next_on": "2026-05-01",
            "events": events,
        },
        {
            "scheme": "honey-gi",
            "issuing_body": "gi-body",
            "number": "GI-2",
            "holder": {"lot": "sea-buckthorn-juice/L-7"},
            "valid_from_on": "2025-01-01",
            "areas": ["KG-Y"],
            "replaces": "GI-1",
            "events": events[:1],
        },
    ]
    return document


def load(document: dict[str, Any], at: datetime.datetime = AT) -> RegistryCounts:
    return registry_load(document, catalogue=host_catalogue(), at=at)


def problems(document: dict[str, Any]) -> list[tuple[str, Any, Any, Any]]:
    with pytest.raises(RegistryRefused) as refused:
        load(document)
    return [(each.code, each.params["section"], each.row, each.field) for each in refused.value.problems]


@pytest.mark.usefixtures("places")
def test_every_field_goes_in() -> None:
    load(full_document())

    assert Scheme.objects.get(code="honey-gi").suspends_on_recipe_change
    assert IssuingBody.objects.get(code="gi-body").register_url == "https://register.example/gi"
    market = Market.objects.get(code="de")
    assert (market.on_uncertified, market.on_lapsed, market.on_bypassed, market.grace_days) == (
        "hide",
        "honour",
        "flag",
        14,
    )
    asked = Requirement.objects.filter(market=market).order_by("pk").values_list("intended_use", "grace_days")
    assert list(asked) == [("gift", None), ("", 0)]
    certificate = Certificate.objects.get(number="GI-1")
    assert list(certificate.product_types.values_list("product_type", flat=True)) == ["ovop-food"]
    assert list(certificate.areas.values_list("place", flat=True)) == ["KG-Y"]
    assert certificate.register_url == "https://register.example/gi/1"
    assert (str(certificate.surveillance_last_on), str(certificate.surveillance_next_on)) == (
        "2025-05-01",
        "2026-05-01",
    )
    assert Certificate.objects.get(number="GI-2").holder_ref == f"{JUICE}/L-7"
    assert list(certificate.events.order_by("position").values_list("kind", "actor")) == [
        ("applied", "Desk"),
        ("verified", "Desk"),
        ("issued", "Manager"),
    ]


@pytest.mark.usefixtures("places")
def test_what_is_exported_changes_nothing_when_it_is_loaded_and_is_the_same_again() -> None:
    load(full_document())

    first = exported(host_catalogue())

    assert first.left_out == ()
    assert load(copy.deepcopy(first.document)) == RegistryCounts()
    assert exported(host_catalogue()) == first
    # And it is all there is: an empty registry filled from it exports the same.
    assert {each["number"] for each in first.document["certificates"]} == {"EAC-1", "EAC/2", "GI-1", "GI-2"}
    given = next(each for each in full_document()["certificates"] if each["number"] == "GI-1")
    assert next(each for each in first.document["certificates"] if each["number"] == "GI-1") == given


@pytest.mark.usefixtures("places")
def test_the_commands_write_and_read_the_same_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load(full_document())
    file = tmp_path / "registry.json"

    call_command("ovop_certification_export", str(file))
    call_command("ovop_certification_load", str(file))

    told = capsys.readouterr().out
    assert "4 certificates" in told
    assert "0 rows created, 0 changed" in told
    assert json.loads(file.read_text(encoding="utf-8")) == exported(host_catalogue()).document
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("ovop_certification_export", str(tmp_path / "nowhere" / "registry.json"))


@pytest.mark.usefixtures("places")
def test_a_certificate_of_a_product_that_is_gone_is_told_and_left_out() -> None:
    load(full_document())
    KnownProduct.objects.filter(product=HONEY).delete()

    left = exported(host_catalogue())

    assert left.left_out == (("eac", "body", "EAC-1"), ("honey-gi", "gi-body", "GI-1"))
    known_products_store(PRODUCTS)


@pytest.mark.parametrize(
    ("section", "number", "changes", "code", "field"),
    [
        ("certificates", 3, {"areas": ["KG-Y", "XX-9"]}, "unknown_place", "areas"),
        ("certificates", 3, {"areas": []}, "area_required", "areas"),
        ("certificates", 3, {"register_url": "javascript:alert(1)"}, "invalid_address", "register_url"),
        ("certificates", 3, {"surveillance_next_on": "2025-05-01"}, "invalid_dates", "surveillance_next_on"),
        ("certificates", 4, {"holder": {"lot": "sea-buckthorn-juice"}}, "invalid_certificate", "holder"),
        ("certificates", 4, {"holder": {"lot": "no-such/L-7"}}, "unknown_product", "products"),
        ("certificates", 3, {"holder": {"village": "tamga"}}, "invalid_document", "holder"),
        ("certificates", 3, {"areas": "KG-Y"}, "invalid_document", "areas"),
        ("issuing_bodies", 2, {"register_url": "register.example"}, "invalid_address", "register_url"),
        ("markets", 3, {"on_uncertified": "explode"}, "invalid_policy", "on_uncertified"),
        ("markets", 3, {"on_lapsed": "shrug"}, "invalid_policy", "on_lapsed"),
        ("markets", 3, {"on_bypassed": "shrug"}, "invalid_policy", "on_bypassed"),
        ("markets", 3, {"grace_days": -1}, "invalid_policy", "grace_days"),
        ("markets", 3, {"grace_days": "many"}, "invalid_document", "grace_days"),
        ("schemes", 4, {"suspends_on_recipe_change": "yes"}, "invalid_document", "suspends_on_recipe_change"),
        ("requirements", 4, {"intended_use": 5}, "invalid_document", "intended_use"),
    ],
)
@pytest.mark.usefixtures("places")
def test_what_is_wrong_is_told_with_its_row_and_field_and_nothing_is_written(
    section: str, number: int, changes: dict[str, Any], code: str, field: str
) -> None:
    document = full_document()
    document[section][number - 1] |= changes

    assert (code, section, number, field) in problems(document)
    assert not Scheme.objects.exists()
    assert not Certificate.objects.exists()


@pytest.mark.usefixtures("places")
def test_a_file_that_tells_both_steps_tells_of_two_people() -> None:
    document = full_document()
    document["certificates"][2]["events"][2]["actor"] = "desk "

    assert problems(document) == [("four_eyes_required", "certificates", 3, "events")]


@pytest.mark.usefixtures("places")
def test_what_a_file_does_not_say_of_a_market_stays_as_staff_set_it() -> None:
    load(full_document())
    document = full_document()
    for name in ("on_uncertified", "on_lapsed", "on_bypassed", "grace_days"):
        del document["markets"][2][name]
    del document["schemes"][3]["suspends_on_recipe_change"]
    del document["issuing_bodies"][1]["register_url"]

    assert load(document) == RegistryCounts()
    assert Market.objects.get(code="de").on_uncertified == "hide"


@pytest.mark.usefixtures("places")
def test_a_load_tells_which_products_may_be_decided_otherwise_and_since_when(
    django_capture_on_commit_callbacks: Any,
) -> None:
    heard: list[Any] = []

    def listen(product_pks: Any, since: Any, **_: Any) -> None:
        heard.append((product_pks, since))

    def loaded(document: dict[str, Any]) -> list[Any]:
        heard.clear()
        with django_capture_on_commit_callbacks(execute=True):
            load(document)
        return list(heard)

    certification_changed.connect(listen)
    try:
        assert loaded(full_document())[0] == (None, None)
        assert loaded(full_document()) == []
        document = full_document()
        document["certificates"] = document["certificates"][:1]
        document["certificates"][0]["events"].append(
            {"kind": "withdrawn", "at": "2025-06-01T00:00:00+06:00", "actor": "Desk", "reason": "why"}
        )
        assert loaded(document) == [(frozenset({HONEY}), moment("2025-06-01"))]
        document["certificates"][0]["holder"] = {"product": "sea-buckthorn-juice"}
        assert loaded(document) == [(frozenset({HONEY, JUICE}), None)]
    finally:
        certification_changed.disconnect(listen)
    assert CertificateEvent.objects.filter(certificate__number="EAC-1").count() == 3
