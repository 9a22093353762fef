"""The veto costs one query, whatever it has to know: makers, groups, lots, areas, categories, intended uses."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.attribute import AttributeInputType, AttributeType
from saleor.attribute.models import AssignedProductAttributeValue, Attribute, AttributeValue
from saleor.checkout.fetch import fetch_checkout_lines
from saleor.product.models import Category

from ovop_certification.adapter import gate_facts
from ovop_certification.services import registry_load
from ovop_origin.services import registry_load as origin_load
from ovop_shared.adapter.catalogue import INTENDED_USE
from ovop_shared.catalogue import host_catalogue
from ovop_shared.shop_time import shop_zone

DAY = "2020-01-01"


@pytest.fixture
def origins(product):
    """The product is made in Tamga by a member of a group, in one lot."""
    names = {"en": "Somewhere"}
    places = [
        {"kind": "country", "code": "KG"},
        {"kind": "region", "code": "KG-Y", "parent": "KG"},
        {"kind": "district", "code": "KG-Y-d", "parent": "KG-Y", "names": names},
        {"kind": "village", "code": "tamga", "parent": "KG-Y-d", "names": names},
    ]
    producers = [
        {"code": code, "kind": kind, "village": "tamga", "language": "ky", "names": names}
        for code, kind in (("bees", "household"), ("union", "group"))
    ]
    document = {
        "version": 1,
        "places": places,
        "producers": producers,
        "memberships": [{"group": "union", "member": "bees"}],
        "products": [
            {"slug": product.slug, "village": "tamga", "makers": [{"producer": "bees", "share": 10_000}]},
        ],
        "lots": [
            {
                "product": product.slug,
                "code": "L1",
                "made_on": "2025-01-01",
                "contributions": [{"producer": "bees", "quantity": 5}],
            }
        ],
    }
    origin_load(document, catalogue=host_catalogue(), at=timezone.now())


def load(requirement, holder, areas=()):
    registry_load(
        {
            "version": 1,
            "schemes": [{"code": "eac", "kind": "conformity", "names": {"en": "EAC"}}],
            "issuing_bodies": [{"code": "body", "name": "Body"}],
            "markets": [{"code": "home", "names": {"en": "Home"}, "channels": ["main"]}],
            "requirements": [{"market": "home", "scheme": "eac", "from_on": DAY} | requirement],
            "certificates": [
                {
                    "scheme": "eac",
                    "issuing_body": "body",
                    "number": "N1",
                    "holder": holder,
                    "valid_from_on": DAY,
                    "areas": list(areas),
                    "events": [{"kind": "issued", "at": f"{DAY}T00:00:00+06:00", "actor": "Desk"}],
                }
            ],
        },
        catalogue=host_catalogue(),
        at=timezone.now(),
    )


def meant_for(product, use):
    attribute, _ = Attribute.objects.get_or_create(
        slug=INTENDED_USE,
        defaults={
            "name": "Intended use",
            "type": AttributeType.PRODUCT_TYPE,
            "input_type": AttributeInputType.MULTISELECT,
        },
    )
    value = AttributeValue.objects.create(attribute=attribute, slug=use, name=use)
    AssignedProductAttributeValue.objects.create(product=product, value=value)


def judged(checkout, at=None):
    """What the veto's facts say of the only product, known in one query."""
    lines, _ = fetch_checkout_lines(checkout)
    with CaptureQueriesContext(connection) as captured:
        rulebook, products = gate_facts.rulebook_and_products("main", None, lines)
    assert len(captured) == 1
    at = at or timezone.now()
    return [each.code.value for product in products for each in rulebook.reasons(product, at=at, zone=shop_zone())]


@pytest.mark.usefixtures("origins")
@pytest.mark.parametrize(
    ("holder", "areas", "told"),
    [
        ({"producer": "bees"}, (), []),
        ({"producer": "union"}, (), ["missing"]),
        ({"group": "union"}, (), []),
        ({"group": "union"}, ("KG-Y",), []),
        ({"group": "union"}, ("KG",), []),
        ({"lot": "{slug}/L1"}, ("tamga",), []),
        ({"lot": "{slug}/L0"}, (), ["missing"]),
        ({"product": "{slug}"}, ("UZ",), ["wrong_area"]),
    ],
)
def test_every_kind_of_holder_and_area_is_known_in_one_query(checkout_with_item, product, holder, areas, told):
    if "UZ" in areas:
        places = {"version": 1, "places": [{"kind": "country", "code": "UZ"}]}
        origin_load(places, catalogue=host_catalogue(), at=timezone.now())
    kind, ref = next(iter(holder.items()))
    load({}, {kind: ref.format(slug=product.slug)}, areas)

    assert judged(checkout_with_item) == told


def test_a_category_above_and_an_intended_use_are_known_in_the_same_query(checkout_with_item, product):
    top = Category.objects.create(name="Everything edible", slug="edible")
    middle = Category.objects.create(name="Sweets", slug="sweets", parent=top)
    product.category.parent = middle
    product.category.save()
    Category.tree.rebuild()
    product.category.refresh_from_db()
    load({"category": "edible", "intended_use": "gift"}, {"producer": "nobody"})

    assert judged(checkout_with_item) == []
    meant_for(product, "gift")
    meant_for(product, "animals")
    assert judged(checkout_with_item) == ["missing"]

    _, products = gate_facts.rulebook_and_products("main", None, fetch_checkout_lines(checkout_with_item)[0])
    assert [(each.categories, each.intended_uses) for each in products] == [
        ((product.category.slug, "sweets", "edible"), ("animals", "gift"))
    ]
    assert host_catalogue().by_pk([product.pk])[product.pk].categories == products[0].categories
    assert host_catalogue().by_pk([product.pk])[product.pk].intended_uses == products[0].intended_uses


@pytest.mark.usefixtures("origins")
def test_the_past_is_judged_in_one_query_too(checkout_with_item, product):
    load({}, {"lot": f"{product.slug}/L1"})

    assert judged(checkout_with_item, datetime.datetime(2024, 12, 31, tzinfo=datetime.UTC)) == ["missing"]
