"""What people type into the desk's forms, read with a problem at the field where it is not understood."""

import datetime
import re

from django.http import QueryDict

from ovop_certification.errors import InvalidDates, InvalidRequirement
from ovop_shared.shop_time import shop_zone
from ovop_shared.staff_frame import FormProblems

_WHOLE_NUMBER = re.compile(r"^\d{1,6}$")
_FIELD_CHARACTERS = 20_000


def typed(data: QueryDict, name: str) -> str:
    return data.get(name, "").strip()[:_FIELD_CHARACTERS]


def typed_day(data: QueryDict, name: str, problems: FormProblems, *, needed: bool = False) -> datetime.date | None:
    """A day as a browser's date field sends it; None when it is empty or wrong."""
    text = typed(data, name)
    if not text:
        if needed:
            problems.add(name, InvalidDates("Choose a day.", field=name))
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        problems.add(name, InvalidDates("This is no day.", field=name))
        return None


def typed_moment(data: QueryDict, name: str, problems: FormProblems) -> datetime.datetime | None:
    """Day and time in the shop's zone, as a browser's field for both sends it; None when it is empty or wrong."""
    text = typed(data, name)
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        problems.add(name, InvalidDates("This is no moment.", field=name))
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=shop_zone())


def typed_number(data: QueryDict, name: str, problems: FormProblems) -> int | None:
    text = typed(data, name)
    if not text:
        return None
    if not _WHOLE_NUMBER.match(text):
        problems.add(name, InvalidRequirement("Write a whole number.", field=name))
        return None
    return int(text)


def typed_lines(data: QueryDict, name: str) -> list[str]:
    """The entries of a field with one on each line, or with commas between them."""
    return [entry for entry in (part.strip() for part in re.split(r"[\n,;]", typed(data, name))) if entry]
