"""What shoppers see of certificates in Saleor's own schema: attributes and metadata that follow the registry to the day."""

import datetime
import json
from typing import Any

import graphene
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.attribute.models import AssignedProductAttributeValue, Attribute, AttributeProduct, AttributeValue
from saleor.channel.models import Channel
from saleor.product.models import Product, ProductChannelListing, ProductType

import ovop_certification.adapter.plugin  # noqa: F401 - as Saleor does when it starts
from ovop_certification.adapter import shopper_tasks
from ovop_certification.adapter.shopper_facts import METADATA_KEY, facts_of_products
from ovop_certification.models import (
    Application,
    Assessment,
    Certificate,
    CertificateEvent,
    CriteriaSet,
    EventKind,
    IssuingBody,
    MarketChannel,
    Requirement,
    Scheme,
    Sitting,
    SweepMark,
)
from ovop_certification.services import certificate_event_add, registry_load
from ovop_certification.signals import certification_changed
from ovop_origin.selectors import registry_changed
from ovop_shared.adapter.attributes import SetupMissing
from ovop_shared.catalogue import host_catalogue
from ovop_shared.setup_steps import setup_steps
from ovop_shared.shop_time import shop_day, shop_zone
from tests.saleor.origin_world import in_dashboard

PRODUCTS = """
query ($channel: String!, $where: ProductWhereInput, $filter: ProductFilterInput) {
  products(channel: $channel, first: 20, where: $where, filter: $filter) { edges { node {
    slug
    for: assignedAttribute(slug: "ovop-certified-for") {
      ... on AssignedMultiChoiceAttribute { value { slug name translation(languageCode: RU) } }
    }
    certificates: assignedAttribute(slug: "ovop-certificates") {
      ... on AssignedMultiChoiceAttribute { value { slug name translation(languageCode: RU) } }
    }
    grade: assignedAttribute(slug: "ovop-grade") { ... on AssignedSingleChoiceAttribute { value { slug name } } }
    facts: metafield(key: "ovop:certificates")
  } } }
}
"""


@pytest.fixture(autouse=True)
def _nobody_asked_for_a_sweep() -> None:
    cache.clear()


@pytest.fixture
def staff(staff_api_client: Any, permission_manage_products: Any) -> Any:
    staff_api_client.user.user_permissions.add(permission_manage_products)
    return staff_api_client


def document(product: Product, *, until: str | None, market: list[str], effect: str) -> dict[str, Any]:
    return {
        "version": 1,
        "schemes": [
            {"code": "eac", "kind": "conformity", "names": {"en": "EAC declaration", "ru": "Декларация ЕАЭС"}},
            {"code": "label", "kind": "brand_label", "names": {"en": "Brand label"}},
            {"code": "organic", "kind": "organic", "names": {"en": "Organic"}},
        ],
        "issuing_bodies": [{"code": "body", "name": "Sample body"}],
        "markets": [{"code": "home", "names": {"en": "Home", "ru": "Дом"}, "channels": ["main"]}],
        "requirements": [
            {
                "market": "home",
                "scheme": "eac",
                "from_on": "2020-01-01",
                "product_type": product.product_type.slug,
                "effect": effect,
            }
        ],
        "certificates": [
            {
                "scheme": "eac",
                "issuing_body": "body",
                "number": "EAC/1 №2",
                "holder": {"product": product.slug},
                "valid_from_on": "2020-01-01",
                "valid_until_on": until,
                "markets": market,
                "events": [{"kind": "issued", "at": "2020-01-01T00:00:00+06:00", "actor": "Desk"}],
            }
        ],
    }


def load(product: Product, *, until: str | None = None, market: list[str] | None = None, effect: str = "block") -> None:
    registry_load(
        document(product, until=until, market=market or [], effect=effect),
        catalogue=host_catalogue(),
        at=timezone.now(),
    )


def run_setup() -> dict[str, int]:
    return {step.title: step.run() for step in setup_steps() if step.title.startswith("Certification: ")}


@pytest.fixture
def honey(product_list: list[Product]) -> Product:
    """Certified for the channel `main`, without an end; the others have nothing."""
    honey = product_list[0]
    load(honey)
    run_setup()
    return honey


def shown(client: Any, channel: str = "main", **conditions: Any) -> dict[str, dict[str, Any]]:
    answer = client.post_graphql(PRODUCTS, {"channel": channel, **conditions}).json()
    assert "errors" not in answer, answer
    return {edge["node"]["slug"]: edge["node"] for edge in answer["data"]["products"]["edges"]}


