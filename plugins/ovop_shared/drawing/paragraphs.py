"""Text in a box: wrapped at spaces, in Japanese anywhere it may be, shrunk until it fits, never beyond the box.

Pure: paragraphs and a box in, lines and their places out, all in pixels at DPI.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from ovop_shared.drawing.fonts import Box, Line, measured

# Of the size of the letters: the room above and below the baseline that a line has at least, and between two lines.
_ASCENT, _DESCENT, _LEADING = 0.74, 0.22, 0.22
_SHRINK = 0.93
_ELLIPSIS = "…"
_ONE_LINE_SCALE = 0.6
_LEAST_CUT_LINES = 3

# Japanese lines neither start with these nor end with those (JIS X 4051, the simple cases).
_NOT_FIRST = frozenset(
    "、。，．・：；？！ー―…‥）〕］｝〉》」』】〙〗〟’”»ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾ"
)
_NOT_LAST = frozenset("（〔［｛〈《「『【〘〖〝‘“«")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text of one part of a picture, set in `size_px` or, as far down as `least_px`, in what fits.

    `gap` is the room above it, as a part of its size. `role` names the part. Lines are `is_balanced` when they are to
    be about as long as each other. With a `separator` the text is wrapped there rather than elsewhere, and the
    separator left out. `give` says how readily it shrinks: with 0.5, where another is made a fourth of its size it is made half.
    """

    role: str
    text: str
    size_px: int
    least_px: int
    is_bold: bool = False
    gap: float = 0.4
    is_balanced: bool = False
    separator: str = ""
    give: float = 1.0


class Breaking(IntEnum):
    """Where a line may end: at spaces and hyphens, between Japanese characters too, or in the middle of a word."""

    WORDS = 0
    CHARACTERS = 1
    ANYWHERE = 2


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line and where its baseline starts."""

    line: Line
    x: int
    baseline: int


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A paragraph's lines in the box that they fill."""

    role: str
    text: str
    size_px: int
    box: Box
    lines: tuple[PlacedLine, ...]

    def shifted(self, x: int, y: int) -> "TextBlock":
        lines = tuple(PlacedLine(each.line, each.x + x, each.baseline + y) for each in self.lines)
        return TextBlock(self.role, self.text, self.size_px, self.box.shifted(x, y), lines)


def fit(
    paragraphs: Sequence[Paragraph], width: int, height: int, *, is_centred: bool = False
) -> tuple[TextBlock, ...] | None:
    """The paragraphs below each other in a box at 0, 0, all shrunk alike; None where the least sizes do not fit.

    Words are kept whole as long as some size lets them; a word too long for that is broken where the box ends.
    Japanese is kept in one line as long as that does not make all of it small.
    """
    if width <= 0 or height <= 0:
        return None
    for breaking in Breaking:
        scales = [
            scale
            for scale in _scales(paragraphs)
            if breaking is not Breaking.WORDS or scale >= _ONE_LINE_SCALE or not _has_wide(paragraphs)
        ]
        best = _stacked(paragraphs, scales[-1], width, breaking, is_centred=is_centred)
        if not _is_within(best, height):
            continue
        # The largest scale that fits, by halving: what fits in one size fits in the smaller ones.
        low, high = 0, len(scales) - 1
        while low < high:
            middle = (low + high) // 2
            blocks = _stacked(paragraphs, scales[middle], width, breaking, is_centred=is_centred)
            if _is_within(blocks, height):
                best, high = blocks, middle
            else:
                low = middle + 1
        return best
    return None


def _is_within(blocks: tuple[TextBlock, ...] | None, height: int) -> bool:
    return blocks is not None and (not blocks or blocks[-1].box.bottom <= height)


def fit_cut(paragraph: Paragraph, width: int, height: int, *, is_centred: bool = False) -> TextBlock | None:
    """As much of a paragraph as the box holds, with an ellipsis where it is cut; None where little of it would be left.

    It is set in its largest size: what is cut anyway is not also made small.
    """
    words = paragraph.text.split(" ")
    low, high = 0, len(words)
    best = None
    while low < high:
        count = (low + high + 1) // 2
        cut = " ".join(words[:count]).rstrip(",;:–—- ") + _ELLIPSIS if count < len(words) else paragraph.text
        whole = replace(paragraph, text=cut, least_px=paragraph.size_px, gap=0)
        blocks = fit([whole], width, height, is_centred=is_centred)
        if blocks:
            best, low = blocks[0], count
        else:
            high = count - 1
    return best if best is not None and (low == len(words) or len(best.lines) >= _LEAST_CUT_LINES) else None


def wrap(
    text: str,
    measure: Callable[[str], Line],
    width: int,
    breaking: Breaking,
    *,
    separator: str = "",
) -> list[Line] | None:
    """The text in lines no wider than `width`; None where it cannot be broken so.

    With a `separator` it is broken only there. Spaces and the separator are left out at the end of a line.
    """
    idle = f" {separator}"
    lines: list[Line] = []
    current = ""
    for unit in _units(text, breaking, separator):
        if current and line_width(measure((current + unit).rstrip(idle))) <= width:
            current += unit
            continue
        if current:
            lines.append(measure(current.rstrip(idle)))
        current = unit
        bare = unit.rstrip(idle)
        if line_width(measure(bare)) <= width:
            continue
        pieces = _broken(bare, measure, width) if breaking is Breaking.ANYWHERE else None
        if pieces is None:
            return None
        lines += [measure(piece.strip()) for piece in pieces[:-1]]
        current = pieces[-1] + unit[len(bare) :]
    if current.rstrip(idle):
        lines.append(measure(current.rstrip(idle)))
    return lines


