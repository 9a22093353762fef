"""The rows of a certification registry, read strictly from JSON: what is not understood is refused, never skipped.

A document is `{"version": 1, "schemes": […], "issuing_bodies": […], "markets": […], "requirements": […],
"certificates": […]}`; every list may be absent. `row` in an error is the 1-based position in its list, which
`params["section"]` names. Products are named by slug, everything else by code.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ovop_certification.errors import InvalidDocument, RegistryRefused
from ovop_certification.models import Effect, EventKind, HolderKind, SchemeKind
from ovop_shared.errors import OvopError

DOCUMENT_VERSION = 1
SECTIONS = ("schemes", "issuing_bodies", "markets", "requirements", "certificates")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class SchemeRow:
    code: str
    kind: str
    names: Mapping[str, str]
    row: int | None = None


@dataclass(frozen=True, slots=True)
class IssuingBodyRow:
    code: str
    name: str
    row: int | None = None


@dataclass(frozen=True, slots=True)
class MarketRow:
    """`channels` and `countries` are all that the market has; what is not listed is taken out."""

    code: str
    names: Mapping[str, str]
    channels: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    row: int | None = None


@dataclass(frozen=True, slots=True)
class RequirementRow:
    market: str
    scheme: str
    from_on: datetime.date
    product_type: str = ""
    category: str = ""
    until_on: datetime.date | None = None
    grace_days: int = 0
    effect: str = Effect.BLOCK
    row: int | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    kind: str
    at: datetime.datetime
    actor: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """`holder_ref` is a product's slug in a document and its pk as text in a service; or a producer's code.
    `replaces` is the number of an older certificate of the same scheme and body."""

    scheme: str
    issuing_body: str
    number: str
    holder_kind: str
    holder_ref: str
    valid_from_on: datetime.date
    valid_until_on: datetime.date | None = None
    products: frozenset[str] = frozenset()
    markets: frozenset[str] = frozenset()
    replaces: str = ""
    events: tuple[EventRow, ...] = ()
    row: int | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.scheme, self.issuing_body, self.number)


@dataclass(frozen=True, slots=True)
class RegistryDocument:
    schemes: tuple[SchemeRow, ...] = ()
    issuing_bodies: tuple[IssuingBodyRow, ...] = ()
    markets: tuple[MarketRow, ...] = ()
    requirements: tuple[RequirementRow, ...] = ()
    certificates: tuple[CertificateRow, ...] = ()


def read_document(document: object) -> RegistryDocument:
    """The rows of a parsed JSON document. Raises RegistryRefused with one problem per row that cannot be read."""
    whole = _Fields("document", None, _object(document, "document", None))
    problems: list[OvopError] = []
    if whole.take("version", int) != DOCUMENT_VERSION:
        raise whole.refusal(f"'version' is not {DOCUMENT_VERSION}.", "version")
    rows = RegistryDocument(
        tuple(_rows(whole, "schemes", _scheme, problems)),
        tuple(_rows(whole, "issuing_bodies", _issuing_body, problems)),
        tuple(_rows(whole, "markets", _market, problems)),
        tuple(_rows(whole, "requirements", _requirement, problems)),
        tuple(_rows(whole, "certificates", _certificate, problems)),
    )
    whole.finish()
    if problems:
        raise RegistryRefused(problems)
    return rows


@dataclass(slots=True)
class _Fields:
    """The fields of one JSON object, taken one by one; what is left over at the end is refused."""

    section: str
    row: int | None
    values: dict[str, Any]
    taken: set[str] = field(default_factory=set)

    def refusal(self, message: str, name: str | None) -> InvalidDocument:
        return InvalidDocument(message, field=name, row=self.row, params={"section": self.section})

    def take(self, name: str, kind: type[Value], default: Value | None = None) -> Value:
        self.taken.add(name)
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        # bool is a subclass of int, and no field here takes one
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.refusal(f"{name!r} is missing or not of the type {kind.__name__}.", name)
        return value

    def take_code(self, name: str, length: int = 64) -> str:
        code = self.take(name, str).strip()
        if not code or len(code) > length:
            raise self.refusal(f"{name!r} is empty or longer than {length} characters.", name)
        return code

    def take_choice(self, name: str, choices: list[str], default: str | None = None) -> str:
        value = self.take(name, str, default)
        if value not in choices:
            raise self.refusal(f"{name!r} is not one of {', '.join(choices)}.", name)
        return value

    def take_names(self) -> dict[str, str]:
        names = self.take("names", dict)
        if not names or not all(isinstance(tag, str) and isinstance(text, str) for tag, text in names.items()):
            raise self.refusal("'names' maps at least one language tag to a text.", "names")
        return {tag: text.strip() for tag, text in names.items()}

    def take_set(self, name: str) -> frozenset[str]:
        values = self.take(name, list, [])
        if not all(isinstance(value, str) and value for value in values):
            raise self.refusal(f"{name!r} is not a list of texts.", name)
        return frozenset(values)

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


def _object(value: object, section: str, row: int | None) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise InvalidDocument("A JSON object is expected here.", row=row, params={"section": section})


def _rows(whole: _Fields, section: str, read: Callable[[_Fields], Value], problems: list[OvopError]) -> Iterator[Value]:
    for number, value in enumerate(whole.take(section, list, []), start=1):
        try:
            fields = _Fields(section, number, _object(value, section, number))
            row = read(fields)
            fields.finish()
        except InvalidDocument as problem:
            problems.append(problem)
        else:
            yield row


def _scheme(fields: _Fields) -> SchemeRow:
    return SchemeRow(
        fields.take_code("code"), fields.take_choice("kind", SchemeKind.values), fields.take_names(), fields.row
    )


def _issuing_body(fields: _Fields) -> IssuingBodyRow:
    return IssuingBodyRow(fields.take_code("code"), fields.take_code("name", 200), fields.row)


def _market(fields: _Fields) -> MarketRow:
    countries = fields.take_set("countries")
    if not all(len(country) == 2 and country.isascii() and country.isupper() for country in countries):
        raise fields.refusal("A country is two capital letters of ISO 3166-1.", "countries")
    return MarketRow(fields.take_code("code"), fields.take_names(), fields.take_set("channels"), countries, fields.row)


def _requirement(fields: _Fields) -> RequirementRow:
    return RequirementRow(
        market=fields.take_code("market"),
        scheme=fields.take_code("scheme"),
        from_on=fields.need_date("from_on"),
        product_type=fields.take("product_type", str, ""),
        category=fields.take("category", str, ""),
        until_on=fields.take_date("until_on"),
        grace_days=fields.take("grace_days", int, 0),
        effect=fields.take_choice("effect", Effect.values, Effect.BLOCK),
        row=fields.row,
    )


def _certificate(fields: _Fields) -> CertificateRow:
    holder = _Fields(fields.section, fields.row, _object(fields.take("holder", dict), fields.section, fields.row))
    if len(holder.values) != 1 or not set(holder.values) <= set(HolderKind.values):
        raise fields.refusal("'holder' names one product or one producer.", "holder")
    kind = next(iter(holder.values))
    return CertificateRow(
        scheme=fields.take_code("scheme"),
        issuing_body=fields.take_code("issuing_body"),
        number=fields.take_code("number", 120),
        holder_kind=kind,
        holder_ref=holder.take_code(kind, 120),
        valid_from_on=fields.need_date("valid_from_on"),
        valid_until_on=fields.take_date("valid_until_on"),
        products=fields.take_set("products"),
        markets=fields.take_set("markets"),
        replaces=fields.take("replaces", str, ""),
        events=tuple(_event(fields, value) for value in fields.take("events", list)),
        row=fields.row,
    )


def _event(certificate: _Fields, value: object) -> EventRow:
    fields = _Fields(certificate.section, certificate.row, _object(value, certificate.section, certificate.row))
    event = EventRow(
        fields.take_choice("kind", EventKind.values),
        fields.need_moment("at"),
        fields.take_code("actor", 200),
        fields.take("reason", str, ""),
    )
    fields.finish()
    return event
