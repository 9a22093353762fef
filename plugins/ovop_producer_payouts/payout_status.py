"""Which status of a payout or batch may follow which. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from ovop_producer_payouts.errors import IllegalTransition
from ovop_producer_payouts.models import BatchStatus, PayoutStatus

PAYOUT_STEPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        PayoutStatus.DRAFT: frozenset({PayoutStatus.APPROVED}),
        PayoutStatus.APPROVED: frozenset({PayoutStatus.SUBMITTED}),
        PayoutStatus.SUBMITTED: frozenset({PayoutStatus.COMPLETED, PayoutStatus.FAILED}),
        PayoutStatus.COMPLETED: frozenset(),
        PayoutStatus.FAILED: frozenset(),
    }
)
BATCH_STEPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        BatchStatus.DRAFT: frozenset({BatchStatus.APPROVED}),
        BatchStatus.APPROVED: frozenset({BatchStatus.SUBMITTED}),
        BatchStatus.SUBMITTED: frozenset({BatchStatus.CLOSED}),
        BatchStatus.CLOSED: frozenset(),
    }
)
FINAL_PAYOUTS = frozenset(status for status, following in PAYOUT_STEPS.items() if not following)


def check_step(steps: Mapping[str, frozenset[str]], current: str, wanted: str, what: str) -> None:
    """Raises IllegalTransition unless `wanted` may follow `current`."""
    if wanted not in steps[current]:
        raise IllegalTransition(
            f"{what} is {current}; it cannot become {wanted}.",
            field="status",
            params={"current": str(current), "wanted": str(wanted)},
        )
