"""One certificate's badge, and a product's: the parts of plate.py in their places, and the words."""

import datetime
from collections.abc import Sequence
from functools import lru_cache

from django.template import Context

from ovop_certification.badges.facts import PublicCertificate
from ovop_certification.badges.plate import (
    GOLD,
    GREEN,
    GREY,
    INK,
    LINE,
    QUIET,
    RIBBONS,
    Sheet,
)
from ovop_certification.badges.sizes import BadgeSize
from ovop_certification.models import MAX_STARS
from ovop_certification.rules import Status
from ovop_certification.texts import BADGE_TEXTS, PRODUCT_BADGE_TEXTS, STATUS_TEXTS
from ovop_origin.selectors import best_name
from ovop_shared.drawing.fonts import Box, check_glyphs, clean_text
from ovop_shared.drawing.paragraphs import Paragraph
from ovop_shared.page_tags import day
from ovop_shared.translations import translate

LISTED_MAX = 5
"""How many certificates a product's badge lists by name."""

_ROW_UNITS = 62
_HEAD_UNITS = 58


def certificate_badge(certificate: PublicCertificate, size: BadgeSize, language: str) -> bytes:
    """A PNG: the scheme's name, the grade, number and issuing body, and the state of the moment the facts are of.

    Text that is too long is set smaller, then number and body are left out, then the name is cut. Raises GlyphMissing.
    """
    words = {
        "scheme": best_name(certificate.scheme_names, language) or certificate.scheme,
        "number": certificate.number,
        "issuing_body": certificate.body_name,
        "state": state_text(certificate, language),
        # Where the day has no room, the state alone: what is cut off might be the very word.
        "word": translate(STATUS_TEXTS[certificate.status], language),
    }
    cleaned = _checked(words)
    return _certificate(
        certificate.status,
        certificate.stars if certificate.stars and certificate.stars <= MAX_STARS else 0,
        (cleaned["scheme"], cleaned["number"], cleaned["issuing_body"]),
        (cleaned["state"], cleaned["word"]),
        size,
    )


def product_badge(
    certificates: Sequence[PublicCertificate], size: BadgeSize, language: str, today: datetime.date
) -> bytes:
    """A PNG that lists a product's valid certificates; the others of those given are left out. Raises GlyphMissing."""
    valid = [each for each in certificates if each.is_valid]
    rows = [
        (_checked({"scheme": best_name(each.scheme_names, language) or each.scheme})["scheme"], each.stars or 0)
        for each in valid
    ]
    more = ""
    if len(rows) > LISTED_MAX:
        more = translate(PRODUCT_BADGE_TEXTS["more"], language).format(count=len(rows) - LISTED_MAX)
    head = translate(PRODUCT_BADGE_TEXTS["title" if valid else "none"], language).format(day=_day(today, language))
    return _product(clean_text(head), tuple(rows[:LISTED_MAX]), clean_text(more), size)


def state_text(certificate: PublicCertificate, language: str) -> str:
    """`Valid until 31 Dec 2027`: what the badge says of its state, also for who cannot see it."""
    status = certificate.status
    if status is Status.VALID:
        if certificate.valid_until_on is None:
            return translate(STATUS_TEXTS[status], language)
        on = certificate.valid_until_on
    else:
        on = certificate.valid_from_on if status is Status.NOT_YET_VALID else certificate.since_on
    return translate(BADGE_TEXTS[status], language).format(day=_day(on, language))


def _day(value: datetime.date, language: str) -> str:
    # A day is read as one: the line ends before it.
    return day(Context({"language": language}), value).replace(" ", "\u00a0")


def _checked(texts: dict[str, str]) -> dict[str, str]:
    cleaned = {role: clean_text(text) for role, text in texts.items()}
    for role, text in cleaned.items():
        check_glyphs(text, role)
    return cleaned


# The same words in the same state are the same picture: kept, since one badge is asked for by every page that shows it.


