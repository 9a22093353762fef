"""A registry's JSON document, read strictly: what is not understood is refused, never skipped.

A document is `{"version": 1, "<section>": [<row>, …], …}`; a section may be absent. `row` in an error is the 1-based
position in its list, which `params["section"]` names.
"""

import datetime
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from ovop_shared.errors import InvalidDocument, OvopError, RegistryRefused

Value = TypeVar("Value")
Row = TypeVar("Row")


@dataclass(slots=True)
class Fields:
    """The fields of one JSON object, taken one by one; what is left over at the end is refused.

    A field that is null is as one that is absent. All methods raise InvalidDocument.
    """

    section: str
    row: int | None
    values: dict[str, Any]
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: object, section: str, row: int | None) -> "Fields":
        if isinstance(value, dict):
            return cls(section, row, value)
        raise InvalidDocument("A JSON object is expected here.", row=row, params={"section": section})

    def within(self, value: object) -> "Fields":
        """The fields of an object that stands inside this one."""
        return Fields.of(value, self.section, self.row)

    def refusal(self, message: str, name: str | None) -> InvalidDocument:
        return InvalidDocument(message, field=name, row=self.row, params={"section": self.section})

    def take(self, name: str, kind: type[Value], default: Value | None = None) -> Value:
        """A value of exactly that JSON type. Without a default it has to be there."""
        self.taken.add(name)
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        # bool is a subclass of int
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.refusal(f"{name!r} is missing or not of the type {kind.__name__}.", name)
        return value

    def take_known(self, name: str, kind: type[Value]) -> Value | None:
        """As take, but None when it is not told."""
        self.taken.add(name)
        return None if self.values.get(name) is None else self.take(name, kind)

    def take_code(self, name: str, length: int = 64) -> str:
        code = self.take(name, str).strip()
        if not code or len(code) > length:
            raise self.refusal(f"{name!r} is empty or longer than {length} characters.", name)
        return code

    def take_choice(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        value = self.take(name, str, default)
        if value not in choices:
            raise self.refusal(f"{name!r} is not one of {', '.join(choices)}.", name)
        return value

    def take_names(self) -> dict[str, str]:
        """`names` by BCP 47 tag, as they are written; empty when there are none."""
        names = self.take("names", dict, {})
        if not all(isinstance(tag, str) and isinstance(text, str) for tag, text in names.items()):
            raise self.refusal("'names' maps language tags to texts.", "names")
        return {tag: text.strip() for tag, text in names.items()}

    def need_names(self) -> dict[str, str]:
        names = self.take_names()
        if not names:
            raise self.refusal("'names' maps at least one language tag to a text.", "names")
        return names

    def take_set(self, name: str) -> frozenset[str]:
        values = self.take(name, list, [])
        if not all(isinstance(value, str) and value for value in values):
            raise self.refusal(f"{name!r} is not a list of texts.", name)
        return frozenset(values)

    def take_decimal(self, name: str) -> Decimal | None:
        self.taken.add(name)
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
            try:
                number = Decimal(str(value))
            except InvalidOperation:
                number = Decimal("NaN")
            if number.is_finite() and -number.as_tuple().exponent <= 6:  # type: ignore[operator]
                return number
        raise self.refusal(f"{name!r} is not a number of at most six decimal digits.", name)

    def take_date(self, name: str) -> datetime.date | None:
        if self.values.get(name) is None:
            self.taken.add(name)
            return None
        try:
            return datetime.date.fromisoformat(self.take(name, str))
        except ValueError:
            raise self.refusal(f"{name!r} is not a date like 2025-01-31.", name) from None

    def need_date(self, name: str) -> datetime.date:
        day = self.take_date(name)
        if day is None:
            raise self.refusal(f"{name!r} is missing.", name)
        return day

    def need_moment(self, name: str) -> datetime.datetime:
        try:
            moment = datetime.datetime.fromisoformat(self.take(name, str))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise self.refusal(f"{name!r} is not a moment with its zone, like 2025-01-31T12:00:00+06:00.", name)
        return moment

    def finish(self) -> None:
        left = sorted(set(self.values) - self.taken)
        if left:
            raise self.refusal(f"{left[0]!r} is not a field of {self.section}.", left[0])


class Document:
    """A whole document, taken section by section. A row that cannot be read is a problem; `finish` tells them all."""

    def __init__(self, document: object, version: int) -> None:
        """Raises InvalidDocument when it is no JSON object, or one of another version."""
        self._whole = Fields.of(document, "document", None)
        self._problems: list[OvopError] = []
        if self._whole.take("version", int) != version:
            raise self._whole.refusal(f"'version' is not {version}.", "version")

    def rows(self, section: str, read: Callable[[Fields], Row]) -> tuple[Row, ...]:
        """The section's rows that can be read. Raises InvalidDocument when the section is no list."""
        values: list[object] = self._whole.take(section, list, [])
        rows = []
        for number, value in enumerate(values, start=1):
            try:
                fields = Fields.of(value, section, number)
                row = read(fields)
                fields.finish()
            except InvalidDocument as problem:
                self._problems.append(problem)
            else:
                rows.append(row)
        return tuple(rows)

    def finish(self) -> None:
        """Raises InvalidDocument for a section that nobody took, RegistryRefused with the rows that cannot be read."""
        self._whole.finish()
        if self._problems:
            raise RegistryRefused(self._problems)
