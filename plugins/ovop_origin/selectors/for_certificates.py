"""What certification has to know of where products come from: who made them, in which groups the makers are, in which
places their villages lie, and what lots were made.

As a queryset, for a query that certification puts together (the gate has one query for all; `product_pks` is there an
expression: an array of product keys), and as plain values for many products at once.
"""

import datetime
from collections.abc import Collection
from typing import Any

from django.db.models import F, Func, OuterRef, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject

from ovop_origin.models import Lot, Maker, Membership, Place, ProductOrigin
from ovop_shared.statements import AnyOf, JsonList, in_keys

_UP = ("code", "parent__code", "parent__parent__code", "parent__parent__parent__code")
"""A village, its district, region and country: there is no fifth kind of place."""


def origins_as_json(product_pks: Combinable) -> "QuerySet[ProductOrigin, Any]":
    """Of each product `{"product": pk, "places": [codes], "makers": [{"code", "groups"}], "lots": [{"code", "made_on"}]}`.

    Places are its village and all it lies in; a maker's groups are `{"group", "since", "until"}`, past and coming ones
    too. Products without an origin are left out.
    """
    places = Func(*(F(f"village__{step}") for step in _UP), function="ARRAY", template="ARRAY[%(expressions)s]")
    groups = Membership.objects.filter(member=OuterRef("producer")).order_by("pk")
    makers = Maker.objects.filter(origin=OuterRef("pk")).values_list(
        JSONObject(
            code="producer__code",
            groups=JsonList(groups.values_list(JSONObject(group="group__code", since="since", until="until"))),
        )
    )
    lots = Lot.objects.filter(origin=OuterRef("pk")).values_list(JSONObject(code="code", made_on="made_on"))
    return (
        ProductOrigin.objects.filter(AnyOf("product_pk", product_pks))
        .order_by()
        .values_list(
            JSONObject(product="product_pk", places=places, makers=JsonList(makers), lots=JsonList(lots)), flat=True
        )
    )


def makers_of_products(product_pks: Collection[int] | None) -> dict[int, frozenset[str]]:
    """Product key -> the codes of its makers, of these products or of all; without any left out. One query."""
    rows = Maker.objects.order_by()
    if product_pks is not None:
        rows = rows.filter(in_keys("origin__product_pk", product_pks))
    made: dict[int, list[str]] = {}
    for product_pk, code in rows.values_list("origin__product_pk", "producer__code").iterator():
        made.setdefault(product_pk, []).append(code)
    known: dict[tuple[str, ...], frozenset[str]] = {}
    return {pk: known.setdefault(tuple(sorted(codes)), frozenset(codes)) for pk, codes in made.items()}


def places_of_products(product_pks: Collection[int] | None) -> dict[int, frozenset[str]]:
    """Product key -> the codes of its village and all it lies in, of these products or of all; products without an
    origin are left out. Two queries."""
    rows = ProductOrigin.objects.order_by()
    if product_pks is not None:
        rows = rows.filter(in_keys("product_pk", product_pks))
    above = {
        pk: frozenset(code for code in codes if code)
        for pk, *codes in Place.objects.filter(kind="village").values_list("pk", *_UP)
    }
    return {pk: above[village] for pk, village in rows.values_list("product_pk", "village_id").iterator()}


def lots_of_products(product_pks: Collection[int]) -> dict[int, list[tuple[str, datetime.date]]]:
    """Product key -> the codes and days of its lots; products without any are left out. One query."""
    rows = Lot.objects.filter(in_keys("origin__product_pk", product_pks)).order_by()
    found: dict[int, list[tuple[str, datetime.date]]] = {}
    for product_pk, code, made_on in rows.values_list("origin__product_pk", "code", "made_on"):
        found.setdefault(product_pk, []).append((code, made_on))
    return found


def all_memberships() -> list[tuple[str, str, datetime.date | None, datetime.date | None]]:
    """Group, member, first and last day of every membership. One query."""
    rows = Membership.objects.order_by("pk")
    return list(rows.values_list("group__code", "member__code", "since", "until"))
