"""Origin inside Saleor: set up once, shown by the stock API, brought back in line, and silent when nothing changed."""

import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from saleor.attribute.models import Attribute, AttributeProduct, AttributeValue
from saleor.core.jwt import create_access_token
from saleor.page.models import Page, PageTranslation
from saleor.plugins.manager import PluginsManager
from saleor.product.models import Product, ProductType

from ovop_origin import selectors, services
from ovop_origin.adapter import tasks
from ovop_origin.adapter.projection import Projection, project_all, project_products
from ovop_shared.adapter.attributes import SetupMissing, SlugTaken
from tests.saleor.origin_world import AK_KIYIZ, AT, BARSKOON, CHIMBAY, assigned, changed, own_values, run_setup

# Setting up


def test_setup_makes_everything_and_a_second_setup_changes_nothing(
    registry: list[Product], product_type_without_variant: ProductType
) -> None:
    first = run_setup()
    second = run_setup()

    types = ProductType.objects.count()
    assert first["Origin: page types"] == 2
    assert first["Origin: attributes on product and page types"] == 4 * types + 7
    # pages; the regions twice, countries, districts and kinds of producers; products
    assert first["Origin: pages, choices and products"] == 4 + (2 + 2 + 2 + 2 + 6) + 2
    assert set(second.values()) == {0}
    shapes = Attribute.objects.filter(slug__startswith="ovop-").order_by("slug")
    assert list(shapes.values_list("slug", "input_type", "entity_type", "type", "visible_in_storefront")) == [
        ("ovop-page-country", "dropdown", None, "page-type", True),
        ("ovop-page-district", "dropdown", None, "page-type", True),
        ("ovop-page-kind", "dropdown", None, "page-type", True),
        ("ovop-page-region", "dropdown", None, "page-type", True),
        ("ovop-page-village", "single-reference", "Page", "page-type", True),
        ("ovop-producer", "reference", "Page", "product-type", True),
        ("ovop-region", "dropdown", None, "product-type", True),
        ("ovop-search-words", "plain-text", None, "product-type", False),
        ("ovop-village", "single-reference", "Page", "product-type", True),
    ]
    assert AttributeProduct.objects.filter(attribute__in=shapes).count() == 4 * types


