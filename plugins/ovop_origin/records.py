"""The rows of a registry document, read strictly: what is not understood is refused, never skipped.

A document is JSON: `{"version": 1, "places": […], "producers": […], "products": […]}`. The `names` of a row are
all its names, by BCP 47 tag; `row` in an error is the 1-based position in its list, which `params["section"]` names.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from ovop_origin.errors import InvalidDocument, RegistryRefused
from ovop_shared.errors import OvopError

DOCUMENT_VERSION = 1

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """`parent` is a place's code, empty for a country. `official` lists the tags of the names that are official."""

    kind: str
    code: str
    names: Mapping[str, str]
    code_scheme: str = "ovop"
    parent: str = ""
    official: tuple[str, ...] = ()
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    valid_from: datetime.date | None = None
    valid_until: datetime.date | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class ProducerRow:
    """`village` is a place's code, `language` the tag in which the producer is written to."""

    code: str
    kind: str
    village: str
    language: str
    names: Mapping[str, str]
    status: str = "active"
    saleor_user_id: str = ""
    is_name_public: bool = False
    row: int | None = None


@dataclass(frozen=True, slots=True)
class MakerRow:
    """`producer` is a code, `share` an integer part of 10,000."""

    producer: str
    share: int


@dataclass(frozen=True, slots=True)
class ProductRow:
    """`slug` is the product's slug in the shop, `village` a place's code."""

    slug: str
    village: str
    makers: tuple[MakerRow, ...] = ()
    story: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class RegistryDocument:
    places: tuple[PlaceRow, ...] = ()
    producers: tuple[ProducerRow, ...] = ()
    products: tuple[ProductRow, ...] = ()


@dataclass(slots=True)
class _Fields:
    """The fields of one JSON object, taken one by one; what is left over at the end is refused."""

    section: str
    row: int | None
    values: dict[str, Any]
    taken: set[str] = field(default_factory=set)

    def refuse(self, message: str, name: str | None) -> InvalidDocument:
        return InvalidDocument(message, field=name, row=self.row, params={"section": self.section})

    def take(self, name: str, kind: type[Row], default: Row | None = None) -> Row:
        self.taken.add(name)
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        # bool is a subclass of int, and no field here takes either
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.refuse(f"{name!r} is missing or not of the type {kind.__name__}.", name)
        return value

    def take_names(self) -> dict[str, str]:
        names = self.take("names", dict, {})
        if not all(isinstance(tag, str) and isinstance(text, str) for tag, text in names.items()):
            raise self.refuse("'names' maps language tags to texts.", "names")
        return {tag: text.strip() for tag, text in names.items()}

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
        raise self.refuse(f"{name!r} is not a number of at most six decimal digits.", name)

    def take_date(self, name: str) -> datetime.date | None:
        text = self.take(name, str, "")
        try:
            return datetime.date.fromisoformat(text) if text else None
        except ValueError:
            raise self.refuse(f"{name!r} is not a date like 2025-01-31.", name) from None

    def finish(self) -> None:
        left = sorted(set(self.values) - self.taken)
        if left:
            raise self.refuse(f"{left[0]!r} is not a field of {self.section}.", left[0])


def read_document(document: object) -> RegistryDocument:
    """The rows of a parsed JSON document. Raises RegistryRefused with one problem per row that cannot be read."""
    whole = _Fields("document", None, _object(document, "document", None))
    if whole.take("version", int) != DOCUMENT_VERSION:
        raise whole.refuse(f"'version' is not {DOCUMENT_VERSION}.", "version")
    problems: list[OvopError] = []
    rows = RegistryDocument(
        tuple(_rows(whole, "places", _place, problems)),
        tuple(_rows(whole, "producers", _producer, problems)),
        tuple(_rows(whole, "products", _product, problems)),
    )
    whole.finish()
    if problems:
        raise RegistryRefused(problems)
    return rows


def _object(value: object, section: str, row: int | None) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise InvalidDocument("A JSON object is expected here.", row=row, params={"section": section})


def _rows(whole: _Fields, section: str, read: Callable[[_Fields], Row], problems: list[OvopError]) -> Iterator[Row]:
    empty: list[object] = []
    for number, value in enumerate(whole.take(section, list, empty), start=1):
        try:
            fields = _Fields(section, number, _object(value, section, number))
            row = read(fields)
            fields.finish()
        except InvalidDocument as problem:
            problems.append(problem)
        else:
            yield row


def _place(fields: _Fields) -> PlaceRow:
    kind = fields.take("kind", str)
    scheme = {"country": "iso3166-1", "region": "iso3166-2"}.get(kind, "ovop")
    return PlaceRow(
        kind=kind,
        code=fields.take("code", str),
        names=fields.take_names(),
        code_scheme=fields.take("code_scheme", str, scheme),
        parent=fields.take("parent", str, ""),
        official=tuple(str(tag) for tag in fields.take("official", list, [])),
        latitude=fields.take_decimal("latitude"),
        longitude=fields.take_decimal("longitude"),
        valid_from=fields.take_date("valid_from"),
        valid_until=fields.take_date("valid_until"),
        row=fields.row,
    )


def _producer(fields: _Fields) -> ProducerRow:
    return ProducerRow(
        code=fields.take("code", str),
        kind=fields.take("kind", str),
        village=fields.take("village", str),
        language=fields.take("language", str),
        names=fields.take_names(),
        status=fields.take("status", str, "active"),
        saleor_user_id=fields.take("saleor_user_id", str, ""),
        is_name_public=fields.take("is_name_public", bool, False),
        row=fields.row,
    )


def _product(fields: _Fields) -> ProductRow:
    makers = []
    empty: list[object] = []
    for value in fields.take("makers", list, empty):
        maker = _Fields(fields.section, fields.row, _object(value, fields.section, fields.row))
        makers.append(MakerRow(maker.take("producer", str), maker.take("share", int)))
        maker.finish()
    return ProductRow(
        slug=fields.take("slug", str),
        village=fields.take("village", str),
        makers=tuple(makers),
        story=fields.take("story", str, "").strip(),
        row=fields.row,
    )
