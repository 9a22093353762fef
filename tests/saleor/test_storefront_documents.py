"""The GraphQL documents that a storefront copies: each is valid in this Saleor, and each is played as a shopper would."""

import json
import re
from pathlib import Path
from typing import Any

import graphene
import pytest
from django.test import Client
from django.utils import timezone
from graphql import parse, validate
from saleor.checkout.models import Checkout
from saleor.graphql.api import schema
from saleor.order.models import Order
from saleor.product.models import Product

import ovop_certification.adapter.plugin  # noqa: F401 - as Saleor does when it starts
from ovop_certification.services import registry_load
from ovop_origin import services
from ovop_origin.adapter.projection import project_all
from ovop_origin.records import MaterialRow
from ovop_shared.catalogue import host_catalogue
from ovop_shared.setup_steps import setup_steps
from tests.saleor.origin_world import AT, BARSKOON, run_setup

DOCUMENTS = Path(__file__).resolve().parents[2] / "storefront-config" / "graphql"
NAMES = sorted(path.stem for path in DOCUMENTS.glob("*.graphql"))


@pytest.fixture
def shopper(api_client: Any) -> Any:
    """Runs a document by its name, as nobody in particular."""

    def run(name: str, **variables: Any) -> Any:
        answer = api_client.post_graphql(document(name), variables).json()
        assert "errors" not in answer, answer
        return answer["data"]

    return run


