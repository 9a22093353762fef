"""The parts of badges, drawn on a sheet that is larger than the picture and made small at the end.

A sheet's unit is one pixel of the middle size. Text is set black or white on the large sheet, by the faces and boxes
that labels use, and grows its greys when the sheet is made small: what fits is measured as it is drawn.
"""

import io
from collections.abc import Sequence
from dataclasses import replace
from math import cos, pi, sin

from PIL import Image, ImageDraw

from ovop_certification.rules import Status
from ovop_shared.drawing.fonts import BILEVEL, Box
from ovop_shared.drawing.ink import Ink, draw_text
from ovop_shared.drawing.paragraphs import Paragraph, TextBlock, fit

Colour = tuple[int, int, int]
Point = tuple[float, float]

MIDDLE_WIDTH = 480
LEAST_TEXT_PX = 9
"""Of the finished picture: smaller letters cannot be read."""

_FINE = 4
_FINE_LARGE = 3

INK: Colour = (29, 36, 32)
QUIET: Colour = (90, 101, 94)
WHITE: Colour = (255, 255, 255)
PAPER: Colour = (244, 242, 236)
HATCH: Colour = (226, 222, 212)
GOLD: Colour = (214, 152, 12)
LINE: Colour = (200, 196, 184)
GREEN: Colour = (30, 107, 58)
GREY: Colour = (122, 130, 125)
RED: Colour = (164, 22, 26)

RIBBONS: dict[Status, Colour] = {
    Status.VALID: GREEN,
    Status.NOT_YET_VALID: QUIET,
    Status.APPLIED: QUIET,
    Status.SUSPENDED: RED,
    Status.WITHDRAWN: RED,
    Status.EXPIRED: RED,
}


