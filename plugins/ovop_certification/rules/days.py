"""The calendar of one zone: which day a moment lies in, and when a day begins. What was asked once is kept."""

import datetime
from zoneinfo import ZoneInfo

ONE_DAY = datetime.timedelta(days=1)


class Days:
    """A sweep asks the same few hundred days a hundred thousand times, and a zone's rules are slow to ask."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._starts: dict[datetime.date, datetime.datetime] = {}
        self._days: dict[datetime.datetime, datetime.date] = {}

    def of(self, at: datetime.datetime) -> datetime.date:
        day = self._days.get(at)
        if day is None:
            day = self._days[at] = at.astimezone(self._zone).date()
        return day

    def start(self, day: datetime.date) -> datetime.datetime:
        """The first moment of that day, in UTC."""
        start = self._starts.get(day)
        if start is None:
            start = datetime.datetime.combine(day, datetime.time.min, tzinfo=self._zone).astimezone(datetime.UTC)
            self._starts[day] = start
        return start


def day_after(day: datetime.date | None, days: int = 0) -> datetime.date | None:
    """The day that follows the last one, so many days later; None when there is none, or the calendar ends before."""
    if day is None:
        return None
    try:
        return day + ONE_DAY * (days + 1)
    except OverflowError:
        return None
