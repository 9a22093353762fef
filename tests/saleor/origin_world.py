"""A small registry beside Saleor's own sample products: the fixtures of the origin tests, and what they all ask."""

import datetime
from decimal import Decimal
from typing import Any

import graphene
import pytest
from celery import Task
from django.core.cache import cache
from saleor.attribute.models import AssignedProductAttributeValue, Attribute, AttributeValue
from saleor.product.models import Product

import ovop_origin.adapter.plugin  # noqa: F401 - as Saleor does when it starts
from ovop_origin import services
from ovop_origin.records import PlaceRow, ProducerRow
from ovop_shared.setup_steps import setup_steps

AT = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.UTC)

BARSKOON = PlaceRow(
    "village",
    "KG-Y-barskoon",
    {"en": "Barskoon", "ky": "Барскоон", "kaa-Latn": "Barskoon"},
    parent="KG-Y-jeti-oguz",
    latitude=Decimal("42.16"),
    longitude=Decimal("77.61"),
)
CHIMBAY = PlaceRow(
    "village",
    "UZ-QR-chimbay",
    {"ru": "Чимбай", "uz-Latn": "Chimboy", "kaa-Latn": "Shımbay", "ja": "チムバイ"},
    parent="UZ-QR-chimbay-district",
)
KUNGRAD = PlaceRow(
    "village",
    "UZ-QR-kungrad",
    {"en": "Kungrad", "uz-Latn": "Qoʻngʻirot", "kaa-Latn": "Qońırat"},
    parent="UZ-QR-chimbay-district",
)
AK_KIYIZ = ProducerRow(
    "ak-kiyiz", "cooperative", BARSKOON.code, "ky", {"ky": "Ак кийиз", "en": "Ak Kiyiz"}, is_name_public=True
)
CHIY = ProducerRow("chiy", "group", BARSKOON.code, "ky", {"ky": "Чий"}, is_name_public=True)
UNNAMED = ProducerRow("m3", "person", BARSKOON.code, "ru", {"ru": "Айгерим"})


def changed(row: Any, **changes: Any) -> Any:
    return type(row)(**{name: getattr(row, name) for name in row.__slots__} | changes)


def run_setup() -> dict[str, int]:
    return {step.title: step.run() for step in setup_steps() if step.title.startswith("Origin")}


def in_dashboard(client: Any, product: Product, attributes: list[dict[str, Any]], **changes: Any) -> None:
    """What a dashboard user saves."""
    mutation = """
      mutation ($id: ID!, $input: ProductInput!) { productUpdate(id: $id, input: $input) { errors { field message } } }
    """
    for attribute in attributes:
        attribute["id"] = graphene.Node.to_global_id("Attribute", Attribute.objects.get(slug=attribute.pop("slug")).pk)
    variables = {
        "id": graphene.Node.to_global_id("Product", product.pk),
        "input": {"attributes": attributes, **changes},
    }
    answer = client.post_graphql(mutation, variables).json()
    assert answer["data"]["productUpdate"]["errors"] == [], answer


def assigned(product: Product) -> list[tuple[str, str]]:
    """(attribute, value's name) in the order Saleor shows them; the words for the search apart."""
    rows = (
        AssignedProductAttributeValue.objects.filter(product=product, value__attribute__slug__startswith="ovop-")
        .exclude(value__attribute__slug="ovop-search-words")
        .order_by("value__attribute__slug", "sort_order", "pk")
    )
    return list(rows.values_list("value__attribute__slug", "value__name"))


def own_values(product_pk: int) -> Any:
    """The references and the text that Saleor keeps for this product alone, held or left behind."""
    own = AttributeValue.objects.filter(attribute__slug__in=("ovop-village", "ovop-producer", "ovop-search-words"))
    return own.filter(slug__regex=rf"^(product-)?{product_pk}_")


@pytest.fixture(autouse=True)
def _nobody_asked_for_a_sweep() -> None:
    cache.clear()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], int | None]]:
    """The plugin's tasks that were sent, with their arguments and countdown, instead of run."""
    calls: list[tuple[str, tuple[Any, ...], int | None]] = []
    send = Task.apply_async

    def apply_async(self: Task, args: Any = (), *more: Any, **options: Any) -> Any:
        if not self.name.startswith("ovop_origin."):
            return send(self, args, *more, **options)
        calls.append((self.name, tuple(args), options.get("countdown")))
        return None

    monkeypatch.setattr(Task, "apply_async", apply_async)
    return calls


@pytest.fixture
def registry(product_list: list[Product]) -> list[Product]:
    """Two products with an origin and one without."""
    for place in (
        PlaceRow("country", "KG", {}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {"en": "Issyk-Kul", "ky": "Ысык-Көл облусу"}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "KG-Y-jeti-oguz", {"en": "Jeti-Oguz", "ky": "Жети-Өгүз району"}, parent="KG-Y"),
        BARSKOON,
        PlaceRow("country", "UZ", {}, code_scheme="iso3166-1"),
        PlaceRow("region", "UZ-QR", {"en": "Karakalpakstan"}, code_scheme="iso3166-2", parent="UZ"),
        PlaceRow("district", "UZ-QR-chimbay-district", {"en": "Chimbay"}, parent="UZ-QR"),
        CHIMBAY,
    ):
        services.place_save(place, at=AT)
    for producer in (AK_KIYIZ, CHIY, UNNAMED):
        services.producer_save(producer, at=AT)
    slippers, honey, other = product_list
    makers = {"ak-kiyiz": 3_334, "chiy": 3_333, "m3": 3_333}
    services.product_origin_set(slippers.pk, BARSKOON.code, makers, stories={"en": "Felted."}, at=AT)
    services.product_origin_set(honey.pk, CHIMBAY.code, {}, at=AT)
    return [slippers, honey, other]


@pytest.fixture
def projected(registry: list[Product]) -> list[Product]:
    run_setup()
    return registry