class Sheet:
    """A picture `width` x `height` pixels large, drawn in units."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self.fine = _FINE if width <= MIDDLE_WIDTH else _FINE_LARGE
        self.unit = width / MIDDLE_WIDTH * self.fine
        self.picture = Image.new("RGBA", (width * self.fine, height * self.fine), (0, 0, 0, 0))
        self.pen = ImageDraw.Draw(self.picture)
        self.pen.fontmode = BILEVEL

    @property
    def height_units(self) -> float:
        return self.size[1] * self.fine / self.unit

    def px(self, units: float) -> int:
        return round(units * self.unit)

    def least_px(self) -> int:
        return LEAST_TEXT_PX * self.fine

    def png(self) -> bytes:
        file = io.BytesIO()
        self.picture.reduce(self.fine).save(file, "PNG", optimize=True)
        return file.getvalue()

    def card(self, edge: Colour, *, is_hatched: bool) -> None:
        """The whole plate: white and framed, or hatched where nothing is claimed."""
        width, height = self.picture.size
        shape = Image.new("L", self.picture.size, 0)
        radius = self.px(18)
        ImageDraw.Draw(shape).rounded_rectangle((0, 0, width - 1, height - 1), radius, fill=255)
        ground = Image.new("RGBA", self.picture.size, PAPER if is_hatched else WHITE)
        if is_hatched:
            pen = ImageDraw.Draw(ground)
            step = self.px(16)
            for x in range(-height, width, step):
                pen.line((x, height, x + height, 0), fill=HATCH, width=self.px(5))
        self.picture.paste(ground, (0, 0), shape)
        self.pen.rounded_rectangle((0, 0, width - 1, height - 1), radius, outline=edge, width=self.px(4))

    def ribbon(self, places: Sequence[Box], colour: Colour, texts: Sequence[str]) -> Box:
        """The first of the texts that fits whole, in the first of the places that has room for one; the place.

        Where none has, the last text is cut in the last place.
        """
        choices = [(place, text) for place in places for text in texts]
        box, text = next((each for each in choices if self._fits(*each)), choices[-1])
        self.pen.rounded_rectangle((box.left, box.top, box.right, box.bottom), self.px(8), fill=colour)
        self.write((self._state(text),), self._inside(box), (WHITE,))
        return box

    def _fits(self, place: Box, text: str) -> bool:
        inner = self._inside(place)
        return fit((self._state(text),), inner.width, inner.height) is not None

    def _inside(self, ribbon: Box) -> Box:
        x, y = self.px(10), self.px(4)
        return Box(ribbon.left + x, ribbon.top + y, ribbon.right - x, ribbon.bottom - y)

    def _state(self, text: str) -> Paragraph:
        least = self.least_px()
        return Paragraph("state", text, max(self.px(21), least), least, is_bold=True, gap=0, is_balanced=True)

    def write(
        self, paragraphs: Sequence[Paragraph], box: Box, inks: Sequence[Ink], *, is_centred: bool = False
    ) -> tuple[TextBlock, ...] | None:
        """Set the paragraphs in the middle of the box's height; a single one is cut where it does not fit. None, and
        nothing drawn, where several do not fit."""
        blocks = self.placed(paragraphs, box, is_centred=is_centred)
        for block, ink in zip(blocks or (), inks, strict=False):
            draw_text(self.pen, block, ink)
        return blocks

    def placed(
        self, paragraphs: Sequence[Paragraph], box: Box, *, is_centred: bool = False
    ) -> tuple[TextBlock, ...] | None:
        blocks = fit(paragraphs, box.width, box.height, is_centred=is_centred)
        if blocks is None and len(paragraphs) == 1:
            blocks = _cut(paragraphs[0], box, is_centred=is_centred)
        if not blocks:
            return blocks
        top = box.top + (box.height - (blocks[-1].box.bottom - blocks[0].box.top)) // 2 - blocks[0].box.top
        return tuple(block.shifted(box.left, top) for block in blocks)

    def stars(self, left: int, top: int, size: int, stars: int, colour: Colour, count: int = 5) -> None:
        """So many stars filled and the rest hollow."""
        for index in range(count):
            centre = (left + size / 2 + index * size * 1.16, top + size / 2)
            outline = _star(centre, size / 2)
            if index < stars:
                self.pen.polygon(outline, fill=colour)
            else:
                self.pen.line([*outline, *outline[:2]], fill=colour, width=max(1, round(size / 12)), joint="curve")

    def seal(self, centre: Point, radius: float, status: Status) -> None:
        """A scalloped seal with a tick for what is valid; a grey disc with another sign for everything else."""
        x, y = centre
        if status is Status.VALID:
            self.pen.polygon([_scallop(centre, radius, step / 360 * 2 * pi) for step in range(360)], fill=GREEN)
            ring = radius * 0.80
            box = (x - ring, y - ring, x + ring, y + ring)
            self.pen.ellipse(box, outline=WHITE, width=max(1, round(radius * 0.05)))
        else:
            inner = radius * 0.94
            self.pen.ellipse((x - inner, y - inner, x + inner, y + inner), fill=GREY)
            ring = radius * 0.84
            box = (x - ring, y - ring, x + ring, y + ring)
            self.pen.ellipse(box, outline=PAPER, width=max(1, round(radius * 0.03)))
        self._sign(centre, radius * 0.45, status)

    def _sign(self, centre: Point, size: float, status: Status) -> None:
        width = size * 0.34

        def at(right: float, down: float) -> Point:
            return (centre[0] + right * size, centre[1] + down * size)

        if status is Status.VALID:
            self._stroke([at(-0.85, 0.08), at(-0.22, 0.70), at(0.92, -0.68)], width)
        elif status is Status.WITHDRAWN:
            self._stroke([at(-0.75, -0.75), at(0.75, 0.75)], width)
            self._stroke([at(-0.75, 0.75), at(0.75, -0.75)], width)
        elif status is Status.SUSPENDED:
            self._stroke([at(-0.4, -0.75), at(-0.4, 0.75)], width * 1.2)
            self._stroke([at(0.4, -0.75), at(0.4, 0.75)], width * 1.2)
        elif status is Status.APPLIED:
            for right in (-0.8, 0, 0.8):
                self._dot(at(right, 0), width * 0.62)
        else:
            self._circle(centre, size, width * 0.8)
            if status is Status.EXPIRED:
                self._stroke([at(-0.52, -0.52), at(0.52, 0.52)], width * 0.8)
            else:
                self._stroke([at(0, -0.6), at(0, 0.05), at(0.45, 0.35)], width * 0.7)

    def _stroke(self, points: Sequence[Point], width: float) -> None:
        self.pen.line(list(points), fill=WHITE, width=round(width), joint="curve")
        for point in (points[0], points[-1]):
            self._dot(point, width / 2)

    def _dot(self, at: Point, radius: float) -> None:
        self.pen.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=WHITE)

    def _circle(self, centre: Point, radius: float, width: float) -> None:
        x, y = centre
        self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=WHITE, width=round(width))


def _cut(paragraph: Paragraph, box: Box, *, is_centred: bool) -> tuple[TextBlock, ...] | None:
    """As many of its letters as fit in the least size, and an ellipsis: a badge does without no part of its words."""
    low, high = 0, len(paragraph.text)
    best = None
    while low < high:
        count = (low + high + 1) // 2
        text = paragraph.text[:count].rstrip(",;:–—- ") + "…"
        shorter = replace(paragraph, text=text, size_px=paragraph.least_px, gap=0)
        blocks = fit((shorter,), box.width, box.height, is_centred=is_centred)
        best, low, high = (blocks, count, high) if blocks else (best, low, count - 1)
    return best


def _star(centre: Point, radius: float) -> list[Point]:
    points = []
    for step in range(10):
        distance = radius if step % 2 == 0 else radius * 0.42
        angle = pi * step / 5
        points.append((centre[0] + distance * sin(angle), centre[1] - distance * cos(angle)))
    return points


def _scallop(centre: Point, radius: float, angle: float) -> Point:
    distance = radius * (0.955 + 0.045 * cos(angle * 20))
    return (centre[0] + distance * sin(angle), centre[1] - distance * cos(angle))
