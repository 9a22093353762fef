"""What staff pick in the dashboard, and everything else that can come between registry and shop: they converge."""

import logging
from collections.abc import Callable
from typing import Any

import graphene
import pytest
from django.db import transaction
from saleor.attribute.models import AssignedProductAttributeValue, Attribute, AttributeValue
from saleor.page.models import Page, PageType
from saleor.product.models import Product, ProductType

from ovop_origin import selectors, services
from ovop_origin.adapter import tasks
from ovop_origin.adapter.check import SaleorCheck
from ovop_origin.adapter.picks import NO_VILLAGE, Answer, Pick, Verdict, take, village_verdict
from ovop_origin.adapter.projection import Projection, project_all, project_products
from ovop_origin.models import ShownVillage
from ovop_origin.records import ProducerRow
from tests.saleor.origin_world import (
    AK_KIYIZ,
    AT,
    BARSKOON,
    CHIMBAY,
    KUNGRAD,
    assigned,
    changed,
    in_dashboard,
    own_values,
)

BARSKOON_SHOWN = [
    ("ovop-producer", "Ak Kiyiz"),
    ("ovop-producer", "Чий"),
    ("ovop-region", "Issyk-Kul"),
    ("ovop-village", "Barskoon"),
]


@pytest.fixture
def staff(staff_api_client: Any, permission_manage_products: Any) -> Any:
    staff_api_client.user.user_permissions.add(permission_manage_products)
    return staff_api_client


def page_id(slug: str) -> str:
    return str(graphene.Node.to_global_id("Page", Page.objects.get(slug=slug).pk))


def village_of(slug: str) -> dict[str, Any]:
    return {"slug": "ovop-village", "reference": page_id(slug)}


def registry_says(product: Product) -> tuple[str, dict[str, int]] | None:
    origin = selectors.product_origins([product.pk]).get(product.pk)
    return (origin.village_code, {maker.producer_code: maker.share for maker in origin.makers}) if origin else None


def assign(product: Product, page: Page, attribute: str = "ovop-village") -> None:
    """What an import through the ORM leaves: no event, no mark."""
    value = AttributeValue.objects.create(
        attribute=Attribute.objects.get(slug=attribute),
        slug=f"{product.pk}_{page.pk}",
        name=page.title,
        reference_page=page,
    )
    AssignedProductAttributeValue.objects.create(product=product, value=value)


def converged() -> bool:
    """Nothing is left to do on either side, but for the references that Saleor leaves when staff pick another page."""
    left = project_all()
    return (
        left == Projection(values=left.values)
        and project_all() == Projection()
        and [each for each in SaleorCheck().differences() if each.is_open] == []
    )


@pytest.mark.parametrize(
    ("shop", "shown", "registry", "verdict"),
    [
        ("a", "a", "a", Verdict.AGREED),
        ("", "", "", Verdict.AGREED),
        ("b", "a", "b", Verdict.AGREED),
        ("a", "a", "b", Verdict.PROJECT),
        ("a", "a", "", Verdict.PROJECT),
        ("", "a", "a", Verdict.PROJECT),
        ("", "", "a", Verdict.PROJECT),
        (NO_VILLAGE, "a", "a", Verdict.PROJECT),
        (NO_VILLAGE, "", "", Verdict.PROJECT),
        ("b", "a", "a", Verdict.TAKE),
        ("b", "", "", Verdict.TAKE),
        ("b", "a", "", Verdict.TAKE),
        ("b", "a", "c", Verdict.CONFLICT),
        ("b", "", "c", Verdict.CONFLICT),
    ],
)
def test_the_side_that_changed_since_the_shop_was_given_its_village_decides(
    shop: str | None, shown: str, registry: str, verdict: Verdict
) -> None:
    assert village_verdict(shop, shown, registry) is verdict


# One product saved in the dashboard; the worker runs after it


