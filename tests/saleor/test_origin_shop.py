"""What storefronts get from Saleor's own schema: filters, facets, order, translations, pages, the search, JSON-LD."""

import json
from typing import Any

import graphene
import pytest
from saleor.attribute.models import Attribute
from saleor.page.models import PageType
from saleor.product.models import Product
from saleor.product.tasks import update_products_search_vector_task

from ovop_origin import services
from ovop_origin.adapter.projection import project_all
from ovop_origin.adapter.search_words import MAX_CHARACTERS, spellings
from ovop_origin.models import SHARE_WHOLE
from ovop_origin.records import MaterialRow, ProducerRow
from tests.saleor.origin_world import AK_KIYIZ, AT, BARSKOON, KUNGRAD, changed, run_setup


@pytest.fixture
def ask(api_client: Any) -> Any:
    """An anonymous shopper's query."""

    def run(document: str, **variables: Any) -> Any:
        answer = api_client.post_graphql(document, variables).json()
        assert "errors" not in answer, answer
        return answer["data"]

    return run


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


def slugs_of(products: list[Product]) -> list[str]:
    return [product.slug for product in products]


# Facets and order


def test_the_regions_are_a_facet_with_translated_choices(projected: list[Product], ask: Any) -> None:
    document = """
      query ($where: AttributeWhereInput) { attributes(first: 10, where: $where) { edges { node {
        slug inputType
        ky: translation(languageCode: KY) { name }
        choices(first: 10) { edges { node { slug name translation(languageCode: KY) { name } } } }
      } } } }
    """

    (region,) = nodes(ask(document, where={"slug": {"eq": "ovop-region"}})["attributes"])

    assert region["inputType"] == "DROPDOWN"
    assert Attribute.objects.get(slug="ovop-region").filterable_in_storefront
    assert region["ky"]["name"]
    assert nodes(region["choices"]) == [
        {"slug": "kg-y", "name": "Issyk-Kul", "translation": {"name": "Ысык-Көл облусу"}},
        {"slug": "uz-qr", "name": "Karakalpakstan", "translation": None},
    ]


def test_villages_and_producers_are_facets_by_their_pages(projected: list[Product], ask: Any) -> None:
    document = """
      query ($where: PageWhereInput) { pages(first: 10, where: $where, sortBy: {field: TITLE, direction: ASC}) {
        edges { node { slug title translation(languageCode: KY) { title } } } } }
    """
    facets = {}
    for slug in ("ovop-village", "ovop-producer"):
        page_type = graphene.Node.to_global_id("PageType", PageType.objects.get(slug=slug).pk)
        facets[slug] = nodes(ask(document, where={"pageType": {"eq": page_type}})["pages"])

    assert facets == {
        "ovop-village": [
            {"slug": "kg-y-barskoon", "title": "Barskoon", "translation": {"title": "Барскоон"}},
            {"slug": "uz-qr-chimbay", "title": "Чимбай", "translation": None},
        ],
        "ovop-producer": [
            {"slug": "ak-kiyiz", "title": "Ak Kiyiz", "translation": {"title": "Ак кийиз"}},
            {"slug": "chiy", "title": "Чий", "translation": {"title": "Чий"}},
        ],
    }


@pytest.mark.parametrize(
    ("attribute", "direction", "order"),
    [
        # Issyk-Kul, Karakalpakstan, none: Saleor puts what has no value last, or first the other way round
        ("ovop-region", "ASC", [0, 1, 2]),
        ("ovop-region", "DESC", [2, 1, 0]),
        ("ovop-village", "ASC", [0, 1, 2]),
        ("ovop-village", "DESC", [2, 1, 0]),
        ("ovop-producer", "ASC", [0, 2, 1]),
    ],
)
def test_products_are_sorted_by_origin(
    projected: list[Product], ask: Any, attribute: str, direction: str, order: list[int]
) -> None:
    if attribute == "ovop-producer":
        services.product_origin_set(projected[2].pk, BARSKOON.code, {"chiy": SHARE_WHOLE}, at=AT)
        project_all()
    document = """
      query ($sort: ProductOrder) { products(channel: "main", first: 10, sortBy: $sort) { edges { node { slug } } } }
    """
    attribute_id = graphene.Node.to_global_id("Attribute", Attribute.objects.get(slug=attribute).pk)

    found = nodes(ask(document, sort={"attributeId": attribute_id, "direction": direction})["products"])

    assert [node["slug"] for node in found] == [projected[number].slug for number in order]


