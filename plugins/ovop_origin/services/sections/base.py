"""A section takes its rows in chunks: reads what they touch, checks each, writes the difference."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, models

from ovop_origin.records import AnyRow
from ovop_origin.services.load import Load
from ovop_shared.errors import DuplicateRow, OvopError

Row = TypeVar("Row", bound=AnyRow)


class Section(ABC, Generic[Row]):
    """The rows of a chunk are a constant number of queries, whatever their number."""

    name: str
    tables: tuple[type[models.Model], ...]

    def __init__(self, load: Load) -> None:
        self.load = load
        self._last_key: str | None = None
        self._full_chunks = 0

    @staticmethod
    @abstractmethod
    def key(row: Row) -> str:
        """What the row is called in changes, and what no second row of the section may be called."""

    @abstractmethod
    def read(self, rows: Sequence[Row]) -> None:
        """Read what the rows of a chunk name."""

    @abstractmethod
    def check(self, row: Row) -> Row | None:
        """The row in canonical spelling, None when it names a row that was refused. Raises the broken rule's error."""

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> None:
        """Write the difference between the checked rows and what is stored, and count it."""

    def finish(self) -> None:
        """Called once, behind the section's last chunk: for what only the whole section decides."""

    def take(self, rows: Sequence[Row]) -> None:
        """Check and write a chunk. Rows of one key stand beside each other, in this chunk or across its start."""
        self.read(rows)
        seen = {self._last_key}
        checked = []
        for row in rows:
            key = self.key(row)
            try:
                if key in seen:
                    raise DuplicateRow(f"{key} stands in two rows.", row=row.row, params={"code": key, "value": key})
                seen.add(key)
                canonical = self.check(row)
            except OvopError as problem:
                self.load.refuse(self.name, key, row, problem)
            else:
                if canonical is None:
                    self.load.skip(self.name, key)
                else:
                    checked.append(canonical)
            self._last_key = key
        self.write(checked)

    def analyze(self) -> None:
        """Called behind each full chunk: behind the first, second, fourth … PostgreSQL counts the section's tables.

        It does so by itself only after the commit; until then it would read a table that was empty row by row.
        """
        self._full_chunks += 1
        if self._full_chunks & (self._full_chunks - 1) == 0 and self.load.created.get(self.name):
            with connection.cursor() as cursor:
                for table in self.tables:
                    cursor.execute(f"ANALYZE {connection.ops.quote_name(table._meta.db_table)}")

    def compare(self, key: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool | None:
        """None for a new row, else whether any field differs; all of it is told."""
        if before is None:
            self.load.tell(self.name, key, "", "", "new")
            return None
        has_changed = False
        for field_name, value in after.items():
            if before[field_name] != value:
                has_changed = True
                self.load.tell(self.name, key, field_name, before[field_name], value)
        return has_changed

    def tell_part(self, key: str, prefix: str, part: str, before: object, after: object) -> None:
        self.load.tell(self.name, key, f"{prefix}:{part}", before, after)


def joined(texts: Iterable[str]) -> str:
    """Several short texts as one field of a change."""
    return " ".join(sorted(texts))
