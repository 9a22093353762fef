"""The record of what the gate refused, and of what was sold past it."""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ovop_certification.models import Effect, GateRefusal, OrderFlag
from ovop_certification.rules import Reason


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