def test_the_setup_command_prints_what_changed_and_can_be_repeated(
    registry: list[Product], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("ovop_setup")
    assert "Origin: page types" in capsys.readouterr().out

    call_command("ovop_setup")
    assert "Nothing was changed: all of it was there already." in capsys.readouterr().out

    call_command("ovop_origin_project")
    assert "Nothing was written: Saleor shows all of this already." in capsys.readouterr().out


def test_a_new_product_type_gets_the_attributes_with_the_sweep(projected: list[Product]) -> None:
    new = ProductType.objects.create(name="Felt", slug="felt", has_variants=False)

    tasks.sweep()

    attached = AttributeProduct.objects.filter(product_type=new).order_by("sort_order")
    # The order in which the dashboard shows them: what staff pick comes first.
    assert list(attached.values_list("attribute__slug", flat=True)) == [
        "ovop-village",
        "ovop-region",
        "ovop-producer",
        "ovop-search-words",
    ]


def test_what_staff_named_and_translated_stays(projected: list[Product]) -> None:
    Attribute.objects.filter(slug="ovop-village").update(name="Айыл", visible_in_storefront=False)

    assert set(run_setup().values()) == {0}

    village = Attribute.objects.get(slug="ovop-village")
    assert (village.name, village.visible_in_storefront) == ("Айыл", False)


def test_an_attribute_of_another_kind_is_not_taken_over(registry: list[Product]) -> None:
    Attribute.objects.create(slug="ovop-region", name="Region", type="product-type", input_type="plain-text")

    with pytest.raises(SlugTaken):
        run_setup()
    with pytest.raises(CommandError, match="Origin: attributes: slug_taken: "):
        call_command("ovop_setup")

    assert not Attribute.objects.filter(slug="ovop-village").exists()


def test_without_setup_nothing_is_written_and_everyone_is_told(registry: list[Product]) -> None:
    with pytest.raises(SetupMissing):
        project_all()
    with pytest.raises(CommandError, match="setup_missing"):
        call_command("ovop_origin_project")
    tasks.sweep()
    tasks.project_some([registry[0].pk])

    assert not Page.objects.filter(page_type__slug__startswith="ovop-").exists()


# What the stock API shows

PRODUCTS = """
query ($channel: String!, $where: ProductWhereInput) {
  products(channel: $channel, first: 20, where: $where) { edges { node {
    slug
    region: assignedAttribute(slug: "ovop-region") {
      ... on AssignedSingleChoiceAttribute { value { slug name translation(languageCode: KY) } }
    }
    village: assignedAttribute(slug: "ovop-village") {
      ... on AssignedSinglePageReferenceAttribute {
        value { slug title ky: translation(languageCode: KY) { title } uz: translation(languageCode: UZ) { title } }
      }
    }
    producers: assignedAttribute(slug: "ovop-producer") {
      ... on AssignedMultiPageReferenceAttribute { value { title pageType { slug } metafield(key: "ovop:village") } }
    }
    villageCode: metafield(key: "ovop:village")
    regionCode: metafield(key: "ovop:region")
    country: metafield(key: "ovop:country")
    named: metafield(key: "ovop:producers")
  } } }
}
"""


def shown(api_client: Any, where: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    answer = api_client.post_graphql(PRODUCTS, {"channel": "main", "where": where}).json()
    assert "errors" not in answer, answer
    return [edge["node"] for edge in answer["data"]["products"]["edges"]]


def test_anonymous_shoppers_see_the_origin_in_the_stock_schema(projected: list[Product], api_client: Any) -> None:
    slippers, honey, other = sorted(shown(api_client), key=lambda node: [p.slug for p in projected].index(node["slug"]))

    assert slippers == {
        "slug": projected[0].slug,
        "region": {"value": {"slug": "kg-y", "name": "Issyk-Kul", "translation": "Ысык-Көл облусу"}},
        "village": {"value": {"slug": "kg-y-barskoon", "title": "Barskoon", "ky": {"title": "Барскоон"}, "uz": None}},
        "producers": {
            "value": [
                {"title": "Ak Kiyiz", "pageType": {"slug": "ovop-producer"}, "metafield": "KG-Y-barskoon"},
                {"title": "Чий", "pageType": {"slug": "ovop-producer"}, "metafield": "KG-Y-barskoon"},
            ]
        },
        "villageCode": "KG-Y-barskoon",
        "regionCode": "KG-Y",
        "country": "KG",
        "named": json.dumps(
            [
                {"code": "ak-kiyiz", "names": {"en": "Ak Kiyiz", "ky": "Ак кийиз"}},
                {"code": "chiy", "names": {"ky": "Чий"}},
            ],
            ensure_ascii=False,
            separators=(",", ":"),
        ),
    }
    assert honey["village"]["value"] == {
        "slug": "uz-qr-chimbay",
        "title": "Чимбай",
        "ky": None,
        "uz": {"title": "Chimboy"},
    }
    assert (honey["producers"], honey["named"]) == ({"value": []}, None)
    assert (other["region"], other["village"], other["villageCode"]) == ({"value": None}, {"value": None}, None)


@pytest.mark.parametrize(
    "where",
    [
        {"attributes": [{"slug": "ovop-region", "value": {"slug": {"oneOf": ["kg-y"]}}}]},
        {"attributes": [{"slug": "ovop-village", "value": {"reference": {"pageSlugs": {"containsAny": ["kg-y-barskoon"]}}}}]},
        {"attributes": [{"slug": "ovop-producer", "value": {"reference": {"pageSlugs": {"containsAll": ["ak-kiyiz", "chiy"]}}}}]},
        {"metadata": [{"key": "ovop:village", "value": "KG-Y-barskoon"}]},
    ],
    ids=["region", "village", "producers", "metadata"],
)  # fmt: skip
def test_anonymous_shoppers_filter_by_origin(projected: list[Product], api_client: Any, where: dict[str, Any]) -> None:
    assert [node["slug"] for node in shown(api_client, where)] == [projected[0].slug]


def test_who_has_not_agreed_to_be_named_is_nowhere(projected: list[Product]) -> None:
    everything = [*Page.objects.values_list("title", "slug", "metadata"), *Product.objects.values_list("metadata")]
    everything += [*AttributeValue.objects.values_list("name", "slug"), *PageTranslation.objects.values_list("title")]

    assert "Айгерим" not in str(everything)
    assert "m3" not in str(everything)


# Again and again


def writes(queries: CaptureQueriesContext) -> list[str]:
    return [
        query["sql"] for query in queries.captured_queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
    ]


def test_a_second_projection_writes_nothing_and_tells_nobody(
    projected: list[Product], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with (
        CaptureQueriesContext(connection) as queries,
        django_capture_on_commit_callbacks(execute=True) as callbacks,
    ):
        assert project_all() == Projection()

    assert writes(queries) == []
    assert callbacks == []


def test_a_projection_tells_of_the_products_and_pages_that_changed_and_no_others(
    projected: list[Product],
    any_webhook: Any,
    permission_manage_pages: Any,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    any_webhook.app.permissions.add(permission_manage_pages)
    services.place_save(changed(BARSKOON, names={"en": "Barskoon village"}), at=AT)
    Product.objects.update(search_index_dirty=False)

    with (
        mock.patch.object(PluginsManager, "product_updated") as product_updated,
        mock.patch.object(PluginsManager, "page_updated") as page_updated,
        django_capture_on_commit_callbacks(execute=True),
    ):
        result = project_all()

    # the village's page and those of its two named producers, whose value is called as the village
    assert result == Projection(pages=3, products=1)
    assert [call.args[0].pk for call in product_updated.call_args_list] == [projected[0].pk]
    assert [call.args[0].title for call in page_updated.call_args_list] == ["Barskoon village", "Ak Kiyiz", "Чий"]
    assert list(Product.objects.filter(search_index_dirty=True)) == [projected[0]]
    assert assigned(projected[0])[-1] == ("ovop-village", "Barskoon village")
    page = Page.objects.get(slug="kg-y-barskoon")
    assert not page.translations.exists()


def test_pages_are_not_announced_to_nobody(
    registry: list[Product], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with (
        mock.patch.object(PluginsManager, "page_created") as page_created,
        django_capture_on_commit_callbacks(execute=True),
    ):
        run_setup()

    assert Page.objects.filter(page_type__slug__startswith="ovop-").count() == 4
    page_created.assert_not_called()


def test_our_own_events_send_no_more_tasks(
    registry: list[Product], sent: list[Any], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with (
        mock.patch.object(
            PluginsManager, "product_updated", autospec=True, side_effect=PluginsManager.product_updated
        ) as product_updated,
        django_capture_on_commit_callbacks(execute=True),
    ):
        run_setup()

    assert product_updated.call_count == 2
    assert sent == []


def test_a_projection_takes_the_same_queries_whatever_the_number_of_products(
    projected: list[Product], product_type: ProductType
) -> None:
    def queries_of(products: list[Product]) -> tuple[int, int]:
        for product in products:
            services.product_origin_set(product.pk, BARSKOON.code, {"ak-kiyiz": 5_000, "m3": 5_000}, at=AT)
        pks = [product.pk for product in products]
        with CaptureQueriesContext(connection) as first:
            assert project_products(pks).products == len(products)
        with CaptureQueriesContext(connection) as second:
            assert project_products(pks).products == 0
        return len(first), len(second)

    new = [Product(name=f"P{number}", slug=f"p{number}", product_type=product_type) for number in range(21)]
    Product.objects.bulk_create(new)

    one, many = queries_of(new[:1]), queries_of(new[1:])

    assert one == many
    assert many[1] == 30


# Coming back in line


def test_metadata_of_others_stays_and_ours_comes_back(projected: list[Product]) -> None:
    slippers = projected[0]
    Product.objects.filter(pk=slippers.pk).update(metadata={"theirs": "1", "ovop:village": "nowhere"})

    assert project_products([slippers.pk]).products == 1

    slippers.refresh_from_db()
    assert slippers.metadata["theirs"] == "1"
    assert slippers.metadata["ovop:village"] == "KG-Y-barskoon"


def test_deleted_pages_and_choices_come_back(projected: list[Product]) -> None:
    before = assigned(projected[0])
    Page.objects.filter(page_type__slug__startswith="ovop-").delete()
    AttributeValue.objects.filter(attribute__slug="ovop-region").delete()
    assert assigned(projected[0]) == []

    tasks.project_some([projected[0].pk])

    assert assigned(projected[0]) == before


def test_a_page_keeps_the_address_and_publication_that_staff_gave_it(projected: list[Product]) -> None:
    Page.objects.filter(slug="kg-y-barskoon").update(slug="barskoon", is_published=False, title="Typed by hand")

    assert project_all().pages == 1

    page = Page.objects.get(slug="barskoon")
    assert (page.title, page.is_published) == ("Barskoon", False)
    assert Page.objects.filter(page_type__slug="ovop-village").count() == 2


def test_an_address_that_is_taken_gets_an_ending(registry: list[Product], page: Page) -> None:
    Page.objects.filter(pk=page.pk).update(slug="kg-y-barskoon")

    run_setup()

    (village,) = Page.objects.filter(page_type__slug="ovop-village", metadata__contains={"ovop:code": BARSKOON.code})
    assert village.slug.startswith("kg-y-barskoon-")
    assert set(run_setup().values()) == {0}


def test_consent_that_is_withdrawn_takes_page_reference_and_name_away(projected: list[Product]) -> None:
    services.producer_save(changed(AK_KIYIZ, is_name_public=False), at=AT)

    assert project_all() == Projection(pages=1, products=1)

    slippers = Product.objects.get(pk=projected[0].pk)
    assert not Page.objects.filter(slug="ak-kiyiz").exists()
    assert ("ovop-producer", "Чий") in assigned(slippers)
    assert len(assigned(slippers)) == 3
    assert "ak-kiyiz" not in str(slippers.metadata)


def test_another_village_of_a_product_replaces_all_of_it(projected: list[Product]) -> None:
    slippers = projected[0]
    services.product_origin_set(slippers.pk, CHIMBAY.code, {}, at=AT)

    assert project_products([slippers.pk]).products == 1

    assert assigned(slippers) == [("ovop-region", "Karakalpakstan"), ("ovop-village", "Чимбай")]
    slippers.refresh_from_db()
    assert slippers.metadata.pop("ovop:jsonld").startswith('{"@context":')
    assert slippers.metadata == {
        "ovop:village": "UZ-QR-chimbay",
        "ovop:district": "UZ-QR-chimbay-district",
        "ovop:region": "UZ-QR",
        "ovop:country": "UZ",
    }
    assert not own_values(slippers.pk).filter(name="Barskoon").exists()


def test_an_origin_outlives_its_product(projected: list[Product]) -> None:
    Product.objects.filter(pk=projected[0].pk).delete()

    assert project_all() == Projection(values=4)  # the village, two producers and the words that Saleor left

    assert project_all() == Projection()
    assert selectors.has_origin(projected[0].pk)
    assert not own_values(projected[0].pk).exists()


# The plugin's own addresses on Saleor

MAKERS = "{ productOrigins(productIds: [%d]) { village { name } makers { share producer { code } } } }"


@pytest.fixture
def ask(projected: list[Product]) -> Callable[..., list[tuple[int | None, str | None]]]:
    def makers(token: str | None) -> list[tuple[int | None, str | None]]:
        response = Client().post(
            "/plugins/ovop.origin/graphql/",
            json.dumps({"query": MAKERS % projected[0].pk}),
            content_type="application/json",
            headers={"authorization": f"Bearer {token}"} if token else {},
        )
        (origin,) = response.json()["data"]["productOrigins"]
        assert origin["village"] == {"name": "Barskoon"}
        return [(maker["share"], maker["producer"]["code"]) for maker in origin["makers"]]

    return makers


PUBLIC = [(None, "ak-kiyiz"), (None, "chiy"), (None, None)]
FULL = [(3_334, "ak-kiyiz"), (3_333, "chiy"), (3_333, "m3")]


def test_shoppers_staff_and_apps_see_what_they_may(
    ask: Callable[..., Any],
    customer_user: Any,
    staff_user: Any,
    app: Any,
    permission_manage_products: Any,
) -> None:
    staff_without = ask(create_access_token(staff_user))
    _, app_token = app.tokens.create(name="test")
    app_without = ask(app_token)
    staff_user.user_permissions.add(permission_manage_products)
    app.permissions.add(permission_manage_products)

    assert ask(None) == PUBLIC
    assert ask(create_access_token(customer_user)) == PUBLIC
    assert (staff_without, app_without) == (PUBLIC, PUBLIC)
    assert ask(create_access_token(type(staff_user).objects.get(pk=staff_user.pk))) == FULL
    assert ask(app_token) == FULL


def test_a_token_that_is_not_valid_is_refused(projected: list[Product], client: Client) -> None:
    response = client.get(
        f"/plugins/ovop.origin/products/{projected[0].pk}/", headers={"authorization": "Bearer nonsense"}
    )

    assert response.status_code == 401
    assert response.json()["errors"][0]["code"] == "invalid_token"


def test_the_pages_are_served_by_saleor(projected: list[Product], client: Client) -> None:
    for address in (f"products/{projected[0].pk}/", "villages/KG-Y-barskoon/", "producers/ak-kiyiz/"):
        response = client.get(f"/plugins/ovop.origin/{address}", {"lang": "ky"})

        assert response.status_code == 200
        assert "Барскоон" in response.text
    assert client.get("/plugins/ovop.origin/producers/m3/").status_code == 404
