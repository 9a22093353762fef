"""What the veto has to know of Saleor's products, in the one query that the decision takes: a checkout affords no more.

Saleor 3.22 and 3.23 keep categories as nested sets (`tree_id`, `lft`, `rght`) and the values of a product's attributes
in AssignedProductAttributeValue.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from saleor.checkout.fetch import CheckoutLineInfo
from saleor.product.models import Category, Product

from ovop_certification import selectors
from ovop_certification.rules import Rulebook
from ovop_shared.adapter.catalogue import intended_uses
from ovop_shared.records import ProductRecord
from ovop_shared.statements import AnyOf, JsonList, Statement


def rulebook_and_products(
    channel_slug: str, country_code: str | None, lines: Iterable[CheckoutLineInfo]
) -> tuple[Rulebook, list[ProductRecord]]:
    """What a decision about these lines needs, at any moment, and their products, each once. One query.

    Without a market there is nothing to decide, and no product is told of.
    """
    by_pk = {line.product.pk: line for line in lines}
    rulebook, facts = selectors.rulebook_with(_statement(), channel_slug, country_code, by_pk)
    return rulebook, [
        ProductRecord(
            pk=each["pk"],
            slug=by_pk[each["pk"]].product.slug,
            name=by_pk[each["pk"]].product.name,
            product_type=each["product_type"],
            categories=tuple(each["categories"]),
            intended_uses=tuple(each["intended_uses"]),
        )
        for each in facts or ()
    ]


@cache
def _statement() -> Statement:
    above: Any = Category.objects.filter(
        tree_id=OuterRef("category__tree_id"),
        lft__lte=OuterRef("category__lft"),
        rght__gte=OuterRef("category__rght"),
    )
    products = (
        Product.objects.filter(AnyOf("pk", selectors.PRODUCT_PKS))
        .order_by("pk")
        .values_list(
            JSONObject(
                pk="pk",
                product_type="product_type__slug",
                categories=ArraySubquery(above.order_by("-level").values("slug")),
                intended_uses=intended_uses(OuterRef("pk")),
            ),
            flat=True,
        )
    )
    return selectors.rulebook_statement(JsonList(products))
