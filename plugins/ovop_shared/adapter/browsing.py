"""Saleor's products for the pages of staff."""

from collections.abc import Sequence

from django.db.models import Count, Q
from saleor.channel.models import Channel
from saleor.product.models import Category, Product, ProductType

from ovop_shared.adapter.catalogue import SaleorCatalogue
from ovop_shared.browsing import CatalogueKinds, CategoryCount, ProductKeys, ProductPage, set_browser


class SaleorBrowser:
    """Implements ovop_shared.browsing.CatalogueBrowser."""

    def search(
        self,
        text: str,
        *,
        only: ProductKeys | None = None,
        without: ProductKeys | None = None,
        category: str | None = None,
        offset: int,
        limit: int,
    ) -> ProductPage:
        rows = Product.objects.order_by("name", "pk")
        if text:
            rows = rows.filter(Q(name__icontains=text) | Q(slug__icontains=text))
        if only is not None:
            rows = rows.filter(pk__in=only)
        if without is not None:
            rows = rows.exclude(pk__in=without)
        if category is not None:
            rows = rows.filter(category__slug=category) if category else rows.filter(category=None)
        pks = list(rows.values_list("pk", flat=True)[offset : offset + limit])
        records = SaleorCatalogue().by_pk(pks)
        return ProductPage(tuple(records[pk] for pk in pks if pk in records), rows.count())

    def categories(self, *, without: ProductKeys) -> Sequence[CategoryCount]:
        rows = (
            Product.objects.exclude(pk__in=without)
            .values_list("category__slug", "category__name")
            .annotate(products=Count("pk"))
            .order_by("-products", "category__slug")
        )
        return [CategoryCount(slug or "", name or "", products) for slug, name, products in rows]

    def kinds(self) -> CatalogueKinds:
        types, categories, channels = (
            tuple(model.objects.order_by("slug").values_list("slug", "name"))
            for model in (ProductType, Category, Channel)
        )
        return CatalogueKinds(types, categories, channels)


set_browser(SaleorBrowser())
