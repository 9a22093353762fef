"""Which reminder of a certificate's end is due on a day: pure, the database is elsewhere.

Days are days in the shop. A distance (say 90) has come when so many days or fewer are left. Of all that have come only
the tightest is ever sent: a system that was off for a month, or a certificate registered late, causes one mail and not
four. A new last day starts anew; whoever asks passes what was sent about that last day alone.
"""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ovop_certification.models import ReminderState
from ovop_certification.rules import Status

# An end that matters: a withdrawn certificate ends no more, an application does not end yet.
ENDING = frozenset({Status.VALID, Status.NOT_YET_VALID, Status.SUSPENDED})

MAX_ATTEMPTS = 5
# After the first failure, the second and so on; the next run after that tries again.
BACKOFF = (
    datetime.timedelta(minutes=15),
    datetime.timedelta(hours=1),
    datetime.timedelta(hours=4),
    datetime.timedelta(hours=12),
)


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of one reminder so far."""

    state: ReminderState
    attempts: int
    claimed_at: datetime.datetime


def distance_due(
    valid_from_on: datetime.date, last_on: datetime.date, today: datetime.date, reminder_days: Collection[int]
) -> int | None:
    """The tightest of the distances that has come; None when none has, or the last day is over.

    A distance that lies before the first day is none: nobody is told of a paper for two weeks that it ends within
    half a year.
    """
    left = (last_on - today).days
    if left < 0:
        return None
    whole = (last_on - valid_from_on).days
    return min((days for days in reminder_days if left <= days <= whole), default=None)


def is_to_be_sent(distance: int, sent: Mapping[int, Sending], at: datetime.datetime) -> bool:
    """Whether somebody is to get the reminder of this distance, given what was tried about this last day by distance.

    What may have arrived is never sent again, nor anything wider than it; what failed for certain is tried again
    after a while, MAX_ATTEMPTS times in all.
    """
    if any(days <= distance and each.state is not ReminderState.FAILED for days, each in sent.items()):
        return False
    if distance not in sent:
        return True
    failed = sent[distance]
    return failed.attempts < MAX_ATTEMPTS and failed.claimed_at + BACKOFF[failed.attempts - 1] <= at
