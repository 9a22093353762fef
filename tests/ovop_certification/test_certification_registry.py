"""Loading a registry: everything or nothing, twice is once, and every refusal says what and where."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certification_world import AT, HONEY, JAM, JUICE, PRODUCTS, SAMPLE, moment, registry_document, sample_document
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ovop_certification.models import (
    Certificate,
    CertificateEvent,
    CertificateProduct,
    EventKind,
    IssuingBody,
    Market,
    MarketChannel,
    MarketCountry,
    Requirement,
    Scheme,
)
from ovop_certification.selectors import certificates_of_products, decide
from ovop_certification.services import RegistryCounts, certificate_event_add, registry_load
from ovop_origin.services import registry_load as origin_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import InvalidDocument, RegistryRefused
from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import known_products_store

TABLES = (
    Scheme,
    IssuingBody,
    Market,
    MarketChannel,
    MarketCountry,
    Requirement,
    Certificate,
    CertificateProduct,
    Certificate.markets.through,
    CertificateEvent,
)


def load(document: object) -> RegistryCounts:
    return registry_load(document, catalogue=host_catalogue(), at=AT)


def stored() -> list[Any]:
    return [list(table.objects.order_by("pk").values()) for table in TABLES]


@pytest.mark.usefixtures("shop")
def test_a_document_is_loaded_and_a_second_load_writes_nothing() -> None:
    first = load(registry_document())
    rows = stored()

    second = load(registry_document())

    assert (first, second) == (RegistryCounts(created=20), RegistryCounts())
    assert stored() == rows
    assert [len(table) for table in rows] == [3, 1, 2, 1, 2, 3, 2, 1, 1, 4]


@pytest.mark.usefixtures("registry")
def test_changed_rows_are_changed_and_histories_grow() -> None:
    document = registry_document()
    document["requirements"][0]["grace_days"] = 30
    document["markets"][0]["channels"] = ["kgs-new"]
    document["certificates"][0]["valid_until_on"] = "2026-12-31"
    document["certificates"][1]["products"] = ["wild-berry-jam", "sea-buckthorn-juice"]
    document["certificates"][1]["replaces"] = "EAC-1"
    document["certificates"][1]["events"].append(
        {"kind": "reinstated", "at": "2025-06-01T09:00:00+06:00", "actor": "Desk"}
    )

    counts = load(document)

    assert counts == RegistryCounts(created=3, changed=4)
    assert list(MarketChannel.objects.values_list("channel", flat=True)) == ["kgs-new"]
    assert Certificate.objects.get(number="EAC/2").replaces == Certificate.objects.get(number="EAC-1")
    decisions = decide(PRODUCTS, channel_slug="kgs-new", country_code=None, at=AT)
    assert {pk: decision.allowed for pk, decision in decisions.items() if pk in (HONEY, JUICE, JAM)} == {
        HONEY: True,
        JUICE: True,
        JAM: True,
    }
    assert load(document) == RegistryCounts()


@pytest.mark.usefixtures("registry")
def test_what_staff_added_since_is_kept() -> None:
    honey = Certificate.objects.get(number="EAC-1")
    at = moment("2025-06-14")
    certificate_event_add(honey.pk, EventKind.SUSPENDED, actor="Staff", reason="complaint", at=at)

    assert load(registry_document()) == RegistryCounts()
    assert CertificateEvent.objects.filter(certificate=honey).count() == 3


Change = Callable[[dict[str, Any]], object]


def put(section: str, index: int = 0, **values: object) -> Change:
    return lambda document: document[section][index].update(values)


def tell(index: int, **values: object) -> Change:
    return lambda document: document["certificates"][0]["events"][index].update(values)


def tell_more(kind: str, at: str, reason: str = "because") -> Change:
    event = {"kind": kind, "at": f"{at}T09:00:00+06:00", "actor": "Desk", "reason": reason}
    return lambda document: document["certificates"][0]["events"].append(event)


def _give_japan_the_country_of_another_market(document: dict[str, Any]) -> None:
    document["markets"] = [document["markets"][1] | {"countries": ["KG"]}]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (put("schemes", kind="nonsense"), ("schemes", 1, "kind", "invalid_document")),
        (put("schemes", colour="red"), ("schemes", 1, "colour", "invalid_document")),
        (lambda d: d["schemes"][0].pop("names"), ("schemes", 1, "names", "invalid_document")),
        (lambda d: d["schemes"].append(d["schemes"][0]), ("schemes", 4, "code", "duplicate_row")),
        (put("markets", 1, countries=["Japan"]), ("markets", 2, "countries", "invalid_document")),
        (put("markets", 1, channels=["kgs"]), ("markets", 1, "channels", "channel_in_two_markets")),
        (_give_japan_the_country_of_another_market, ("markets", 1, "countries", "channel_in_two_markets")),
        (put("requirements", from_on="soon"), ("requirements", 1, "from_on", "invalid_document")),
        (put("requirements", market="mars"), ("requirements", 1, "market", "unknown_market")),
        (put("requirements", scheme="magic"), ("requirements", 1, "scheme", "unknown_scheme")),
        (put("requirements", category="felt"), ("requirements", 1, "category", "invalid_requirement")),
        (put("requirements", grace_days=-1), ("requirements", 1, "grace_days", "invalid_requirement")),
        (put("requirements", grace_days=True), ("requirements", 1, "grace_days", "invalid_document")),
        (put("requirements", effect="shout"), ("requirements", 1, "effect", "invalid_document")),
        (put("requirements", until_on="2019-01-01"), ("requirements", 1, "until_on", "invalid_dates")),
        (lambda d: d["requirements"].append(d["requirements"][0]), ("requirements", 4, "code", "duplicate_row")),
        (put("certificates", number=" "), ("certificates", 1, "number", "invalid_document")),
        (put("certificates", holder={}), ("certificates", 1, "holder", "invalid_document")),
        (put("certificates", holder={"product": "unknown"}), ("certificates", 1, "products", "unknown_product")),
        (put("certificates", products=["unknown"]), ("certificates", 1, "products", "unknown_product")),
        (put("certificates", markets=["mars"]), ("certificates", 1, "markets", "unknown_market")),
        (put("certificates", replaces="EAC-0"), ("certificates", 1, "replaces", "unknown_certificate")),
        (put("certificates", replaces="EAC-1"), ("certificates", 1, "replaces", "invalid_certificate")),
        (put("certificates", scheme="magic"), ("certificates", 1, "scheme", "unknown_scheme")),
        (put("certificates", issuing_body="nobody"), ("certificates", 1, "issuing_body", "unknown_issuing_body")),
        (put("certificates", valid_until_on="2024-12-31"), ("certificates", 1, "valid_until_on", "invalid_dates")),
        (put("certificates", events=[]), ("certificates", 1, "events", "invalid_certificate")),
        (tell(0, at="2024-12-01T09:00:00"), ("certificates", 1, "at", "invalid_document")),
        (tell(0, kind="issued"), ("certificates", 1, "events", "events_disagree")),
        (
            tell_more("withdrawn", "2030-01-01"),
            ("certificates", 1, "events", "event_out_of_order"),
        ),
        (
            tell_more("withdrawn", "2024-01-01"),
            ("certificates", 1, "events", "event_out_of_order"),
        ),
        (
            tell_more("suspended", "2025-02-01", reason=""),
            ("certificates", 1, "events", "reason_required"),
        ),
        (
            tell_more("reinstated", "2025-02-01"),
            ("certificates", 1, "events", "illegal_transition"),
        ),
    ],
)
def test_a_document_with_a_wrong_row_is_refused_and_nothing_changes(
    change: Change, problem: tuple[str, int, str, str]
) -> None:
    before = stored()
    document = registry_document()
    document["schemes"][1]["names"] = {"en": "Another name"}
    change(document)

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    told = [(each.params["section"], each.row, each.field, each.code) for each in refusal.value.problems]
    assert problem in told
    assert stored() == before


@pytest.mark.usefixtures("shop")
def test_all_wrong_rows_are_told_at_once() -> None:
    document = registry_document()
    document["requirements"][0]["market"] = "mars"
    document["requirements"][2]["scheme"] = "magic"

    with pytest.raises(RegistryRefused) as refusal:
        load(document)

    assert [each["row"] for each in refusal.value.as_dict()["params"]["problems"]] == [1, 3]  # type: ignore[index]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("document", [[], "text", {}, {"version": 2}, {"version": 1, "people": []}])
def test_what_is_no_registry_is_refused(document: object) -> None:
    with pytest.raises(InvalidDocument):
        load(document)


@pytest.mark.usefixtures("shop")
def test_the_number_of_queries_does_not_depend_on_the_number_of_rows() -> None:
    load(registry_document())
    counts = []
    for copies in (1, 60):
        document = registry_document()
        document["certificates"] = [
            copy.deepcopy(document["certificates"][0]) | {"number": f"C{copies}-{number}"} for number in range(copies)
        ]
        with CaptureQueriesContext(connection) as queries:
            load(document)
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.usefixtures("db")
def test_the_sample_is_loaded_and_decides_as_the_demo_tells() -> None:
    slugs = "licorice-honey sesame-cookies sesame-oil pickled-caper-buds dried-jida wild-berry-jam " \
        "pumpkin-seed-candies granola-twelve sea-buckthorn-juice mountain-honey"  # fmt: skip
    foods = [ProductRecord(pk, slug, slug, "ovop-food") for pk, slug in enumerate(slugs.split(), start=1)]
    felts = [ProductRecord(pk, slug, slug, "ovop-felt") for pk, slug in ((11, "felt-slippers"), (12, "felt-ornament"))]
    known_products_store([*foods, *felts])
    origins = json.loads(SAMPLE.with_name("origin.json").read_text(encoding="utf-8"))
    origin_load(origins, catalogue=host_catalogue(), at=AT)

    load(sample_document())

    for channel in ("issyk-kul-kgs", "nukus-uzs"):
        decisions = decide([*foods, *felts], channel_slug=channel, country_code=None, at=AT)
        answers = {
            product.slug: [reason.code.value for reason in decisions[product.pk].reasons]
            for product in (*foods, *felts)
            if not decisions[product.pk].allowed
        }
        assert answers == {"sea-buckthorn-juice": ["missing"], "mountain-honey": ["expired"]}
    kyrgyz = decide(felts, channel_slug="issyk-kul-kgs", country_code=None, at=AT)
    assert [[reason.code.value for reason in kyrgyz[pk].reasons] for pk in (11, 12)] == [[], ["missing"]]
    # The indication of the group is not of the slippers' other makers; the buds' paper was for one lot and is over.
    souvenirs = [replace(felt, intended_uses=("souvenir",)) for felt in felts]
    asked = decide(souvenirs, channel_slug="issyk-kul-kgs", country_code=None, at=AT)
    assert [(each.scheme, each.code.value) for each in asked[11].reasons] == [("issyk-kul-felt", "missing")]
    assert [each.scheme for each in asked[12].reasons] == ["brand-label", "issyk-kul-felt"]
    told = {each.number: each.status.value for each in certificates_of_products([4, 11], AT)[4]}
    assert told["SAMPLE-PHYTO-001"] == "expired"
    assert load(sample_document()) == RegistryCounts()


@pytest.mark.usefixtures("shop")
def test_the_load_command_tells_counts_and_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "registry.json"
    file.write_text(json.dumps(registry_document()))

    call_command("ovop_certification_load", str(file))
    assert "20 rows created, 0 changed" in capsys.readouterr().out

    file.write_text(json.dumps(registry_document() | {"requirements": [{"market": "kg"}]}))
    with pytest.raises(CommandError, match="Nothing was loaded: 1 rows"):
        call_command("ovop_certification_load", str(file))
    assert "requirements 1: scheme invalid_document" in capsys.readouterr().out

    with pytest.raises(CommandError, match="cannot be read"):
        call_command("ovop_certification_load", str(tmp_path / "absent.json"))


@pytest.mark.usefixtures("registry")
def test_the_check_command_shows_each_product_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("ovop_certification_check", "sea-buckthorn-juice", "recycled-toy")
    shown = capsys.readouterr().out
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│ kgs" in line]

    assert [row[:4] for row in cells] == [
        ["kgs", "Kyrgyzstan", "sea-buckthorn-juice", "NO"],
        ["kgs", "Kyrgyzstan", "recycled-toy", "yes"],
    ]
    assert "the required certificate “EAC declaration”" in shown

    call_command("ovop_certification_check", "--channel", "elsewhere")
    assert "wild-berry-jam" in capsys.readouterr().out
    with pytest.raises(CommandError, match="the shop has no product nothing"):
        call_command("ovop_certification_check", "nothing")
