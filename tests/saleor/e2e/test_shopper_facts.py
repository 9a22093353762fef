"""What shoppers see of certificates in a whole shop, over HTTP: filters, facts, badges and the page behind the code; a withdrawal
reaches all of it, and what staff change by hand comes back."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from deploy.saleor.interpreter import ROOT
from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e.driver import Client, wait_until
from tests.saleor.e2e.scenarios import People
from tests.saleor.e2e.shop_builder import Sample

KGS, UZS = "issyk-kul-kgs", "nukus-uzs"
SAMPLES = ROOT / "storefront-config" / "sample"
NUMBER = "ОВОП/2026 №7, 100%"
TIMEOUT = 60
HTML = {"Accept": "text/html"}

PRODUCTS = """query($channel: String!, $where: ProductWhereInput, $filter: ProductFilterInput) {
  products(channel: $channel, first: 100, where: $where, filter: $filter) { edges { node { slug
    for: assignedAttribute(slug: "ovop-certified-for") { ... on AssignedMultiChoiceAttribute {
      value { slug name translation(languageCode: RU) } } }
    certificates: assignedAttribute(slug: "ovop-certificates") { ... on AssignedMultiChoiceAttribute {
      value { slug translation(languageCode: RU) } } }
    facts: metafield(key: "ovop:certificates") } } } }"""
UPDATE = """mutation($id: ID!, $input: ProductInput!) { productUpdate(id: $id, input: $input) {
  product { id } errors { field code message } } }"""
ATTRIBUTE = (
    """query($slug: String!) { attribute(slug: $slug) { id choices(first: 50) { edges { node { id slug } } } } }"""
)


def document(events: list[dict[str, str]]) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((SAMPLES / "certification.json").read_text(encoding="utf-8"))
    body = next(each["issuing_body"] for each in sample["certificates"] if each["scheme"] == "brand-label")
    label = {
        "scheme": "brand-label",
        "issuing_body": body,
        "number": NUMBER,
        "holder": {"product": "wild-berry-jam"},
        "valid_from_on": "2024-01-01",
        "events": events,
    }
    return sample | {"certificates": [*sample["certificates"], label]}


ISSUED = {"kind": "issued", "at": "2024-01-01T00:00:00+06:00", "actor": "Desk"}
WITHDRAWN = {"kind": "withdrawn", "at": "2025-01-01T00:00:00+06:00", "actor": "Desk", "reason": "why"}


def load(shop: RunningShop, folder: Path, *events: dict[str, str]) -> None:
    path = folder / "certification.json"
    path.write_text(json.dumps(document(list(events))), encoding="utf-8")
    shop.manage("ovop_certification_load", str(path))


@pytest.fixture
def labelled(shop: RunningShop, sample: Sample, tmp_path: Path) -> None:
    shop.manage("ovop_origin_load", str(SAMPLES / "origin.json"))
    load(shop, tmp_path, ISSUED)


def found(shopper: Client, channel: str = KGS, **conditions: object) -> dict[str, dict[str, Any]]:
    edges = shopper.query(PRODUCTS, channel=channel, **conditions)["products"]["edges"]
    return {edge["node"]["slug"]: edge["node"] for edge in edges}


def schemes(node: dict[str, Any]) -> set[str]:
    return {value["slug"] for value in node["certificates"]["value"]}


def jam_with(shopper: Client, scheme: str) -> dict[str, Any] | None:
    """Saleor reads a product and its values one after the other: of one change it may show a part."""
    jam = found(shopper)["wild-berry-jam"]
    return jam if scheme in schemes(jam) and f'"{scheme}"' in (jam["facts"] or "") else None


def jam_without(shopper: Client, scheme: str) -> dict[str, Any] | None:
    jam = found(shopper)["wild-berry-jam"]
    return None if scheme in schemes(jam) or f'"{scheme}"' in (jam["facts"] or "") else jam


def test_certificates_are_facts_filters_badges_and_pages_until_they_fall(
    shop: RunningShop, people: People, sample: Sample, labelled: None, tmp_path: Path
) -> None:
    jam = wait_until("the jam shows its label", lambda: jam_with(people.shopper, "brand-label"), seconds=90)

    assert schemes(jam) == {"brand-label", "eac-declaration", "sanitary"}
    assert {(value["slug"], value["name"], value["translation"]) for value in jam["for"]["value"]} == {
        (KGS, "Kyrgyzstan", "Кыргызстан"),
        (UZS, "Uzbekistan", "Узбекистан"),
    }
    for kind in ("where", "filter"):
        by_channel = {kind: {"attributes": [{"slug": "ovop-certified-for", "values": [KGS]}]}}
        by_scheme = {kind: {"attributes": [{"slug": "ovop-certificates", "values": ["brand-label"]}]}}
        assert "wild-berry-jam" in found(people.shopper, **by_channel)
        assert "mountain-honey" not in found(people.shopper, **by_channel)  # expired
        assert "wild-berry-jam" in found(people.shopper, **by_scheme)

    facts = {each["scheme"]: each for each in json.loads(jam["facts"])}
    label = facts["brand-label"]
    assert (label["number"], label["status"]) == (NUMBER, "valid")
    page = requests.get(here(shop, label["url"]), headers=HTML, params={"lang": "ru"}, timeout=TIMEOUT)
    assert (page.status_code, 'class="total good"' in page.text) == (200, True)
    badge = requests.get(here(shop, label["badge"]), params={"lang": "ru", "size": "small"}, timeout=TIMEOUT)
    assert (badge.headers["Content-Type"], badge.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    again = requests.get(
        here(shop, label["badge"]),
        params={"lang": "ru", "size": "small"},
        headers={"If-None-Match": badge.headers["ETag"]},
        timeout=TIMEOUT,
    )
    assert again.status_code == 304
    typed = requests.get(
        f"{shop.url}/plugins/ovop.certification/certificates/",
        params={"number": f" {NUMBER.lower()} "},
        headers=HTML,
        timeout=TIMEOUT,
    )
    assert urlsplit(label["url"]).path in typed.text

    load(shop, tmp_path, ISSUED, WITHDRAWN)

    jam = wait_until("the label is claimed no more", lambda: jam_without(people.shopper, "brand-label"), seconds=90)
    assert schemes(jam) == {"eac-declaration", "sanitary"}
    page = requests.get(here(shop, label["url"]), headers=HTML, timeout=TIMEOUT)
    assert 'class="total bad"' in page.text
    fallen = requests.get(here(shop, label["badge"]), params={"lang": "ru", "size": "small"}, timeout=TIMEOUT)
    assert fallen.content != badge.content


def here(shop: RunningShop, url: str) -> str:
    """The same address on the shop under test, whatever it calls itself."""
    parts = urlsplit(url)
    return f"{shop.url}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def test_what_staff_claim_by_hand_does_not_stay(
    shop: RunningShop, people: People, sample: Sample, labelled: None
) -> None:
    attribute = people.staff.query(ATTRIBUTE, slug="ovop-certificates")["attribute"]
    halal = next(each["node"]["id"] for each in attribute["choices"]["edges"] if each["node"]["slug"] == "halal")

    people.staff.mutate(
        UPDATE,
        id=sample.products["mountain-honey"],
        input={"attributes": [{"id": attribute["id"], "multiselect": [{"id": halal}]}]},
    )

    wait_until(
        "the claim is gone",
        lambda: schemes(found(people.shopper)["mountain-honey"]) == set() or None,
        seconds=60,
    )


@pytest.mark.parametrize(
    "address",
    ["certificates/halal/%00/", "certificates/halal/%0A/", "badges/halal/%00.png", "badges/products/999999.png"],
)
def test_odd_addresses_are_not_found(shop: RunningShop, address: str) -> None:
    answer = requests.get(f"{shop.url}/plugins/ovop.certification/{address}", headers=HTML, timeout=TIMEOUT)
    assert answer.status_code == 404


def test_the_intended_use_is_staffs_to_choose(people: People, sample: Sample) -> None:
    attribute = people.staff.query(ATTRIBUTE, slug="ovop-intended-use")["attribute"]
    gift = next(each["node"]["id"] for each in attribute["choices"]["edges"] if each["node"]["slug"] == "gift")
    people.staff.mutate(
        UPDATE,
        id=sample.products["felt-slippers"],
        input={"attributes": [{"id": attribute["id"], "multiselect": [{"id": gift}]}]},
    )

    by_use = {"where": {"attributes": [{"slug": "ovop-intended-use", "values": ["gift"]}]}}
    assert set(found(people.shopper, **by_use)) == {"felt-slippers"}
