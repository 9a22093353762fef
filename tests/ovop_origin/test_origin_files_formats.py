"""CSV, XLSX and ZIP files of tables, without a database: what is written is read again, what is broken is refused."""

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from ovop_origin import table_files
from ovop_origin.errors import (
    EmptyFile,
    FileTooLarge,
    FormulaInCell,
    InvalidBoolean,
    InvalidDay,
    InvalidNumber,
    NotUtf8,
    TextTooLong,
    UnreadableCell,
    UnreadableFile,
    WrongCellType,
)
from ovop_origin.table_files import TableFile, read_sheets, write_csv, write_xlsx, write_zip
from ovop_origin.tables import (
    TABLES,
    CellError,
    Column,
    Formula,
    Kind,
    RawCell,
    cell_text,
    export_columns,
    merged,
    read_header,
    value_text,
)
from ovop_shared.errors import OvopError

NASTY = st.text(
    st.one_of(
        st.sampled_from("=+-@\t\r\n'\"`,; ＝＋－＠_x0D5F\\\x01\x0b\x7f\x85\u2028\ufeff\uffff😀"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=40,
)
PRODUCTS = TABLES["products"]
WIDTH = len(PRODUCTS.header)
MOMENT = datetime.datetime.fromisoformat
"""A spreadsheet's moments have no zone."""


def product(story: str) -> tuple[str, ...]:
    """A product's row whose only story is in English."""
    return tuple({"product": "p", "village": "v", "story:en": story}.get(name, "") for name in PRODUCTS.header)


def as_file(name: str, content: bytes) -> TableFile:
    return TableFile(name, lambda: io.BytesIO(content))


def read(name: str, content: bytes) -> dict[str, list[tuple[int, list[RawCell]]]]:
    return {
        sheet.table: [(number, list(cells)) for number, cells in sheet.rows]
        for sheet in read_sheets(as_file(name, content))
    }


def written(write: Callable[..., int], *arguments: object) -> bytes:
    stream = io.BytesIO()
    write(stream, *arguments)
    return stream.getvalue()


def workbook(rows: Iterable[Sequence[object]], title: str = "places") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook_of_xml(rows: str, shared: str = "") -> bytes:
    """A workbook with one sheet `materials` of these rows, and the texts that its cells share, as Excel writes them."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    with zipfile.ZipFile(io.BytesIO(workbook([["code"]], "materials"))) as source:
        parts = {name: source.read(name).decode() for name in source.namelist()}
    parts["xl/worksheets/sheet1.xml"] = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{shared}</sst>'
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    )
    return zipped(**{name: text.encode() for name, text in parts.items()})


def workbook_with_shared_texts(texts: Sequence[str]) -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in range(1, len(texts) + 1))
    return workbook_of_xml(rows, "".join(f"<si>{text}</si>" for text in texts))


def zipped(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def texts(rows: list[tuple[int, list[RawCell]]], width: int) -> list[list[str]]:
    """The rows below the header, filled up to `width`: a reader of XLSX leaves out what is empty at the end."""
    columns = export_columns(PRODUCTS)
    return [
        [cell_text(column, cell) for column, cell in zip(columns, [*cells, *[None] * width], strict=False)]
        for _, cells in rows[1:]
    ]


@given(rows=st.lists(NASTY, min_size=1, max_size=6))
@example(rows=[" ", "\r\n", "\x85"])
def test_csv_gives_back_every_text(rows: list[str]) -> None:
    table = [product(story) for story in rows]

    content = written(write_csv, PRODUCTS, table)

    assert texts(read("products.csv", content)["products"], WIDTH) == [list(row) for row in table]


@given(rows=st.lists(NASTY, min_size=1, max_size=3))
@example(rows=[" ", "\r\n", "\x85"])
def test_xlsx_gives_back_every_text(rows: list[str]) -> None:
    table = [product(story) for story in rows]

    content = written(write_xlsx, [(PRODUCTS, table)])

    assert texts(read("registry.xlsx", content)["products"], WIDTH) == [list(row) for row in table]


@given(text=NASTY)
def test_no_text_of_an_exported_csv_starts_as_a_formula(text: str) -> None:
    content = written(write_csv, PRODUCTS, [("-p", "@v", "+7", *[text] * (WIDTH - 3))]).decode("utf-8-sig")

    cells = [cell for row in csv.reader(io.StringIO(content, newline="")) for cell in row]
    assert not [cell for cell in cells if re.match(r"[=+\-@\t\r\n＝＋－＠]", cell)]


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("https://example.com")', "+1", "-1", "@SUM(A1)", "#N/A", "2025-01-01", "007"]
)
def test_a_text_is_a_text_in_xlsx_whatever_it_looks_like(text: str) -> None:
    content = written(write_xlsx, [(PRODUCTS, [product(text)])])

    cell = load_workbook(io.BytesIO(content))["products"]["D2"]
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")


def test_texts_that_excel_has_shared_and_escaped_are_read_as_they_were() -> None:
    content = workbook_with_shared_texts(
        [
            "<t>code</t>",
            "<t>x005F_</t>",
            "<t>one_x000D_\ntwo</t>",
            "<t>_x005F_x0041_</t>",
            '<r><t>in </t></r><r><t>pieces</t></r><rPh sb="0" eb="1"><t>not this</t></rPh>',
        ]
    )

    assert read("registry.xlsx", content)["materials"][1:] == [
        (2, ["x005F_"]),
        (3, ["one\r\ntwo"]),
        (4, ["_x0041_"]),
        (5, ["in pieces"]),
    ]


def test_rows_of_xlsx_have_the_numbers_that_the_sheet_gives_them() -> None:
    cell = '<c t="inlineStr"><is><t>x</t></is></c>'
    content = workbook_of_xml(f'<row r="1">{cell}</row><row r="5"><c r="C5" t="b"><v>1</v></c></row><row>{cell}</row>')

    assert read("registry.xlsx", content)["materials"] == [(1, ["x"]), (5, [None, None, True]), (6, ["x"])]


@pytest.mark.parametrize("at", ['<row r="99999999"><c r="A99999999"', '<row r="2"><c r="ZZZ2"'])
def test_a_cell_far_away_is_refused_at_once(at: str) -> None:
    content = workbook_of_xml(f"{at}><v>1</v></c></row>")

    with pytest.raises(FileTooLarge):
        read("registry.xlsx", content)


def test_an_export_has_numbers_and_days_as_excel_knows_them() -> None:
    place = dict.fromkeys(TABLES["places"].header, "")
    place |= {"code": "a", "latitude": "-42.160001", "valid_from": "1991-08-31", "valid_until": "1899-12-31"}

    content = written(write_xlsx, [(TABLES["places"], [tuple(place.values())])])

    row = [cell.value for cell in load_workbook(io.BytesIO(content))["places"][2]]
    values = dict(zip(TABLES["places"].header, row, strict=False))
    assert values["latitude"] == -42.160001
    assert values["valid_from"] == MOMENT("1991-08-31T00:00")
    assert values["valid_until"] == "1899-12-31"  # Excel has no such day


def test_a_text_that_no_cell_of_xlsx_holds_is_refused_not_cut() -> None:
    with pytest.raises(TextTooLong) as refusal:
        written(write_xlsx, [(PRODUCTS, [product("x" * 32_768)])])

    assert (refusal.value.field, refusal.value.row) == ("story:en", 2)


def test_the_same_rows_are_the_same_zip_file() -> None:
    tables = [(PRODUCTS, [product("story")]), (TABLES["makers"], [("p", "m", "10000")])]

    content = written(write_zip, tables)

    assert content == written(write_zip, tables)
    assert {name: rows[1:] for name, rows in read("registry.zip", content).items()} == {
        "products": [(2, list(product("story")))],
        "makers": [(2, ["p", "m", "10000"])],
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_delimiters_and_the_byte_order_mark_are_recognised(delimiter: str, encoding: str) -> None:
    lines = [["code", "name:ky", "name:en"], ["KG-Y", "Ысык-Көл, облусу; a\tb", "Issyk-Kul"]]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(lines)

    rows = read("places.csv", stream.getvalue().encode(encoding))["places"]

    assert rows == [(1, lines[0]), (2, lines[1])]


def test_rows_are_numbered_by_the_line_they_start_on_and_blank_ones_skipped() -> None:
    rows = read("products.csv", b'product,story\r\n\r\na,"one\ntwo"\r\n , \r\nb,\r\n')["products"]

    assert rows == [(1, ["product", "story"]), (3, ["a", "one\ntwo"]), (6, ["b", ""])]


def test_an_apostrophe_that_guards_nothing_is_part_of_the_text() -> None:
    rows = read("t.csv", b"a\n'hello\n'=1\n''=1\n''\n'\n=1\n")["t"]

    assert [cells for _, cells in rows[1:]] == [["'hello"], ["=1"], ["'=1"], ["''"], ["'"], ["=1"]]


@pytest.mark.parametrize(
    ("content", "error", "row"),
    [
        pytest.param("code,kind\nKG,страна\n".encode("cp1251"), NotUtf8, 2, id="cp1251"),
        pytest.param("code,kind\nKG,country\n".encode("utf-16"), NotUtf8, 1, id="utf-16"),
        pytest.param("code,kind\n".encode("utf-16-le"), NotUtf8, 1, id="utf-16 without a mark"),
        pytest.param(b'code,kind\nKG,"country\n', UnreadableFile, 2, id="a quote that is not closed"),
        pytest.param(b'code,kind\nKG,"coun"try\n', UnreadableFile, 2, id="a quote inside a cell"),
        pytest.param(b"code\n" + b"x" * 200_000, UnreadableFile, 2, id="a cell beyond csv's limit"),
        pytest.param(b"code\n" + b"x" * (2**20 + 1), FileTooLarge, 2, id="a line beyond the limit"),
        pytest.param(b"," * 200, FileTooLarge, 1, id="too many columns"),
    ],
)
def test_a_broken_csv_file_is_refused_with_its_row(content: bytes, error: type[OvopError], row: int) -> None:
    with pytest.raises(error) as refusal:
        read("places.csv", content)

    assert refusal.value.row == row


@pytest.mark.parametrize("suffix", ["zip", "xlsx"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MAX_UNPACKED_BYTES", 1_000_000)
    content = zipped(**{"places.csv": b"0" * 1_000_001})
    assert len(content) < 2_000

    with pytest.raises(FileTooLarge) as refusal:
        read(f"bomb.{suffix}", content)

    assert refusal.value.code == "file_too_large"


def test_a_zip_file_that_lies_about_its_size_is_refused() -> None:
    content = bytearray(zipped(**{"places.csv": b"code\n" + b"KG\n" * 1_000}))
    directory = content.rindex(b"PK\x01\x02")
    for at in (22, directory + 24):
        content[at : at + 4] = (20).to_bytes(4, "little")

    with pytest.raises(UnreadableFile):
        read("registry.zip", bytes(content))


def test_what_excel_would_hold_in_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MAX_PART_BYTES", 10_000)
    content = workbook_with_shared_texts(["<t>code</t>", f"<t>{'x' * 10_000}</t>"])

    with pytest.raises(FileTooLarge):
        read("registry.xlsx", content)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("places.ods", b"", UnreadableFile),
        ("places.xlsx", b"code,kind\n", UnreadableFile),
        ("places.xlsx", zipped(**{"hello.txt": b"hello"}), UnreadableFile),
        ("places.zip", zipped(), EmptyFile),
        ("places.zip", zipped(**{"places.txt": b"hello"}), UnreadableFile),
        ("places.zip", zipped(**{"places.csv": b"code\n" * 100})[:-40], UnreadableFile),
    ],
)
def test_what_is_not_a_table_file_is_refused(name: str, content: bytes, error: type[OvopError]) -> None:
    with pytest.raises(error):
        read(name, content)


def test_a_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MAX_FILE_BYTES", 10)

    with pytest.raises(FileTooLarge):
        read("places.csv", b"code,kind\nKG,country\n")


def test_entities_in_an_xlsx_file_are_not_expanded() -> None:
    content = workbook([["code"], ["KG"]])
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w") as target:
        for part in source.namelist():
            xml = source.read(part)
            if part.endswith("sheet1.xml"):
                xml = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + xml
            target.writestr(part, xml)

    with pytest.raises(UnreadableFile):
        read("places.xlsx", stream.getvalue())


def test_a_formula_and_an_error_are_seen_as_such() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "places"
    sheet.append(["code", "name:en"])
    sheet.append(["=1+1", "#N/A"])
    stream = io.BytesIO()
    book.save(stream)

    assert read("a.xlsx", stream.getvalue())["places"][1] == (2, [Formula("=1+1"), CellError("#N/A")])


LATITUDE = Column("latitude", Kind.DECIMAL)
SHARE = Column("share", Kind.INTEGER)
DAY = Column("valid_from", Kind.DAY)
ANSWER = Column("is_name_public", Kind.BOOLEAN)
CODE = Column("code", length=5)


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        (LATITUDE, 42.160000000000004, "42.16"),
        (LATITUDE, 0.1 + 0.2, "0.3"),
        (LATITUDE, "42,16", "42.16"),
        (LATITUDE, " -7.100000 ", "-7.1"),
        (LATITUDE, 1e-6, "0.000001"),
        (LATITUDE, -0.0, "0"),
        (SHARE, 3333.0, "3333"),
        (SHARE, " 3333", "3333"),
        (SHARE, "-1", "-1"),
        (DAY, MOMENT("2025-01-31T00:00"), "2025-01-31"),
        (DAY, "31.01.2025", "2025-01-31"),
        (DAY, " 2025-01-31 ", "2025-01-31"),
        (DAY, " ", ""),
        (ANSWER, True, "yes"),
        (ANSWER, 0, "no"),
        (ANSWER, " TRUE ", "yes"),
        (ANSWER, "No", "no"),
        (ANSWER, "", ""),
        (CODE, 417, "417"),
        (CODE, " ab ", "ab"),
        (Column("name:en", Kind.TEXT), " ab ", " ab "),
        (Column("gtins", Kind.LIST), " 1,2;3  4 ", "1 2 3 4"),
    ],
)
def test_a_cell_has_one_spelling(column: Column, cell: RawCell, text: str) -> None:
    assert cell_text(column, cell) == text
    assert cell_text(column, text) == text


@pytest.mark.parametrize(
    ("column", "cell", "error"),
    [
        (LATITUDE, "north", InvalidNumber),
        (LATITUDE, "٤٢", InvalidNumber),
        (LATITUDE, "1e1", InvalidNumber),
        (LATITUDE, "42.1234567", InvalidNumber),
        (LATITUDE, 42.1234567, InvalidNumber),
        (LATITUDE, float("inf"), InvalidNumber),
        (LATITUDE, MOMENT("2025-01-01T00:00"), WrongCellType),
        (SHARE, 33.5, InvalidNumber),
        (SHARE, "33.0", InvalidNumber),
        (SHARE, True, WrongCellType),
        (DAY, "2025-02-30", InvalidDay),
        (DAY, "01/02/2025", InvalidDay),
        (DAY, "20250131", InvalidDay),
        (DAY, 45658, InvalidDay),
        (DAY, MOMENT("2025-01-01T12:00"), InvalidDay),
        (ANSWER, "ja", InvalidBoolean),
        (ANSWER, 2, InvalidBoolean),
        (CODE, "abcdef", TextTooLong),
        (CODE, "a\0", UnreadableCell),
        (CODE, "\ud800", UnreadableCell),
        (CODE, MOMENT("2025-01-01T00:00"), WrongCellType),
        (CODE, True, WrongCellType),
        (Column("classifier_code", length=20), 41702000000000000, InvalidNumber),
        (CODE, Formula("=1"), FormulaInCell),
        (CODE, CellError("#N/A"), UnreadableCell),
    ],
)
def test_a_cell_that_says_nothing_of_its_column_is_refused(
    column: Column, cell: RawCell, error: type[OvopError]
) -> None:
    with pytest.raises(error):
        cell_text(column, cell)


@given(number=st.decimals(min_value=-180, max_value=180, places=6))
def test_a_coordinate_survives_excel(number: Decimal) -> None:
    text = value_text(number)

    assert cell_text(LATITUDE, float(text)) == text
    assert Decimal(text) == number


def test_all_that_is_wrong_with_a_header_is_told() -> None:
    _, problems = read_header(
        TABLES["places"], ["code", "kind", "colour", "kind", "name:KY", "name:ky", "name:xx", Formula("=A1"), "names"]
    )

    assert [(problem.code, problem.field) for problem in problems] == [
        ("unknown_column", "colour"),
        ("duplicate_column", "kind"),
        ("duplicate_column", "name:ky"),
        ("unknown_language", "name:xx"),
        ("formula_in_cell", "=A1"),
        ("unknown_column", "names"),
    ]
    assert [p.code for p in read_header(TABLES["makers"], ["product", "share"])[1]] == ["missing_column"]
    assert [p.code for p in read_header(TABLES["makers"], ["product", "producer", "name:en"])[1]] == ["unknown_column"]
    assert [p.code for p in read_header(TABLES["places"], ["code", "story:en"])[1]] == ["unknown_column"]
    (problem,) = read_header(PRODUCTS, ["product", "story"])[1]
    assert (problem.code, problem.params["columns"][-1]) == ("unknown_column", "story:<tag>")


def test_missing_columns_keep_what_is_stored_and_empty_cells_clear_it() -> None:
    stored = {"code": "a", "parent": "p", "latitude": "1", "official": "ky ru", "name:ky": "К", "name:ru": "Р"}

    whole = merged(TABLES["places"], {"code": "a", "latitude": "", "name:ru": "", "name:en": "E"}, stored)

    assert whole == {
        "code": "a",
        "parent": "p",
        "latitude": "",
        "official": "ky",
        "name:ky": "К",
        "name:ru": "",
        "name:en": "E",
    }


def test_an_additive_row_fills_in_only_what_is_empty() -> None:
    stored = {"code": "a", "latitude": "1", "parent": "", "official": "", "name:ky": "К", "name:en": ""}
    cells = {"code": "a", "latitude": "2", "parent": "p", "official": "ky en", "name:ky": "Х", "name:en": "E"}

    assert merged(TABLES["places"], cells, stored, is_additive=True) == {
        "code": "a",
        "latitude": "1",
        "parent": "p",
        "official": "en",
        "name:ky": "К",
        "name:en": "E",
    }
