"""Imports of table files: all of their rows or none.

The files are read row by row into a temporary table of PostgreSQL, and read from there in the order in which a registry is
built up, the rows of one product or lot together: so memory does not grow with the files, whatever their order.
"""

import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, transaction

from ovop_origin.errors import EmptyFile, OriginMissing, TooManyCells, UnknownLot, UnknownTable
from ovop_origin.locks import registry_lock
from ovop_origin.models import PlaceKind
from ovop_origin.records import SECTIONS, AnyRow
from ovop_origin.selectors.exports import stored_rows
from ovop_origin.services.registry import registry_apply
from ovop_origin.services.results import Change, LoadResult
from ovop_origin.table_files import Sheet, TableFile, read_sheets
from ovop_origin.tables import (
    NAME_PREFIX,
    STORY_PREFIX,
    TABLES,
    Column,
    RawCell,
    Table,
    cell_text,
    check_filled,
    has_all_columns,
    key_of,
    lot_row,
    material_row,
    membership_row,
    merged,
    place_row,
    producer_row,
    product_row,
    read_header,
    shown_cell,
)
from ovop_shared.catalogue import Catalogue
from ovop_shared.errors import DuplicateRow, OvopError, RegistryRefused

READ, WRITE = "read", "write"
"""The two phases of an import."""

OnProgress = Callable[[str, int, int | None], None]
"""Called with the phase, how many rows are done, and how many there are, None while that is not known."""

_BATCH_ROWS = 1_000
_CHUNK_OWNERS = 500
_BUFFERED_PROBLEMS = 200

Owner = tuple[str, ...]
Item = TypeVar("Item")


def import_tables(
    files: Sequence[TableFile],
    *,
    catalogue: Catalogue,
    at: datetime.datetime,
    is_dry_run: bool = False,
    is_additive: bool = False,
    on_problem: Callable[[OvopError], None] | None = None,
    on_change: Callable[[Change], None] | None = None,
    on_progress: OnProgress | None = None,
) -> LoadResult:
    """Bring the registry to what the files say, or leave it as it was; things they do not name stay as they are.

    A column that a table lacks keeps its stored values, an empty cell clears them. A product's makers are replaced when
    `makers` names the product, its materials and a lot's contributions alike; a row of these tables with an empty last
    key says that there are none. `is_additive` fills in only what the registry does not have.

    Every problem has the `row` of its file or sheet, its column as `field`, and in `params` `file`, `table` and `value`.
    They go to `on_problem` as they are found; at the end RegistryRefused is raised, with all of them only when there is
    no `on_problem`. A file that cannot be read, or a header that is refused, ends the import after reading.
    `is_dry_run` does all of it and then takes it back. `on_change` is told every field that differs.
    """
    problems: list[OvopError] = []
    with transaction.atomic():
        run = _Import(catalogue, is_additive, on_problem or problems.append, on_progress or _no_progress)
        run.read(files)
        if run.is_unread:
            raise run.refusal(problems)
        # From here on nobody else writes: what is read of the registry stays true.
        registry_lock()
        run.find_kinds()
        total = run.count_owners()
        result = LoadResult()
        with connection.chunked_cursor() as cursor:
            # Declared outside the transaction within which registry_apply may take everything back.
            cursor.execute(_READ)
            with suppress(RegistryRefused):
                result = registry_apply(
                    run.rows(cursor),
                    catalogue=catalogue,
                    at=at,
                    is_dry_run=is_dry_run,
                    on_problem=run.refuse_later,
                    on_change=on_change,
                    on_progress=lambda done: run.on_progress(WRITE, done, total),
                )
        run.tell_refused()
        if run.problem_count:
            raise run.refusal(problems)
    return result


def _no_progress(phase: str, done: int, total: int | None) -> None:
    return None


