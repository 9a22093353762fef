"""The tables as which the registry is written to files: their columns, and what a cell says. No database.

A row is a mapping of column names to texts, one spelling per value (`cell_text`): what an export writes, what an import
keeps until the whole file is read, and what a missing column is filled up with from the registry. `product` is the
product's slug; a name's column is `name:` and its BCP 47 tag, a story's `story:` and its tag; `source` says where a
curated row is from and is not stored. Several tables make one thing (a product, a lot): `Table.owner` are the columns
that name it.
"""

import datetime
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum, auto
from types import MappingProxyType

from ovop_origin.errors import (
    DuplicateColumn,
    FormulaInCell,
    InvalidBoolean,
    InvalidDay,
    InvalidNumber,
    MissingColumn,
    TextTooLong,
    UnknownColumn,
    UnreadableCell,
    ValueMissing,
    WrongCellType,
)
from ovop_origin.records import (
    ContributionRow,
    LotRow,
    MakerRow,
    MaterialRow,
    MembershipRow,
    PlaceRow,
    ProducerRow,
    ProductMaterialRow,
    ProductRow,
)
from ovop_origin.regions import COUNTRY_SCHEME, REGION_SCHEME
from ovop_origin.rules import NAME_LENGTH, STORY_LENGTH
from ovop_shared.errors import OvopError
from ovop_shared.languages import NAME_TAGS, UnknownLanguage, name_tag

Cells = Mapping[str, str]
"""A row of a table: column name -> text, empty for no value."""

NAME_PREFIX = "name:"
STORY_PREFIX = "story:"

EXACT_DIGITS = 15
"""A spreadsheet's numbers are binary fractions: from the sixteenth digit on they are not what was typed."""


class Kind(Enum):
    """What the cells of a column hold. The spaces around all but a TEXT are no part of it."""

    CODE = auto()
    TEXT = auto()
    LIST = auto()
    INTEGER = auto()
    DECIMAL = auto()
    DAY = auto()
    BOOLEAN = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """`length` is in characters. A `is_required` cell has to be filled in, once the thing is stored in every row that
    has the column; `default` is what an empty cell says. A column that is not stored is read and forgotten."""

    name: str
    kind: Kind = Kind.CODE
    length: int = 64
    is_required: bool = False
    is_stored: bool = True
    default: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`key` names the columns that tell its rows apart, the first `owner_width` of them the thing in `section`.

    A row with an empty last key says that the thing has none of these. `prefix` is that of its columns by language.
    """

    name: str
    section: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    owner_width: int
    prefix: str = ""

    @property
    def owner(self) -> tuple[str, ...]:
        return self.key[: self.owner_width]

    @property
    def is_part(self) -> bool:
        """Whether its rows are parts of a thing that another table describes."""
        return self.owner_width < len(self.key)

    @property
    def header(self) -> tuple[str, ...]:
        """The columns of an export: all that are stored, and a name or a story in every language."""
        return tuple(column.name for column in export_columns(self))


def _code(name: str = "code", length: int = 64) -> Column:
    return Column(name, length=length, is_required=True)


def _day(name: str, is_required: bool = False) -> Column:
    return Column(name, Kind.DAY, is_required=is_required)


_PRODUCT = _code("product", 255)

_TABLES = (
    Table(
        "places",
        "places",
        (
            _code(),
            _code("kind", 16),
            Column("parent"),
            Column("code_scheme", length=32),
            Column("classifier_scheme", length=16),
            Column("classifier_code", length=20),
            Column("latitude", Kind.DECIMAL),
            Column("longitude", Kind.DECIMAL),
            _day("valid_from"),
            _day("valid_until"),
            Column("official", Kind.LIST, 200),
            Column("source", Kind.TEXT, 2_000, is_stored=False),
        ),
        key=("code",),
        owner_width=1,
        prefix=NAME_PREFIX,
    ),
    Table(
        "producers",
        "producers",
        (
            _code(),
            _code("kind", 16),
            _code("village"),
            _code("language", 16),
            Column("status", length=16, default="active"),
            Column("stage", length=16),
            Column("is_name_public", Kind.BOOLEAN, default="no"),
            Column("saleor_user_id"),
            Column("phone", length=32),
            Column("email", length=254),
            Column("is_women_led", Kind.BOOLEAN),
            Column("is_youth_led", Kind.BOOLEAN),
            Column("is_disability_led", Kind.BOOLEAN),
            _day("flags_consented_on"),
        ),
        key=("code",),
        owner_width=1,
        prefix=NAME_PREFIX,
    ),
    Table(
        "memberships",
        "memberships",
        (_code("group"), _code("member"), _day("since"), _day("until")),
        key=("group", "member"),
        owner_width=2,
    ),
    Table("materials", "materials", (_code(), Column("place")), key=("code",), owner_width=1, prefix=NAME_PREFIX),
    Table(
        "products",
        "products",
        (_PRODUCT, _code("village"), Column("gtins", Kind.LIST, 2_000)),
        key=("product",),
        owner_width=1,
        prefix=STORY_PREFIX,
    ),
    Table(
        "makers",
        "products",
        (_PRODUCT, _code("producer"), Column("share", Kind.INTEGER, is_required=True)),
        key=("product", "producer"),
        owner_width=1,
    ),
    Table(
        "product_materials",
        "products",
        (_PRODUCT, _code("material"), Column("share", Kind.INTEGER, is_required=True)),
        key=("product", "material"),
        owner_width=1,
    ),
    Table(
        "lots",
        "lots",
        (_PRODUCT, _code("lot", 20), _day("made_on", is_required=True), Column("village")),
        key=("product", "lot"),
        owner_width=2,
    ),
    Table(
        "lot_contributions",
        "lots",
        (_PRODUCT, _code("lot", 20), _code("producer"), Column("quantity", Kind.INTEGER, is_required=True)),
        key=("product", "lot", "producer"),
        owner_width=2,
    ),
)
TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _TABLES})
"""Section by section, in the order in which a registry is built up."""

LANGUAGE_COLUMNS: Mapping[str, Mapping[str, Column]] = MappingProxyType(
    {
        prefix: MappingProxyType({tag: Column(f"{prefix}{tag}", Kind.TEXT, length) for tag in sorted(NAME_TAGS)})
        for prefix, length in ((NAME_PREFIX, NAME_LENGTH), (STORY_PREFIX, STORY_LENGTH))
    }
)
"""Prefix -> tag -> the column of the texts in that language and script."""


def export_columns(table: Table) -> tuple[Column, ...]:
    """What an export of the table writes, in order."""
    stored = tuple(column for column in table.columns if column.is_stored)
    return (*stored, *LANGUAGE_COLUMNS[table.prefix].values()) if table.prefix else stored


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell of a spreadsheet that holds a formula."""

    text: str


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell of a spreadsheet that shows an error, such as #N/A."""

    text: str


