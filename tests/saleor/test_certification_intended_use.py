"""The intended use: an attribute that staff fill in the dashboard, and what certification sees of it."""

from typing import Any

import graphene
import pytest
from saleor.attribute.models import Attribute, AttributeProduct, AttributeValue, AttributeValueTranslation
from saleor.product.models import Product, ProductType

import ovop_certification.adapter.plugin  # noqa: F401 - as Saleor does when it starts
from ovop_shared.adapter.attributes import SlugTaken
from ovop_shared.adapter.catalogue import INTENDED_USE, SaleorCatalogue
from ovop_shared.setup_steps import setup_steps
from tests.saleor.origin_world import in_dashboard


def run_setup() -> dict[str, int]:
    return {step.title: step.run() for step in setup_steps() if step.title.startswith("Certification: attributes")}


@pytest.fixture
def staff(staff_api_client: Any, permission_manage_products: Any) -> Any:
    staff_api_client.user.user_permissions.add(permission_manage_products)
    return staff_api_client


def value_id(slug: str) -> str:
    value = AttributeValue.objects.get(attribute__slug=INTENDED_USE, slug=slug)
    return graphene.Node.to_global_id("AttributeValue", value.pk)


def use_in_dashboard(staff: Any, product: Product, *slugs: str) -> None:
    in_dashboard(staff, product, [{"slug": INTENDED_USE, "multiselect": [{"id": value_id(slug)} for slug in slugs]}])


def test_setup_makes_the_attribute_with_values_to_begin_with_on_every_product_type(
    product_list: list[Product], product_type_without_variant: ProductType
) -> None:
    first = run_setup()
    second = run_setup()

    assert first["Certification: attributes"] > 0
    assert set(second.values()) == {0}
    attribute = Attribute.objects.get(slug=INTENDED_USE)
    assert (attribute.input_type, attribute.type, attribute.filterable_in_storefront) == (
        "multiselect",
        "product-type",
        True,
    )
    assert list(attribute.values.order_by("sort_order").values_list("slug", flat=True)) == [
        "food",
        "cosmetic",
        "household",
        "clothing",
        "children",
        "gift",
    ]
    assert AttributeProduct.objects.filter(attribute=attribute).count() == ProductType.objects.count()


def test_values_that_staff_took_away_or_renamed_do_not_come_back(product_list: list[Product]) -> None:
    run_setup()
    AttributeValue.objects.get(attribute__slug=INTENDED_USE, slug="clothing").delete()
    AttributeValue.objects.filter(attribute__slug=INTENDED_USE, slug="gift").update(name="Подарок")

    assert set(run_setup().values()) == {0}

    values = dict(AttributeValue.objects.filter(attribute__slug=INTENDED_USE).values_list("slug", "name"))
    assert "clothing" not in values
    assert values["gift"] == "Подарок"
    assert not AttributeValueTranslation.objects.filter(attribute_value__slug="clothing").exists()


def test_an_attribute_of_another_kind_is_not_taken_over(product_list: list[Product]) -> None:
    Attribute.objects.create(slug=INTENDED_USE, name="Use", type="product-type", input_type="plain-text")

    with pytest.raises(SlugTaken):
        run_setup()

    assert not Attribute.objects.filter(slug="ovop-certified-for").exists()


def test_what_staff_choose_in_the_dashboard_is_the_products_intended_use(
    product_list: list[Product], staff: Any
) -> None:
    run_setup()
    honey, other, _ = product_list

    use_in_dashboard(staff, honey, "gift", "food")

    assert SaleorCatalogue().by_pk([honey.pk])[honey.pk].intended_uses == ("food", "gift")
    assert SaleorCatalogue().by_slug([honey.slug])[honey.slug].intended_uses == ("food", "gift")
    assert SaleorCatalogue().by_pk([other.pk])[other.pk].intended_uses == ()

    use_in_dashboard(staff, honey, "cosmetic")
    assert SaleorCatalogue().by_pk([honey.pk])[honey.pk].intended_uses == ("cosmetic",)


def test_intended_uses_cost_no_query_however_many_products(
    product_list: list[Product], staff: Any, django_assert_num_queries: Any
) -> None:
    run_setup()
    for product in product_list:
        use_in_dashboard(staff, product, "food")

    with django_assert_num_queries(3):  # products, translations, categories
        records = SaleorCatalogue().by_pk([product.pk for product in product_list])
    assert [record.intended_uses for record in records.values()] == [("food",)] * 3