def test_a_village_picked_in_the_dashboard_goes_to_the_registry_and_the_rest_follows(
    projected: list[Product], staff: Any
) -> None:
    slippers = projected[0]
    before = registry_says(slippers)

    in_dashboard(staff, slippers, [village_of("uz-qr-chimbay")], name="Renamed")

    # the makers are who they were: their shares are money
    assert before == ("KG-Y-barskoon", {"ak-kiyiz": 3_334, "chiy": 3_333, "m3": 3_333})
    assert registry_says(slippers) == ("UZ-QR-chimbay", before[1])
    assert assigned(slippers)[2:] == [("ovop-region", "Karakalpakstan"), ("ovop-village", "Чимбай")]
    slippers.refresh_from_db()
    assert (slippers.name, slippers.metadata["ovop:country"]) == ("Renamed", "UZ")
    assert '"name":"Renamed"' in slippers.metadata["ovop:jsonld"]
    assert "Чимбай" in slippers.attributevalues.get(value__attribute__slug="ovop-search-words").value.plain_text
    assert selectors.product_stories([slippers.pk]) == {slippers.pk: {"en": "Felted."}}
    # the reference that Saleor left behind is gone as well
    assert not own_values(slippers.pk).filter(name="Barskoon").exists()
    assert converged()


def test_a_product_without_an_origin_gets_the_village_and_the_producers_staff_picked(
    projected: list[Product], staff: Any
) -> None:
    services.producer_save(ProducerRow("ton", "group", BARSKOON.code, "ky", {"ky": "Тон"}, is_name_public=True), at=AT)
    project_all()
    other = projected[2]

    in_dashboard(
        staff,
        other,
        [
            village_of("kg-y-barskoon"),
            {"slug": "ovop-producer", "references": [page_id("ton"), page_id("ak-kiyiz"), page_id("chiy")]},
        ],
    )

    assert registry_says(other) == ("KG-Y-barskoon", {"ak-kiyiz": 3_334, "chiy": 3_333, "ton": 3_333})
    assert assigned(other)[-2:] == [("ovop-region", "Issyk-Kul"), ("ovop-village", "Barskoon")]
    assert converged()


def test_producers_are_taken_where_there_were_none_and_never_again(projected: list[Product], staff: Any) -> None:
    honey = projected[1]

    in_dashboard(staff, honey, [{"slug": "ovop-producer", "references": [page_id("ak-kiyiz")]}])
    assert registry_says(honey) == ("UZ-QR-chimbay", {"ak-kiyiz": 10_000})

    in_dashboard(staff, honey, [{"slug": "ovop-producer", "references": [page_id("chiy"), page_id("ak-kiyiz")]}])
    assert registry_says(honey) == ("UZ-QR-chimbay", {"ak-kiyiz": 10_000})
    assert assigned(honey)[0] == ("ovop-producer", "Ak Kiyiz")
    assert converged()


def test_makers_that_the_registry_gave_up_are_no_pick(projected: list[Product]) -> None:
    slippers = projected[0]
    services.product_origin_set(slippers.pk, BARSKOON.code, {}, at=AT)

    assert project_products([slippers.pk]) == Projection(products=1)

    assert registry_says(slippers) == ("KG-Y-barskoon", {})
    assert assigned(slippers) == BARSKOON_SHOWN[2:]
    assert converged()


def test_what_the_registry_does_not_take_comes_back(projected: list[Product], staff: Any) -> None:
    slippers = projected[0]

    in_dashboard(
        staff,
        slippers,
        [
            {"slug": "ovop-village", "reference": None},
            {"slug": "ovop-producer", "references": []},
            {"slug": "ovop-region", "dropdown": {"value": "Tokyo"}},
            {"slug": "ovop-search-words", "plainText": "cheap"},
        ],
    )

    assert assigned(slippers) == BARSKOON_SHOWN
    # the choice they typed stands for nothing
    assert not AttributeValue.objects.filter(name="Tokyo").exists()
    assert not AttributeValue.objects.filter(plain_text="cheap").exists()
    assert registry_says(slippers) == ("KG-Y-barskoon", {"ak-kiyiz": 3_334, "chiy": 3_333, "m3": 3_333})
    assert converged()


def test_a_region_or_a_producer_without_a_village_is_taken_off(projected: list[Product], staff: Any) -> None:
    other = projected[2]

    in_dashboard(
        staff,
        other,
        [
            {"slug": "ovop-region", "dropdown": {"value": "Issyk-Kul"}},
            {"slug": "ovop-producer", "references": [page_id("chiy")]},
        ],
    )

    assert (registry_says(other), assigned(other)) == (None, [])
    assert AttributeValue.objects.filter(attribute__slug="ovop-region").count() == 2
    assert converged()