@pytest.fixture
def asked_of_certification(client: Client) -> Any:
    """Runs a document of the plugin's own endpoint by its name."""

    def run(name: str, **variables: Any) -> Any:
        query = document(f"certification/{name}")
        answer = client.post(
            "/plugins/ovop.certification/graphql/",
            {"query": query, "variables": variables},
            content_type="application/json",
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    return run


def document(name: str) -> str:
    return (DOCUMENTS / f"{name}.graphql").read_text(encoding="utf-8")


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


def checkout_id(checkout: Checkout) -> str:
    return graphene.Node.to_global_id("Checkout", checkout.pk)


def require_certificate(product: Product, *, holds: bool = False) -> None:
    """The fixtures' channel asks for a certificate that the product has or has not."""
    certificate = {
        "scheme": "eac",
        "issuing_body": "body",
        "number": "EAC-1",
        "holder": {"product": product.slug},
        "valid_from_on": "2020-01-01",
        "events": [{"kind": "issued", "at": "2020-01-01T00:00:00+06:00", "actor": "Desk"}],
    }
    registry_load(
        {
            "version": 1,
            "schemes": [{"code": "eac", "kind": "conformity", "names": {"en": "EAC declaration", "ky": "Декларация"}}],
            "issuing_bodies": [{"code": "body", "name": "Sample body"}],
            "markets": [{"code": "home", "names": {"en": "Home market", "ky": "Ички рынок"}, "channels": ["main"]}],
            "requirements": [
                {
                    "market": "home",
                    "scheme": "eac",
                    "product_type": product.product_type.slug,
                    "from_on": "2020-01-01",
                    "effect": "block",
                }
            ],
            "certificates": [certificate] if holds else [],
        },
        catalogue=host_catalogue(),
        at=timezone.now(),
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_valid_in_this_saleor(name: str) -> None:
    assert [str(error) for error in validate(schema, parse(document(name)))] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_document_holds_one_operation_of_its_own_name(name: str) -> None:
    assert [definition.name.value for definition in parse(document(name)).definitions] == [name]


def test_every_document_is_played() -> None:
    source = Path(__file__).read_text(encoding="utf-8")

    assert set(re.findall(r'shopper\(\s*"(\w+)"', source)) == set(NAMES)
    of_certification = {path.stem for path in (DOCUMENTS / "certification").glob("*.graphql")}
    assert set(re.findall(r'asked_of_certification\(\s*"(\w+)"', source)) == of_certification


# Where it comes from


def test_a_product_page_shows_where_it_comes_from(registry: list[Product], shopper: Any) -> None:
    services.material_save(MaterialRow("felt", {"en": "Felt", "ky": "Кийиз"}, place="KG-Y"), at=AT)
    services.product_origin_set(
        registry[0].pk, BARSKOON.code, {"ak-kiyiz": 10_000}, materials={"felt": 10_000}, gtins=["4006381333931"], at=AT
    )
    run_setup()

    product = shopper("ProductOrigin", slug=registry[0].slug, channel="main", language="KY")["product"]

    assert product["village"]["value"] == {
        "slug": "kg-y-barskoon",
        "title": "Barskoon",
        "translation": {"title": "Барскоон"},
    }
    assert product["region"]["value"] == {"slug": "kg-y", "name": "Issyk-Kul", "translation": "Ысык-Көл облусу"}
    assert product["producers"]["value"] == [
        {"slug": "ak-kiyiz", "title": "Ak Kiyiz", "translation": {"title": "Ак кийиз"}}
    ]
    assert [material["code"] for material in json.loads(product["materials"])] == ["felt"]
    assert json.loads(product["gtins"]) == ["04006381333931"]
    assert json.loads(product["jsonld"])["@type"] == ["Product", "gs1:Product"]


@pytest.mark.parametrize(
    ("attribute", "found"),
    [
        ({"slug": "ovop-region", "value": {"slug": {"oneOf": ["kg-y"]}}}, [0]),
        ({"slug": "ovop-village", "value": {"reference": {"pageSlugs": {"containsAny": ["uz-qr-chimbay"]}}}}, [1]),
        ({"slug": "ovop-producer", "value": {"reference": {"pageSlugs": {"containsAny": ["chiy"]}}}}, [0]),
    ],
)
def test_a_grid_is_filtered_by_origin(
    projected: list[Product], shopper: Any, attribute: dict[str, Any], found: list[int]
) -> None:
    data = shopper("ProductsByOrigin", channel="main", where={"attributes": [attribute]}, language="KY", first=10)

    assert [node["slug"] for node in nodes(data["products"])] == [projected[number].slug for number in found]
    (region,) = nodes(data["regions"])
    assert [choice["slug"] for choice in nodes(region["choices"])] == ["kg-y", "uz-qr"]


def test_a_villages_page_lists_its_makers_and_goods(projected: list[Product], shopper: Any) -> None:
    project_all()

    data = shopper("Village", slug="kg-y-barskoon", channel="main", language="KY")

    assert data["page"]["translation"] == {"title": "Барскоон"}
    assert (data["page"]["latitude"], data["page"]["longitude"]) == ("42.160000", "77.610000")
    assert data["page"]["region"]["value"]["translation"] == "Ысык-Көл облусу"
    assert sorted(node["slug"] for node in nodes(data["producers"])) == ["ak-kiyiz", "chiy"]
    assert [node["slug"] for node in nodes(data["products"])] == [projected[0].slug]


# What it is certified for


@pytest.fixture
def certified(registry: list[Product]) -> list[Product]:
    """The first product holds what the channel asks of its type; the second, of another type, is asked for nothing."""
    require_certificate(registry[0], holds=True)
    for step in setup_steps():
        if step.title.startswith(("Origin", "Certification: attributes", "Certification: what shoppers")):
            step.run()
    return registry


def test_a_product_page_shows_what_it_is_certified_for(certified: list[Product], shopper: Any) -> None:
    ask = {"channel": "main", "language": "KY"}

    honey = shopper("ProductCertificates", slug=certified[0].slug, **ask)["product"]
    other = shopper("ProductCertificates", slug=certified[1].slug, **ask)["product"]

    assert honey["isAvailableForPurchase"] is True
    assert honey["certifiedFor"]["value"] == [{"slug": "main", "name": "Home market", "translation": "Ички рынок"}]
    assert honey["certificates"]["value"] == [{"slug": "eac", "name": "EAC declaration", "translation": "Декларация"}]
    (fact,) = json.loads(honey["facts"])
    assert (fact["number"], fact["status"]) == ("EAC-1", "valid")
    assert fact["badge"].endswith("body=body")
    assert other["facts"] is None
    assert not (other["certifiedFor"] or {}).get("value")


@pytest.mark.parametrize(
    ("attribute", "found"),
    [
        ({"slug": "ovop-certified-for", "value": {"slug": {"oneOf": ["main"]}}}, [0]),
        ({"slug": "ovop-certificates", "value": {"slug": {"oneOf": ["eac"]}}}, [0]),
        ({"slug": "ovop-grade", "value": {"slug": {"oneOf": ["4", "5"]}}}, []),
    ],
)
def test_a_grid_is_filtered_by_certificates(
    certified: list[Product], shopper: Any, attribute: dict[str, Any], found: list[int]
) -> None:
    data = shopper("ProductsByCertificate", channel="main", where={"attributes": [attribute]}, language="KY", first=10)

    assert [node["slug"] for node in nodes(data["products"])] == [certified[number].slug for number in found]
    facets = {node["slug"]: [choice["slug"] for choice in nodes(node["choices"])] for node in nodes(data["facets"])}
    assert facets == {
        "ovop-certified-for": ["main"],
        "ovop-certificates": ["eac"],
        "ovop-grade": ["1", "2", "3", "4", "5"],
    }


# A refusal, and what the shopper does then


@pytest.fixture
def paid_for(checkout_with_item: Checkout, product: Product, address: Any) -> Checkout:
    """A checkout of three pieces that costs nothing to send and only has to be completed."""
    product.product_type.is_shipping_required = False
    product.product_type.save()
    checkout = checkout_with_item
    checkout.channel.allow_unpaid_orders = True
    checkout.channel.save()
    checkout.email = "shopper@example.com"
    checkout.billing_address = address
    checkout.save()
    return checkout


def test_a_refusal_is_told_in_the_shoppers_language_and_the_lines_are_taken_out(
    paid_for: Checkout, product: Product, shopper: Any
) -> None:
    require_certificate(product)
    checkout = checkout_id(paid_for)
    line = graphene.Node.to_global_id("CheckoutLine", paid_for.lines.get().pk)

    shown = shopper("CheckoutLines", id=checkout, language="KY")["checkout"]
    told = shopper("CheckoutLanguage", id=checkout, language="KY")["checkoutLanguageCodeUpdate"]
    refused = shopper("CheckoutComplete", id=checkout)["checkoutComplete"]
    left = shopper("CheckoutLinesDelete", id=checkout, lines=refused["errors"][0]["lines"])["checkoutLinesDelete"]

    assert [each["id"] for each in shown["lines"]] == [line]
    assert (told["errors"], told["checkout"]["languageCode"]) == ([], "KY")
    assert refused["order"] is None
    assert refused["errors"] == [
        {
            "field": "lines",
            "code": "UNAVAILABLE_VARIANT_IN_CHANNEL",
            "message": f"«{product.name}» өнүмүн «Ички рынок» рыногунда сатууга болбойт: "
            "милдеттүү «Декларация» сертификаты жок.",
            "variants": [shown["lines"][0]["variant"]["id"]],
            "lines": [line],
        }
    ]
    assert left == {"checkout": {"id": checkout, "lines": []}, "errors": []}
    assert not Order.objects.exists()


def test_what_is_allowed_is_ordered(paid_for: Checkout, shopper: Any) -> None:
    done = shopper("CheckoutComplete", id=checkout_id(paid_for))["checkoutComplete"]

    assert done["errors"] == []
    assert done["order"]["id"] == graphene.Node.to_global_id("Order", Order.objects.get().pk)


def test_a_cart_shows_what_is_closed_by_now(paid_for: Checkout, product: Product, shopper: Any) -> None:
    ask = {"id": checkout_id(paid_for), "language": "KY"}
    open_product = shopper("CheckoutLines", **ask)["checkout"]["lines"][0]["variant"]["product"]
    product.channel_listings.update(available_for_purchase_at=None)

    closed = shopper("CheckoutLines", **ask)["checkout"]["lines"][0]["variant"]["product"]

    assert open_product["isAvailableForPurchase"] is True
    assert closed["isAvailableForPurchase"] is False


def test_the_reason_can_be_asked_in_any_language_of_the_pages(product: Product, asked_of_certification: Any) -> None:
    ask = {"product": graphene.Node.to_global_id("Product", product.pk), "channel": "main", "language": "kaa-Latn"}
    allowed = asked_of_certification("WhyNotForSale", **ask)["decision"]
    require_certificate(product)

    refused = asked_of_certification("WhyNotForSale", **ask)["decision"]

    assert (allowed["allowed"], allowed["message"], allowed["reasons"]) == (True, None, [])
    assert refused["allowed"] is False
    assert refused["message"] == (
        f"«{product.name}» ónimin «Home market» bazarında satıw múmkin emes: "
        "talap etiletuǵın «EAC declaration» sertifikatı joq."
    )
    assert [(reason["code"], reason["scheme"], reason["isBlocking"]) for reason in refused["reasons"]] == [
        ("MISSING", "eac", True)
    ]
