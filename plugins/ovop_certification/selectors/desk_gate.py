"""What staff see of the gate's work: shut listings, held orders, flagged lines, money without an order."""

from dataclasses import dataclass

from django.db.models import QuerySet

from ovop_certification.models import (
    Closure,
    FlagResolution,
    OrderFlag,
    OrderHold,
    StrandedOutcome,
    StrandedPayment,
)


@dataclass(frozen=True, slots=True)
class GateCounts:
    """How many of each wait for somebody."""

    closures: int
    holds: int
    flags: int
    stranded: int


def open_closures(*, channel: str = "", product_pk: int | None = None) -> "QuerySet[Closure]":
    """Listings that are shut now, the newest first."""
    rows = Closure.objects.filter(ended_at=None).order_by("-closed_at", "-pk")
    if channel:
        rows = rows.filter(channel=channel)
    return rows if product_pk is None else rows.filter(product_pk=product_pk)


def held_orders() -> "QuerySet[OrderHold]":
    """Orders that are held now, the oldest first: they wait longest."""
    return OrderHold.objects.filter(released_at=None).order_by("held_at", "pk")


def flags(*, is_resolved: bool = False) -> "QuerySet[OrderFlag]":
    """Sold lines that were not allowed and about which nothing was decided yet, the oldest first; or those decided,
    the newest first, with what was decided."""
    if is_resolved:
        return OrderFlag.objects.filter(resolution__isnull=False).select_related("resolution").order_by("-flagged_at")
    return OrderFlag.objects.exclude(pk__in=FlagResolution.objects.values("flag")).order_by("flagged_at", "pk")


def stranded_payments(outcome: str = StrandedOutcome.WAITING) -> "QuerySet[StrandedPayment]":
    """Money that came for carts which may not be sold, the oldest first."""
    return StrandedPayment.objects.filter(outcome=outcome).order_by("paid_at", "pk")


def gate_counts() -> GateCounts:
    """Four queries."""
    return GateCounts(open_closures().count(), held_orders().count(), flags().count(), stranded_payments().count())
