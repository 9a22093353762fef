"""Which reminder is due, against a plain model that walks through the days one by one."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovop_certification.due import BACKOFF, MAX_ATTEMPTS, Sending, distance_due, is_to_be_sent
from ovop_certification.models import ReminderState
from ovop_certification.switches import DEFAULT_REMINDER_DAYS

FIRST = datetime.date(2025, 1, 1)
AT = datetime.datetime(2026, 3, 1, 9, tzinfo=datetime.UTC)


def later(days: int) -> datetime.date:
    return FIRST + datetime.timedelta(days=days)


def due(left: int, whole: int = 400, reminder_days: tuple[int, ...] = DEFAULT_REMINDER_DAYS) -> int | None:
    return distance_due(later(0), later(whole), later(whole - left), reminder_days)


@pytest.mark.parametrize(
    ("left", "distance"),
    [(181, None), (180, 180), (91, 180), (90, 90), (31, 90), (30, 30), (8, 30), (7, 7), (0, 7), (-1, None)],
)
def test_the_tightest_distance_that_has_come_is_due_until_the_last_day(left: int, distance: int | None) -> None:
    assert due(left) == distance


def test_a_paper_for_two_weeks_is_announced_a_week_before_its_end_only() -> None:
    assert [due(left, whole=14) for left in (14, 8, 7, 1)] == [None, None, 7, 7]


distances = st.sets(st.integers(1, 60), min_size=1, max_size=5)


@given(distances, st.integers(0, 80), st.data())
def test_whenever_the_system_runs_nobody_gets_more_than_one_mail_a_run_nor_a_wider_one_after(
    reminder_days: set[int], whole: int, data: st.DataObject
) -> None:
    """The model: on every day on which it runs, look at all days since it ran last for a distance that was reached."""
    runs = sorted(data.draw(st.sets(st.integers(-5, whole + 5), max_size=30), "days on which it runs"))
    sent: dict[int, Sending] = {}
    mails: list[tuple[int, int]] = []
    for run in runs:
        distance = distance_due(later(0), later(whole), later(run), reminder_days)
        at = AT + datetime.timedelta(days=run)
        if distance is not None and is_to_be_sent(distance, sent, at):
            mails.append((run, distance))
            sent[distance] = Sending(ReminderState.SENT, 1, at)

    expected = []
    told: set[int] = set()
    for run in runs:
        reached = {days for day in range(run + 1) for days in reminder_days if whole - day == days}
        reached -= {days for days in reached if any(tighter <= days for tighter in told)}
        if run <= whole and reached:
            told.add(min(reached))
            expected.append((run, min(reached)))
    assert mails == expected


@given(distances, st.integers(60, 400))
def test_a_system_that_runs_every_day_sends_each_distance_on_its_day(reminder_days: set[int], whole: int) -> None:
    sent: dict[int, Sending] = {}
    for run in range(whole + 10):
        distance = distance_due(later(0), later(whole), later(run), reminder_days)
        if distance is not None and is_to_be_sent(distance, sent, AT):
            assert whole - run == distance
            sent[distance] = Sending(ReminderState.SENT, 1, AT)
    assert set(sent) == reminder_days


@pytest.mark.parametrize("state", [ReminderState.SENT, ReminderState.CLAIMED])
def test_what_may_have_arrived_is_never_sent_again_nor_a_wider_one(state: ReminderState) -> None:
    sent = {30: Sending(state, 1, AT)}
    much_later = AT + datetime.timedelta(days=300)

    assert [is_to_be_sent(days, sent, much_later) for days in (7, 30, 90)] == [True, False, False]


def test_what_failed_is_tried_again_ever_later_and_not_for_ever() -> None:
    for attempts, pause in enumerate(BACKOFF, start=1):
        failed = {30: Sending(ReminderState.FAILED, attempts, AT)}
        assert not is_to_be_sent(30, failed, AT + pause - datetime.timedelta(seconds=1))
        assert is_to_be_sent(30, failed, AT + pause)
    assert list(BACKOFF) == sorted(BACKOFF)
    exhausted = {30: Sending(ReminderState.FAILED, MAX_ATTEMPTS, AT)}
    assert not is_to_be_sent(30, exhausted, AT + datetime.timedelta(days=30))
    assert is_to_be_sent(7, exhausted, AT + datetime.timedelta(days=30))
