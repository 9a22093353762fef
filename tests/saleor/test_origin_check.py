"""The command that lists what differs: it sees everything, says what will become of it, and writes nothing."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from saleor.attribute.models import AssignedProductAttributeValue, Attribute, AttributeProduct, AttributeValue
from saleor.page.models import Page
from saleor.product.models import Category, Product, ProductType

from ovop_origin import services
from ovop_origin.adapter.check import SaleorCheck
from ovop_origin.adapter.projection import project_products
from ovop_origin.shop_check import Difference, UnplacedCategory, shop_check
from tests.saleor.origin_world import AK_KIYIZ, AT, BARSKOON, CHIMBAY, changed


def differences() -> set[tuple[str, str, str, str, str, str]]:
    return {
        (each.kind, each.subject, each.key, each.field, each.shop, each.registry)
        for each in SaleorCheck().differences()
        if not each.field.startswith("metadata")
    }


def test_a_shop_in_line_has_no_differences_and_the_command_ends_well(
    projected: list[Product], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("ovop_origin_check")

    told = capsys.readouterr().out
    assert "Nothing differs: the shop shows what the registry holds." in told
    assert "listed, never guessed" in told
    assert differences() == set()
    assert isinstance(shop_check(), SaleorCheck)


def test_everything_that_differs_is_listed_with_what_will_become_of_it(
    projected: list[Product], capsys: pytest.CaptureFixture[str]
) -> None:
    slippers, honey, other = projected
    # staff: another village for one product and a first one for another, a typed region, a renamed page
    region = Attribute.objects.get(slug="ovop-region")
    typed = AttributeValue.objects.create(attribute=region, slug="tokyo", name="Tokyo")
    AssignedProductAttributeValue.objects.create(product=slippers, value=typed)
    village = Attribute.objects.get(slug="ovop-village")
    page = Page.objects.get(slug="uz-qr-chimbay")
    value = AttributeValue.objects.create(
        attribute=village, slug=f"{other.pk}_{page.pk}", name="Чимбай", reference_page=page
    )
    AssignedProductAttributeValue.objects.create(product=other, value=value)
    Page.objects.filter(slug="kg-y-barskoon").update(title="Typed")
    # the registry: a producer who is named no more, a village with a new name in one language
    services.producer_save(changed(AK_KIYIZ, is_name_public=False), at=AT)
    services.place_save(changed(CHIMBAY, names={**CHIMBAY.names, "ky": "Чымбай"}), at=AT)
    # and a product that is gone
    Product.objects.filter(pk=honey.pk).delete()

    with CaptureQueriesContext(connection) as queries, pytest.raises(CommandError, match="differences: ") as ended:
        call_command("ovop_origin_check")

    assert ended.value.returncode == 1
    assert [each["sql"] for each in queries.captured_queries if not each["sql"].startswith("SELECT")] == []
    told = capsys.readouterr().out
    assert "registry takes it" in told
    assert "1 origins are of products that the shop no longer has" in told
    assert differences() >= {
        ("differs", "village", "KG-Y-barskoon", "title", "Typed", "Barskoon"),
        ("differs", "village", "UZ-QR-chimbay", "title in ky", "", "Чымбай"),
        ("differs", "producer", "ak-kiyiz", "page", "Ak Kiyiz", ""),
        ("differs", "product", slippers.slug, "ovop-region", "Issyk-Kul, Tokyo", "Issyk-Kul"),
        ("differs", "product", slippers.slug, "ovop-producer", "Ak Kiyiz, Чий", "Чий"),
        ("pick", "product", other.slug, "ovop-village", "Чимбай", ""),
        ("stray", "choice", "ovop-region/tokyo", "name", "Tokyo", ""),
        ("stray", "choice", "ovop-village", "of deleted products and pages", "1", ""),
        ("gone", "origin", str(honey.pk), "product", "", ""),
    }


def test_a_difference_is_open_unless_the_product_is_gone_or_staff_hid_it() -> None:
    kinds = ("differs", "pick", "conflict", "stray", "hidden", "gone")

    assert [kind for kind in kinds if Difference("product", "p", "f", "", "", kind).is_open] == list(kinds[:4])


def test_goods_without_an_origin_are_counted_by_category(projected: list[Product], category: Any) -> None:
    honey = Category.objects.create(name="Honey", slug="honey")
    fields = {"product_type": projected[0].product_type}
    Product.objects.bulk_create(
        [
            *(Product(name=f"H{number}", slug=f"h{number}", category=honey, **fields) for number in range(3)),
            Product(name="None", slug="none", **fields),
        ]
    )

    assert SaleorCheck().unplaced() == (
        UnplacedCategory("honey", "Honey", 3),
        UnplacedCategory(projected[2].category.slug, projected[2].category.name, 1),
        UnplacedCategory("", "", 1),
    )


def test_a_long_list_is_cut_and_counted(projected: list[Product], capsys: pytest.CaptureFixture[str]) -> None:
    Page.objects.filter(page_type__slug__startswith="ovop-").update(metadata={})

    with pytest.raises(CommandError):
        call_command("ovop_origin_check", limit=3)

    assert " more." in capsys.readouterr().out
    assert BARSKOON.code in {each.key for each in SaleorCheck().differences()}


def test_a_type_that_lacks_our_attributes_is_listed_and_gets_them_with_its_first_product(
    projected: list[Product], product_type_without_variant: ProductType
) -> None:
    slippers, _, other = projected
    # given: a type whose attribute somebody took away, and a new one
    AttributeProduct.objects.filter(product_type=slippers.product_type, attribute__slug="ovop-region").delete()
    AttributeProduct.objects.filter(product_type=product_type_without_variant).delete()
    Product.objects.filter(pk=other.pk).update(product_type=product_type_without_variant)
    services.product_origin_set(other.pk, BARSKOON.code, {}, at=AT)

    listed = differences()
    project_products([slippers.pk, other.pk])

    types = {(slippers.product_type.slug, "ovop-region"), (product_type_without_variant.slug, "ovop-village")}
    assert {("differs", "product_type", slug, attribute, "", "attribute") for slug, attribute in types} <= listed
    assert differences() == set()


def test_what_staff_hide_is_told_and_is_no_difference(
    projected: list[Product], capsys: pytest.CaptureFixture[str]
) -> None:
    Page.objects.filter(slug="kg-y-barskoon").update(is_published=False)
    Attribute.objects.filter(slug="ovop-region").update(visible_in_storefront=False)

    call_command("ovop_origin_check")

    assert differences() == {
        ("hidden", "village", "KG-Y-barskoon", "published", "no", "yes"),
        ("hidden", "choice", "ovop-region", "visible", "no", "yes"),
    }
    assert "2 pages or attributes are kept from shoppers by staff" in capsys.readouterr().out
