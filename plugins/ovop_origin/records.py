"""The rows of a registry document (`ovop_shared.documents` says how it is read).

It is `{"version": 1, "places": […], "producers": […], "memberships": […], "materials": […], "products": […],
"lots": […]}`, each section optional. The `names` of a row are all its names, by BCP 47 tag; so are the `stories` of a
product. One `story` instead of them is English.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from ovop_shared.documents import Document, Fields
from ovop_shared.languages import DEFAULT_LANGUAGE

Part = TypeVar("Part")

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
    """`slug` is the product's slug in the shop, `village` a place's code, `gtins` its GTINs as they are written.

    `stories` are what there is to tell, by BCP 47 tag; an empty one is none.
    """

    slug: str
    village: str
    makers: tuple[MakerRow, ...] = ()
    stories: Mapping[str, str] = field(default_factory=dict)
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


AnyRow = PlaceRow | ProducerRow | MembershipRow | MaterialRow | ProductRow | LotRow

SECTIONS = ("places", "producers", "memberships", "materials", "products", "lots")
"""The sections of the registry, in the order in which they name each other: none names a later one."""


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
        memberships=whole.rows("memberships", _membership),
        materials=whole.rows("materials", _material),
        products=whole.rows("products", _product),
        lots=whole.rows("lots", _lot),
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
        classifier_scheme=fields.take("classifier_scheme", str, ""),
        classifier_code=fields.take("classifier_code", str, ""),
        row=fields.row,
    )


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
        stage=fields.take("stage", str, ""),
        phone=fields.take("phone", str, ""),
        email=fields.take("email", str, ""),
        is_women_led=_flag(fields, "is_women_led"),
        is_youth_led=_flag(fields, "is_youth_led"),
        is_disability_led=_flag(fields, "is_disability_led"),
        flags_consented_on=_day(fields, "flags_consented_on"),
        row=fields.row,
    )


def _membership(fields: Fields) -> MembershipRow:
    return MembershipRow(
        group=fields.take("group", str),
        member=fields.take("member", str),
        since=_day(fields, "since"),
        until=_day(fields, "until"),
        row=fields.row,
    )


def _material(fields: Fields) -> MaterialRow:
    return MaterialRow(
        code=fields.take("code", str),
        names=fields.take_names(),
        place=fields.take("place", str, ""),
        row=fields.row,
    )


def _product(fields: Fields) -> ProductRow:
    return ProductRow(
        slug=fields.take("slug", str),
        village=fields.take("village", str),
        makers=_parts(fields, "makers", "producer", "share", MakerRow),
        stories=_stories(fields),
        materials=_parts(fields, "materials", "material", "share", ProductMaterialRow),
        gtins=_texts(fields, "gtins"),
        row=fields.row,
    )


def _lot(fields: Fields) -> LotRow:
    return LotRow(
        product=fields.take("product", str),
        code=fields.take("code", str),
        made_on=fields.need_date("made_on"),
        village=fields.take("village", str, ""),
        contributions=_parts(fields, "contributions", "producer", "quantity", ContributionRow),
        row=fields.row,
    )


def _parts(fields: Fields, name: str, code: str, number: str, kind: Callable[[str, int], Part]) -> tuple[Part, ...]:
    """The objects of a list, each a code and a whole number."""
    parts = []
    nothing: list[object] = []
    for value in fields.take(name, list, nothing):
        part = fields.within(value)
        parts.append(kind(part.take(code, str), part.take(number, int)))
        part.finish()
    return tuple(parts)


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    nothing: list[object] = []
    texts = fields.take(name, list, nothing)
    if not all(isinstance(text, str) for text in texts):
        raise fields.refusal(f"{name!r} is not a list of texts.", name)
    return tuple(texts)


def _stories(fields: Fields) -> dict[str, str]:
    """The stories by tag, as they are written. Raises InvalidDocument, also for one without a language beside them."""
    plain, stories = fields.take("story", str, ""), fields.take("stories", dict, {})
    if not all(isinstance(tag, str) and isinstance(text, str) for tag, text in stories.items()):
        raise fields.refusal("'stories' maps language tags to texts.", "stories")
    if plain and stories:
        raise fields.refusal(
            "'story' stands for the English one of 'stories': there is one of them or the other.", "story"
        )
    return {DEFAULT_LANGUAGE: plain} if plain else dict(stories)


def _flag(fields: Fields, name: str) -> bool | None:
    """A flag that is null or absent is not known."""
    if fields.values.get(name) is None:
        fields.taken.add(name)
        return None
    return fields.take(name, bool)


def _day(fields: Fields, name: str) -> datetime.date | None:
    """An empty text is no date here."""
    return fields.take_date(name) if fields.take(name, str, "") else None