_CREATE = """
DROP TABLE IF EXISTS pg_temp.ovop_origin_staged;
CREATE TEMPORARY TABLE ovop_origin_staged (
    id bigint PRIMARY KEY,
    section smallint NOT NULL,
    depth smallint NOT NULL,
    owner text COLLATE "C" NOT NULL,
    owner_part text COLLATE "C" NOT NULL,
    place_in_owner smallint NOT NULL,
    sheet integer NOT NULL,
    line integer NOT NULL,
    cells text NOT NULL
) ON COMMIT DROP
"""
_COPY = """
COPY pg_temp.ovop_origin_staged (id, section, depth, owner, owner_part, place_in_owner, sheet, line, cells) FROM STDIN
"""
_FIND_KINDS = """
UPDATE pg_temp.ovop_origin_staged SET depth = array_position(%s::text[], place.kind::text) - 1
FROM ovop_origin_place AS place WHERE section = 0 AND depth < 0 AND place.code = owner
"""
_COUNT = """
SELECT count(*) FROM (SELECT DISTINCT section, depth, owner, owner_part FROM pg_temp.ovop_origin_staged) AS owners
"""
_READ = """
SELECT id, section, depth, owner, owner_part, sheet, line, cells FROM pg_temp.ovop_origin_staged
ORDER BY section, depth, owner, owner_part, place_in_owner, id
"""
_READ_OWNERS_OF = """
SELECT id, section, depth, owner, owner_part, sheet, line, cells FROM pg_temp.ovop_origin_staged
WHERE (section, owner, owner_part) IN (
    SELECT section, owner, owner_part FROM pg_temp.ovop_origin_staged WHERE id = ANY(%s)
)
ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet that is being read, and the columns that its header names; `is_whole` when it names them all."""

    number: int
    file: str
    table: Table
    columns: tuple[Column | None, ...]
    known: tuple[Column, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class _Staged:
    """A row of a file that can be read; `cells` has what the file says, by column."""

    id: int
    section: str
    depth: int
    owner: Owner
    sheet: _Sheet
    line: int
    cells: dict[str, str]

    @property
    def group(self) -> tuple[str, int, Owner]:
        return self.section, self.depth, self.owner


@dataclass(slots=True)
class _Import:
    """One import. Memory grows with what is refused, never with what is read."""

    catalogue: Catalogue
    is_additive: bool
    on_problem: Callable[[OvopError], None]
    on_progress: OnProgress
    problem_count: int = 0
    is_unread: bool = False
    sheets: list[_Sheet] = field(default_factory=list)
    row_count: int = 0
    refused: set[tuple[str, Owner]] = field(default_factory=set)
    _last_id: int = 0
    _found_later: list[OvopError] = field(default_factory=list)

    def refusal(self, problems: Sequence[OvopError]) -> RegistryRefused:
        return RegistryRefused(problems, self.problem_count)

    def _tell(self, problem: OvopError, *, file: str, table: str = "", line: int | None = None) -> None:
        if line is not None:
            problem.row = line
        problem.params["file"] = file
        problem.params["table"] = table
        problem.params.setdefault("section", TABLES[table].section if table in TABLES else table)
        problem.params.setdefault("value", "")
        self.problem_count += 1
        self.on_problem(problem)

    # Reading

    def read(self, files: Sequence[TableFile]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_CREATE)
        for file in files:
            try:
                for sheet in read_sheets(file):
                    self._read_sheet(sheet)
            except OvopError as problem:
                self.is_unread = True
                self._tell(problem, file=file.name)

    def _read_sheet(self, sheet: Sheet) -> None:
        try:
            columns = self._read_header(sheet)
            while columns and (batch := list(islice(sheet.rows, _BATCH_ROWS))):
                staged = [row for line, cells in batch for row in self._stage(columns, line, cells)]
                with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                    for row in staged:
                        copy.write_row(row)
                self.row_count += len(batch)
                self.on_progress(READ, self.row_count, None)
        except OvopError as problem:
            self.is_unread = True
            self._tell(problem, file=sheet.file, table=sheet.table)

    def _read_header(self, sheet: Sheet) -> _Sheet | None:
        table = TABLES.get(sheet.table)
        if table is None:
            raise UnknownTable(
                f"There is no table {sheet.table!r}, but {', '.join(TABLES)}.",
                params={"value": sheet.table, "tables": list(TABLES)},
            )
        first = next(sheet.rows, None)
        if first is None:
            raise EmptyFile("There is no header: the first row names the columns.")
        line, cells = first
        columns, problems = read_header(table, cells)
        for problem in problems:
            self.is_unread = True
            self._tell(problem, file=sheet.file, table=sheet.table, line=line)
        if problems:
            return None
        known = tuple(column for column in columns if column is not None)
        self.sheets.append(_Sheet(len(self.sheets), sheet.file, table, columns, known, has_all_columns(table, known)))
        return self.sheets[-1]

    def _stage(self, sheet: _Sheet, line: int, raw_cells: Sequence[RawCell]) -> Iterator[tuple[object, ...]]:
        """The row as it is staged; none when a cell of it is refused."""
        table, cells, count = sheet.table, dict.fromkeys((column.name for column in sheet.known), ""), 0

        def refuse(problem: OvopError, raw: RawCell) -> None:
            problem.params["value"] = shown_cell(raw)
            self._tell(problem, file=sheet.file, table=table.name, line=line)

        for number, raw in enumerate(raw_cells):
            column = sheet.columns[number] if number < len(sheet.columns) else None
            try:
                if column is not None:
                    cells[column.name] = cell_text(column, raw)
                elif shown_cell(raw).strip():
                    raise TooManyCells("The cell stands below no header.", field=f"#{number + 1}")
            except OvopError as problem:
                problem.field = problem.field or (column.name if column else None)
                count += 1
                refuse(problem, raw)
        try:
            if not count:
                check_filled(table, cells, sheet.known)
        except OvopError as problem:
            count += 1
            refuse(problem, None)
        owner = key_of(table, cells)[: table.owner_width]
        if count:
            self.refused.add((table.section, owner))
            return
        depth = -1
        if table.section != "places":
            depth = 0
        elif "kind" in cells:
            depth = _DEPTHS.get(cells["kind"], 0)
        kept = {column.name: cells[column.name] for column in sheet.known if column.is_stored}
        self._last_id += 1
        yield (
            self._last_id,
            SECTIONS.index(table.section),
            depth,
            owner[0],
            owner[1] if len(owner) > 1 else "",
            _TABLE_NUMBERS[table.name],
            sheet.number,
            line,
            json.dumps(kept),
        )

    def find_kinds(self) -> None:
        """Places in a file without their kinds stand where those of the registry do."""
        with connection.cursor() as cursor:
            cursor.execute(_FIND_KINDS, [list(_DEPTHS)])

    def count_owners(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT)
            return int(cursor.fetchone()[0])

    # Giving to the registry

    def rows(self, cursor: Any) -> Iterator[AnyRow]:
        """The things of the files, whole, in the order in which a registry is built up."""
        groups = ((key, list(rows)) for key, rows in groupby(self._staged(cursor), attrgetter("group")))
        for section, in_section in groupby(groups, lambda group: group[0][0]):
            while chunk := [rows for _, rows in islice(in_section, _CHUNK_OWNERS)]:
                yield from self._whole(section, chunk)

    def _staged(self, cursor: Any) -> Iterator[_Staged]:
        while batch := cursor.fetchmany(_BATCH_ROWS):
            for row in batch:
                yield self._staged_row(*row)

    def _staged_row(
        self, id_: int, section: int, depth: int, owner: str, owner_part: str, sheet: int, line: int, cells: str
    ) -> _Staged:
        whole_owner = (owner, owner_part)[: self.sheets[sheet].table.owner_width]
        return _Staged(id_, SECTIONS[section], depth, whole_owner, self.sheets[sheet], line, json.loads(cells))

    def _whole(self, section: str, chunk: Sequence[Sequence[_Staged]]) -> Iterator[AnyRow]:
        tables = [table for table in TABLES.values() if table.section == section]
        stored: dict[str, dict[Owner, list[dict[str, str]]]] = {}
        for table in tables:
            owners = [rows[0].owner for rows in chunk if self._needs_stored(table, rows)]
            stored[table.name] = stored_rows(table.name, owners, catalogue=self.catalogue) if owners else {}
        unknown = [
            rows[0].owner[0]
            for rows in chunk
            if not any(row.sheet.table is tables[0] for row in rows) and rows[0].owner not in stored[tables[0].name]
        ]
        in_shop = self.catalogue.by_slug(set(unknown)) if unknown else {}
        for rows in chunk:
            if (section, rows[0].owner) in self.refused:
                continue
            thing = _Thing(tables, rows, {name: found.get(rows[0].owner, []) for name, found in stored.items()})
            try:
                yield thing.whole(self.is_additive, rows[0].owner[0] in in_shop, self._refuse_row)
            except _Refused:
                self.refused.add((section, rows[0].owner))

    def _needs_stored(self, table: Table, rows: Sequence[_Staged]) -> bool:
        own = [row for row in rows if row.sheet.table is table]
        return self.is_additive or not own or not all(row.sheet.is_whole for row in own)

    def _refuse_row(self, row: _Staged, problem: OvopError) -> None:
        problem.params.setdefault("value", row.cells.get(problem.field or "", ""))
        self._tell(problem, file=row.sheet.file, table=row.sheet.table.name, line=row.line)

    # What the registry refuses

    def refuse_later(self, problem: OvopError) -> None:
        """A problem whose `row` is the id of a staged row. Where it stands is looked up for many at once."""
        self._found_later.append(problem)
        if len(self._found_later) >= _BUFFERED_PROBLEMS:
            self.tell_refused()

    def tell_refused(self) -> None:
        found, self._found_later = self._found_later, []
        if not found:
            return
        with connection.cursor() as cursor:
            cursor.execute(_READ_OWNERS_OF, [[problem.row for problem in found if problem.row is not None]])
            staged = {row.id: row for row in (self._staged_row(*each) for each in cursor.fetchall())}
        by_owner: dict[tuple[str, Owner], list[_Staged]] = {}
        for row in staged.values():
            by_owner.setdefault((row.section, row.owner), []).append(row)
        for problem in found:
            head = staged.get(problem.row or 0)
            if head is None:
                self._tell(problem, file="", table=str(problem.params.get("section", "")))
            elif not self._follows_from_refused(problem):
                row, problem.field = _where(problem, head, by_owner[head.section, head.owner])
                if problem.field in row.cells:
                    problem.params["value"] = row.cells[problem.field]
                self._refuse_row(row, problem)

    def _follows_from_refused(self, problem: OvopError) -> bool:
        """Whether a row is refused only because one that it names was refused when it was read."""
        section = _NAMED_SECTION.get(problem.code)
        names = {str(value) for value in problem.params.values() if isinstance(value, str)}
        return section is not None and any((section, (name,)) in self.refused for name in names)


_TABLE_NUMBERS = {name: number for number, name in enumerate(TABLES)}
_DEPTHS = {str(kind): depth for depth, kind in enumerate(PlaceKind.values)}
_NAMED_SECTION = {
    "unknown_place": "places",
    "unknown_producer": "producers",
    "unknown_material": "materials",
    "origin_missing": "products",
}
_PARTS = {"makers": "makers", "materials": "product_materials", "contributions": "lot_contributions"}
"""The fields of a product or a lot that stand in tables of their own."""
_PREFIXES = {"names": NAME_PREFIX, "stories": STORY_PREFIX}
"""The fields that stand in one column for each language."""


class _Refused(Exception):
    """What is wrong with the rows of one thing is told already."""


@dataclass(frozen=True, slots=True)
class _Thing:
    """One place, producer, … as the files name it: the rows of it, and what is stored of each of its tables."""

    tables: Sequence[Table]
    rows: Sequence[_Staged]
    stored: dict[str, list[dict[str, str]]]

    def whole(self, is_additive: bool, is_in_shop: bool, refuse: Callable[[_Staged, OvopError], None]) -> AnyRow:
        """The row for the registry, named by the id of the staged row that describes the thing. Raises _Refused."""
        main, *part_tables = self.tables
        own = self._unique(main, refuse)
        parts = [self._parts(table, is_additive, refuse) for table in part_tables]
        head = own[0] if own else self.rows[0]
        old = self.stored[main.name][0] if self.stored[main.name] else None
        if not own and old is None and (is_in_shop or main.section == "lots"):
            refuse(head, _missing_main(main, head))
            raise _Refused
        said = own[0].cells if own else dict(zip(main.owner, head.owner, strict=True))
        cells = merged(main, said, old, is_additive=is_additive)
        if own:
            self._check_filled(main, own[0], cells, refuse)
        return _built(main.section, cells, parts, head.id)

    def _unique(self, table: Table, refuse: Callable[[_Staged, OvopError], None]) -> list[_Staged]:
        """The rows of a table, each key once; of the others it is told that they stand there twice."""
        unique: dict[tuple[str, ...], _Staged] = {}
        for row in self.rows:
            if row.sheet.table is table and unique.setdefault(key := key_of(table, row.cells), row) is not row:
                first = unique[key]
                refuse(
                    row,
                    DuplicateRow(
                        f"{'/'.join(key)} stands there twice, first in row {first.line} of {first.sheet.file}.",
                        field=table.key[-1],
                    ),
                )
                if table.is_part:
                    raise _Refused
        return list(unique.values())

    def _parts(
        self, table: Table, is_additive: bool, refuse: Callable[[_Staged, OvopError], None]
    ) -> list[dict[str, str]]:
        stored = self.stored[table.name]
        rows = self._unique(table, refuse)
        if not rows or (is_additive and stored):
            return stored
        by_key = {key_of(table, cells): cells for cells in stored}
        parts = []
        for row in rows:
            if row.cells[table.key[-1]]:
                parts.append(merged(table, row.cells, by_key.get(key_of(table, row.cells))))
                self._check_filled(table, row, parts[-1], refuse)
        return parts

    def _check_filled(
        self, table: Table, row: _Staged, cells: dict[str, str], refuse: Callable[[_Staged, OvopError], None]
    ) -> None:
        try:
            check_filled(table, cells, table.columns)
        except OvopError as problem:
            refuse(row, problem)
            raise _Refused from None


def _missing_main(main: Table, head: _Staged) -> OvopError:
    name = "/".join(head.owner)
    if main.section == "lots":
        return UnknownLot(f"There is no lot {name}, neither in the registry nor in the files.", field="lot")
    return OriginMissing(f"Neither the registry nor the files say which village {name} comes from.", field="product")


def _built(section: str, cells: dict[str, str], parts: Sequence[Iterable[dict[str, str]]], row: int) -> AnyRow:
    match section:
        case "places":
            return place_row(cells, row)
        case "producers":
            return producer_row(cells, row)
        case "memberships":
            return membership_row(cells, row)
        case "materials":
            return material_row(cells, row)
        case "products":
            return product_row(cells, parts[0], parts[1], row)
        case _:
            return lot_row(cells, parts[0], row)


def _where(problem: OvopError, head: _Staged, rows: Sequence[_Staged]) -> tuple[_Staged, str]:
    """The row of the file, and its column, that a field of a registry's row came from."""
    name = problem.field or head.sheet.table.key[-1]
    if name in _PARTS:
        table = TABLES[_PARTS[name]]
        own = [row for row in rows if row.sheet.table is table]
        named = [row for row in own if row.cells[table.key[-1]] in problem.params.values()]
        is_of_key = problem.code.startswith(("unknown", "duplicate", "wrong"))
        column = table.key[-1] if is_of_key else table.columns[-1].name
        return next(iter([*named, *own, head])), column
    if name in _PREFIXES:
        prefix = _PREFIXES[name]
        columns = [column.name for column in head.sheet.known if column.name.startswith(prefix)]
        tag = problem.params.get("tag")
        return head, f"{prefix}{tag}" if tag else next(iter(columns), name)
    return head, {"slug": "product", "code": TABLES[head.section].key[-1]}.get(name, name)
