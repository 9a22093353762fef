"""The village mark: a round stamp with the programme's words, the village, its region and an ornament of its own.

The ornament is a rosette as felt makers cut them: petals, seeds and a heart, chosen by the village's code, so that a
village keeps its mark whatever it is called in the language at hand. It tells villages apart at a glance but is no
proof: two villages may share one.

The stamp is drawn three times as large and made black and white at the end, so that slanted letters come out even.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from math import cos, degrees, hypot, pi, sin

from PIL import Image, ImageDraw

from ovop_shared.drawing.fonts import Box, Line, Run, measured, points
from ovop_shared.drawing.paragraphs import Breaking, wrap

LEAST_TEXT_PX = points(5)

_FINE = 3  # How much larger it is drawn.
_BAND = 1.34  # How wide the ring is, of the size of its letters.
_GREY = "L"
_BLACK, _WHITE = 255, 0  # Ink is drawn as light and inverted at the end.

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ring:
    """The ring of a stamp, in its fine pixels from the centre.

    `letters` is the size of the motto's letters, `baseline` the circle that they stand on, `inner` the inner circle,
    `motto_angle` what the motto takes of the round, in radians.
    """

    letters: int
    stroke: int
    baseline: float
    inner: float
    motto_angle: float

    @property
    def middle(self) -> float:
        """Half-way between the inner circle and the outer."""
        return self.inner + self.letters * _BAND / 2


@lru_cache(maxsize=64)
def village_mark(village: str, region: str, motto: str, seed: str, diameter_px: int) -> Image.Image | None:
    """The stamp in black on white, `diameter_px` wide and high; None where it is too small to read the motto.

    The village stands in the middle and the region in the ring, or below the village. A name that would have to be
    smaller than LEAST_TEXT_PX there is left to the text beside the stamp. `seed` chooses the ornament.
    """
    ring = mark_ring(motto, diameter_px)
    if ring is None:
        return None
    image = Image.new(_GREY, (diameter_px * _FINE, diameter_px * _FINE), _WHITE)
    draw = ImageDraw.Draw(image)
    centre = image.width / 2
    _circle(draw, centre, centre - _FINE, ring.stroke)
    _circle(draw, centre, ring.inner, max(_FINE, ring.stroke // 2))
    _arc_text(image, motto, ring.letters, ring.baseline, centre, is_upper=True)
    is_region_in_ring = _lower_ring(image, draw, region, ring, centre)
    inside = ring.inner - ring.stroke - _FINE * 2
    names = _names(village, "" if is_region_in_ring else region, inside)
    if names is None:
        _rosette(draw, seed, (centre, centre), inside * 0.84)
    else:
        _named_middle(draw, seed, names, centre, inside)
    small = image.resize((diameter_px, diameter_px), Image.Resampling.BOX)
    return small.point(lambda value: 0 if value >= 128 else 255).convert("1")


def mark_ring(motto: str, diameter_px: int) -> Ring | None:
    """The ring, with the motto as large as suits the stamp; None where the motto cannot be read at all."""
    outer = diameter_px * _FINE / 2 - _FINE
    stroke = max(2, diameter_px // 80) * _FINE
    for size in range(max(LEAST_TEXT_PX, diameter_px // 11), LEAST_TEXT_PX - 1, -1):
        letters = size * _FINE
        baseline = outer - stroke - letters * 1.02
        if baseline <= letters:
            continue
        angle = _arc_length(motto, letters) / baseline
        if angle <= 2 * pi * (0.72 if size > LEAST_TEXT_PX else 0.94):
            return Ring(letters, stroke, baseline, outer - stroke - letters * _BAND, angle)
    return None


def _circle(draw: ImageDraw.ImageDraw, centre: float, radius: float, stroke: int) -> None:
    draw.ellipse((centre - radius, centre - radius, centre + radius, centre + radius), outline=_BLACK, width=stroke)


def _lower_ring(image: Image.Image, draw: ImageDraw.ImageDraw, region: str, ring: Ring, centre: float) -> bool:
    """Write the region into the lower part of the ring, where there is room; else fill that part with seeds."""
    free = 2 * pi - ring.motto_angle
    for size in range(ring.letters, LEAST_TEXT_PX * _FINE - 1, -_FINE):
        # Letters at the bottom stand with their heads to the middle.
        baseline = ring.middle + size * 0.36
        angle = _arc_length(region, size) / baseline
        if region and angle <= free - 2 * ring.letters / ring.baseline:
            _arc_text(image, region, size, baseline, centre, is_upper=False)
            if free - angle > 8 * ring.letters / ring.inner:
                for side in (1, -1):
                    at = side * (ring.motto_angle / 2 + (free - angle) / 4)
                    _dot(draw, _on_circle(centre, ring.middle, at), ring.letters * 0.16)
            return True
    count = int(free * ring.inner / (ring.letters * 1.1)) - 1
    for step in range(1, count):
        at = ring.motto_angle / 2 + free * step / count
        _dot(draw, _on_circle(centre, ring.middle, at), ring.letters * 0.13)
    return False


def _names(village: str, region: str, inside: float) -> list[tuple[Line, float]] | None:
    """The lines for the middle, each with its baseline below the centre; None where the village does not fit."""
    largest = round(inside * 0.34)
    for size in range(largest, LEAST_TEXT_PX * _FINE - 1, -_FINE):
        lines = _wrapped(village, size, round(inside * 1.9), is_bold=True)
        if lines is None or len(lines) > 2:
            continue
        with_region = _placed(lines, size, _region_lines(region, inside), inside)
        placed = with_region or _placed(lines, size, [], inside)
        if placed:
            return placed
    return None


def _region_lines(region: str, inside: float) -> list[Line]:
    if not region:
        return []
    size = max(LEAST_TEXT_PX * _FINE, round(inside * 0.17))
    lines = _wrapped(region, size, round(inside * 1.5), is_bold=False)
    return lines if lines is not None and len(lines) <= 2 else []


def _wrapped(text: str, size: int, width: int, *, is_bold: bool) -> list[Line] | None:
    def measure(part: str) -> Line:
        return measured(part, size, is_bold=is_bold)

    return wrap(text, measure, width, Breaking.WORDS) if text else None


def _placed(names: list[Line], size: int, regions: list[Line], inside: float) -> list[tuple[Line, float]] | None:
    top = -0.02 * inside
    placed: list[tuple[Line, float]] = []
    for line, is_name in [*((line, True) for line in names), *((line, False) for line in regions)]:
        letters = size if is_name else max(LEAST_TEXT_PX * _FINE, round(inside * 0.17))
        baseline = top + max(letters * 0.74, -line.ink.top)
        placed.append((line, baseline))
        top = baseline + max(letters * 0.30, line.ink.bottom + letters * 0.06)
        half = (line.ink.right - line.ink.left) / 2
        if hypot(half, baseline + line.ink.bottom) > inside * 0.97 or hypot(half, baseline + line.ink.top) > inside:
            return None
    return placed


def _named_middle(
    draw: ImageDraw.ImageDraw,
    seed: str,
    names: list[tuple[Line, float]],
    centre: float,
    inside: float,
) -> None:
    ink = [line.ink.shifted(0, round(baseline)) for line, baseline in names]
    block = Box(0, min(box.top for box in ink), 0, max(box.bottom for box in ink))
    rosette = inside * (0.44 if len(names) < 3 else 0.38)
    # The ornament and the names together stand in the middle.
    height = 2 * rosette + inside * 0.10 + block.height
    down = min(0.0, inside * 0.93 - height) / 2
    top = centre - height / 2 + down
    limit = centre - inside * 0.95
    top = max(top, limit)
    _rosette(draw, seed, (centre, top + rosette), rosette)
    shift = min(top + 2 * rosette + inside * 0.10 - (centre + block.top), _room_below(names, inside))
    for line, baseline in names:
        x = centre - (line.ink.right - line.ink.left) / 2 - line.ink.left
        for run in line.runs:
            _draw_run(draw, run, x, centre + baseline + max(0.0, shift))


def _room_below(names: list[tuple[Line, float]], inside: float) -> float:
    """How far the names may move down and stay inside the ring."""
    room = inside
    for line, baseline in names:
        half = (line.ink.right - line.ink.left) / 2
        lowest = (max(0.0, (inside * 0.97) ** 2 - half**2)) ** 0.5
        room = min(room, lowest - baseline - line.ink.bottom)
    return room


def _draw_run(draw: ImageDraw.ImageDraw, run: Run, x: float, baseline: float) -> None:
    draw.text(
        (round(x) + run.x, round(baseline)),
        run.text,
        fill=_BLACK,
        font=run.font,
        anchor="ls",
        stroke_width=run.stroke_px,
    )


def _arc_length(text: str, size: int) -> float:
    return sum(_step(character, size) for character in text)


def _step(character: str, size: int) -> float:
    # A little more room than in a straight line: letters on an arc lean apart at one end and together at the other.
    return measured(character, size, is_bold=True).advance + size * 0.06


def _arc_text(image: Image.Image, text: str, size: int, radius: float, centre: float, *, is_upper: bool) -> None:
    """Letters along a circle: above the centre clockwise, below it so that they are read from the left as well."""
    angle = -_arc_length(text, size) / radius / 2
    for character in text:
        width = _step(character, size)
        middle = angle + width / radius / 2
        angle += width / radius
        tile_px = round(size * 2.2)
        tile = Image.new(_GREY, (tile_px, tile_px), _WHITE)
        line = measured(character, size, is_bold=True)
        for run in line.runs:
            _draw_run(ImageDraw.Draw(tile), run, tile_px / 2 - line.advance / 2, tile_px / 2)
        if is_upper:
            turned = tile.rotate(-degrees(middle), Image.Resampling.BILINEAR)
            x, y = _on_circle(centre, radius, middle)
        else:
            turned = tile.rotate(degrees(middle), Image.Resampling.BILINEAR)
            x, y = _on_circle(centre, radius, pi - middle)
        image.paste(_BLACK, (round(x - tile_px / 2), round(y - tile_px / 2)), turned)


def _on_circle(centre: float, radius: float, angle: float) -> Point:
    """The point at an angle from the top, clockwise."""
    return (centre + radius * sin(angle), centre - radius * cos(angle))


def _dot(draw: ImageDraw.ImageDraw, at: Point, radius: float) -> None:
    draw.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=_BLACK)


# Outlines of a petal that points up: how far from the middle (0 to 1) and how wide (of the petal's own width).
_PETALS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0.34, 0.0), (0.62, 1.0), (1.0, 0.0)),  # a lozenge
    ((0.34, 0.0), (0.52, 0.62), (0.70, 0.95), (0.82, 1.0), (0.93, 0.72), (1.0, 0.0)),  # a drop
    ((0.36, 0.18), (0.60, 0.22), (0.72, 1.0), (0.86, 1.0), (1.0, 0.0)),  # a tulip
    ((0.34, 0.75), (0.60, 0.35), (0.82, 1.0), (0.92, 0.45), (1.0, 0.0)),  # a lily
)
_COUNTS = (6, 8, 10, 12)


def _rosette(draw: ImageDraw.ImageDraw, seed: str, centre: Point, radius: float) -> None:
    """The village's ornament; the same seed gives the same one."""
    choice = sha256(seed.encode()).digest()
    count = _COUNTS[choice[0] % len(_COUNTS)]
    outline = _PETALS[choice[1] % len(_PETALS)]
    half = radius * 0.82 * sin(pi / count) * 0.80

    def at(distance: float, aside: float, turn: float) -> Point:
        return (
            centre[0] + distance * sin(turn) + aside * cos(turn),
            centre[1] - distance * cos(turn) + aside * sin(turn),
        )

    for step in range(count):
        turn = 2 * pi * step / count
        sides = [(radius * far, half * wide) for far, wide in outline]
        draw.polygon(
            [at(*side, turn) for side in sides] + [at(far, -wide, turn) for far, wide in sides[::-1]], fill=_BLACK
        )
        between = turn + pi / count
        _between(choice[2] % 3, draw, partial(at, turn=between), radius, half)
    _heart(choice[3] % 4, draw, centre, radius * 0.26)


