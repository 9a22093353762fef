"""The recipe in the dashboard and the recipe of the committee are one: inside a real Saleor."""

from typing import Any

import pytest
from django.utils import timezone
from saleor.attribute.models import AssignedProductAttributeValue, Attribute, AttributeProduct, AttributeValue
from saleor.product.models import Product, ProductType

import ovop_certification.adapter.plugin  # noqa: F401 - as Saleor does when it starts
from ovop_certification.adapter.recipes import RECIPE, sweep_recipes
from ovop_certification.models import ProductRecipe
from ovop_certification.services.committee import recipe_record
from ovop_shared.adapter.attributes import SlugTaken
from ovop_shared.setup_steps import setup_steps
from tests.saleor.origin_world import in_dashboard


def run_setup() -> list[int]:
    return [step.run() for step in setup_steps() if step.title.startswith("Certification: the recipe")]


@pytest.fixture
def staff(staff_api_client: Any, permission_manage_products: Any) -> Any:
    staff_api_client.user.user_permissions.add(permission_manage_products)
    return staff_api_client


def versions(product: Product) -> list[tuple[int, str, str]]:
    rows = ProductRecipe.objects.filter(product_pk=product.pk).order_by("version")
    return list(rows.values_list("version", "text", "actor"))


def shown(product: Product) -> list[str]:
    rows = AssignedProductAttributeValue.objects.filter(product=product, value__attribute__slug=RECIPE)
    return list(rows.values_list("value__plain_text", flat=True))


def write(staff: Any, product: Product, text: str) -> None:
    in_dashboard(staff, product, [{"slug": RECIPE, "plainText": text}])


def test_setup_makes_a_hidden_attribute_on_every_product_type(
    product_list: list[Product], product_type_without_variant: ProductType
) -> None:
    assert run_setup()[0] > 0
    assert run_setup() == [0, 0]
    attribute = Attribute.objects.get(slug=RECIPE)
    assert (attribute.input_type, attribute.visible_in_storefront) == ("plain-text", False)
    assert AttributeProduct.objects.filter(attribute=attribute).count() == ProductType.objects.count()


def test_an_attribute_of_another_kind_is_not_taken_over(product: Product) -> None:
    Attribute.objects.create(slug=RECIPE, name="R", type="product-type", input_type="dropdown")
    with pytest.raises(SlugTaken):
        run_setup()


def test_what_staff_write_in_the_dashboard_is_the_next_version_once(product: Product, staff: Any) -> None:
    run_setup()

    write(staff, product, "honey\nnuts")
    write(staff, product, "honey\nnuts ")
    write(staff, product, "")
    write(staff, product, "honey")

    assert versions(product) == [(1, "honey\nnuts", "Dashboard"), (2, "honey", "Dashboard")]
    assert sweep_recipes() == 0


def test_what_the_committee_writes_is_shown_in_the_dashboard_and_comes_back_as_no_version(
    product: Product, staff: Any
) -> None:
    run_setup()
    write(staff, product, "honey")

    recipe_record(product.pk, "honey and sugar", actor="Desk", at=timezone.now())

    assert shown(product) == ["honey and sugar"]
    assert sweep_recipes() == 0
    write(staff, product, "honey again")
    assert shown(product) == ["honey again"]
    assert [each[0] for each in versions(product)] == [1, 2, 3]


def test_a_first_recipe_of_the_committee_is_written_into_the_attribute(product: Product, staff: Any) -> None:
    run_setup()
    recipe_record(product.pk, "felt", actor="Desk", at=timezone.now())
    assert shown(product) == ["felt"]
    write(staff, product, "felt and dye")
    assert shown(product) == ["felt and dye"]
    assert versions(product)[-1] == (2, "felt and dye", "Dashboard")


def test_a_recipe_is_kept_where_the_shop_has_no_attribute_for_it(product: Product) -> None:
    recipe_record(product.pk, "felt", actor="Desk", at=timezone.now())
    assert shown(product) == []
    assert sweep_recipes() == 0


def test_the_sweep_finds_what_no_hook_told_of_and_new_product_types(product: Product) -> None:
    run_setup()
    recipe_record(product.pk, "felt", actor="Desk", at=timezone.now())
    AttributeValue.objects.filter(attribute__slug=RECIPE).update(plain_text="felt and dye")
    AttributeProduct.objects.filter(attribute__slug=RECIPE).delete()

    assert sweep_recipes() == 1

    assert versions(product)[-1] == (2, "felt and dye", "Dashboard")
    assert AttributeProduct.objects.filter(attribute__slug=RECIPE).count() == ProductType.objects.count()


def test_a_text_that_is_too_long_is_not_taken_and_harms_nothing(product: Product, staff: Any) -> None:
    run_setup()
    write(staff, product, "x" * 20_001)
    assert versions(product) == []