RawCell = str | int | float | bool | datetime.date | datetime.time | datetime.timedelta | Formula | CellError | None
"""A cell as the file holds it; a CSV file holds texts only."""


def read_header(table: Table, cells: Sequence[RawCell]) -> tuple[tuple[Column | None, ...], list[OvopError]]:
    """The columns of a file from its first row, and what is wrong with them; None stands for a cell without a name."""
    columns: list[Column | None] = []
    problems: list[OvopError] = []
    known = {column.name: column for column in table.columns}
    for cell in cells:
        column = None
        text = shown_cell(cell).strip()
        try:
            if isinstance(cell, Formula):
                raise FormulaInCell("A header is a text, not a formula.", field=text)
            if text:
                column = known.get(text) or _language_column(table, text)
                if column in columns:
                    raise DuplicateColumn(f"The column {text!r} stands there twice.", field=text)
        except OvopError as problem:
            problem.params["value"] = text
            problems.append(problem)
        columns.append(column)
    for name in table.key:
        if not problems and known[name] not in columns:
            problems.append(MissingColumn(f"The table {table.name} needs the column {name!r}.", field=name))
    return tuple(columns), problems


def _language_column(table: Table, text: str) -> Column:
    if not (table.prefix and text.startswith(table.prefix)):
        names = [*(column.name for column in table.columns), *([f"{table.prefix}<tag>"] if table.prefix else [])]
        raise UnknownColumn(
            f"The table {table.name} has no column {text!r}, but {', '.join(names)}.",
            field=text,
            params={"columns": names},
        )
    try:
        return LANGUAGE_COLUMNS[table.prefix][name_tag(text.removeprefix(table.prefix))]
    except UnknownLanguage as error:
        raise UnknownLanguage(error.message, field=text, params=error.params) from None


def shown_cell(cell: RawCell) -> str:
    """A cell as a person would quote it."""
    if cell is None:
        return ""
    if isinstance(cell, Formula | CellError):
        return cell.text
    return str(cell)


def cell_text(column: Column, cell: RawCell) -> str:
    """The one spelling of what a cell says; empty for no value.

    Raises FormulaInCell, UnreadableCell, WrongCellType, TextTooLong, InvalidNumber, InvalidDay, InvalidBoolean.
    """
    if isinstance(cell, Formula):
        raise FormulaInCell("A formula stands here; paste its value instead.")
    if isinstance(cell, CellError):
        raise UnreadableCell(f"The spreadsheet shows the error {cell.text} here.")
    if cell is None or cell == "":
        return ""
    return _CELLS[column.kind](column, cell)