def assigned(product: Product) -> list[tuple[str, str]]:
    rows = AssignedProductAttributeValue.objects.filter(
        product=product, value__attribute__slug__in=("ovop-certified-for", "ovop-certificates", "ovop-grade")
    )
    return sorted(rows.values_list("value__attribute__slug", "value__slug"))


CERTIFIED = [("ovop-certificates", "eac"), ("ovop-certified-for", "main")]


def told(product: Product) -> list[dict[str, Any]]:
    product.refresh_from_db()
    facts: list[dict[str, Any]] = json.loads(product.metadata.get(METADATA_KEY, "[]"))
    return facts


def graded(product: Product, stars: int) -> None:
    """A label that the committee granted."""
    scheme, body = Scheme.objects.get(code="label"), IssuingBody.objects.get(code="body")
    certificate = Certificate.objects.create(
        scheme=scheme,
        issuing_body=body,
        number=f"LABEL-{product.pk}",
        holder_kind="product",
        holder_ref=str(product.pk),
        valid_from_on=datetime.date(2020, 1, 1),
    )
    CertificateEvent.objects.create(
        certificate=certificate, position=1, kind="issued", at=timezone.now(), actor="Committee"
    )
    criteria = CriteriaSet.objects.create(code="c", version=1, scheme=scheme, issuing_body=body, valid_months=12)
    application = Application.objects.create(
        number=1, scheme=scheme, product_pk=product.pk, producer="p", opened_at=timezone.now()
    )
    sitting = Sitting.objects.create(number=1, held_on=datetime.date(2025, 1, 1))
    Assessment.objects.create(
        sitting=sitting,
        application=application,
        criteria_set=criteria,
        verdict="granted",
        stars=stars,
        total=9_000,
        closed_at=timezone.now(),
        closed_by="Chair",
        certificate=certificate,
    )


# Shown


def test_anonymous_shoppers_see_certificates_in_the_stock_schema(honey: Product, api_client: Any) -> None:
    graded(honey, 4)
    shopper_tasks.sweep_all(timezone.now())

    found = shown(api_client)

    node = found.pop(honey.slug)
    assert node["for"] == {"value": [{"slug": "main", "name": "Home", "translation": "Дом"}]}
    assert node["certificates"] == {
        "value": [
            {"slug": "eac", "name": "EAC declaration", "translation": "Декларация ЕАЭС"},
            {"slug": "label", "name": "Brand label", "translation": None},
        ]
    }
    assert node["grade"] == {"value": {"slug": "4", "name": "4 stars"}}
    eac, label = json.loads(node["facts"])
    host = eac["url"].partition("/plugins/")[0]
    path = f"{host}/plugins/ovop.certification"
    assert eac == {
        "scheme": "eac",
        "names": {"en": "EAC declaration", "ru": "Декларация ЕАЭС"},
        "number": "EAC/1 №2",
        "issuingBody": "Sample body",
        "validFrom": "2020-01-01",
        "validUntil": None,
        "status": "valid",
        "grade": None,
        "markets": [],
        "url": f"{path}/certificates/eac/EAC/1%20%E2%84%962/",
        "badge": f"{path}/badges/eac/EAC/1%20%E2%84%962.png?body=body",
    }
    assert (label["scheme"], label["grade"]) == ("label", 4)
    assert all(each["for"]["value"] == [] and each["facts"] is None for each in found.values())


@pytest.mark.parametrize("kind", ["where", "filter"])
@pytest.mark.parametrize(
    ("attribute", "value", "is_found"),
    [
        ("ovop-certified-for", "main", True),
        ("ovop-certificates", "eac", True),
        ("ovop-certificates", "organic", False),
        ("ovop-grade", "4", True),
        ("ovop-grade", "5", False),
    ],
)
def test_shoppers_filter_by_them_anonymously(
    honey: Product, api_client: Any, kind: str, attribute: str, value: str, is_found: bool
) -> None:
    graded(honey, 4)
    shopper_tasks.sweep_all(timezone.now())

    found = shown(api_client, **{kind: {"attributes": [{"slug": attribute, "values": [value]}]}})

    assert set(found) == ({honey.slug} if is_found else set())


def test_the_new_way_to_filter_works_as_well(honey: Product, api_client: Any) -> None:
    condition = {"slug": "ovop-certified-for", "value": {"slug": {"oneOf": ["main"]}}}
    assert set(shown(api_client, where={"attributes": [condition]})) == {honey.slug}


# Following the registry


