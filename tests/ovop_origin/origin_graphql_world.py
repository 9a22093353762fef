"""More of a registry than `origin_world` has, for what GraphQL shows: members, materials, GTINs, lots, many villages."""

import datetime
import json
from typing import Any

from origin_world import JAM, SLIPPERS, client_for

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
    ProductStory,
)
from ovop_shared.records import ProductRecord
from ovop_shared.requester import ANONYMOUS, Requester
from ovop_standalone.catalogue import known_products_store

HIDDEN = 14
FAR = 1_000
"""The keys of the products of `many_villages` begin here."""


def ask(query: str, requester: Requester = ANONYMOUS, **variables: object) -> dict[str, Any]:
    """The data of an answer without errors."""
    response = client_for(requester).post(
        "/plugins/ovop.origin/graphql/",
        json.dumps({"query": query, "variables": variables}),
        content_type="application/json",
    )
    answer = response.json()
    assert "errors" not in answer, answer["errors"]
    data: dict[str, Any] = answer["data"]
    return data


def codes_of(query: str, requester: Requester = ANONYMOUS, **variables: object) -> list[str]:
    """The codes of the errors of an answer."""
    response = client_for(requester).post(
        "/plugins/ovop.origin/graphql/",
        json.dumps({"query": query, "variables": variables}),
        content_type="application/json",
    )
    return [error["extensions"]["code"] for error in response.json().get("errors", ())]


def full_registry() -> None:
    """On top of `origin_world.registry_document`: the facts of the newer tables, and an unpublished product."""
    barskoon = Place.objects.get(code="KG-Y-barskoon")
    region = Place.objects.get(code="KG-Y")
    group, person, boyan = (Producer.objects.get(code=code) for code in ("ak-kiyiz", "m3", "boyan"))
    Producer.objects.filter(pk=group.pk).update(
        stage="markets",
        phone="+996555000001",
        email="kiyiz@example.com",
        is_women_led=True,
        is_youth_led=False,
        flags_consented_on=datetime.date(2025, 1, 2),
    )
    Membership.objects.create(group=group, member=person, since=datetime.date(2024, 5, 1))
    Membership.objects.create(
        group=group, member=boyan, since=datetime.date(2023, 2, 3), until=datetime.date(2025, 1, 1)
    )
    wool = Material.objects.create(code="wool", place=region)
    yarrow = Material.objects.create(code="yarrow")
    for material, language, text in ((wool, "en", "Wool"), (wool, "ky", "Жүн"), (yarrow, "en", "Yarrow")):
        MaterialName.objects.create(material=material, language=language, text=text)
    origin = ProductOrigin.objects.get(product_pk=SLIPPERS)
    ProductMaterial.objects.bulk_create(
        [
            ProductMaterial(origin=origin, material=wool, share=9_000),
            ProductMaterial(origin=origin, material=yarrow, share=1_000),
        ]
    )
    for gtin in ("04012345678901", "00000096385074"):
        ProductGtin.objects.create(origin=origin, gtin=gtin)
    for code, day in (("L1", 1), ("L2", 2), ("L3", 2)):
        lot = Lot.objects.create(origin=origin, code=code, village=barskoon, made_on=datetime.date(2025, 3, day))
        LotContribution.objects.create(lot=lot, producer=group, quantity=20 + day)
        LotContribution.objects.create(lot=lot, producer=person, quantity=10)
    known_products_store([ProductRecord(HIDDEN, "secret-tea", "Secret tea", "ovop-food", is_published=False)])
    hidden = ProductOrigin.objects.create(product_pk=HIDDEN, village=barskoon)
    ProductStory.objects.create(origin=hidden, language="en", text="Not yet.")
    Maker.objects.create(origin=hidden, producer=group, share=10_000)
    ProductGtin.objects.create(origin=hidden, gtin="04012345678918")
    Lot.objects.create(origin=hidden, code="T1", village=barskoon, made_on=datetime.date(2025, 4, 1))
    assert JAM not in ProductOrigin.objects.values_list("product_pk", flat=True)


def many_villages(number: int, *, producers: int = 2, products: int = 3) -> None:
    """That many villages of one district, each with producers who agreed to be named, products of theirs, and so on."""
    district = Place.objects.get(code="KG-Y-jeti-oguz")
    wool = Material.objects.get(code="wool")
    villages = Place.objects.bulk_create(
        Place(kind="village", parent=district, code=f"v{each:03}", code_scheme="ovop", country_code="KG")
        for each in range(number)
    )
    PlaceName.objects.bulk_create(PlaceName(place=village, language="en", text=village.code) for village in villages)
    makers = Producer.objects.bulk_create(
        Producer(code=f"{village.code}-{each}", kind="group", place=village, language="ky", is_name_public=True)
        for village in villages
        for each in range(producers)
    )
    ProducerName.objects.bulk_create(ProducerName(producer=maker, language="ky", text=maker.code) for maker in makers)
    Membership.objects.bulk_create(
        Membership(group=maker, member=makers[index - 1]) for index, maker in enumerate(makers) if index % producers
    )
    origins = ProductOrigin.objects.bulk_create(
        ProductOrigin(product_pk=FAR + index * products + each, village=village)
        for index, village in enumerate(villages)
        for each in range(products)
    )
    ProductStory.objects.bulk_create(ProductStory(origin=origin, language="en", text="S") for origin in origins)
    known_products_store(
        ProductRecord(origin.product_pk, f"p{origin.product_pk}", "P", "ovop-felt") for origin in origins
    )
    by_village = {
        village.pk: makers[index * producers : (index + 1) * producers] for index, village in enumerate(villages)
    }
    Maker.objects.bulk_create(
        Maker(origin=origin, producer=maker, share=10_000 // producers)
        for origin in origins
        for maker in by_village[origin.village_id]
    )
    ProductMaterial.objects.bulk_create(
        ProductMaterial(origin=origin, material=wool, share=10_000) for origin in origins
    )
    ProductGtin.objects.bulk_create(ProductGtin(origin=origin, gtin=f"{origin.product_pk:014}") for origin in origins)
    lots = Lot.objects.bulk_create(
        Lot(origin=origin, code="L1", village=origin.village, made_on=datetime.date(2025, 1, 1)) for origin in origins
    )
    LotContribution.objects.bulk_create(
        LotContribution(lot=lot, producer=by_village[lot.village_id][0], quantity=5) for lot in lots
    )


def hide(product_pks: list[int]) -> None:
    """The shop publishes these no longer."""
    known_products_store(ProductRecord(pk, f"p{pk}", "P", "ovop-felt", is_published=False) for pk in product_pks)