def line_width(line: Line) -> int:
    """What the line takes, with what its first and last letters hang over."""
    return max(line.advance, line.ink.right) - min(0, line.ink.left)


def _scales(paragraphs: Sequence[Paragraph]) -> Iterator[float]:
    smallest = min(((each.least_px / each.size_px) ** (1 / each.give) for each in paragraphs), default=1.0)
    scale = 1.0
    while scale > smallest:
        yield scale
        scale *= _SHRINK
    yield smallest


def _has_wide(paragraphs: Sequence[Paragraph]) -> bool:
    return any(_is_wide(character) for paragraph in paragraphs for character in paragraph.text)


def _stacked(
    paragraphs: Sequence[Paragraph], scale: float, width: int, breaking: Breaking, *, is_centred: bool
) -> tuple[TextBlock, ...] | None:
    blocks: list[TextBlock] = []
    top = 0
    for paragraph in paragraphs:
        size = max(paragraph.least_px, round(paragraph.size_px * scale**paragraph.give))
        lines = _lines(paragraph, size, width, breaking)
        if lines is None:
            return None
        if blocks:
            top += round(size * paragraph.gap)
        block = _block(paragraph, size, lines, top, width, is_centred=is_centred)
        blocks.append(block)
        top = block.box.bottom
    return tuple(blocks)


def _lines(paragraph: Paragraph, size: int, width: int, breaking: Breaking) -> list[Line] | None:
    def measure(text: str) -> Line:
        return measured(text, size, is_bold=paragraph.is_bold)

    def wrapped(text: str, room: int) -> list[Line] | None:
        return wrap(text, measure, room, breaking)

    if paragraph.separator:
        whole = wrap(paragraph.text, measure, width, Breaking.WORDS, separator=paragraph.separator)
        if whole is not None:
            return whole
        parts = [wrapped(part, width) for part in paragraph.text.split(paragraph.separator)]
        return [line for part in parts for line in part or ()] if all(parts) else None
    lines = wrapped(paragraph.text, width)
    if lines is None or len(lines) == 1 or not paragraph.is_balanced:
        return lines
    # The narrowest room that takes no more lines, to a twentieth of the width.
    for part in range(10, 20):
        narrower = wrapped(paragraph.text, width * part // 20)
        if narrower is not None and len(narrower) == len(lines):
            return narrower
    return lines


def _block(
    paragraph: Paragraph, size: int, lines: Sequence[Line], top: int, width: int, *, is_centred: bool
) -> TextBlock:
    placed: list[PlacedLine] = []
    bottom = top
    for line in lines:
        start = bottom + (round(size * _LEADING) if placed else 0)
        # Letters with marks above or below need more than the usual room.
        baseline = start + max(round(size * _ASCENT), -line.ink.top)
        left = -min(0, line.ink.left)
        spare = width - line_width(line)
        placed.append(PlacedLine(line, left + (spare // 2 if is_centred else 0), baseline))
        bottom = baseline + max(round(size * _DESCENT), line.ink.bottom)
    return TextBlock(paragraph.role, paragraph.text, size, Box(0, top, width, bottom), tuple(placed))


def _units(text: str, breaking: Breaking, separator: str) -> Iterator[str]:
    """The text in parts that are kept together, each with the spaces behind it."""
    if separator:
        *parts, last = text.split(separator)
        yield from (part + separator for part in parts)
        yield last
        return
    unit = ""
    for index, character in enumerate(text):
        unit += character
        if index + 1 == len(text) or _is_break(text, index, breaking):
            yield unit
            unit = ""


def _is_break(text: str, index: int, breaking: Breaking) -> bool:
    before, behind = text[index], text[index + 1]
    if behind == " " or _is_mark(behind):
        return False
    if before == " ":
        return True
    if before in _NOT_LAST or behind in _NOT_FIRST:
        return False
    if before in "-‐–—/":
        # Not in 1-июн. or in a lot's code.
        return behind.isalpha() and index > 0 and text[index - 1].isalpha()
    return breaking is not Breaking.WORDS and (_is_wide(before) or _is_wide(behind))


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _broken(word: str, measure: Callable[[str], Line], width: int) -> list[str] | None:
    """A word in pieces as wide as fits, each letter with its marks; None where one letter is wider than that."""
    pieces = [""]
    for letter in _letters(word):
        if pieces[-1] and line_width(measure(pieces[-1] + letter)) > width:
            pieces.append("")
        pieces[-1] += letter
        if line_width(measure(pieces[-1])) > width:
            return None
    return pieces


def _letters(word: str) -> Iterator[str]:
    letter = ""
    for character in word:
        if letter and not _is_mark(character):
            yield letter
            letter = ""
        letter += character
    if letter:
        yield letter


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")