def test_a_second_look_writes_nothing(honey: Product) -> None:
    before = Product.objects.get(pk=honey.pk).updated_at

    assert shopper_tasks.sweep_all(timezone.now()) == 0
    assert set(run_setup().values()) == {0}
    assert Product.objects.get(pk=honey.pk).updated_at == before


def test_what_lapsed_is_not_claimed_any_more_and_comes_back(
    honey: Product, django_capture_on_commit_callbacks: Any
) -> None:
    assert assigned(honey) == CERTIFIED
    pk = Certificate.objects.get().pk

    certificate_event_add(pk, EventKind.SUSPENDED, actor="Desk", reason="why", at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        certification_changed.send(sender=None, product_pks=frozenset({honey.pk}), since=None)
    assert (assigned(honey), told(honey)) == ([], [])
    honey.refresh_from_db()
    assert METADATA_KEY not in honey.metadata

    certificate_event_add(pk, EventKind.REINSTATED, actor="Desk", at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        certification_changed.send(sender=None, product_pks=frozenset({honey.pk}), since=None)
    assert (assigned(honey), len(told(honey))) == (CERTIFIED, 1)


def test_a_change_of_origin_is_looked_at_too(honey: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(shopper_tasks, "look_soon", lambda pks: looked.extend(pks))

    registry_changed.send(sender=None, product_pks=frozenset({honey.pk}))

    assert looked == [honey.pk]


def midnight_after(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min, tzinfo=shop_zone())


def test_an_end_is_told_at_the_shops_midnight_and_after_a_night_off_too(product_list: list[Product]) -> None:
    honey = product_list[0]
    last = shop_day(timezone.now()) + datetime.timedelta(days=3)
    load(honey, until=last.isoformat())
    run_setup()
    midnight = midnight_after(last)
    SweepMark.objects.create(name=shopper_tasks.MARK, reached_at=timezone.now())

    assert shopper_tasks.sweep_due(midnight - datetime.timedelta(seconds=1)) == 0
    assert assigned(honey) == CERTIFIED
    assert shopper_tasks.sweep_due(midnight) == 1
    assert (assigned(honey), told(honey)) == ([], [])
    assert shopper_tasks.sweep_due(midnight) == 0


def test_a_night_off_is_caught_up_with(product_list: list[Product]) -> None:
    honey = product_list[0]
    last = shop_day(timezone.now()) + datetime.timedelta(days=3)
    load(honey, until=last.isoformat())
    run_setup()
    SweepMark.objects.create(name=shopper_tasks.MARK, reached_at=timezone.now())

    assert shopper_tasks.sweep_due(midnight_after(last) + datetime.timedelta(days=5, hours=7)) == 1
    assert assigned(honey) == []


def test_a_requirement_that_begins_is_told_on_its_day(honey: Product) -> None:
    tomorrow = shop_day(timezone.now()) + datetime.timedelta(days=1)
    Requirement.objects.create(
        market=Requirement.objects.get().market, scheme=Scheme.objects.get(code="organic"), from_on=tomorrow
    )
    SweepMark.objects.create(name=shopper_tasks.MARK, reached_at=timezone.now())

    assert shopper_tasks.sweep_due(midnight_after(tomorrow) - datetime.timedelta(hours=30)) == 0
    assert assigned(honey) == CERTIFIED
    shopper_tasks.sweep_due(midnight_after(tomorrow))
    # It still holds what it holds, and is not certified for this market any more.
    assert assigned(honey) == [("ovop-certificates", "eac")]


def test_days_of_grace_are_no_certificate(product_list: list[Product]) -> None:
    honey = product_list[0]
    yesterday = shop_day(timezone.now()) - datetime.timedelta(days=1)
    load(honey, until=yesterday.isoformat())
    Requirement.objects.update(grace_days=30)
    run_setup()
    assert (assigned(honey), told(honey)) == ([], [])


def test_a_certificate_that_the_market_does_not_ask_for_certifies_for_no_channel(honey: Product) -> None:
    Requirement.objects.update(scheme=Scheme.objects.get(code="organic"), effect="warn")
    shopper_tasks.sweep_all(timezone.now())
    assert assigned(honey) == [("ovop-certificates", "eac")]


def test_only_channels_that_list_the_product_are_named(honey: Product, channel_PLN: Channel) -> None:  # noqa: N803
    MarketChannel.objects.create(market=Requirement.objects.get().market, channel=channel_PLN.slug)
    shopper_tasks.sweep_all(timezone.now())
    assert assigned(honey) == CERTIFIED

    ProductChannelListing.objects.create(product=honey, channel=channel_PLN, currency="PLN", is_published=True)
    shopper_tasks.sweep_all(timezone.now())
    assert assigned(honey) == sorted([*CERTIFIED, ("ovop-certified-for", channel_PLN.slug)])
    names = dict(AttributeValue.objects.filter(attribute__slug="ovop-certified-for").values_list("slug", "name"))
    assert names == {"main": "Home (Main Channel)", channel_PLN.slug: f"Home ({channel_PLN.name})"}


def test_a_channel_that_leaves_its_market_takes_its_value_along(honey: Product) -> None:
    MarketChannel.objects.all().delete()
    shopper_tasks.sweep_all(timezone.now())
    assert assigned(honey) == [("ovop-certificates", "eac")]
    assert not AttributeValue.objects.filter(attribute__slug="ovop-certified-for").exists()


# What staff do


def test_what_staff_change_by_hand_is_put_right(honey: Product, product_list: list[Product], staff: Any) -> None:
    other = product_list[1]
    value = AttributeValue.objects.get(attribute__slug="ovop-certificates", slug="organic")
    organic = {"id": graphene.Node.to_global_id("AttributeValue", value.pk)}

    for product in (honey, other):
        in_dashboard(
            staff,
            product,
            [
                {"slug": "ovop-certificates", "multiselect": [organic]},
                {"slug": "ovop-certified-for", "multiselect": []},
                {"slug": "ovop-grade", "dropdown": {"value": "Best of all"}},
            ],
        )

    # The hook sent the products to the worker, which is this process when there is no broker.
    assert (assigned(honey), assigned(other)) == (CERTIFIED, [])
    # What somebody typed is gone as soon as nothing holds it.
    shopper_tasks.sweep_all(timezone.now())
    assert not AttributeValue.objects.filter(name="Best of all").exists()


def test_the_hook_sends_products_of_ours_to_the_worker_and_no_others(
    honey: Product, product_list: list[Product], staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(shopper_tasks, "look_soon", lambda pks: looked.extend(pks))

    in_dashboard(staff, honey, [], name="Other name")
    in_dashboard(staff, product_list[1], [], name="Another name")

    assert looked == [honey.pk]


def test_a_renamed_or_deleted_value_comes_back(honey: Product) -> None:
    AttributeValue.objects.filter(attribute__slug="ovop-certificates", slug="eac").update(name="Fake")
    AttributeValue.objects.filter(attribute__slug="ovop-certified-for", slug="main").delete()

    shopper_tasks.sweep_all(timezone.now())

    assert assigned(honey) == CERTIFIED
    assert AttributeValue.objects.get(slug="eac").name == "EAC declaration"


def test_other_metadata_stays(honey: Product) -> None:
    honey.metadata["theirs"] = "1"
    honey.metadata[METADATA_KEY] = "[]"
    honey.save(update_fields=["metadata"])

    shopper_tasks.sweep_all(timezone.now())

    assert len(told(honey)) == 1
    assert honey.metadata["theirs"] == "1"


def test_a_new_product_type_gets_the_attributes_with_the_sweep(honey: Product) -> None:
    new = ProductType.objects.create(name="Felt", slug="felt", has_variants=False)
    shopper_tasks.sweep_all(timezone.now())
    attached = AttributeProduct.objects.filter(product_type=new).values_list("attribute__slug", flat=True)
    assert set(attached) >= {"ovop-certified-for", "ovop-certificates", "ovop-grade", "ovop-intended-use"}


def test_without_setup_nothing_is_written_and_no_task_fails(product_list: list[Product]) -> None:
    load(product_list[0])
    with pytest.raises(SetupMissing):
        shopper_tasks.sweep_all(timezone.now())
    shopper_tasks.sweep_all_facts()
    shopper_tasks.show_facts([product_list[0].pk])
    assert not Attribute.objects.filter(slug="ovop-certified-for").exists()
    assert told(product_list[0]) == []


def test_the_number_of_queries_does_not_grow_with_the_products(honey: Product, product_list: list[Product]) -> None:
    def queries_of(products: list[Product]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(facts_of_products([product.pk for product in products], timezone.now())) == len(products)
        return len(queries)

    alone = queries_of([honey])
    known = Certificate.objects.get()
    for product in product_list[1:]:
        certificate = Certificate.objects.create(
            scheme=known.scheme,
            issuing_body=known.issuing_body,
            number=f"EAC-{product.pk}",
            holder_kind="product",
            holder_ref=str(product.pk),
            valid_from_on=known.valid_from_on,
        )
        CertificateEvent.objects.create(
            certificate=certificate, position=1, kind="issued", at=timezone.now(), actor="Desk"
        )

    assert queries_of(product_list) == alone
