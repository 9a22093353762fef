"""What makes a row of the registry acceptable, apart from any database. Each rule raises the error that names it.

A check returns the row in canonical spelling: what is stored, and what a second load compares with.
"""

import datetime
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from stdnum import ean
from stdnum.exceptions import ValidationError as NotAnEan

from ovop_origin.errors import (
    ClassifierMismatch,
    CoordinatesOffMap,
    DuplicateContribution,
    DuplicateMaker,
    DuplicateMaterial,
    FlagsWithoutConsent,
    InvalidChoice,
    InvalidCode,
    InvalidContact,
    InvalidGtin,
    InvalidLotCode,
    InvalidName,
    InvalidQuantity,
    InvalidShare,
    InvalidText,
    MadeInTheFuture,
    NameMissing,
    NotInIso3166,
    PlaceIsFixed,
    SharesDoNotAddUp,
    UnknownPlace,
    ValidityReversed,
    WrongMember,
    WrongParent,
)
from ovop_origin.models import (
    CODE_PATTERN,
    LOT_CODE_PATTERN,
    SHARE_WHOLE,
    ClassifierScheme,
    PlaceKind,
    ProducerKind,
    ProducerStatus,
    ProgrammeStage,
)
from ovop_origin.records import LotRow, MakerRow, MaterialRow, MembershipRow, PlaceRow, ProducerRow, ProductRow
from ovop_origin.regions import COUNTRY_SCHEME, REGION_SCHEME, iso_country, iso_region
from ovop_shared.errors import OvopError
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
STORY_LENGTH = 30_000
"""Below the 32,767 characters that a cell of a spreadsheet holds: whatever is stored can be exported."""
USER_ID_LENGTH = 64
LARGEST_QUANTITY = 2_147_483_647

_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
_MILLIONTH = Decimal("0.000001")
_CLASSIFIER_CODE = re.compile(r"[0-9]{2,20}")
_PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]*")
_PHONE_LENGTH = 32
_PHONE_DIGITS = range(5, 16)
"""At most the 15 digits of an international number (ITU-T E.164); a local one has at least five."""
_EMAIL_LENGTH = 254


@dataclass(frozen=True, slots=True)
class PlaceSeat:
    """What a place's children and its later versions must agree with."""

    kind: str
    country_code: str


def is_code(code: str) -> bool:
    """Whether anything in the registry can have this code; what cannot is not asked for."""
    return re.fullmatch(CODE_PATTERN, code) is not None


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def check_place(row: PlaceRow) -> PlaceRow:
    """Everything about a place except where it lies (`place_seat`).

    A country or region without names gets the one ISO 3166 gives, in English.
    """
    _check_choice("kind", row.kind, PARENT_KIND, row.row)
    _check_choice("code_scheme", row.code_scheme, CODE_SCHEMES, row.row)
    _check_code(row.code, row.row)
    _check_classifier(row)
    latitude, longitude = _coordinates(row)
    _check_period(row.valid_from, row.valid_until, "valid_until", row.row)
    names = _checked_names(row.names or _iso_names(row), row.row)
    official = tuple(_name_tag(tag, "official", row.row) for tag in row.official)
    _check_choice("official", next((tag for tag in official if tag not in names), None), names, row.row)
    return replace(row, names=names, official=official, latitude=latitude, longitude=longitude)


def place_seat(row: PlaceRow, seats: Mapping[str, PlaceSeat]) -> PlaceSeat:
    """A checked place's seat in the tree; `seats` holds, by code, its parent and what is known of itself.

    Raises NotInIso3166, WrongParent, UnknownPlace, and PlaceIsFixed when it had another seat before.
    """
    seat = _seat(row, seats)
    known = seats.get(row.code)
    if known is not None and known != seat:
        raise PlaceIsFixed(
            f"{row.code} is a {known.kind} of {known.country_code}; a place's kind and country never change.",
            field="kind" if known.kind != seat.kind else "parent",
            row=row.row,
            params={"code": row.code},
        )
    return seat


