"""What certification has to know of where products come from: who made them, in which groups the makers are, in which
places their villages lie, and what lots were made.

As querysets of one column each, for a query that certification puts together (the gate has one query for all), and as
plain values for many products at once. `product_pks` of the querysets is an expression: an array of product keys.
"""

import datetime
from collections.abc import Collection
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, F, Func, OuterRef, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat, JSONObject

from ovop_origin.models import Lot, Maker, Membership, Place, ProductOrigin
from ovop_shared.statements import AnyOf, JsonList, in_keys

_UP = ("code", "parent__code", "parent__parent__code", "parent__parent__parent__code")
"""A village, its district, region and country: there is no fifth kind of place."""


def origins_as_json(product_pks: Combinable) -> "QuerySet[ProductOrigin, Any]":
    """Of each product `{"product": pk, "places": [codes], "makers": [codes], "lots": [{"code", "made_on"}]}`; places
    are its village and all it lies in. Products without an origin are left out."""
    places = Func(*(F(f"village__{step}") for step in _UP), function="ARRAY", template="ARRAY[%(expressions)s]")
    makers = Maker.objects.filter(origin=OuterRef("pk")).values_list("producer__code")
    lots = Lot.objects.filter(origin=OuterRef("pk")).values_list(JSONObject(code="code", made_on="made_on"))
    return (
        ProductOrigin.objects.filter(AnyOf("product_pk", product_pks))
        .order_by()
        .values_list(
            JSONObject(product="product_pk", places=places, makers=ArraySubquery(makers), lots=JsonList(lots)),
            flat=True,
        )
    )


def memberships_as_json(product_pks: Combinable) -> "QuerySet[Membership, Any]":
    """`{"group", "member", "since", "until"}` of every group that a maker of these products is ever a member of."""
    return (
        Membership.objects.filter(member__in=_makers(product_pks).values("producer"))
        .order_by()
        .values_list(
            JSONObject(group="group__code", member="member__code", since="since", until="until"),
            flat=True,
        )
    )


def maker_codes(product_pks: Combinable) -> "QuerySet[Maker, Any]":
    """The codes of the makers of these products."""
    return _makers(product_pks).values("producer__code")


def group_codes(product_pks: Combinable) -> "QuerySet[Membership, Any]":
    """The codes of the groups that makers of these products are ever members of."""
    return (
        Membership.objects.filter(member__in=_makers(product_pks).values("producer")).order_by().values("group__code")
    )


def lot_references(product_pks: Combinable) -> "QuerySet[Lot, Any]":
    """`<product pk>/<lot code>` of every lot of these products."""
    reference = Concat(Cast("origin__product_pk", CharField()), Value("/"), "code")
    return Lot.objects.filter(AnyOf("origin__product_pk", product_pks)).order_by().values(reference=reference)


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


def _makers(product_pks: Combinable) -> "QuerySet[Maker]":
    return Maker.objects.filter(AnyOf("origin__product_pk", product_pks)).order_by()