def test_a_page_that_is_no_village_of_the_registry_is_taken_off(projected: list[Product], staff: Any) -> None:
    village = PageType.objects.get(slug="ovop-village")
    Page.objects.create(slug="atlantis", title="Atlantis", page_type=village, is_published=True)
    Page.objects.create(slug="lost", title="Lost", page_type=village, metadata={"ovop:code": "KG-Y-lost"})

    for number, slug in enumerate(("atlantis", "lost")):
        in_dashboard(staff, projected[0], [village_of(slug)])
        in_dashboard(staff, projected[2], [village_of(slug)])

        assert assigned(projected[0]) == BARSKOON_SHOWN, number
        assert (registry_says(projected[2]), assigned(projected[2])) == (None, [])
    assert Page.objects.filter(slug__in=("atlantis", "lost")).count() == 2
    assert converged()


def test_a_village_of_the_past_is_not_taken(
    projected: list[Product], staff: Any, caplog: pytest.LogCaptureFixture
) -> None:
    services.place_save(changed(CHIMBAY, valid_until=AT.date()), at=AT)

    in_dashboard(staff, projected[0], [village_of("uz-qr-chimbay")])

    assert registry_says(projected[0]) == ("KG-Y-barskoon", {"ak-kiyiz": 3_334, "chiy": 3_333, "m3": 3_333})
    assert assigned(projected[0]) == BARSKOON_SHOWN
    assert "was not taken" in caplog.text
    assert converged()


# Two at once


def test_of_two_staff_the_one_who_saves_last_is_heard(projected: list[Product], staff: Any, sent: list[Any]) -> None:
    services.place_save(KUNGRAD, at=AT)
    project_all()
    sent.clear()
    slippers = projected[0]

    in_dashboard(staff, slippers, [village_of("uz-qr-chimbay")])
    in_dashboard(staff, slippers, [village_of("uz-qr-kungrad")])
    assert sent == [("ovop_origin.project_products", ([slippers.pk],), None)] * 2
    tasks.project_some([slippers.pk])
    tasks.project_some([slippers.pk])

    assert registry_says(slippers)[0] == "UZ-QR-kungrad"  # type: ignore[index]
    assert converged()


def test_a_worker_that_saw_an_earlier_pick_does_not_undo_a_later_one(projected: list[Product]) -> None:
    slippers = projected[0]
    services.place_save(KUNGRAD, at=AT)
    seen = Pick(slippers.pk, CHIMBAY.code, ())

    assert take(Pick(slippers.pk, KUNGRAD.code, ()), shown=BARSKOON.code) is Answer.TAKEN
    assert take(seen, shown=BARSKOON.code) is Answer.STALE

    assert registry_says(slippers)[0] == "UZ-QR-kungrad"  # type: ignore[index]


def test_a_pick_after_one_that_was_taken_is_taken_too(projected: list[Product], staff: Any, sent: list[Any]) -> None:
    """The second is saved when the registry has the first and the shop was not brought in line yet."""
    services.place_save(KUNGRAD, at=AT)
    project_all()
    slippers = projected[0]
    in_dashboard(staff, slippers, [village_of("uz-qr-chimbay")])
    take(Pick(slippers.pk, CHIMBAY.code, ()), shown=BARSKOON.code)
    in_dashboard(staff, slippers, [village_of("uz-qr-kungrad")])

    assert project_products([slippers.pk]) == Projection(products=1, taken=1)

    assert registry_says(slippers)[0] == "UZ-QR-kungrad"  # type: ignore[index]
    assert converged()