def _between(
    kind: int, draw: ImageDraw.ImageDraw, at: Callable[[float, float], Point], radius: float, half: float
) -> None:
    """What stands between two petals: a seed, a small leaf, or nothing."""
    if kind == 0:
        _dot(draw, at(radius * 0.90, 0), half * 0.34)
    elif kind == 1:
        tip, wide = radius * 0.98, half * 0.30
        draw.polygon([at(radius * 0.72, 0), at(radius * 0.86, wide), at(tip, 0), at(radius * 0.86, -wide)], fill=_BLACK)


def _heart(kind: int, draw: ImageDraw.ImageDraw, centre: Point, radius: float) -> None:
    """The middle of the rosette: a disc, a ring, a ring with a seed, or four seeds."""
    if kind == 3:
        for step in range(4):
            turn = pi / 4 + step * pi / 2
            _dot(draw, (centre[0] + radius * 0.62 * sin(turn), centre[1] - radius * 0.62 * cos(turn)), radius * 0.40)
        return
    _dot(draw, centre, radius)
    if kind > 0:
        hole = radius * 0.55
        draw.ellipse((centre[0] - hole, centre[1] - hole, centre[0] + hole, centre[1] + hole), fill=_WHITE)
    if kind == 2:
        _dot(draw, centre, radius * 0.28)
