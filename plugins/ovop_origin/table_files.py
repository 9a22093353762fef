"""Tables in CSV, XLSX and ZIP files, read and written row by row. No database, and nothing kept but the current row.

CSV: UTF-8, with or without a byte order mark; comma, semicolon or tab. A spreadsheet runs a text that starts with one of
= + - @, a tab or a line break as a formula (OWASP, CSV injection), so such a text is written with an apostrophe before
it, which reading takes off again. XLSX: a text is written as a text; a formula is read as a `Formula`, never computed.
"""

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from defusedxml.ElementTree import iterparse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from ovop_origin.errors import EmptyFile, FileTooLarge, NotUtf8, TextTooLong, UnreadableFile
from ovop_origin.tables import CellError, Column, Formula, Kind, RawCell, Table, export_columns
from ovop_shared.errors import OvopError

MIB = 1024 * 1024
MAX_FILE_BYTES = 64 * MIB
MAX_UNPACKED_BYTES = 512 * MIB
"""Of all that a ZIP or XLSX file holds together."""
MAX_PART_BYTES = 64 * MIB
"""Of one part of an XLSX file that is no sheet: those are read whole, the texts that its cells share among them."""
MAX_PARTS = 1_000
MAX_LINE_BYTES = MIB
MAX_ROWS = 1_048_576
"""A sheet of Excel has no more; a CSV file may not either."""
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 32_767

CSV_SUFFIX, XLSX_SUFFIX, ZIP_SUFFIX = ".csv", ".xlsx", ".zip"

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file to read: its name, which says what it is, and how to open it. The opened stream can be sought in."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file. `rows` gives the number of each row that is not blank, from 1, with its cells.

    The rows have to be read before the next sheet is. Reading them raises the errors of `read_sheets`, with the row.
    """

    file: str
    table: str
    rows: Iterator[tuple[int, Sequence[RawCell]]]


def read_sheets(file: TableFile) -> Iterator[Sheet]:
    """The tables of a CSV file (one, named as the file), an XLSX file (its sheets) or a ZIP file of CSV files.

    Raises UnreadableFile, FileTooLarge, NotUtf8, and EmptyFile for a ZIP or XLSX file without any table.
    """
    suffix = PurePosixPath(file.name).suffix.lower()
    reader = {CSV_SUFFIX: _csv_sheets, XLSX_SUFFIX: _xlsx_sheets, ZIP_SUFFIX: _zip_sheets}.get(suffix)
    if reader is None:
        raise UnreadableFile(f"{file.name} is none of {CSV_SUFFIX}, {XLSX_SUFFIX} and {ZIP_SUFFIX}.")
    with closing(file.open()) as stream:
        size = stream.seek(0, io.SEEK_END)
        if size > MAX_FILE_BYTES:
            raise _too_large(f"{file.name} has {size // MIB} MiB", MAX_FILE_BYTES // MIB, "MiB")
        stream.seek(0)
        yield from reader(file.name, stream)


def _too_large(what: str, limit: int, unit: str, row: int | None = None) -> FileTooLarge:
    return FileTooLarge(f"{what}; at most {limit} {unit} are read.", row=row, params={"limit": limit})


def _csv_sheets(name: str, stream: BinaryIO) -> Iterator[Sheet]:
    yield Sheet(name, PurePosixPath(name).stem, _csv_rows(stream))


def _csv_rows(stream: BinaryIO) -> Iterator[tuple[int, Sequence[RawCell]]]:
    lines = _lines(stream)
    first = next(lines, None)
    if first is None:
        return
    delimiter = max(",;\t", key=first.count)
    number = 1
    reader = csv.reader(_chain(first, lines), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise _too_large(f"The row has {len(cells)} cells", MAX_COLUMNS, "cells", number)
            if any(cell.strip() for cell in cells):
                yield number, [_without_apostrophe(cell) for cell in cells]
            number = reader.line_num + 1
            if number > MAX_ROWS:
                raise _too_large("The file has more rows", MAX_ROWS, "rows", number)
    except csv.Error as error:
        raise UnreadableFile(f"This is no CSV: {error}.", row=number) from error


def _chain(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _lines(stream: BinaryIO) -> Iterator[str]:
    """The lines with their ends. Decoded one by one, so that an error names its line."""
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES), b""), start=1):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise _too_large("The line is longer", MAX_LINE_BYTES, "bytes", number)
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise NotUtf8("The text is not UTF-8. Save it as “CSV UTF-8”.", row=number) from error
        if number == 1 and "\0" in text:
            raise NotUtf8("The text is UTF-16, not UTF-8. Save it as “CSV UTF-8”.", row=number)
        yield text


def _zip_sheets(name: str, stream: BinaryIO) -> Iterator[Sheet]:
    with _archive(name, stream) as archive:
        parts = [part for part in archive.infolist() if not part.is_dir() and not part.filename.startswith("__MACOSX/")]
        if not parts:
            raise EmptyFile(f"{name} holds no file.")
        for part in parts:
            label = f"{name}/{part.filename}"
            if PurePosixPath(part.filename).suffix.lower() != CSV_SUFFIX:
                raise UnreadableFile(f"{label} is no {CSV_SUFFIX} file.")
            try:
                with archive.open(part) as unpacked:
                    table = PurePosixPath(part.filename).stem
                    yield Sheet(label, table, _whole(_csv_rows(unpacked)))  # type: ignore[arg-type]
            except (RuntimeError, NotImplementedError) as error:
                raise UnreadableFile(f"{label} cannot be unpacked: {error}.") from error


def _whole(rows: Iterator[tuple[int, Sequence[RawCell]]]) -> Iterator[tuple[int, Sequence[RawCell]]]:
    number = 0
    try:
        for number, cells in rows:
            yield number, cells
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError) as error:
        raise UnreadableFile(f"The file is damaged: {error}.", row=number + 1) from error


def _archive(name: str, stream: BinaryIO) -> zipfile.ZipFile:
    """The opened archive, once it is known what it unpacks to: `zipfile` unpacks no more of a part than it declares."""
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableFile(f"{name} is damaged, protected by a password, or not what its name says.") from error
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise _too_large(f"{name} holds {len(parts)} files", MAX_PARTS, "files")
    size = sum(part.file_size for part in parts)
    if size > MAX_UNPACKED_BYTES:
        raise _too_large(f"{name} unpacks to {size // MIB} MiB", MAX_UNPACKED_BYTES // MIB, "MiB")
    return archive


class _WorkbookReader(ExcelReader):
    """openpyxl's reader, as far as values of cells need it.

    Its own way with shared texts rewrites some of them, so that no escape can be told any more; its own read-only
    sheets are read through once only to learn their size, which is sometimes wrong.
    """

    package: Any
    archive: zipfile.ZipFile
    parser: Any
    wb: Any

    def sheets(self) -> list[tuple[str, str]]:
        """The sheets' names, and the parts of the archive that hold them."""
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        found = [(sheet.name, link.target) for sheet, link in self.parser.find_sheets() if "worksheet" in link.Type]
        return [(name, part) for name, part in found if part in self.archive.NameToInfo]

    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is None:
            return
        texts = []
        with self.archive.open(part.PartName[1:]) as source:
            for _, element in iterparse(source):
                if element.tag == _SHARED_TEXT:
                    texts.append(_plain_text(element))
                    element.clear()
        self.shared_strings = texts

    def cells(self, source: Any) -> "_SheetParser":
        book = self.wb
        return _SheetParser(
            source,
            self.shared_strings,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )


