"""The faces that pictures are set in, and how wide and high a line of text becomes in them.

Noto Sans, regular and bold, for Latin and Cyrillic (package pymupdf-fonts) and Noto Sans CJK JP, regular, for
Japanese (package noto-cjk-sans-jp-regular); both are under the SIL Open Font License 1.1, which allows bundling and
printing with them. Every character comes from the first face that has it, as that face's own table of characters
says; one that no face has is refused, never printed as an empty box.

Sizes and distances are pixels at DPI. Glyphs are black or white, as a thermal printer prints them. Lines are set
by FreeType alone (Pillow's basic layout): the same on every machine, with no shaping library that one of them lacks.
"""

import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.resources import files
from math import ceil
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from PIL import ImageFont

from ovop_shared.errors import GlyphMissing

DPI = 300
BILEVEL = "1"

_CJK_PACKAGE, _CJK_FILE = "noto_cjk_sans_jp_regular", "NotoSansCJKjp-Regular.otf"
# There is no bold face for Japanese: its strokes are thickened, where they are large enough to stay apart.
_STROKED_FROM_PX = 28
_SPACES = re.compile(r"[ \t\n\v\f\r\x85\u2028\u2029\u3000]+")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; `right` and `bottom` lie outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def union(self, other: "Box") -> "Box":
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def shifted(self, x: int, y: int) -> "Box":
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a line in one face, starting `x` pixels behind the line's start."""

    text: str
    face: "Face"
    size_px: int
    stroke_px: int
    x: int

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        """The face in that size, opened when it is used: a line that is kept does not keep it open."""
        return _font(self.face, self.size_px)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in its faces. `ink` is what it blackens, from the start of its baseline."""

    runs: tuple[Run, ...]
    advance: int
    ink: Box


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A font file: its bytes or its path, and the characters it has. There is one of each, compared by identity."""

    source: bytes | Path
    characters: frozenset[int]


def points(size: float) -> int:
    """Typographic points as pixels."""
    return round(size * DPI / 72)


def millimetres(size: float) -> int:
    return round(size * DPI / 25.4)


def clean_text(text: str) -> str:
    """The text as it is set: composed letters, single spaces, without marks that are never seen (zero width, …)."""
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(character for character in composed if unicodedata.category(character) != "Cf")
    # Not str.split(): a no-break space holds together what belongs together.
    return " ".join(part for part in _SPACES.split(seen) if part)


def check_glyphs(text: str, field: str) -> None:
    """Raises GlyphMissing for the first character that no face has; `field` is the text's part of the picture."""
    for character in text:
        if face_of(character, is_bold=False) is None:
            name = unicodedata.name(character, "without a name")
            raise GlyphMissing(
                f"No font has U+{ord(character):04X} ({name}).",
                field=field,
                params={"character": character, "codepoint": f"U+{ord(character):04X}", "text": text},
            )


def face_of(character: str, *, is_bold: bool) -> Face | None:
    """The first face that has the character."""
    return next((face for face in _chain(is_bold) if ord(character) in face.characters), None)


@lru_cache(maxsize=8_192)
def measured(text: str, size_px: int, *, is_bold: bool) -> Line:
    """The text as one line, from the left; characters that no face has are an error of the caller."""
    runs: list[Run] = []
    x = 0
    ink: Box | None = None
    for stretch, face in _stretches(text, is_bold=is_bold):
        is_stroked = is_bold and face is _japanese() and size_px >= _STROKED_FROM_PX
        stroke = max(1, round(size_px / 48)) if is_stroked else 0
        runs.append(Run(stretch, face, size_px, stroke, x))
        for character in stretch:
            advance, box = _letter(face, size_px, stroke, character)
            drawn = box.shifted(x, 0)
            ink = drawn if ink is None else ink.union(drawn)
            x += advance
    return Line(tuple(runs), x, ink or Box(0, 0, 0, 0))


@lru_cache(maxsize=16_384)
def _letter(face: Face, size_px: int, stroke_px: int, character: str) -> tuple[int, Box]:
    """How far a letter leads and what it blackens. In the basic layout, and without a table of kerning pairs, which
    these faces do not have, a line is as long as its letters: they are measured once, not each line anew."""
    font = _font(face, size_px)
    left, top, right, bottom = font.getbbox(character, mode=BILEVEL, anchor="ls", stroke_width=stroke_px)
    return ceil(font.getlength(character, mode=BILEVEL)), Box(int(left), int(top), ceil(right), ceil(bottom))


def _stretches(text: str, *, is_bold: bool) -> Iterator[tuple[str, Face]]:
    stretch, current = "", None
    for character in text:
        face = face_of(character, is_bold=is_bold)
        if face is None:
            raise ValueError(f"no face has {character!r}")
        if face is not current and current is not None:
            yield stretch, current
            stretch = ""
        stretch, current = stretch + character, face
    if current is not None:
        yield stretch, current


def _chain(is_bold: bool) -> tuple[Face, ...]:
    return (_latin("notosbo" if is_bold else "notos"), _japanese())


@cache
def _latin(name: str) -> Face:
    # By name: the package has no types. It keeps its fonts as bytes.
    package: Any = import_module("pymupdf_fonts")
    return _face(bytes(package.myfont(name)))


@cache
def _japanese() -> Face:
    return _face(Path(str(files(_CJK_PACKAGE) / _CJK_FILE)))


def _face(source: bytes | Path) -> Face:
    with TTFont(io.BytesIO(source) if isinstance(source, bytes) else source, lazy=True) as font:
        return Face(source, frozenset(font.getBestCmap()))


def _font(face: Face, size_px: int) -> ImageFont.FreeTypeFont:
    return _japanese_font(size_px) if face is _japanese() else _latin_font(face, size_px)


@lru_cache(maxsize=64)
def _latin_font(face: Face, size_px: int) -> ImageFont.FreeTypeFont:
    return _opened(face, size_px)


# Each size of the Japanese face takes 5 MB, and a millisecond to be opened anew.
@lru_cache(maxsize=4)
def _japanese_font(size_px: int) -> ImageFont.FreeTypeFont:
    return _opened(_japanese(), size_px)


def _opened(face: Face, size_px: int) -> ImageFont.FreeTypeFont:
    file = io.BytesIO(face.source) if isinstance(face.source, bytes) else str(face.source)
    return ImageFont.truetype(file, size_px, layout_engine=ImageFont.Layout.BASIC)
