"""The product records this host keeps, for the pages of staff."""

from collections import Counter
from collections.abc import Sequence

from django.db.models import Q

from ovop_shared.browsing import CatalogueKinds, CategoryCount, ProductKeys, ProductPage
from ovop_standalone.catalogue import KeptRecords
from ovop_standalone.models import KnownProduct


class KeptBrowser:
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
        rows = KnownProduct.objects.order_by("name", "product")
        if text:
            rows = rows.filter(Q(name__icontains=text) | Q(slug__icontains=text))
        if only is not None:
            rows = rows.filter(product__in=only)
        if without is not None:
            rows = rows.exclude(product__in=without)
        if category is not None:
            rows = rows.filter(categories__0=category) if category else rows.filter(categories=[])
        pks = list(rows.values_list("product", flat=True)[offset : offset + limit])
        records = KeptRecords().by_pk(pks)
        return ProductPage(tuple(records[pk] for pk in pks), rows.count())

    def categories(self, *, without: ProductKeys) -> Sequence[CategoryCount]:
        rows = KnownProduct.objects.exclude(product__in=without).values_list("categories", flat=True)
        counts = Counter(categories[0] if categories else "" for categories in rows)
        return [CategoryCount(slug, slug, count) for slug, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]

    def kinds(self) -> CatalogueKinds:
        rows = list(KnownProduct.objects.values_list("product_type", "categories"))
        types = sorted({product_type for product_type, _ in rows})
        categories = sorted({slug for _, slugs in rows for slug in slugs})
        return CatalogueKinds(tuple((slug, slug) for slug in types), tuple((slug, slug) for slug in categories))