class _SheetParser(WorkSheetParser):
    """openpyxl's parser, but for texts that stand in their cells: half of the time goes into those."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        if element.get("t") != "inlineStr" or element.find(_FORMULA) is not None:
            cell: dict[str, Any] = super().parse_cell(element)
            return cell
        self.col_counter = coordinate_to_tuple(element.get("r"))[1] if element.get("r") else self.col_counter + 1
        inline = element.find(_INLINE)
        text = None if inline is None else _plain_text(inline)
        return {"column": self.col_counter, "value": text, "data_type": "s"}


_SHARED_TEXT, _FORMULA, _INLINE = (f"{{{SHEET_MAIN_NS}}}{name}" for name in ("si", "f", "is"))
_TEXT_PATHS = (f"{{{SHEET_MAIN_NS}}}t", f"{{{SHEET_MAIN_NS}}}r/{{{SHEET_MAIN_NS}}}t")
"""A text of one piece, or of several in different type; how a word is pronounced stands elsewhere."""


def _plain_text(element: Any) -> str:
    return "".join(piece.text or "" for path in _TEXT_PATHS for piece in element.findall(path))


def _xlsx_sheets(name: str, stream: BinaryIO) -> Iterator[Sheet]:
    with _archive(name, stream) as archive:
        for part in archive.infolist():
            if part.file_size > MAX_PART_BYTES and "worksheets/" not in part.filename:
                raise _too_large(f"{part.filename} in {name} is larger", MAX_PART_BYTES // MIB, "MiB")
    stream.seek(0)
    try:
        reader = _WorkbookReader(stream, read_only=True, keep_links=False)
        sheets = reader.sheets()
    except Exception as error:  # openpyxl meets a broken file with nearly any exception
        raise UnreadableFile(f"{name} is no XLSX file that can be read.") from error
    if not sheets:
        raise EmptyFile(f"{name} holds no sheet.")
    for title, part_name in sheets:
        yield Sheet(name, title, _xlsx_rows(reader, part_name))


def _xlsx_rows(reader: _WorkbookReader, part: str) -> Iterator[tuple[int, Sequence[RawCell]]]:
    number = 0
    try:
        with reader.archive.open(part) as source:
            for number, row in reader.cells(source).parse():
                if number > MAX_ROWS:
                    raise _too_large("The sheet has more rows", MAX_ROWS, "rows", number)
                found = {cell["column"] - 1: _xlsx_cell(cell) for cell in row if cell["value"] is not None}
                filled = {at: cell for at, cell in found.items() if not isinstance(cell, str) or cell.strip()}
                if not filled:
                    continue
                if max(filled) >= MAX_COLUMNS:
                    raise _too_large(f"The row has {max(filled) + 1} cells", MAX_COLUMNS, "cells", number)
                yield number, [found.get(at) for at in range(min(max(found) + 1, MAX_COLUMNS))]
    except OvopError:
        raise
    except Exception as error:  # openpyxl, as above
        raise UnreadableFile("The sheet is damaged.", row=number + 1) from error


def _xlsx_cell(cell: dict[str, Any]) -> RawCell:
    value = cell["value"]
    if cell["data_type"] == "f":
        return Formula(str(getattr(value, "text", value)))
    if cell["data_type"] == "e":
        return CellError(str(value))
    if isinstance(value, str):
        return _unescaped(value)
    known: RawCell = value
    return known


# XLSX writes characters that XML has no place for as _x000D_, and an underscore that would start such a word as
# _x005F_ (ECMA-376 part 1, 22.9.2.19, ST_Xstring).
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


# The wide forms are the same to a spreadsheet in Japanese.
_STARTS_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def _with_apostrophe(text: str) -> str:
    return f"'{text}" if _STARTS_FORMULA.match(text) else text


def _without_apostrophe(text: str) -> str:
    return text[1:] if text.startswith("'") and _STARTS_FORMULA.match(text) else text


class CsvWriter:
    """CSV with a byte order mark, by which Excel knows UTF-8. `finish` leaves the stream open."""

    def __init__(self, stream: BinaryIO, header: Row) -> None:
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow(header)

    def write(self, cells: Iterable[str], are_texts: Iterable[bool] = repeat(True)) -> None:
        """A row. Its texts are kept from being run as formulas; a number may well start with a minus."""
        self._writer.writerow(
            _with_apostrophe(cell) if is_text else cell for cell, is_text in zip(cells, are_texts, strict=False)
        )

    def finish(self) -> None:
        self._text.flush()
        self._text.detach()


def write_csv(stream: BinaryIO, table: Table, rows: Iterable[Row]) -> int:
    """The table as CSV; how many rows there were. A row holds the cells of `export_columns(table)` in their order."""
    columns = export_columns(table)
    are_texts = [column.kind in _TEXT_KINDS for column in columns]
    writer = CsvWriter(stream, [column.name for column in columns])
    count = 0
    for row in rows:
        writer.write(row, are_texts)
        count += 1
    writer.finish()
    return count


_TEXT_KINDS = (Kind.CODE, Kind.TEXT, Kind.LIST)


def write_zip(stream: BinaryIO, tables: Iterable[tuple[Table, Iterable[Row]]]) -> int:
    """A ZIP file of one CSV file per table, the same bytes for the same rows; how many rows there were."""
    count = 0
    with zipfile.ZipFile(stream, "w") as archive:
        for table, rows in tables:
            part = zipfile.ZipInfo(f"{table.name}{CSV_SUFFIX}")
            part.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(part, "w", force_zip64=True) as unpacked:
                count += write_csv(unpacked, table, rows)  # type: ignore[arg-type]
    return count


def write_xlsx(stream: BinaryIO, tables: Iterable[tuple[Table, Iterable[Row]]]) -> int:
    """An XLSX file of one sheet per table; how many rows there were.

    Raises TextTooLong for a text that a cell does not hold, FileTooLarge for a table that a sheet does not.
    """
    workbook = Workbook(write_only=True)
    count = 0
    for table, rows in tables:
        sheet = workbook.create_sheet(table.name)
        sheet.freeze_panes = "A2"
        columns = export_columns(table)
        try:
            sheet.append([column.name for column in columns])
            for number, row in enumerate(rows, start=2):
                if number > MAX_ROWS:
                    raise _too_large(f"The table {table.name} has more rows", MAX_ROWS - 1, "rows in a sheet")
                sheet.append([_cell(sheet, column, text, number) for column, text in zip(columns, row, strict=True)])
                count += 1
        finally:
            sheet.close()
    workbook.save(stream)
    return count


# Excel counts a day in February 1900 that there never was: before March its days are others than everybody else's.
_FIRST_EXCEL_DAY = datetime.date(1900, 3, 1)


def _cell(sheet: Any, column: Column, text: str, row: int) -> object:
    if not text:
        return None
    if column.kind is Kind.INTEGER:
        return int(text)
    if column.kind is Kind.DECIMAL:
        return float(text)
    if column.kind is Kind.DAY:
        day = datetime.date.fromisoformat(text)
        if day >= _FIRST_EXCEL_DAY:
            return day
    escaped = _escaped(text)
    if len(escaped) > MAX_CELL_CHARACTERS:
        raise TextTooLong(
            f"A cell of XLSX holds at most {MAX_CELL_CHARACTERS} characters; export CSV instead.",
            field=column.name,
            row=row,
            params={"limit": MAX_CELL_CHARACTERS},
        )
    cell = WriteOnlyCell(sheet, escaped)
    # Not what openpyxl takes it for: a formula after =, an error after #.
    cell.data_type = "s"
    if column.kind in _TEXT_KINDS:
        # "Text": a spreadsheet leaves it alone also when somebody edits the cell.
        cell.number_format = "@"
    return cell
