"""What makes a row of the registry acceptable, apart from any database. Each rule raises the error that names it."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from ovop_origin.errors import (
    CoordinatesOffMap,
    DuplicateMaker,
    InvalidChoice,
    InvalidCode,
    InvalidName,
    InvalidShare,
    NameMissing,
    NotInIso3166,
    PlaceIsFixed,
    SharesDoNotAddUp,
    UnknownPlace,
    ValidityReversed,
    WrongParent,
)
from ovop_origin.models import CODE_PATTERN, SHARE_WHOLE, PlaceKind, ProducerKind, ProducerStatus
from ovop_origin.records import MakerRow, PlaceRow, ProducerRow
from ovop_origin.regions import COUNTRY_SCHEME, REGION_SCHEME, iso_country, iso_region
from ovop_shared.languages import LANGUAGE_TAGS, UnknownLanguage, name_tag

PARENT_KIND: Mapping[str, str | None] = {
    PlaceKind.COUNTRY.value: None,
    PlaceKind.REGION.value: PlaceKind.COUNTRY.value,
    PlaceKind.DISTRICT.value: PlaceKind.REGION.value,
    PlaceKind.VILLAGE.value: PlaceKind.DISTRICT.value,
}
"""The one kind of place that each kind lies in, from the top down; so no place can lie in itself."""

CODE_SCHEMES = (COUNTRY_SCHEME, REGION_SCHEME, "soate", "soato", "kato", "ovop")
"""ISO 3166, the national classifiers of Kyrgyzstan, Uzbekistan and Kazakhstan, and our own readable codes."""

NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class PlaceSeat:
    """What a place's children and its later versions must agree with."""

    kind: str
    country_code: str


def check_place(row: PlaceRow, seats: Mapping[str, PlaceSeat]) -> tuple[PlaceRow, PlaceSeat]:
    """The row with canonical names, and its seat in the tree; `seats` holds the places known so far, by code.

    A country or region without names gets the one ISO 3166 gives, in English. Raises the error of the broken rule.
    """
    _check_choice("kind", row.kind, PARENT_KIND, row.row)
    _check_choice("code_scheme", row.code_scheme, CODE_SCHEMES, row.row)
    _check_code(row.code, row.row)
    seat = _seat(row, seats)
    known = seats.get(row.code)
    if known is not None and known != seat:
        raise PlaceIsFixed(
            f"{row.code} is a {known.kind} of {known.country_code}; a place's kind and country never change.",
            field="kind" if known.kind != seat.kind else "parent",
            row=row.row,
            params={"code": row.code},
        )
    _check_coordinates(row)
    if row.valid_from and row.valid_until and row.valid_until < row.valid_from:
        raise ValidityReversed("valid_until lies before valid_from.", field="valid_until", row=row.row)
    names = _checked_names(row.names or _iso_names(row), row.row)
    official = tuple(_name_tag(tag, "official", row.row) for tag in row.official)
    _check_choice("official", next((tag for tag in official if tag not in names), None), names, row.row)
    return replace(row, names=names, official=official), seat


def check_producer(row: ProducerRow) -> ProducerRow:
    """The row with canonical names; whether its village exists is for the caller to see."""
    _check_code(row.code, row.row)
    _check_choice("kind", row.kind, ProducerKind.values, row.row)
    _check_choice("status", row.status, ProducerStatus.values, row.row)
    language = _name_tag(row.language, "language", row.row)
    if language not in LANGUAGE_TAGS:
        raise UnknownLanguage(
            f"Nothing is written in {language}.", field="language", row=row.row, params={"tag": language}
        )
    return replace(row, names=_checked_names(row.names, row.row), language=language)


