"""The few switches of the plugin. Each host sets its own source once, at start; without one the defaults hold.

On Saleor they are the plugin's settings in the dashboard (adapter/plugin.py validates them there).
"""

from collections.abc import Callable
from dataclasses import dataclass

DEFAULT_REMINDER_DAYS = (180, 90, 30, 7)
MAX_REMINDER_DAYS = 3650
MAX_EVIDENCE_MB = 25


@dataclass(frozen=True, slots=True)
class Switches:
    """`reminder_days` before a certificate's last day, descending; `staff_mail` is who else is reminded (empty: nobody).

    `closes_listings` lets the gate shut listings; without it only the veto, the flags and the holds are left.
    """

    closes_listings: bool = True
    reminder_days: tuple[int, ...] = DEFAULT_REMINDER_DAYS
    staff_mail: str = ""
    evidence_max_mb: int = 10


_source: list[Callable[[], Switches]] = []


def set_switches(source: Callable[[], Switches]) -> None:
    """`source` is asked each time: a change in the dashboard holds at once, in every process."""
    _source[:] = [source]


def switches() -> Switches:
    return _source[0]() if _source else Switches()
