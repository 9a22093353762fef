"""The few switches of the plugin. Each host sets its own source once, at start; without one the defaults hold.

On Saleor they are the plugin's settings in the dashboard (adapter/plugin.py validates them there).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

DEFAULT_REMINDER_DAYS = (180, 90, 30, 7)
MAX_REMINDER_DAYS = 3650
MAX_REMINDERS = 12
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


def read_switches(values: Mapping[str, object]) -> tuple[Switches, dict[str, str]]:
    """The switches as a host's settings hold them, and what is wrong with which: a wrong one has its default.

    `reminder_days` are numbers between commas (empty: no reminders), `evidence_max_mb` is a number, both as text.
    """
    problems: dict[str, str] = {}
    default = Switches()

    closes_listings = values.get("closes_listings", default.closes_listings)
    if not isinstance(closes_listings, bool):
        problems["closes_listings"] = "It is true or false."
        closes_listings = default.closes_listings

    reminder_days = default.reminder_days
    if "reminder_days" in values:
        texts = [text.strip() for text in str(values["reminder_days"] or "").split(",") if text.strip()]
        days = [_number(text) for text in texts]
        if len(days) > MAX_REMINDERS or any(not 1 <= each <= MAX_REMINDER_DAYS for each in days):
            problems["reminder_days"] = (
                f"Write at most {MAX_REMINDERS} numbers of days from 1 to {MAX_REMINDER_DAYS}, with commas between them."
            )
        else:
            reminder_days = tuple(sorted(set(days), reverse=True))

    staff_mail = str(values.get("staff_mail") or "").strip()
    if staff_mail and not _is_mail(staff_mail):
        problems["staff_mail"] = "This is no e-mail address."
        staff_mail = default.staff_mail

    evidence_max_mb = default.evidence_max_mb
    if "evidence_max_mb" in values:
        size = _number(str(values["evidence_max_mb"]).strip())
        if 1 <= size <= MAX_EVIDENCE_MB:
            evidence_max_mb = size
        else:
            problems["evidence_max_mb"] = f"Write a whole number from 1 to {MAX_EVIDENCE_MB}."

    return Switches(closes_listings, reminder_days, staff_mail, evidence_max_mb), problems


def _number(text: str) -> int:
    """-1 for what is no whole number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else -1


def _is_mail(text: str) -> bool:
    try:
        EmailValidator()(text)
    except ValidationError:
        return False
    return True