def check_makers(makers: Iterable[MakerRow], row: int | None = None) -> None:
    """No makers at all, or makers named once each whose shares add up to the whole."""
    shares: dict[str, int] = {}
    for maker in makers:
        if maker.producer in shares:
            raise DuplicateMaker(
                f"{maker.producer} is named twice.", field="makers", row=row, params={"producer": maker.producer}
            )
        if not 1 <= maker.share <= SHARE_WHOLE:
            raise InvalidShare(
                f"A share is a whole number from 1 to {SHARE_WHOLE}.",
                field="makers",
                row=row,
                params={"producer": maker.producer, "share": maker.share},
            )
        shares[maker.producer] = maker.share
    if shares and sum(shares.values()) != SHARE_WHOLE:
        raise SharesDoNotAddUp(
            f"The shares add up to {sum(shares.values())}, not to {SHARE_WHOLE}.",
            field="makers",
            row=row,
            params={"sum": sum(shares.values()), "whole": SHARE_WHOLE},
        )


def _seat(row: PlaceRow, seats: Mapping[str, PlaceSeat]) -> PlaceSeat:
    parent_kind = PARENT_KIND[row.kind]
    if parent_kind is None:
        if iso_country(row.code) is None or row.code_scheme != COUNTRY_SCHEME:
            raise NotInIso3166(f"{row.code!r} is no country of ISO 3166-1.", field="code", row=row.row)
        if row.parent:
            raise WrongParent("A country lies in nothing.", field="parent", row=row.row)
        return PlaceSeat(row.kind, row.code)
    if not row.parent:
        raise WrongParent(f"A {row.kind} lies in a {parent_kind}.", field="parent", row=row.row)
    parent = seats.get(row.parent)
    if parent is None:
        raise UnknownPlace(
            f"There is no place {row.parent!r}.", field="parent", row=row.row, params={"code": row.parent}
        )
    if parent.kind != parent_kind:
        raise WrongParent(
            f"A {row.kind} lies in a {parent_kind}; {row.parent} is a {parent.kind}.", field="parent", row=row.row
        )
    if row.kind == PlaceKind.REGION:
        region = iso_region(row.code)
        if region is None or region.country_code != parent.country_code or row.code_scheme != REGION_SCHEME:
            raise NotInIso3166(
                f"{row.code!r} is no region of {parent.country_code} in ISO 3166-2.", field="code", row=row.row
            )
    elif row.code_scheme in (COUNTRY_SCHEME, REGION_SCHEME):
        raise NotInIso3166("ISO 3166 has no codes below the region.", field="code_scheme", row=row.row)
    return PlaceSeat(row.kind, parent.country_code)


def _iso_names(row: PlaceRow) -> dict[str, str]:
    found = iso_country(row.code) if row.kind == PlaceKind.COUNTRY else iso_region(row.code)
    return {"en": found.name} if found else {}


def _check_coordinates(row: PlaceRow) -> None:
    if row.latitude is None and row.longitude is None:
        return
    for name, value, limit in (("latitude", row.latitude, 90), ("longitude", row.longitude, 180)):
        if value is None or not Decimal(-limit) <= value <= Decimal(limit):
            raise CoordinatesOffMap(
                f"{name} is a number from -{limit} to {limit}, and both coordinates are given.",
                field=name,
                row=row.row,
            )


def _checked_names(names: Mapping[str, str], row: int | None) -> dict[str, str]:
    checked = {_name_tag(tag, "names", row): text.strip() for tag, text in names.items()}
    if not checked or not all(checked.values()):
        raise NameMissing("There is no name, or an empty one.", field="names", row=row)
    for tag, text in checked.items():
        if len(text) > NAME_LENGTH:
            raise InvalidName(
                f"The name in {tag} is longer than {NAME_LENGTH} characters.",
                field="names",
                row=row,
                params={"tag": tag},
            )
    return checked


def _name_tag(tag: str, field: str, row: int | None) -> str:
    try:
        return name_tag(tag)
    except UnknownLanguage as error:
        raise UnknownLanguage(error.message, field=field, row=row, params=error.params) from None


def _check_code(code: str, row: int | None) -> None:
    if not re.fullmatch(CODE_PATTERN, code):
        raise InvalidCode(
            f"{code!r} is no code: 1 to 64 letters, digits, dots, dashes and underscores.", field="code", row=row
        )


def _check_choice(field: str, value: str | None, choices: Collection[str], row: int | None) -> None:
    if value is not None and value not in choices:
        raise InvalidChoice(
            f"{value!r} is none of {', '.join(choices)}.", field=field, row=row, params={"choices": list(choices)}
        )