@lru_cache(maxsize=128)
def _certificate(
    status: Status, stars: int, words: tuple[str, str, str], states: tuple[str, str], size: BadgeSize
) -> bytes:
    sheet = Sheet(size.width, size.height)
    colour = RIBBONS[status]
    is_valid = status is Status.VALID
    sheet.card(colour, is_hatched=not is_valid)
    middle = sheet.px(sheet.height_units / 2)
    sheet.seal((sheet.px(78), middle), sheet.px(60), status)
    left, right = sheet.px(154), sheet.px(462)
    # One line, or where no words for the state are short enough for that, more.
    ribbon = sheet.ribbon([Box(left, sheet.px(top), right, sheet.px(176)) for top in (136, 116, 96)], colour, states)
    column = Box(left, sheet.px(14), right, ribbon.top - sheet.px(8))
    if stars:
        # Below the name, above the ribbon.
        height = max(sheet.px(20), 11 * sheet.fine)
        top = column.bottom - height
        sheet.stars(left, top, height, stars, GOLD if is_valid else GREY, MAX_STARS)
        column = Box(left, column.top, right, top - sheet.px(4))
    _names(sheet, column, words, is_valid=is_valid)
    return sheet.png()


def _names(sheet: Sheet, box: Box, words: tuple[str, str, str], *, is_valid: bool) -> None:
    least = sheet.least_px()
    name = Paragraph("scheme", words[0], max(sheet.px(31), least), least, is_bold=True, gap=0, is_balanced=True)
    facts = [
        Paragraph(role, text, max(sheet.px(17), least), least, gap=0.45, give=0.4)
        for role, text in (("number", words[1]), ("issuing_body", words[2]))
        if text
    ]
    inks = (INK if is_valid else QUIET, INK if is_valid else QUIET, QUIET)
    for count in range(len(facts), -1, -1):
        if sheet.write((name, *facts[:count]), box, inks) is not None:
            return


@lru_cache(maxsize=128)
def _product(head: str, rows: tuple[tuple[str, int], ...], more: str, size: BadgeSize) -> bytes:
    units = _HEAD_UNITS + _ROW_UNITS * max(1, len(rows)) + (34 if more else 10)
    if not rows:
        units = 96
    sheet = Sheet(size.width, round(units * size.width / 480))
    sheet.card(GREEN if rows else GREY, is_hatched=not rows)
    least = sheet.least_px()
    left, right = sheet.px(20), sheet.px(460)
    if not rows:
        box = Box(left, sheet.px(10), right, sheet.px(units - 10))
        sheet.write((Paragraph("title", head, sheet.px(24), least, gap=0),), box, (QUIET,), is_centred=True)
        return sheet.png()
    box = Box(left, sheet.px(12), right, sheet.px(_HEAD_UNITS - 8))
    sheet.write((Paragraph("title", head, sheet.px(20), least, gap=0),), box, (QUIET,))
    for index, (name, stars) in enumerate(rows):
        top = _HEAD_UNITS + index * _ROW_UNITS
        line = sheet.px(top)
        sheet.pen.line((left, line, right, line), fill=LINE, width=max(1, sheet.px(1.5)))
        sheet.seal((sheet.px(46), sheet.px(top + _ROW_UNITS / 2)), sheet.px(22), Status.VALID)
        star_px = max(sheet.px(18), 10 * sheet.fine)
        stars_width = round(star_px * (1.16 * (MAX_STARS - 1) + 1)) + sheet.px(10) if stars else 0
        name_box = Box(sheet.px(80), sheet.px(top + 4), right - stars_width, sheet.px(top + _ROW_UNITS - 4))
        paragraph = Paragraph("scheme", name, max(sheet.px(24), least), least, is_bold=True, gap=0, is_balanced=True)
        sheet.write((paragraph,), name_box, (INK,))
        if stars:
            at = sheet.px(top + _ROW_UNITS / 2) - star_px // 2
            sheet.stars(right - stars_width + sheet.px(10), at, star_px, stars, GOLD, MAX_STARS)
    if more:
        top = _HEAD_UNITS + len(rows) * _ROW_UNITS
        box = Box(sheet.px(80), sheet.px(top), right, sheet.px(units - 8))
        sheet.write((Paragraph("more", more, max(sheet.px(18), least), least, gap=0),), box, (QUIET,))
    return sheet.png()