def test_a_village_and_its_products_are_one_request(projected: list[Product], ask: Any) -> None:
    document = """
      query ($village: String!) {
        page(slug: $village) {
          title
          ja: translation(languageCode: JA) { title }
          latitude: metafield(key: "ovop:latitude")
          longitude: metafield(key: "ovop:longitude")
          code: metafield(key: "ovop:code")
          region: assignedAttribute(slug: "ovop-page-region") {
            ... on AssignedSingleChoiceAttribute { value { slug name translation(languageCode: KY) } } }
          district: assignedAttribute(slug: "ovop-page-district") {
            ... on AssignedSingleChoiceAttribute { value { name translation(languageCode: KY) } } }
          country: assignedAttribute(slug: "ovop-page-country") {
            ... on AssignedSingleChoiceAttribute { value { slug name } } }
        }
        producers: pages(first: 10, where: {attributes: [
          {slug: "ovop-page-village", value: {reference: {pageSlugs: {containsAny: [$village]}}}}]}) {
          edges { node { slug title
            kind: assignedAttribute(slug: "ovop-page-kind") {
              ... on AssignedSingleChoiceAttribute { value { slug name translation(languageCode: RU) } } } } } }
        products(channel: "main", first: 10, where: {attributes: [
          {slug: "ovop-village", value: {reference: {pageSlugs: {containsAny: [$village]}}}}]}) {
          edges { node { slug } } }
      }
    """

    data = ask(document, village="kg-y-barskoon")

    assert data["page"] == {
        "title": "Barskoon",
        "ja": None,
        "latitude": "42.160000",
        "longitude": "77.610000",
        "code": "KG-Y-barskoon",
        "region": {"value": {"slug": "kg-y", "name": "Issyk-Kul", "translation": "Ысык-Көл облусу"}},
        "district": {"value": {"name": "Jeti-Oguz", "translation": "Жети-Өгүз району"}},
        "country": {"value": {"slug": "kg", "name": "Kyrgyzstan"}},
    }
    producers = {node["slug"]: node["kind"]["value"] for node in nodes(data["producers"])}
    assert {slug: (kind["slug"], kind["name"]) for slug, kind in producers.items()} == {
        "ak-kiyiz": ("cooperative", "Co-operative"),
        "chiy": ("group", "Group"),
    }
    assert all(kind["translation"] not in (None, kind["name"]) for kind in producers.values())
    assert nodes(data["products"]) == [{"slug": projected[0].slug}]


@pytest.mark.parametrize(
    ("attribute", "slug", "pages"),
    [
        ("ovop-page-region", "kg-y", ["ak-kiyiz", "chiy", "kg-y-barskoon"]),
        ("ovop-page-country", "uz", ["uz-qr-chimbay"]),
        ("ovop-page-district", "kg-y-jeti-oguz", ["kg-y-barskoon"]),
        ("ovop-page-kind", "group", ["chiy"]),
    ],
)
def test_pages_are_filtered_by_their_facts(
    projected: list[Product], ask: Any, attribute: str, slug: str, pages: list[str]
) -> None:
    document = "query ($where: PageWhereInput) { pages(first: 10, where: $where) { edges { node { slug } } } }"

    found = ask(document, where={"attributes": [{"slug": attribute, "value": {"slug": {"oneOf": [slug]}}}]})

    assert sorted(node["slug"] for node in nodes(found["pages"])) == pages


# Saleor's own search

SEARCH = 'query ($search: String) { products(channel: "main", first: 10, search: $search) { edges { node { slug } } } }'
SEARCH_FILTER = """
  query ($search: String) { products(channel: "main", first: 10, filter: {search: $search}) { edges { node { slug } } } }
"""


def found_by(ask: Any, search: str) -> list[str]:
    by_argument = [node["slug"] for node in nodes(ask(SEARCH, search=search)["products"])]
    assert by_argument == [node["slug"] for node in nodes(ask(SEARCH_FILTER, search=search)["products"])]
    return by_argument


@pytest.mark.parametrize(
    ("search", "product"),
    [
        ("Barskoon", 0),
        ("барскоон", 0),
        ("Жети-Өгүз", 0),
        ("Ысык-Көл", 0),
        ("Ак кийиз", 0),
        ("Чимбай", 1),
        ("chimboy", 1),
        ("Shımbay", 1),
        ("shimbay", 1),
        ("チムバイ", 1),
        ("Karakalpakstan", 1),
        ("Qoʻngʻirot", 2),
        ("Qo'ng'irot", 2),
        ("qongirot", 2),
        ("Qońırat", 2),
        ("qonirat", 2),
    ],
)
def test_the_search_finds_a_product_by_its_village_in_any_language(
    projected: list[Product], ask: Any, search: str, product: int
) -> None:
    services.place_save(KUNGRAD, at=AT)
    services.product_origin_set(projected[2].pk, KUNGRAD.code, {}, at=AT)
    project_all()
    update_products_search_vector_task()

    found = found_by(ask, search)

    assert projected[product].slug in found
    assert projected[0].slug not in found or product == 0


def test_the_search_forgets_the_old_name_and_finds_the_new_one(projected: list[Product], ask: Any) -> None:
    update_products_search_vector_task()
    services.place_save(changed(BARSKOON, names={"en": "Barskaun", "ky": "Барскоон"}), at=AT)
    project_all()
    update_products_search_vector_task()

    assert found_by(ask, "Barskoon") == []
    assert found_by(ask, "Barskaun") == [projected[0].slug]