def check_producer(row: ProducerRow, today: datetime.date) -> ProducerRow:
    """Everything about a producer except whether its village is there. `today` is the shop's day."""
    _check_code(row.code, row.row)
    _check_choice("kind", row.kind, ProducerKind.values, row.row)
    _check_choice("status", row.status, ProducerStatus.values, row.row)
    _check_choice("stage", row.stage or None, ProgrammeStage.values, row.row)
    language = _name_tag(row.language, "language", row.row)
    if language not in LANGUAGE_TAGS:
        raise UnknownLanguage(
            f"Nothing is written in {language}.", field="language", row=row.row, params={"tag": language}
        )
    _check_text("saleor_user_id", row.saleor_user_id, row.row, USER_ID_LENGTH)
    phone, email = row.phone.strip(), row.email.strip()
    if phone and not _is_phone(phone):
        raise InvalidContact(f"{phone!r} is no telephone number.", field="phone", row=row.row)
    if email and not _is_email(email):
        raise InvalidContact(f"{email!r} is no e-mail address.", field="email", row=row.row)
    _check_flags(row, today)
    return replace(row, names=_checked_names(row.names, row.row), language=language, phone=phone, email=email)


def check_membership(row: MembershipRow) -> MembershipRow:
    """Who is in the group for how long; whether the two are there, and not in a circle, is for the caller to see."""
    if row.group == row.member:
        raise WrongMember(
            f"{row.group} is no member of itself.", field="member", row=row.row, params={"producer": row.member}
        )
    _check_period(row.since, row.until, "until", row.row)
    return row


def check_material(row: MaterialRow) -> MaterialRow:
    """Everything about a material except whether its place is there."""
    _check_code(row.code, row.row)
    return replace(row, names=_checked_names(row.names, row.row))


def check_product(row: ProductRow) -> ProductRow:
    """Everything about a product's origin except whether what it names is there.

    A GTIN named twice counts once, a story without a text not at all.
    """
    stories = _checked_stories(row.stories, row.row)
    check_makers(row.makers, row.row)
    _check_shares("materials", ((each.material, each.share) for each in row.materials), DuplicateMaterial, row.row)
    gtins = {gtin14(text, row.row) for text in row.gtins}
    return replace(row, stories=stories, gtins=tuple(sorted(gtins)))


def check_makers(makers: Iterable[MakerRow], row: int | None = None) -> None:
    """No makers at all, or makers named once each whose shares add up to the whole."""
    _check_shares("makers", ((maker.producer, maker.share) for maker in makers), DuplicateMaker, row)


def check_lot(row: LotRow, today: datetime.date) -> LotRow:
    """Everything about a lot except whether what it names is there. `today` is the shop's day."""
    if not re.fullmatch(LOT_CODE_PATTERN, row.code):
        raise InvalidLotCode(
            f"{row.code!r} is no lot: 1 to 20 letters, digits, dots, dashes and underscores.", field="code", row=row.row
        )
    if row.made_on > today:
        raise MadeInTheFuture(f"{row.made_on} has not come; today is {today}.", field="made_on", row=row.row)
    seen = set()
    for each in row.contributions:
        if each.producer in seen:
            raise DuplicateContribution(
                f"{each.producer} is named twice.",
                field="contributions",
                row=row.row,
                params={"producer": each.producer, "value": each.producer},
            )
        if not 1 <= each.quantity <= LARGEST_QUANTITY:
            raise InvalidQuantity(
                f"A quantity is a whole number from 1 to {LARGEST_QUANTITY}.",
                field="contributions",
                row=row.row,
                params={"producer": each.producer, "value": str(each.quantity)},
            )
        seen.add(each.producer)
    return row


