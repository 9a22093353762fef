"""A small registry for the tests of the origin plugin: one village in each of two countries, and who works there."""

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ovop_origin.models import Maker, Place, PlaceName, Producer, ProducerName, ProductOrigin, ProductStory
from ovop_shared.requester import ANONYMOUS, MANAGE_PRODUCTS, Requester, RequesterKind
from ovop_standalone.tokens import make_token

AT = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.UTC)
SAMPLE = Path(__file__).resolve().parents[2] / "storefront-config" / "sample" / "origin.json"

SLIPPERS, JAM, HONEY = 11, 12, 13

CUSTOMER = Requester(RequesterKind.CUSTOMER, name="customer@example.com", user_id="7")
STAFF_WITHOUT = Requester(RequesterKind.STAFF, name="staff@example.com", permissions=frozenset({"manage_orders"}))
STAFF = Requester(RequesterKind.STAFF, name="staff@example.com", permissions=frozenset({MANAGE_PRODUCTS}))
APP_WITHOUT = Requester(RequesterKind.APP, name="an app")
APP = Requester(RequesterKind.APP, name="an app", permissions=frozenset({MANAGE_PRODUCTS}))
OUTSIDERS = [
    pytest.param(ANONYMOUS, id="anonymous"),
    pytest.param(CUSTOMER, id="customer"),
    pytest.param(STAFF_WITHOUT, id="staff without permission"),
    pytest.param(APP_WITHOUT, id="app without permission"),
]
INSIDERS = [pytest.param(STAFF, id="staff with permission"), pytest.param(APP, id="app with permission")]

TABLES = (Place, PlaceName, Producer, ProducerName, ProductOrigin, ProductStory, Maker)


def registry_document() -> dict[str, Any]:
    return {
        "version": 1,
        "places": [
            {"kind": "country", "code": "KG", "names": {"en": "Kyrgyzstan", "ky": "Кыргызстан"}},
            {"kind": "region", "code": "KG-Y", "parent": "KG", "names": {"en": "Issyk-Kul", "ky": "Ысык-Көл облусу"}},
            {"kind": "district", "code": "KG-Y-jeti-oguz", "parent": "KG-Y", "names": {"en": "Jeti-Oguz"}},
            {
                "kind": "village",
                "code": "KG-Y-barskoon",
                "parent": "KG-Y-jeti-oguz",
                "latitude": Decimal("42.16"),
                "longitude": "77.61",
                "names": {"en": "Barskoon", "ky": "Барскоон"},
                "official": ["ky"],
            },
            {"kind": "country", "code": "UZ", "names": {"en": "Uzbekistan"}},
            {"kind": "region", "code": "UZ-QR", "parent": "UZ", "names": {"en": "Karakalpakstan"}},
            {"kind": "district", "code": "UZ-QR-chimbay-district", "parent": "UZ-QR", "names": {"en": "Chimbay"}},
            {
                "kind": "village",
                "code": "UZ-QR-chimbay",
                "parent": "UZ-QR-chimbay-district",
                "names": {"ru": "Чимбай", "kaa-Latn": "Shımbay", "kaa-Cyrl": "Шымбай"},
            },
        ],
        "producers": [
            {
                "code": "ak-kiyiz",
                "kind": "cooperative",
                "village": "KG-Y-barskoon",
                "language": "ky",
                "names": {"ky": "Ак кийиз", "en": "Ak Kiyiz"},
                "is_name_public": True,
                "saleor_user_id": "5",
            },
            {
                "code": "m3",
                "kind": "person",
                "village": "KG-Y-barskoon",
                "language": "ru",
                "names": {"ru": "Айгерим"},
            },
            {
                "code": "boyan",
                "kind": "group",
                "village": "UZ-QR-chimbay",
                "language": "kaa-Latn",
                "names": {"kaa-Latn": "Boyan"},
                "is_name_public": True,
            },
        ],
        "products": [
            {
                "slug": "felt-slippers",
                "village": "KG-Y-barskoon",
                "stories": {"en": "Felted by two.\n\nDyed with <yarrow>.", "ky": "Экөө баскан."},
                "makers": [{"producer": "m3", "share": 3333}, {"producer": "ak-kiyiz", "share": 6667}],
            },
            {"slug": "licorice-honey", "village": "UZ-QR-chimbay", "makers": [{"producer": "boyan", "share": 10000}]},
        ],
    }


def stored_rows() -> list[list[dict[str, Any]]]:
    """Every row of the registry, to see that nothing changed."""
    return [list(table.objects.order_by("pk").values()) for table in TABLES]


def client_for(requester: Requester) -> Client:
    """An HTTP client that speaks for the requester."""
    if requester == ANONYMOUS:
        return Client()
    return Client(headers={"authorization": f"Bearer {make_token(requester, at=timezone.now())}"})


def graphql(query: str, requester: Requester = ANONYMOUS, **variables: object) -> dict[str, Any]:
    response = client_for(requester).post(
        "/plugins/ovop.origin/graphql/",
        json.dumps({"query": query, "variables": variables}),
        content_type="application/json",
    )
    answer: dict[str, Any] = response.json()
    return answer
