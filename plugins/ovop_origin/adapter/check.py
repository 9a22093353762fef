"""What differs between the registry and this Saleor, and which goods have no origin. Only reads."""

from collections.abc import Iterator

from django.db.models import Count, Exists, OuterRef
from saleor.product.models import Product

from ovop_origin.adapter.choices import choice_differences, choices
from ovop_origin.adapter.pages import hidden_pages, page_differences
from ovop_origin.adapter.products import product_differences
from ovop_origin.adapter.setup import REGION, attachment_differences
from ovop_origin.models import ProductOrigin
from ovop_origin.shop_check import Difference, UnplacedCategory, set_shop_check


class SaleorCheck:
    """In batches: what it holds at a time does not grow with the registry."""

    def differences(self) -> Iterator[Difference]:
        yield from attachment_differences()
        yield from choice_differences()
        yield from page_differences(choices())
        yield from hidden_pages()
        yield from product_differences(choices(REGION))

    def unplaced(self) -> tuple[UnplacedCategory, ...]:
        without = Product.objects.exclude(Exists(ProductOrigin.objects.filter(product_pk=OuterRef("pk"))))
        counts = without.values_list("category__slug", "category__name").annotate(products=Count("pk"))
        return tuple(
            UnplacedCategory(slug or "", name or "", products)
            for slug, name, products in counts.order_by("-products", "category__slug")
        )


set_shop_check(SaleorCheck())
