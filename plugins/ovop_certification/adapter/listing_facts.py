"""What decisions need of Saleor's products, for very many of them at once: no texts, no model instances.

Saleor 3.22 and 3.23 keep the values of a product's attributes in AssignedProductAttributeValue.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q
from saleor.attribute.models import AssignedProductAttributeValue
from saleor.product.models import Category, Product

from ovop_certification.rules import Rulebook
from ovop_shared.adapter.catalogue import INTENDED_USE
from ovop_shared.records import ProductRecord
from ovop_shared.statements import in_keys


def product_facts(product_pks: Collection[int], books: Iterable[Rulebook]) -> dict[int, ProductRecord]:
    """The products by their keys, as far as these rulebooks ask: without names, and with categories and intended uses
    only where a requirement names any. One to three queries."""
    rules = [rule for book in books for rule in book.requirements]
    paths = category_paths() if any(rule.category for rule in rules) else {}
    uses = _intended_uses(in_keys("product_id", product_pks)) if any(rule.intended_use for rule in rules) else {}
    rows = Product.objects.order_by().filter(in_keys("pk", product_pks))
    return {
        pk: ProductRecord(pk, "", "", kind, categories=paths.get(category, ()), intended_uses=uses.get(pk, ()))
        for pk, kind, category in rows.values_list("pk", "product_type__slug", "category_id")
    }


def category_paths() -> dict[int | None, tuple[str, ...]]:
    """Category -> slugs from itself up to its root: all of the shop's, they are few beside its products."""
    nodes = {pk: (parent, slug) for pk, parent, slug in Category.objects.values_list("pk", "parent_id", "slug")}
    paths: dict[int | None, tuple[str, ...]] = {}
    for pk in nodes:
        path = []
        node = nodes.get(pk)
        while node is not None:
            path.append(node[1])
            node = nodes.get(node[0])
        paths[pk] = tuple(path)
    return paths


def intended_uses_between(first: int, last: int) -> dict[int, tuple[str, ...]]:
    """Of the products from one key to another."""
    return _intended_uses(Q(product_id__gte=first, product_id__lte=last))


def _intended_uses(which: Any) -> dict[int, tuple[str, ...]]:
    rows = AssignedProductAttributeValue.objects.filter(which, value__attribute__slug=INTENDED_USE)
    uses: dict[int, list[str]] = {}
    for pk, slug in rows.order_by("value__slug").values_list("product_id", "value__slug"):
        uses.setdefault(pk, []).append(slug)
    return {pk: tuple(slugs) for pk, slugs in uses.items()}