def _text(column: Column, cell: RawCell) -> str:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        text = _number(cell)
    elif isinstance(cell, str):
        text = cell
    else:
        raise WrongCellType("A text is expected here, not a date, a time or a truth value.")
    if column.kind is not Kind.TEXT:
        text = text.strip()
    if len(text) > column.length:
        raise TextTooLong(
            f"The text has {len(text)} characters; {column.length} fit here.", params={"limit": column.length}
        )
    if _NO_CHARACTER.search(text):
        raise UnreadableCell("The text holds a character that no text has.")
    return text


def _list(column: Column, cell: RawCell) -> str:
    return " ".join(_text(column, cell).replace(",", " ").replace(";", " ").split())


def _integer(column: Column, cell: RawCell) -> str:
    text = _numeral(cell)
    if not re.fullmatch(r"-?[0-9]{1,10}", text):
        raise InvalidNumber("A whole number of at most ten digits is expected here.")
    return str(int(text))


def _decimal(column: Column, cell: RawCell) -> str:
    # A comma is a decimal one: it is Excel's in most of the shop's languages, and thousands are never set apart.
    text = _numeral(cell).replace(",", ".")
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,20})?", text):
        raise InvalidNumber("A number such as 42.160000 is expected here.")
    plain = decimal_text(Decimal(text))
    if len(plain.partition(".")[2]) > COORDINATE_DIGITS:
        raise InvalidNumber(f"The number has more than {COORDINATE_DIGITS} digits behind its point.")
    return plain


def _numeral(cell: RawCell) -> str:
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise WrongCellType("A number is expected here, not a date, a time or a truth value.")
    return cell.strip() if isinstance(cell, str) else _number(cell)


def _number(cell: int | float) -> str:
    """What the spreadsheet shows for a number: the decimal of 15 digits nearest to its binary fraction."""
    try:
        number = Decimal(cell) if isinstance(cell, int) else Decimal(f"{cell:.{EXACT_DIGITS}g}")
    except (InvalidOperation, OverflowError):
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= 10**EXACT_DIGITS:
        raise InvalidNumber(f"A spreadsheet rounds numbers of more than {EXACT_DIGITS} digits; make the cell a text.")
    return decimal_text(number)


def _day_text(column: Column, cell: RawCell) -> str:
    if isinstance(cell, datetime.datetime):
        if cell.time() != datetime.time():
            raise InvalidDay("A day without a time is expected here.")
        return cell.date().isoformat()
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if isinstance(cell, str):
        text = cell.strip()
        if not text:
            return ""
        # What Excel makes of a day in the shop's languages when it writes CSV.
        dotted = re.fullmatch(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})", text)
        if dotted:
            text = f"{dotted[3]}-{dotted[2]}-{dotted[1]}"
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                return datetime.date.fromisoformat(text).isoformat()
        except ValueError:
            pass
    raise InvalidDay("A day such as 2025-01-31 is expected here.")


def _boolean(column: Column, cell: RawCell) -> str:
    text = str(cell).strip().lower() if isinstance(cell, str | int | float) else "a date"
    for answer, words in _BOOLEANS.items():
        if text in words:
            return answer
    raise InvalidBoolean("One of yes, no, true, false, 1 and 0 is expected here.")


COORDINATE_DIGITS = 6
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
_BOOLEANS = {"yes": ("yes", "true", "1", "1.0"), "no": ("no", "false", "0", "0.0"), "": ("",)}
_CELLS = {
    Kind.CODE: _text,
    Kind.TEXT: _text,
    Kind.LIST: _list,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.DAY: _day_text,
    Kind.BOOLEAN: _boolean,
}


def decimal_text(number: Decimal) -> str:
    """All digits, no exponent, no zeros at the end: 42.160000 -> 42.16."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def value_text(value: object) -> str:
    """A stored value as its cell; the counterpart of `cell_text`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def check_filled(table: Table, cells: Cells, columns: Iterable[Column]) -> None:
    """Raises ValueMissing for the first of these columns that must not be empty."""
    if table.is_part and not any(cells.get(column.name) for column in table.columns if column.name not in table.owner):
        columns = [column for column in columns if column.name in table.owner]
    for column in columns:
        if column.is_required and not cells.get(column.name):
            raise ValueMissing(f"{column.name!r} has to be filled in.", field=column.name)


def key_of(table: Table, cells: Cells) -> tuple[str, ...]:
    return tuple(cells.get(name, "") for name in table.key)