def is_member(
    producer: str, makers: Collection[str], day: datetime.date, groups: Mapping[str, Iterable[MembershipRow]]
) -> bool:
    """Whether a producer is one of the makers or, on that day, a member of one, directly or through other groups.

    `groups` maps members to their memberships.
    """
    reached, waiting = {producer}, [producer]
    while waiting:
        code = waiting.pop()
        if code in makers:
            return True
        above = {
            each.group
            for each in groups.get(code, ())
            if (each.since is None or each.since <= day) and (each.until is None or day <= each.until)
        }
        waiting += above - reached
        reached |= above
    return False


def gtin14(text: str, row: int | None = None) -> str:
    """A GTIN as 14 digits, filled with zeros from the left as GS1 says; spaces and dashes in it do not count.

    Raises InvalidGtin when it does not have 8, 12, 13 or 14 digits or its check digit is wrong.
    """
    try:
        digits: str = ean.validate(text)
    except NotAnEan:
        digits = ""
    if not digits.strip("0"):
        raise InvalidGtin(
            f"{text!r} is no GTIN of 8, 12, 13 or 14 digits with the right check digit.",
            field="gtins",
            row=row,
            params={"value": text},
        )
    return digits.zfill(14)


def _check_shares(field: str, parts: Iterable[tuple[str, int]], duplicate: type[OvopError], row: int | None) -> None:
    noun = field.removesuffix("s") if field == "materials" else "producer"
    shares: dict[str, int] = {}
    for code, share in parts:
        if code in shares:
            raise duplicate(f"{code} is named twice.", field=field, row=row, params={noun: code, "value": code})
        if not 1 <= share <= SHARE_WHOLE:
            raise InvalidShare(
                f"A share is a whole number from 1 to {SHARE_WHOLE}.",
                field=field,
                row=row,
                params={noun: code, "share": share, "value": str(share)},
            )
        shares[code] = share
    total = sum(shares.values())
    if shares and total != SHARE_WHOLE:
        raise SharesDoNotAddUp(
            f"The shares add up to {total}, not to {SHARE_WHOLE}.",
            field=field,
            row=row,
            params={"sum": total, "whole": SHARE_WHOLE, "value": str(total)},
        )


def _seat(row: PlaceRow, seats: Mapping[str, PlaceSeat]) -> PlaceSeat:
    parent_kind = PARENT_KIND[row.kind]
    if parent_kind is None:
        if iso_country(row.code) is None or row.code_scheme != COUNTRY_SCHEME:
            raise NotInIso3166(f"{row.code!r} is no country of ISO 3166-1.", field="code", row=row.row)
        if row.parent:
            raise WrongParent("A country lies in nothing.", field="parent", row=row.row)
        return PlaceSeat(row.kind, row.code)
    if not row.parent or row.parent == row.code:
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


def _check_classifier(row: PlaceRow) -> None:
    if not row.classifier_scheme and not row.classifier_code:
        return
    if row.classifier_scheme not in ClassifierScheme.values:
        raise ClassifierMismatch(
            f"A number of a national classifier names its scheme: {', '.join(ClassifierScheme.values)}.",
            field="classifier_scheme",
            row=row.row,
        )
    if not _CLASSIFIER_CODE.fullmatch(row.classifier_code):
        raise ClassifierMismatch(
            "A number of a national classifier has 2 to 20 digits.", field="classifier_code", row=row.row
        )


def _coordinates(row: PlaceRow) -> tuple[Decimal | None, Decimal | None]:
    """Both in millionths of a degree, which is how they are stored, or none."""
    if row.latitude is None and row.longitude is None:
        return None, None
    on_map = []
    for name, value, limit in (("latitude", row.latitude, 90), ("longitude", row.longitude, 180)):
        if value is None or not value.is_finite() or not -limit <= value <= limit:
            raise CoordinatesOffMap(
                f"{name} is a number from -{limit} to {limit}, and both coordinates are given.",
                field=name,
                row=row.row,
            )
        on_map.append(value.quantize(_MILLIONTH))
    if not any(on_map):
        raise CoordinatesOffMap(
            "0, 0 lies in the sea: leave both empty where they are not known.", field="latitude", row=row.row
        )
    return on_map[0], on_map[1]


