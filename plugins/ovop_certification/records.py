"""The rows of a certification registry's document (`ovop_shared.documents` says how it is read).

It is `{"version": 1, "schemes": […], "issuing_bodies": […], "markets": […], "requirements": […], "certificates": […]}`.
Products are named by slug, a lot as `<slug>/<code>`, everything else by code. What a scheme, a body or a market does not
say stays as it is stored.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from ovop_certification.models import Effect, EventKind, HolderKind, SchemeKind
from ovop_shared.documents import Document, Fields

DOCUMENT_VERSION = 1
SECTIONS = ("schemes", "issuing_bodies", "markets", "requirements", "certificates")


@dataclass(frozen=True, slots=True)
class SchemeRow:
    code: str
    kind: str
    names: Mapping[str, str]
    suspends_on_recipe_change: bool | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class IssuingBodyRow:
    code: str
    name: str
    register_url: str | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class MarketRow:
    """`channels` and `countries` are all that the market has; what is not listed is taken out."""

    code: str
    names: Mapping[str, str]
    channels: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    on_uncertified: str | None = None
    on_lapsed: str | None = None
    on_bypassed: str | None = None
    grace_days: int | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """At most one of `product_type` and `category` is filled; `grace_days` None is the market's."""

    market: str
    scheme: str
    from_on: datetime.date
    product_type: str = ""
    category: str = ""
    intended_use: str = ""
    until_on: datetime.date | None = None
    grace_days: int | None = None
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
    """`holder_ref` is a product's slug in a document and its pk as text in a service, with `/` and a code for a lot of
    it; or the code of a producer or group.
    `replaces` is the number of an older certificate of the same scheme and body; `areas` are codes of places."""

    scheme: str
    issuing_body: str
    number: str
    holder_kind: str
    holder_ref: str
    valid_from_on: datetime.date
    valid_until_on: datetime.date | None = None
    products: frozenset[str] = frozenset()
    product_types: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    markets: frozenset[str] = frozenset()
    replaces: str = ""
    register_url: str = ""
    surveillance_last_on: datetime.date | None = None
    surveillance_next_on: datetime.date | None = None
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
    whole = Document(document, DOCUMENT_VERSION)
    rows = RegistryDocument(
        whole.rows("schemes", _scheme),
        whole.rows("issuing_bodies", _issuing_body),
        whole.rows("markets", _market),
        whole.rows("requirements", _requirement),
        whole.rows("certificates", _certificate),
    )
    whole.finish()
    return rows


def _scheme(fields: Fields) -> SchemeRow:
    return SchemeRow(
        code=fields.take_code("code"),
        kind=fields.take_choice("kind", SchemeKind.values),
        names=fields.need_names(),
        suspends_on_recipe_change=fields.take_known("suspends_on_recipe_change", bool),
        row=fields.row,
    )


def _issuing_body(fields: Fields) -> IssuingBodyRow:
    return IssuingBodyRow(
        fields.take_code("code"), fields.take_code("name", 200), fields.take_known("register_url", str), fields.row
    )


def _market(fields: Fields) -> MarketRow:
    countries = fields.take_set("countries")
    if not all(len(country) == 2 and country.isascii() and country.isupper() for country in countries):
        raise fields.refusal("A country is two capital letters of ISO 3166-1.", "countries")
    return MarketRow(
        code=fields.take_code("code"),
        names=fields.need_names(),
        channels=fields.take_set("channels"),
        countries=countries,
        on_uncertified=fields.take_known("on_uncertified", str),
        on_lapsed=fields.take_known("on_lapsed", str),
        on_bypassed=fields.take_known("on_bypassed", str),
        grace_days=fields.take_known("grace_days", int),
        row=fields.row,
    )


def _requirement(fields: Fields) -> RequirementRow:
    return RequirementRow(
        market=fields.take_code("market"),
        scheme=fields.take_code("scheme"),
        from_on=fields.need_date("from_on"),
        product_type=fields.take("product_type", str, ""),
        category=fields.take("category", str, ""),
        intended_use=fields.take("intended_use", str, ""),
        until_on=fields.take_date("until_on"),
        grace_days=fields.take_known("grace_days", int),
        effect=fields.take_choice("effect", Effect.values, Effect.BLOCK),
        row=fields.row,
    )


def _certificate(fields: Fields) -> CertificateRow:
    holder = fields.within(fields.take("holder", dict))
    if len(holder.values) != 1 or not set(holder.values) <= set(HolderKind.values):
        raise fields.refusal("'holder' names one product, producer, group or lot.", "holder")
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
        product_types=fields.take_set("product_types"),
        areas=fields.take_set("areas"),
        markets=fields.take_set("markets"),
        replaces=fields.take("replaces", str, ""),
        register_url=fields.take("register_url", str, ""),
        surveillance_last_on=fields.take_date("surveillance_last_on"),
        surveillance_next_on=fields.take_date("surveillance_next_on"),
        events=tuple(_event(fields, value) for value in fields.take("events", list)),
        row=fields.row,
    )


def _event(certificate: Fields, value: object) -> EventRow:
    fields = certificate.within(value)
    event = EventRow(
        fields.take_choice("kind", EventKind.values),
        fields.need_moment("at"),
        fields.take_code("actor", 200),
        fields.take("reason", str, ""),
    )
    fields.finish()
    return event