def test_where_both_sides_changed_the_registry_stays_and_everybody_is_told(
    projected: list[Product], staff: Any, sent: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    slippers = projected[0]
    services.place_save(KUNGRAD, at=AT)
    project_all()
    in_dashboard(staff, slippers, [village_of("uz-qr-chimbay")])
    services.product_village_set(slippers.pk, KUNGRAD.code, at=AT)

    listed = [each for each in SaleorCheck().differences() if each.kind == "conflict"]
    with caplog.at_level(logging.WARNING):
        result = project_products([slippers.pk])

    assert [(each.key, each.shop, each.registry) for each in listed] == [(slippers.slug, "Чимбай", "Kungrad")]
    assert result == Projection(products=1, conflicts=(slippers.pk,))
    assert "staff picked UZ-QR-chimbay and the registry was changed to UZ-QR-kungrad" in caplog.text
    assert registry_says(slippers)[0] == "UZ-QR-kungrad"  # type: ignore[index]
    assert assigned(slippers)[-1] == ("ovop-village", "Kungrad")
    assert converged()


# What no event tells


def test_a_village_assigned_past_the_api_is_found_by_the_sweep(projected: list[Product], sent: list[Any]) -> None:
    assign(projected[2], Page.objects.get(slug="uz-qr-chimbay"))

    assert project_all() == Projection(products=1, taken=1)

    assert sent == []
    assert registry_says(projected[2]) == ("UZ-QR-chimbay", {})
    assert assigned(projected[2]) == [("ovop-region", "Karakalpakstan"), ("ovop-village", "Чимбай")]
    assert converged()


def test_products_created_in_bulk_with_a_village_get_their_origin(
    projected: list[Product], staff: Any, product_type: ProductType
) -> None:
    mutation = """
      mutation ($products: [ProductBulkCreateInput!]!) {
        productBulkCreate(products: $products) { count results { errors { message } } } }
    """
    village = graphene.Node.to_global_id("Attribute", Attribute.objects.get(slug="ovop-village").pk)
    products = [
        {
            "name": f"Bulk {number}",
            "productType": graphene.Node.to_global_id("ProductType", product_type.pk),
            "category": graphene.Node.to_global_id("Category", projected[0].category_id),
            "attributes": [{"id": village, "reference": page_id(slug)}],
        }
        for number, slug in enumerate(("uz-qr-chimbay", "kg-y-barskoon"))
    ]

    answer = staff.post_graphql(mutation, {"products": products}).json()

    assert answer["data"]["productBulkCreate"]["count"] == 2, answer
    made = [Product.objects.get(name=f"Bulk {number}") for number in range(2)]
    assert [registry_says(product) for product in made] == [("UZ-QR-chimbay", {}), ("KG-Y-barskoon", {})]
    assert assigned(made[1]) == BARSKOON_SHOWN[2:]
    assert converged()


def test_an_origin_taken_out_of_the_registry_leaves_nothing_on_the_product(projected: list[Product]) -> None:
    slippers = projected[0]
    Product.objects.filter(pk=slippers.pk).update(metadata={"theirs": "1", "ovop:village": BARSKOON.code})
    services.product_origin_remove(slippers.pk)

    assert project_all() == Projection(products=1)

    slippers.refresh_from_db()
    assert (assigned(slippers), slippers.metadata) == ([], {"theirs": "1"})
    assert not own_values(slippers.pk).exists()
    assert not ShownVillage.objects.filter(product_pk=slippers.pk).exists()
    assert converged()


def test_a_product_deleted_through_the_api_leaves_nothing(projected: list[Product], staff: Any) -> None:
    mutation = "mutation ($id: ID!) { productDelete(id: $id) { errors { message } } }"
    slippers = projected[0].pk

    staff.post_graphql(mutation, {"id": graphene.Node.to_global_id("Product", slippers)})

    left = project_all()
    assert left == Projection(values=left.values)  # Saleor 3.22 leaves the single reference
    assert not own_values(slippers).exists()
    assert not ShownVillage.objects.filter(product_pk=slippers).exists()
    gone = [(each.subject, each.key, each.kind) for each in SaleorCheck().differences()]
    assert gone == [("origin", str(slippers), "gone")]


def test_a_producer_who_moved_takes_the_page_along(projected: list[Product]) -> None:
    services.producer_save(changed(AK_KIYIZ, village=CHIMBAY.code, kind="enterprise"), at=AT)

    assert project_all() == Projection(pages=1, products=1)

    page = Page.objects.get(slug="ak-kiyiz")
    assert (page.metadata["ovop:village"], page.metadata["ovop:region"]) == ("UZ-QR-chimbay", "UZ-QR")
    values = dict(page.attributevalues.values_list("value__attribute__slug", "value__name"))
    assert values == {
        "ovop-page-country": "Uzbekistan",
        "ovop-page-region": "Karakalpakstan",
        "ovop-page-kind": "Enterprise",
        "ovop-page-village": "Чимбай",
    }
    assert assigned(projected[0]) == BARSKOON_SHOWN  # where the product comes from did not move
    assert converged()


def test_wiped_metadata_and_retyped_facts_of_pages_come_back(projected: list[Product]) -> None:
    page = Page.objects.get(slug="kg-y-barskoon")
    before = dict(page.metadata)
    Page.objects.filter(page_type__slug__startswith="ovop-").update(metadata={"theirs": "1"})
    page.attributevalues.filter(value__attribute__slug="ovop-page-district").delete()
    Product.objects.update(metadata={})

    assert project_all() == Projection(pages=4, products=2)

    page.refresh_from_db()
    assert page.metadata == before | {"theirs": "1"}
    assert before["ovop:latitude"] == "42.160000"
    assert page.attributevalues.filter(value__attribute__slug="ovop-page-district").count() == 1
    assert converged()


def test_staff_who_delete_a_page_or_rename_it_send_a_sweep(
    projected: list[Product], staff: Any, sent: list[Any], permission_manage_pages: Any
) -> None:
    staff.user.user_permissions.add(permission_manage_pages)
    mutation = 'mutation ($id: ID!) { pageUpdate(id: $id, input: {title: "Typed"}) { errors { message } } }'
    staff.post_graphql(mutation, {"id": page_id("kg-y-barskoon")})
    mutation = "mutation ($id: ID!) { pageDelete(id: $id) { errors { message } } }"
    staff.post_graphql(mutation, {"id": page_id("uz-qr-chimbay")})

    assert sent == [("ovop_origin.sweep", (), tasks.SOON_SECONDS)]  # one for both
    tasks.sweep()
    assert assigned(projected[0]) == BARSKOON_SHOWN
    assert assigned(projected[1])[-1] == ("ovop-village", "Чимбай")
    assert converged()


# What the registry tells


def test_a_change_of_one_product_sends_that_product(
    projected: list[Product], sent: list[Any], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.product_village_set(projected[1].pk, BARSKOON.code, at=AT)

    assert sent == [("ovop_origin.project_products", ([projected[1].pk],), None)]


VALUE_UPDATE = """
mutation ($id: ID!) { attributeValueUpdate(id: $id, input: {name: "Typed"}) { errors { field message } } }"""
VALUE_DELETE = "mutation ($id: ID!) { attributeValueDelete(id: $id) { errors { field message } } }"


@pytest.mark.parametrize("mutation", [VALUE_UPDATE, VALUE_DELETE])
def test_a_region_that_staff_rename_or_delete_comes_back_with_a_sweep(
    projected: list[Product],
    sent: list[Any],
    staff_api_client: Any,
    permission_manage_page_types_and_attributes: Any,
    permission_manage_product_types_and_attributes: Any,
    mutation: str,
) -> None:
    staff_api_client.user.user_permissions.add(
        permission_manage_page_types_and_attributes, permission_manage_product_types_and_attributes
    )
    before = assigned(projected[0])
    region = AttributeValue.objects.get(attribute__slug="ovop-region", slug="kg-y")
    answer = staff_api_client.post_graphql(
        mutation, {"id": graphene.Node.to_global_id("AttributeValue", region.pk)}
    ).json()
    assert all(payload["errors"] == [] for payload in answer["data"].values())
    assert assigned(projected[0]) != before

    assert ("ovop_origin.sweep", (), tasks.SOON_SECONDS) in sent
    tasks.sweep()

    assert assigned(projected[0]) == before


def test_many_changes_of_places_send_one_sweep(
    projected: list[Product], sent: list[Any], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.place_save(KUNGRAD, at=AT)
    with django_capture_on_commit_callbacks(execute=True):
        services.place_save(changed(BARSKOON, names={"en": "Barskoon village"}), at=AT)

    assert sent == [("ovop_origin.sweep", (), tasks.SOON_SECONDS)]


def test_a_registry_that_is_rolled_back_sends_nothing(
    projected: list[Product], sent: list[Any], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        services.product_village_set(projected[1].pk, BARSKOON.code, at=AT)
        transaction.set_rollback(True)

    assert sent == []


def test_a_cache_or_broker_that_is_away_does_not_fail_who_changes_the_registry(
    projected: list[Product], monkeypatch: pytest.MonkeyPatch, sent: list[Any]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no cache")

    monkeypatch.setattr(tasks.cache, "add", refuse)

    tasks.registry_was_changed(None, product_pks=None)

    assert sent == []  # within the test's transaction nothing is sent yet
