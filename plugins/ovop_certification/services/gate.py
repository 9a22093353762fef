"""The record of what the gate refused, of what was sold past it, and of what staff did about that."""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction

from ovop_certification.errors import FlagResolved, ReasonRequired, UnknownHold, UnknownOrderFlag
from ovop_certification.locks import lock_flag, lock_open_hold
from ovop_certification.models import (
    Effect,
    FlagOutcome,
    FlagResolution,
    GateRefusal,
    HoldCause,
    OrderFlag,
    OrderHold,
)
from ovop_certification.rules import Reason


class ShopOrders(Protocol):
    """The host's orders, as far as a hold reaches into them. Each host sets its own once, at start."""

    def lock(self, order_id: str) -> None:
        """Lock the order until the transaction ends; nothing when the shop no longer has it."""
        ...

    def release(self, order_id: str, status_before: str, *, actor: str, reason: str) -> None:
        """Let a locked order go on from where it was held; the shop's own events and mails follow after commit."""
        ...


_shop: list[ShopOrders] = []


def set_shop_orders(shop: ShopOrders) -> None:
    _shop[:] = [shop]


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a made order that its market did not allow when it was sold."""

    order_id: str
    line_id: str
    product_pk: int
    market: str
    reasons: tuple[Reason, ...]
    sold_at: datetime.datetime


def refusals_record(
    refused: Mapping[int, Iterable[Reason]], *, checkout: str, channel: str, market: str, at: datetime.datetime
) -> None:
    """Keep what the gate refused, by product pk; a checkout that is tried again adds nothing. One query."""
    rows = [
        GateRefusal(
            checkout=checkout,
            channel=channel,
            market=market,
            product_pk=product_pk,
            code=reason.code,
            scheme=reason.scheme,
            certificate_number=reason.certificate_number or "",
            at=at,
        )
        for product_pk, reasons in refused.items()
        for reason in reasons
        if reason.effect is Effect.BLOCK
    ]
    GateRefusal.objects.bulk_create(rows, ignore_conflicts=True)


def order_lines_flag(lines: Collection[SoldLine], *, at: datetime.datetime) -> int:
    """Flag sold lines, each once however often it is found; how many were flagged anew. Two queries."""
    flagged = set(
        OrderFlag.objects.filter(line_id__in=[line.line_id for line in lines]).values_list("order_id", "line_id")
    )
    rows = [
        OrderFlag(
            order_id=line.order_id,
            line_id=line.line_id,
            product_pk=line.product_pk,
            market=line.market,
            reasons=[
                {"code": reason.code, "scheme": reason.scheme, "certificate": reason.certificate_number}
                for reason in line.reasons
                if reason.effect is Effect.BLOCK
            ],
            sold_at=line.sold_at,
            flagged_at=at,
        )
        for line in lines
        if (line.order_id, line.line_id) not in flagged
    ]
    OrderFlag.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def order_hold_begin(
    order_id: str, *, market: str, cause: HoldCause, status_before: str, at: datetime.datetime
) -> OrderHold:
    """Write down that the host holds the order, which it has locked."""
    return OrderHold.objects.create(
        order_id=order_id, market=market, cause=cause, status_before=status_before, held_at=at
    )


def order_hold_end(hold: OrderHold, *, actor: str, reason: str, at: datetime.datetime) -> None:
    """Write down that a locked hold is over: who ended it in the shop itself, or what did."""
    hold.released_at = at
    hold.released_by = actor[:200]
    hold.release_reason = reason
    hold.save(update_fields=["released_at", "released_by", "release_reason"])


@transaction.atomic
def order_hold_release(order_id: str, *, actor: str, reason: str, at: datetime.datetime) -> OrderHold:
    """Let a held order go on. Raises ReasonRequired without actor or reason, UnknownHold when it is not held (any more)."""
    if not actor.strip():
        raise ReasonRequired("A release says who decided it.", field="actor")
    if not reason.strip():
        raise ReasonRequired("A release says why.", field="reason")
    for shop in _shop:
        shop.lock(order_id)
    hold = lock_open_hold(order_id)
    if hold is None:
        raise UnknownHold("The order is not held.", params={"order": order_id})
    order_hold_end(hold, actor=actor, reason=reason.strip(), at=at)
    for shop in _shop:
        shop.release(order_id, hold.status_before, actor=actor, reason=reason.strip())
    return hold


@transaction.atomic
def order_flag_resolve(
    flag_pk: int, outcome: FlagOutcome, *, actor: str, reason: str, at: datetime.datetime
) -> FlagResolution:
    """Say what was done about a sold line that was not allowed. The same outcome again changes nothing.

    Raises UnknownOrderFlag, FlagResolved (otherwise than now) and ReasonRequired.
    """
    if not actor.strip():
        raise ReasonRequired("A decision says who made it.", field="actor")
    if not reason.strip():
        raise ReasonRequired("A decision says why.", field="reason")
    flag = lock_flag(flag_pk)
    if flag is None:
        raise UnknownOrderFlag("There is no such flag.", params={"flag": flag_pk})
    resolved = FlagResolution.objects.filter(flag=flag).first()
    if resolved is None:
        return FlagResolution.objects.create(flag=flag, outcome=outcome, actor=actor, reason=reason.strip(), at=at)
    if resolved.outcome != outcome:
        raise FlagResolved(
            f"The flag was resolved as {resolved.outcome!r} before.", field="outcome", params={"flag": flag_pk}
        )
    return resolved