def merged(table: Table, cells: Cells, stored: Cells | None, *, is_additive: bool = False) -> dict[str, str]:
    """The whole row: what the file says, and in the columns it does not have what is stored.

    `is_additive` turns that around: what is stored stays, the file fills in what is empty.
    """
    old = stored or {}
    if is_additive:
        whole = {**cells, **{name: text for name, text in old.items() if text}}
        # The kind never changes: a file that has another one is wrong, and to be told so.
        if "kind" in cells:
            whole["kind"] = cells["kind"]
        if "official" in whole:
            # Official is the name that is in the file, as long as there was none to stay.
            new = [tag for tag in cells.get("official", "").split() if not old.get(f"{NAME_PREFIX}{tag}")]
            whole["official"] = " ".join([*old.get("official", "").split(), *new])
    else:
        whole = {**old, **cells}
    if "official" not in cells and "official" in whole:
        kept = [tag for tag in whole["official"].split() if whole.get(f"{NAME_PREFIX}{tag}")]
        whole["official"] = " ".join(kept)
    return whole


def place_row(cells: Cells, row: int) -> PlaceRow:
    scheme = {"country": COUNTRY_SCHEME, "region": REGION_SCHEME}.get(cells["kind"], "ovop")
    return PlaceRow(
        kind=cells["kind"],
        code=cells["code"],
        names=_texts(cells, NAME_PREFIX),
        code_scheme=cells.get("code_scheme") or scheme,
        parent=cells.get("parent", ""),
        official=tuple(cells.get("official", "").split()),
        latitude=_decimal_value(cells.get("latitude")),
        longitude=_decimal_value(cells.get("longitude")),
        valid_from=_day_value(cells.get("valid_from")),
        valid_until=_day_value(cells.get("valid_until")),
        classifier_scheme=cells.get("classifier_scheme", ""),
        classifier_code=cells.get("classifier_code", ""),
        row=row,
    )


def producer_row(cells: Cells, row: int) -> ProducerRow:
    return ProducerRow(
        code=cells["code"],
        kind=cells["kind"],
        village=cells["village"],
        language=cells["language"],
        names=_texts(cells, NAME_PREFIX),
        status=cells.get("status") or "active",
        saleor_user_id=cells.get("saleor_user_id", ""),
        is_name_public=bool(_boolean_value(cells.get("is_name_public"))),
        stage=cells.get("stage", ""),
        phone=cells.get("phone", ""),
        email=cells.get("email", ""),
        is_women_led=_boolean_value(cells.get("is_women_led")),
        is_youth_led=_boolean_value(cells.get("is_youth_led")),
        is_disability_led=_boolean_value(cells.get("is_disability_led")),
        flags_consented_on=_day_value(cells.get("flags_consented_on")),
        row=row,
    )


def membership_row(cells: Cells, row: int) -> MembershipRow:
    return MembershipRow(
        cells["group"], cells["member"], _day_value(cells.get("since")), _day_value(cells.get("until")), row
    )


def material_row(cells: Cells, row: int) -> MaterialRow:
    return MaterialRow(cells["code"], _texts(cells, NAME_PREFIX), cells.get("place", ""), row)


def product_row(cells: Cells, makers: Iterable[Cells], materials: Iterable[Cells], row: int) -> ProductRow:
    return ProductRow(
        slug=cells["product"],
        village=cells.get("village", ""),
        makers=tuple(MakerRow(each["producer"], int(each["share"])) for each in makers),
        stories=_texts(cells, STORY_PREFIX),
        materials=tuple(ProductMaterialRow(each["material"], int(each["share"])) for each in materials),
        gtins=tuple(cells.get("gtins", "").split()),
        row=row,
    )


def lot_row(cells: Cells, contributions: Iterable[Cells], row: int) -> LotRow:
    return LotRow(
        product=cells["product"],
        code=cells["lot"],
        made_on=datetime.date.fromisoformat(cells["made_on"]),
        village=cells.get("village", ""),
        contributions=tuple(ContributionRow(each["producer"], int(each["quantity"])) for each in contributions),
        row=row,
    )


def has_all_columns(table: Table, columns: Collection[Column | None]) -> bool:
    """Whether a file with these columns says everything about its rows."""
    return all(column in columns for column in export_columns(table))


def _texts(cells: Cells, prefix: str) -> dict[str, str]:
    texts = ((tag, cells.get(column.name, "")) for tag, column in LANGUAGE_COLUMNS[prefix].items())
    return {tag: text for tag, text in texts if text.strip()}


def _decimal_value(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def _day_value(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


def _boolean_value(text: str | None) -> bool | None:
    return text == "yes" if text else None
