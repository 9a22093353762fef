"""Saleor's products as ProductRecords."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from saleor.attribute.models import AssignedProductAttributeValue
from saleor.product.models import Product, ProductChannelListing, ProductTranslation

from ovop_shared.catalogue import CHUNK_PRODUCTS
from ovop_shared.records import ProductRecord

INTENDED_USE = "ovop-intended-use"
"""The attribute in which staff say what a product is meant for; its values' slugs are a record's intended uses."""


class SaleorCatalogue:
    """Reads the writer: what a task has just been told of must be there. Three queries whatever the number."""

    def by_slug(self, slugs: Collection[str]) -> Mapping[str, ProductRecord]:
        return {record.slug: record for record in _records(slug__in=list(slugs))}

    def by_pk(self, pks: Collection[int]) -> Mapping[int, ProductRecord]:
        return {record.pk: record for record in _records(pk__in=list(pks))}

    def published(self, pks: Collection[int]) -> Set[int]:
        return set(_published_listings().filter(product__in=list(pks)).values_list("product_id", flat=True))

    def all_products(self, *, chunk_products: int = CHUNK_PRODUCTS) -> Iterator[Sequence[ProductRecord]]:
        reached = 0
        while records := _records(chunk_products, pk__gt=reached):
            yield records
            reached = records[-1].pk

    def listed(self, channel: str, pks: Collection[int]) -> Set[int]:
        rows = ProductChannelListing.objects.filter(channel__slug=channel, product__in=list(pks))
        return set(rows.values_list("product_id", flat=True))


def _published_listings() -> Any:
    """What Saleor shows to a shopper of some channel at this moment (its `published`, 3.22 and 3.23)."""
    is_reached = Q(published_at=None) | Q(published_at__lte=timezone.now())
    return ProductChannelListing.objects.filter(is_reached, is_published=True, channel__is_active=True)


def _once_published_listings() -> Any:
    """What Saleor has shown, or would if its channel were active: it keeps the day when a product is hidden again."""
    return ProductChannelListing.objects.filter(
        Q(published_at__lte=timezone.now()) | Q(published_at=None, is_published=True)
    )


def intended_uses(product: Any) -> Any:
    """The slugs of what a product is meant for, as a part of a query; `product` is a reference to its key."""
    values = AssignedProductAttributeValue.objects.filter(product=product, value__attribute__slug=INTENDED_USE)
    return ArraySubquery(values.order_by("value__slug").values("value__slug"))


def _records(limit: int | None = None, /, **lookup: Any) -> list[ProductRecord]:
    products = list(
        Product.objects.filter(**lookup)
        .annotate(
            ovop_is_published=Exists(_published_listings().filter(product=OuterRef("pk"))),
            ovop_was_published=Exists(_once_published_listings().filter(product=OuterRef("pk"))),
            ovop_intended_uses=intended_uses(OuterRef("pk")),
        )
        .select_related("product_type", "category")
        .order_by("pk")[:limit]
    )
    translations: dict[int, dict[str, str]] = {}
    rows = ProductTranslation.objects.filter(product__in=products).exclude(name=None)
    for pk, language, name in rows.values_list("product_id", "language_code", "name"):
        translations.setdefault(pk, {})[language] = name
    categories = category_paths({product.category for product in products if product.category})
    return [
        ProductRecord(
            pk=product.pk,
            slug=product.slug,
            name=product.name,
            product_type=product.product_type.slug,
            categories=categories.get(product.category_id, ()),
            names=translations.get(product.pk, {}),
            is_published=product.ovop_is_published,
            was_published=product.ovop_was_published,
            intended_uses=tuple(product.ovop_intended_uses),
        )
        for product in products
    ]


def category_paths(categories: Collection[Any]) -> dict[int | None, tuple[str, ...]]:
    """Category pk -> slugs from the category itself up to its root, in one query for all of them."""
    if not categories:
        return {}
    model = type(next(iter(categories)))
    trees = model.objects.filter(tree_id__in={category.tree_id for category in categories})
    nodes = {node.pk: node for node in trees}
    paths: dict[int | None, tuple[str, ...]] = {}
    for category in categories:
        path = []
        node = nodes.get(category.pk)
        while node is not None:
            path.append(node.slug)
            node = nodes.get(node.parent_id)
        paths[category.pk] = tuple(path)
    return paths
