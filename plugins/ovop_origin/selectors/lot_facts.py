"""Lots: what was made of a product at one time, and from whom it was accepted."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ovop_origin.models import Lot, LotContribution


@dataclass(frozen=True, slots=True)
class ContributionFacts:
    """How many units were accepted from a producer."""

    producer_code: str
    quantity: int


@dataclass(frozen=True, slots=True)
class LotFacts:
    """A lot of a product; `quantity` is the sum of the units accepted, contributions are ordered by producer."""

    product_pk: int
    code: str
    made_on: datetime.date
    village_code: str
    quantity: int
    contributions: tuple[ContributionFacts, ...]


def lots_of(product_pks: Collection[int]) -> dict[int, tuple[LotFacts, ...]]:
    """Product key -> its lots, the newest first, then by code; products without any are left out. Two queries."""
    found: dict[int, list[LotFacts]] = {}
    for facts in _lots(origin__product_pk__in=product_pks):
        found.setdefault(facts.product_pk, []).append(facts)
    return {product_pk: tuple(lots) for product_pk, lots in found.items()}


def lots(keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], LotFacts]:
    """These lots by product key and code; what does not exist is left out. Two queries."""
    wanted = set(keys)
    found = _lots(origin__product_pk__in={pk for pk, _ in wanted}, code__in={code for _, code in wanted})
    return {key: facts for facts in found if (key := (facts.product_pk, facts.code)) in wanted}


def lot(product_pk: int, code: str) -> LotFacts | None:
    """One lot of a product, None when there is none of that code. Two queries."""
    return next(iter(_lots(origin__product_pk=product_pk, code=code)), None)


def _lots(**lookup: Any) -> list[LotFacts]:
    rows = list(
        Lot.objects.filter(**lookup)
        .order_by("origin__product_pk", "-made_on", "code")
        .values_list("pk", "origin__product_pk", "code", "made_on", "village__code")
    )
    contributions: dict[int, list[ContributionFacts]] = {}
    accepted = LotContribution.objects.filter(lot__in=[row[0] for row in rows]).order_by("producer__code")
    for lot_id, producer_code, quantity in accepted.values_list("lot_id", "producer__code", "quantity"):
        contributions.setdefault(lot_id, []).append(ContributionFacts(producer_code, quantity))
    return [
        LotFacts(
            product_pk=product_pk,
            code=code,
            made_on=made_on,
            village_code=village_code,
            quantity=sum(each.quantity for each in contributions.get(pk, ())),
            contributions=tuple(contributions.get(pk, ())),
        )
        for pk, product_pk, code, made_on, village_code in rows
    ]
