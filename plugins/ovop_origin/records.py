"""The rows of a registry document (`ovop_shared.documents` says how it is read).

It is `{"version": 1, "places": […], "producers": […], "memberships": […], "materials": […], "products": […],
"lots": […]}`, each section optional. The `names` of a row are all its names, by BCP 47 tag.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ovop_shared.documents import Document, Fields

DOCUMENT_VERSION = 1


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
    classifier_scheme: str = ""
    classifier_code: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class ProducerRow:
    """`village` is a place's code, `language` the tag in which the producer is written to.

    The flags say who leads the producer, None for not known; they need the day of its consent.
    """

    code: str
    kind: str
    village: str
    language: str
    names: Mapping[str, str]
    status: str = "active"
    saleor_user_id: str = ""
    is_name_public: bool = False
    stage: str = ""
    phone: str = ""
    email: str = ""
    is_women_led: bool | None = None
    is_youth_led: bool | None = None
    is_disability_led: bool | None = None
    flags_consented_on: datetime.date | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """`group` and `member` are producers' codes; `since` and `until` the first and the last day, either may be open."""

    group: str
    member: str
    since: datetime.date | None = None
    until: datetime.date | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class MaterialRow:
    """`place` is the code of the place, of any kind, that the material comes from; empty when that is not known."""

    code: str
    names: Mapping[str, str]
    place: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class MakerRow:
    """`producer` is a code, `share` an integer part of 10,000."""

    producer: str
    share: int


@dataclass(frozen=True, slots=True)
class ProductMaterialRow:
    """`material` is a code, `share` an integer part of 10,000."""

    material: str
    share: int


@dataclass(frozen=True, slots=True)
class ProductRow:
    """`slug` is the product's slug in the shop, `village` a place's code, `gtins` its GTINs as they are written."""

    slug: str
    village: str
    makers: tuple[MakerRow, ...] = ()
    story: str = ""
    materials: tuple[ProductMaterialRow, ...] = ()
    gtins: tuple[str, ...] = ()
    row: int | None = None


@dataclass(frozen=True, slots=True)
class ContributionRow:
    """`producer` is a code, `quantity` the units accepted from it."""

    producer: str
    quantity: int


@dataclass(frozen=True, slots=True)
class LotRow:
    """`product` is the product's slug, `code` the lot's, `village` where it was made: the product's when empty."""

    product: str
    code: str
    made_on: datetime.date
    village: str = ""
    contributions: tuple[ContributionRow, ...] = ()
    row: int | None = None


@dataclass(frozen=True, slots=True)
class RegistryDocument:
    places: tuple[PlaceRow, ...] = ()
    producers: tuple[ProducerRow, ...] = ()
    memberships: tuple[MembershipRow, ...] = ()
    materials: tuple[MaterialRow, ...] = ()
    products: tuple[ProductRow, ...] = ()
    lots: tuple[LotRow, ...] = ()


def read_document(document: object) -> RegistryDocument:
    """The rows of a parsed JSON document. Raises RegistryRefused with one problem per row that cannot be read."""
    whole = Document(document, DOCUMENT_VERSION)
    rows = RegistryDocument(
        places=whole.rows("places", _place),
        producers=whole.rows("producers", _producer),
        products=whole.rows("products", _product),
    )
    whole.finish()
    return rows


def _place(fields: Fields) -> PlaceRow:
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
        valid_from=_day(fields, "valid_from"),
        valid_until=_day(fields, "valid_until"),
        row=fields.row,
    )


def _day(fields: Fields, name: str) -> datetime.date | None:
    """An empty text is no date here."""
    return fields.take_date(name) if fields.take(name, str, "") else None


def _producer(fields: Fields) -> ProducerRow:
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


def _product(fields: Fields) -> ProductRow:
    makers = []
    empty: list[object] = []
    for value in fields.take("makers", list, empty):
        maker = fields.within(value)
        makers.append(MakerRow(maker.take("producer", str), maker.take("share", int)))
        maker.finish()
    return ProductRow(
        slug=fields.take("slug", str),
        village=fields.take("village", str),
        makers=tuple(makers),
        story=fields.take("story", str, "").strip(),
        row=fields.row,
    )
