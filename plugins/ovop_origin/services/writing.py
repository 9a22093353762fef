"""Writing the difference: one statement for what is new or differs in a chunk, one for what is gone."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models

Model = TypeVar("Model", bound=models.Model)
Values = tuple[Any, ...]
Parts = Mapping[str, Values]
"""The rows below one owner, by their key among them."""

_ROWS_A_STATEMENT = 10_000


@dataclass(frozen=True, slots=True)
class StoredPart:
    pk: int
    values: Values


@dataclass(frozen=True, slots=True)
class PartTable:
    """A table of rows below an owner: `owner` and `key` name its columns, `code` how the key is read as a text."""

    model: type[models.Model]
    owner: str
    key: str
    fields: tuple[str, ...]
    code: str = ""

    def stored(self, owner_ids: Collection[int]) -> dict[int, dict[str, StoredPart]]:
        """Owner pk -> key -> what is stored. One query, none without owners."""
        found: dict[int, dict[str, StoredPart]] = {}
        if owner_ids:
            manager: Any = self.model._default_manager
            rows = manager.filter(**{f"{self.owner}__in": owner_ids})
            for owner_id, key, pk, *values in rows.values_list(self.owner, self.code or self.key, "pk", *self.fields):
                found.setdefault(owner_id, {})[key] = StoredPart(pk, tuple(values))
        return found

    def write(
        self,
        before: Mapping[int, Mapping[str, StoredPart]],
        after: Mapping[int, Parts],
        key_ids: Mapping[str, int] | None = None,
    ) -> None:
        """Make the rows below each owner of `after` exactly those; `key_ids` maps keys that are codes to pks.

        At most two statements.
        """
        manager: Any = self.model._default_manager
        gone, written = [], []
        for owner_id, wanted in after.items():
            stored = before.get(owner_id, {})
            gone += [part.pk for key, part in stored.items() if key not in wanted]
            for key, values in wanted.items():
                if key not in stored or stored[key].values != values:
                    column = key if key_ids is None else key_ids[key]
                    given = dict(zip(self.fields, values, strict=True))
                    written.append(self.model(**{self.owner: owner_id, self.key: column, **given}))
        if gone:
            manager.filter(pk__in=gone).delete()
        upsert(written, (self.owner, self.key), self.fields)


def upsert(rows: Collection[Model], unique: Collection[str], fields: Collection[str]) -> None:
    """Write all rows by their unique fields: new ones whole, of those that are there these fields. Sets their pks."""
    if rows:
        manager: Any = type(next(iter(rows)))._default_manager
        manager.bulk_create(
            rows, batch_size=_ROWS_A_STATEMENT, update_conflicts=True, unique_fields=unique, update_fields=fields
        )


def differences(
    before: Mapping[str, StoredPart], after: Parts, tell: Callable[[str, object, object], None] | None = None
) -> bool:
    """Whether the parts differ; each that does is told as (key, value before, value after) of its first field."""
    has_any = False
    for key in sorted(before.keys() | after.keys()):
        stored = before[key].values if key in before else None
        wanted = after.get(key)
        if stored == wanted:
            continue
        has_any = True
        if tell is not None:
            tell(key, stored and stored[0], wanted and wanted[0])
    return has_any
