"""A made-up shop of realistic size: places, producers, products, certificates, the sample split rules.

Everything follows from fixed seeds: two runs meet the same shop and the same orders.
"""

import datetime
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from ovop_certification.services import registry_load as load_certificates
from ovop_origin.services import registry_load as load_origins
from ovop_producer_payouts.services.rules import split_rules_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import known_products_store

AT = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
SPLIT_RULES = Path(__file__).resolve().parents[2] / "storefront-config" / "sample" / "payouts.json"

VILLAGES_PER_COUNTRY = 12
PRODUCERS_PER_VILLAGE = 5
PRODUCTS_PER_COUNTRY = 300
# What a 3,333-3,333-3,334 split and the like leave to the last unit is part of the work.
SHARES = ((10_000,), (6_500, 3_500), (3_334, 3_333, 3_333))


@dataclass(frozen=True, slots=True)
class Channel:
    slug: str
    currency: str
    country: str
    region: str
    outlet: str
    language: str
    unit_minor: int


CHANNELS = (
    Channel("issyk-kul-kgs", "KGS", "KG", "KG-Y", "outlet-karakol", "ky", 100),
    Channel("nukus-uzs", "UZS", "UZ", "UZ-QR", "outlet-nukus", "kaa-Latn", 14_000),
)
PRODUCT_TYPES = ("ovop-food", "ovop-drink", "ovop-felt", "ovop-craft")
CATEGORIES = {
    "ovop-food": ("honey-and-sweets", "food"),
    "ovop-drink": ("juices", "food"),
    "ovop-felt": ("felt", "crafts"),
    "ovop-craft": ("ceramics", "crafts"),
}
SCHEMES = ("brand-label", "eac-declaration", "sanitary", "halal", "organic")
FOOD_SCHEMES = ("eac-declaration", "sanitary", "halal")


def build_world() -> None:
    """Load the shop into the empty database, the way its files would be loaded."""
    known_products_store(product for channel in CHANNELS for product in products(channel))
    load_origins(_origin_document(), catalogue=host_catalogue(), at=AT)
    load_certificates(_certification_document(), catalogue=host_catalogue(), at=AT)
    split_rules_load(json.loads(SPLIT_RULES.read_text(encoding="utf-8")), by="bench", at=AT)


@cache
def products(channel: Channel) -> tuple[ProductRecord, ...]:
    first = 1 + CHANNELS.index(channel) * PRODUCTS_PER_COUNTRY
    return tuple(
        ProductRecord(
            pk=pk,
            slug=f"product-{pk}",
            name=f"Product {pk} of the village",
            product_type=PRODUCT_TYPES[pk % 4],
            categories=CATEGORIES[PRODUCT_TYPES[pk % 4]],
            names={"ru": f"Товар {pk} из села"},
        )
        for pk in range(first, first + PRODUCTS_PER_COUNTRY)
    )


def _origin_document() -> dict[str, Any]:
    places: list[dict[str, Any]] = []
    producers: list[dict[str, Any]] = []
    made: list[dict[str, Any]] = []
    for channel in CHANNELS:
        places.append({"kind": "country", "code": channel.country})
        places.append({"kind": "region", "code": channel.region, "parent": channel.country})
        places.append(_place(channel, "district", f"{channel.region}-district", channel.region))
        for village in range(VILLAGES_PER_COUNTRY):
            code = f"{channel.region}-village-{village}"
            places.append(_place(channel, "village", code, f"{channel.region}-district"))
            producers += [
                {
                    "code": _producer(channel, village, number),
                    "kind": "household",
                    "village": code,
                    "language": channel.language,
                    "is_name_public": True,
                    "names": _names(channel, f"Household {village}-{number}", f"Хозяйство {village}-{number}"),
                }
                for number in range(PRODUCERS_PER_VILLAGE)
            ]
        for position, product in enumerate(products(channel)):
            village = position % VILLAGES_PER_COUNTRY
            shares = SHARES[position % len(SHARES)]
            makers = [
                {"producer": _producer(channel, village, (position + place) % PRODUCERS_PER_VILLAGE), "share": share}
                for place, share in enumerate(shares)
            ]
            made.append({"slug": product.slug, "village": f"{channel.region}-village-{village}", "makers": makers})
    return {"version": 1, "places": places, "producers": producers, "products": made}


def _producer(channel: Channel, village: int, number: int) -> str:
    return f"{channel.country.lower()}-{village}-household-{number}"


def _place(channel: Channel, kind: str, code: str, parent: str) -> dict[str, Any]:
    return {"kind": kind, "code": code, "parent": parent, "names": _names(channel, f"Place {code}", f"Место {code}")}


def _names(channel: Channel, english: str, russian: str) -> dict[str, str]:
    return {"en": english, "ru": russian, channel.language: f"{english} ({channel.language})"}


def _certification_document() -> dict[str, Any]:
    """Two markets, each asking a label of everything and three schemes of food; three in four products have all."""
    random = Random("certificates")
    kinds = {"brand-label": "brand_label", "eac-declaration": "conformity", "halal": "religious"}
    requirements = []
    for channel in CHANNELS:
        asked = [{"scheme": "brand-label"}]
        asked += [{"scheme": scheme, "category": "food", "grace_days": 30} for scheme in FOOD_SCHEMES]
        asked += [{"scheme": "organic", "product_type": "ovop-drink", "effect": "warn"}]
        requirements += [{"market": channel.country.lower(), "from_on": "2024-01-01", **each} for each in asked]
    certificates = []
    for channel in CHANNELS:
        for product in products(channel):
            schemes = ("brand-label", *(FOOD_SCHEMES if "food" in product.categories else ()))
            certificates += [
                _certificate(scheme, f"P-{product.pk}", {"product": product.slug}, random)
                for scheme in schemes
                if random.random() < 0.92
            ]
        for village in range(VILLAGES_PER_COUNTRY):
            producer = _producer(channel, village, 0)
            certificates.append(_certificate("organic", f"M-{producer}", {"producer": producer}, random))
    return {
        "version": 1,
        "schemes": [
            {"code": code, "kind": kinds.get(code, code), "names": {"en": code.title(), "ru": code.title()}}
            for code in SCHEMES
        ],
        "issuing_bodies": [{"code": f"{code}-body", "name": f"Body of {code}"} for code in SCHEMES],
        "markets": [
            {
                "code": channel.country.lower(),
                "names": {"en": channel.country},
                "channels": [channel.slug],
                "countries": [channel.country],
            }
            for channel in CHANNELS
        ],
        "requirements": requirements,
        "certificates": certificates,
    }


def _certificate(scheme: str, number: str, holder: dict[str, str], random: Random) -> dict[str, Any]:
    since = datetime.date(2025, 1, 1) + datetime.timedelta(days=random.randrange(300))
    events = [
        {"kind": "applied", "at": "2024-11-01T09:00:00+06:00", "actor": "bench"},
        {"kind": "issued", "at": "2024-12-01T09:00:00+06:00", "actor": "bench"},
    ]
    if random.random() < 0.05:
        events.append(
            {"kind": "suspended", "at": "2026-02-01T09:00:00+06:00", "actor": "bench", "reason": "Surveillance overdue"}
        )
    return {
        "scheme": scheme,
        "issuing_body": f"{scheme}-body",
        "number": f"{scheme}-{number}",
        "holder": holder,
        "valid_from_on": since.isoformat(),
        "valid_until_on": (since + datetime.timedelta(days=730)).isoformat(),
        "events": events,
    }