def _check_period(since: datetime.date | None, until: datetime.date | None, field: str, row: int | None) -> None:
    if since and until and until < since:
        raise ValidityReversed(f"{field} lies before the first day.", field=field, row=row)


def _check_flags(row: ProducerRow, today: datetime.date) -> None:
    for field in ("is_women_led", "is_youth_led", "is_disability_led"):
        if getattr(row, field) is None:
            continue
        if row.flags_consented_on is None:
            raise FlagsWithoutConsent(
                f"{field} is recorded without the day of the producer's consent.", field=field, row=row.row
            )
        if row.flags_consented_on > today:
            raise FlagsWithoutConsent(
                f"The producer's consent of {row.flags_consented_on} is not given yet.",
                field="flags_consented_on",
                row=row.row,
            )


def _is_phone(phone: str) -> bool:
    digits = sum(character.isdigit() for character in phone)
    return len(phone) <= _PHONE_LENGTH and digits in _PHONE_DIGITS and _PHONE.fullmatch(phone) is not None


def _is_email(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= _EMAIL_LENGTH and is_storable(email)


def _checked_names(names: Mapping[str, str], row: int | None) -> dict[str, str]:
    checked: dict[str, str] = {}
    for given, text in names.items():
        tag = _name_tag(given, "names", row)
        if tag in checked:
            raise InvalidName(
                f"There are two names in {tag}.", field="names", row=row, params={"tag": tag, "value": text}
            )
        checked[tag] = text.strip()
    empty = next((tag for tag, text in checked.items() if not text), "")
    unseen = next((tag for tag, text in checked.items() if not any(map(_is_seen, text))), "")
    if not checked or empty or unseen:
        raise NameMissing(
            "There is no name, or an empty one.", field="names", row=row, params={"tag": empty or unseen, "value": ""}
        )
    for tag, text in checked.items():
        if len(text) > NAME_LENGTH or not is_storable(text) or any(map(_is_control, text)):
            raise InvalidName(
                f"The name in {tag} is longer than {NAME_LENGTH} characters or holds one that is no part of a name.",
                field="names",
                row=row,
                params={"tag": tag, "value": text},
            )
    return checked


def _is_control(character: str) -> bool:
    """Line breaks and the like, and what turns the direction of writing: they change the text around a name."""
    return unicodedata.category(character) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(character) in _TURNS


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS"


def _checked_stories(stories: Mapping[str, str], row: int | None) -> dict[str, str]:
    checked: dict[str, str] = {}
    for given, whole in stories.items():
        tag, text = _name_tag(given, "stories", row), whole.strip()
        if tag in checked:
            broken = f"There are two stories in {tag}."
        elif len(text) > STORY_LENGTH or not is_storable(text):
            broken = f"The story in {tag} is longer than {STORY_LENGTH} characters or cannot be stored."
        else:
            checked[tag] = text
            continue
        raise InvalidText(broken, field="stories", row=row, params={"tag": tag, "value": text})
    return {tag: text for tag, text in checked.items() if text}


def _name_tag(tag: str, field: str, row: int | None) -> str:
    try:
        return name_tag(tag)
    except UnknownLanguage as error:
        raise UnknownLanguage(error.message, field=field, row=row, params={**error.params, "value": tag}) from None


def _check_code(code: str, row: int | None) -> None:
    if not is_code(code):
        raise InvalidCode(
            f"{code!r} is no code: 1 to 64 letters, digits, dots, dashes and underscores.", field="code", row=row
        )


def _check_text(field: str, text: str, row: int | None, length: int | None = None) -> None:
    if not is_storable(text) or (length is not None and len(text) > length):
        raise InvalidText(f"{field} cannot be stored as it is, or is too long.", field=field, row=row)


def _check_choice(field: str, value: str | None, choices: Collection[str], row: int | None) -> None:
    if value is not None and value not in choices:
        raise InvalidChoice(
            f"{value!r} is none of {', '.join(choices)}.",
            field=field,
            row=row,
            params={"choices": list(choices), "value": value},
        )
