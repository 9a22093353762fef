"""Labels as files: one label as PNG, many as PDF."""

import io
from collections.abc import Iterator, Sequence

from PIL import Image

from ovop_origin.errors import InvalidLabelCount
from ovop_origin.labels.facts import LabelContent
from ovop_origin.labels.layout import compose, draw
from ovop_origin.labels.pdf import Page, Stamp, Stroke, write_pdf
from ovop_origin.labels.sizes import LabelSize, label_size
from ovop_shared.drawing.fonts import DPI

LABELS_MAX = 5_000
"""How many labels one file holds."""

_CROP_MM = 3.0


def render_png(content: LabelContent, size: str) -> bytes:
    """The label as a PNG of 300 dpi, black and white. `size` is one of SIZES, or of SHEETS for one of its labels.

    Raises UnknownLabelSize, LabelTooSmall and GlyphMissing.
    """
    file = io.BytesIO()
    draw(compose(content, label_size(size))).save(file, "PNG", dpi=(DPI, DPI))
    return file.getvalue()


def render_pdf(
    contents: Sequence[LabelContent], sheet: str, *, start: int = 1, copies: int = 1, has_crop_marks: bool = False
) -> bytes:
    """The labels as a PDF, each `copies` times: on sheets of SHEETS, or of SIZES with one label on each page.

    The first page is filled from label `start` on, counted from 1 row by row: the labels before it are used up.
    Raises UnknownLabelSize, LabelTooSmall, GlyphMissing and InvalidLabelCount.
    """
    size = label_size(sheet)
    total = len(contents) * copies
    if copies < 1 or not 1 <= total <= LABELS_MAX:
        raise InvalidLabelCount(
            f"One file holds 1 to {LABELS_MAX} labels, not {total}.",
            field="copies",
            params={"labels": total, "limit": LABELS_MAX},
        )
    if not 1 <= start <= size.count:
        raise InvalidLabelCount(
            f"A page of {size.name} has labels 1 to {size.count}, not {start}.",
            field="start",
            params={"start": start, "limit": size.count},
        )
    numbers = {content: number for number, content in enumerate(dict.fromkeys(contents))}
    pictures = [draw(compose(content, size)) for content in numbers]
    order = [numbers[content] for content in contents for _ in range(copies)]
    pages = list(_pages(size, order, pictures, start - 1, has_crop_marks=has_crop_marks))
    return write_pdf(pages, pictures, contents[0].product_name)


def _pages(
    size: LabelSize, order: Sequence[int], pictures: Sequence[Image.Image], skipped: int, *, has_crop_marks: bool
) -> Iterator[Page]:
    places = [None] * skipped + list(order)
    for first in range(0, len(places), size.count):
        stamps = []
        strokes: list[Stroke] = []
        for index, picture in enumerate(places[first : first + size.count]):
            if picture is None:
                continue
            left, top = size.place_mm(index)
            # A label is whole pixels wide: the rest of a pixel is shared by both of its edges.
            spare_x = size.width_mm - pictures[picture].width * 25.4 / DPI
            spare_y = size.height_mm - pictures[picture].height * 25.4 / DPI
            stamps.append(Stamp(picture, left + spare_x / 2, top + spare_y / 2))
            strokes += _crop_marks(size, left, top) if has_crop_marks else []
        yield Page(*size.page, tuple(stamps), tuple(dict.fromkeys(strokes)))


def _crop_marks(size: LabelSize, left: float, top: float) -> list[Stroke]:
    """Short lines inside the four corners of a label, where the knife goes."""
    right, bottom = left + size.width_mm, top + size.height_mm
    marks = []
    for x, inward_x in ((left, 1), (right, -1)):
        for y, inward_y in ((top, 1), (bottom, -1)):
            marks.append(Stroke(x, y, x + inward_x * _CROP_MM / 2, y))
            marks.append(Stroke(x, y, x, y + inward_y * _CROP_MM / 2))
    return marks
