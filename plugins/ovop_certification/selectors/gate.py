"""What staff see of the gate's work on orders: those it holds, the lines that were sold past it, and money that came for
carts which may not be sold. Page by page, each page in two or three queries."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from ovop_certification.models import FlagResolution, Market, OrderFlag, OrderHold, StrandedPayment

PAGE_ROWS = 50

Row = TypeVar("Row")
Stored = TypeVar("Stored", bound=Model)


@dataclass(frozen=True, slots=True)
class Counted(Generic[Row]):
    """One page of a list, and how long the whole list is."""

    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True, slots=True)
class FlagReason:
    """One thing that was wrong when the line was sold, as it was written down then."""

    code: str
    scheme: str
    certificate_number: str | None


@dataclass(frozen=True, slots=True)
class ResolvedAs:
    outcome: str
    actor: str
    reason: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class FlaggedLine:
    """A sold line that was not allowed. `resolution` is None while nobody has said what was done about it."""

    pk: int
    order_id: str
    line_id: str
    product_pk: int
    market: str
    market_names: Mapping[str, str]
    reasons: tuple[FlagReason, ...]
    sold_at: datetime.datetime
    flagged_at: datetime.datetime
    resolution: ResolvedAs | None


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order that is held, with the flagged lines of it. `cause` is `bypassed` or `lapsed`."""

    order_id: str
    market: str
    market_names: Mapping[str, str]
    cause: str
    status_before: str
    held_at: datetime.datetime
    lines: tuple[FlaggedLine, ...]


@dataclass(frozen=True, slots=True)
class StrandedMoney:
    """Money of a checkout that may not be sold. `products` are (shop's key, name then, reasons); `outcome` is `waiting`,
    `ordered` (then `order_id` says as what) or `returned`."""

    checkout: str
    channel: str
    market: str
    market_names: Mapping[str, str]
    products: tuple[tuple[int, str, tuple[FlagReason, ...]], ...]
    amount_minor: int
    currency: str
    paid_at: datetime.datetime
    seen_at: datetime.datetime
    outcome: str
    order_id: str
    ended_at: datetime.datetime | None


def held_orders(page: int = 1, rows: int = PAGE_ROWS) -> Counted[HeldOrder]:
    """The orders that are held now, the longest held first. `page` counts from 1."""
    found = OrderHold.objects.filter(released_at=None).order_by("held_at", "pk")
    holds = _page(found, page, rows)
    flags: dict[str, list[FlaggedLine]] = {}
    of_orders = OrderFlag.objects.filter(order_id__in=[hold.order_id for hold in holds]).order_by("pk")
    names = _market_names()
    for line in _flagged(of_orders, names):
        flags.setdefault(line.order_id, []).append(line)
    return Counted(
        tuple(
            HeldOrder(
                hold.order_id,
                hold.market,
                names.get(hold.market, {}),
                hold.cause,
                hold.status_before,
                hold.held_at,
                tuple(flags.get(hold.order_id, ())),
            )
            for hold in holds
        ),
        found.count(),
    )


def flagged_lines(*, is_open: bool, page: int = 1, rows: int = PAGE_ROWS) -> Counted[FlaggedLine]:
    """The flags that nobody has resolved yet, the newest first; or those that were resolved. `page` counts from 1."""
    found = OrderFlag.objects.filter(resolution__isnull=is_open).order_by("-flagged_at", "-pk")
    return Counted(tuple(_flagged(_page(found, page, rows), _market_names())), found.count())


def stranded_payments(*, is_waiting: bool, page: int = 1, rows: int = PAGE_ROWS) -> Counted[StrandedMoney]:
    """The money that waits, the oldest first; or what became of the rest, the last first. `page` counts from 1."""
    found = StrandedPayment.objects.filter(ended_at__isnull=is_waiting)
    found = found.order_by("paid_at", "pk") if is_waiting else found.order_by("-ended_at", "-pk")
    names = _market_names()
    return Counted(
        tuple(
            StrandedMoney(
                row.checkout,
                row.channel,
                row.market,
                names.get(row.market, {}),
                tuple((each["product_pk"], each["name"], _reasons(each["reasons"])) for each in row.products),
                row.amount_minor,
                row.currency,
                row.paid_at,
                row.seen_at,
                row.outcome,
                row.order_id,
                row.ended_at,
            )
            for row in _page(found, page, rows)
        ),
        found.count(),
    )


def _page(found: QuerySet[Stored], page: int, rows: int) -> Sequence[Stored]:
    first = (max(page, 1) - 1) * rows
    return list(found[first : first + rows])


def _flagged(
    flags: QuerySet[OrderFlag] | Sequence[OrderFlag], names: Mapping[str, Mapping[str, str]]
) -> list[FlaggedLine]:
    flags = list(flags)
    resolved = {each.flag_id: each for each in FlagResolution.objects.filter(flag__in=flags)}
    return [
        FlaggedLine(
            flag.pk,
            flag.order_id,
            flag.line_id,
            flag.product_pk,
            flag.market,
            names.get(flag.market, {}),
            _reasons(flag.reasons),
            flag.sold_at,
            flag.flagged_at,
            _resolved_as(resolved.get(flag.pk)),
        )
        for flag in flags
    ]


def _resolved_as(row: FlagResolution | None) -> ResolvedAs | None:
    return None if row is None else ResolvedAs(row.outcome, row.actor, row.reason, row.at)


def _reasons(document: Sequence[Mapping[str, Any]]) -> tuple[FlagReason, ...]:
    return tuple(FlagReason(each["code"], each["scheme"], each["certificate"]) for each in document)


def _market_names() -> dict[str, Mapping[str, str]]:
    return dict(Market.objects.values_list("code", "names"))