def test_nobody_is_found_by_the_name_of_a_producer_who_is_not_named(projected: list[Product], ask: Any) -> None:
    update_products_search_vector_task()

    assert found_by(ask, "Айгерим") == []
    assert found_by(ask, "Чий") == [projected[0].slug]


def test_shoppers_do_not_see_the_words_for_the_search(projected: list[Product], ask: Any) -> None:
    document = """{ products(channel: "main", first: 10) { edges { node {
      words: assignedAttribute(slug: "ovop-search-words") { __typename }
      assignedAttributes { attribute { slug } } attributes { attribute { slug } } } } } }"""

    products = nodes(ask(document)["products"])

    assert [node["words"] for node in products] == [None, None, None]
    assert "ovop-village" in str(products)
    assert "ovop-search-words" not in str(products)


def test_a_group_of_many_with_long_names_does_not_stop_saleors_index(projected: list[Product], ask: Any) -> None:
    members = {}
    for number in range(400):
        code = f"member-{number:03}"
        names = {tag: f"{tag} {number} {'длинное имя ' * 14}".strip() for tag in ("ky", "ru", "en", "kk")}
        services.producer_save(ProducerRow(code, "person", BARSKOON.code, "ky", names, is_name_public=True), at=AT)
        members[code] = SHARE_WHOLE // 400
    services.product_origin_set(projected[0].pk, BARSKOON.code, members, at=AT)

    project_all()
    update_products_search_vector_task()

    words = projected[0].attributevalues.get(value__attribute__slug="ovop-search-words").value.plain_text
    assert MAX_CHARACTERS - 1_000 < len(words) <= MAX_CHARACTERS
    assert "\n" not in words
    assert found_by(ask, "Барскоон") == [projected[0].slug]


def test_names_are_spelt_as_they_are_typed() -> None:
    assert spellings("Qoʻngʻirot") == (
        "Qoʻngʻirot",
        "Qo'ng'irot",
        "Qongirot",
    )
    assert spellings("Qońırat") == (
        "Qońırat",
        "Qońirat",
        "Qonirat",
    )
    assert spellings("Чимбай") == ("Чимбай",)
    assert spellings("ヌクス") == ("ヌクス",)


# Metadata


def test_the_metadata_holds_the_public_facts_and_json_ld(registry: list[Product], ask: Any) -> None:
    slippers = registry[0]
    services.material_save(MaterialRow("felt", {"en": "Felt", "ky": "Кийиз"}, place="KG-Y"), at=AT)
    services.producer_save(
        changed(
            AK_KIYIZ, phone="+996555000000", email="felt@example.com", is_women_led=True, flags_consented_on=AT.date()
        ),
        at=AT,
    )
    services.product_origin_set(
        slippers.pk,
        BARSKOON.code,
        {"ak-kiyiz": 3_334, "chiy": 3_333, "m3": 3_333},
        materials={"felt": SHARE_WHOLE},
        gtins=["4006381333931"],
        at=AT,
    )
    Product.objects.filter(pk=slippers.pk).update(name="</script><b>Slippers</b>")
    run_setup()

    document = 'query ($id: ID!) { product(id: $id, channel: "main") { metadata { key value } } }'
    product = ask(document, id=graphene.Node.to_global_id("Product", slippers.pk))["product"]

    metadata = {each["key"]: each["value"] for each in product["metadata"]}
    assert json.loads(metadata["ovop:materials"]) == [
        {"code": "felt", "names": {"en": "Felt", "ky": "Кийиз"}, "place": "KG-Y", "share": SHARE_WHOLE}
    ]
    assert json.loads(metadata["ovop:gtins"]) == ["04006381333931"]
    assert not set("<>&") & set(metadata["ovop:jsonld"])
    jsonld = json.loads(metadata["ovop:jsonld"])
    assert jsonld["name"] == "</script><b>Slippers</b>"
    assert jsonld["countryOfOrigin"] == {"@type": "Country", "identifier": "KG", "name": "Kyrgyzstan"}
    assert jsonld["url"] == f"https://example.com/plugins/ovop.origin/products/{slippers.pk}/"
    assert [maker.get("name") for maker in jsonld["manufacturer"]] == ["Ak Kiyiz", "Чий", None]
    assert "hasCertification" not in jsonld
    for secret in ("+996555000000", "felt@example.com", "women", "3334", "Айгерим"):
        assert secret not in str(product)


def test_a_renamed_product_is_renamed_in_its_json_ld(
    projected: list[Product], staff_api_client: Any, permission_manage_products: Any
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_products)
    mutation = 'mutation ($id: ID!) { productUpdate(id: $id, input: {name: "Slippers"}) { errors { message } } }'

    staff_api_client.post_graphql(mutation, {"id": graphene.Node.to_global_id("Product", projected[0].pk)})

    projected[0].refresh_from_db()
    assert json.loads(projected[0].metadata["ovop:jsonld"])["name"] == "Slippers"
