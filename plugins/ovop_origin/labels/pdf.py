"""A PDF of black and white pictures at exact places: as much of PDF 1.4 (ISO 32000-1) as labels need.

Written here because page sizes must be exact in millimetres, a picture that is printed many times is to be stored
once, and the same labels are to give the same bytes.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from ovop_shared.drawing.fonts import DPI

_POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Stamp:
    """A picture, by its number, and where its left and upper edge are on the page, in millimetres."""

    picture: int
    left_mm: float
    top_mm: float


@dataclass(frozen=True, slots=True)
class Stroke:
    """A hairline from one point of the page to another, in millimetres from the upper left."""

    x1_mm: float
    y1_mm: float
    x2_mm: float
    y2_mm: float


@dataclass(frozen=True, slots=True)
class Page:
    width_mm: float
    height_mm: float
    stamps: tuple[Stamp, ...]
    strokes: tuple[Stroke, ...] = ()


def write_pdf(pages: Sequence[Page], pictures: Sequence[Image.Image], title: str) -> bytes:
    """The pages as a PDF file. `pictures` are of mode "1" and appear at DPI, however often they are placed."""
    first_picture = 4
    first_page = first_picture + len(pictures)
    numbers = [first_page + 2 * index for index in range(len(pages))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects = [
        # A viewer that scaled the page to its printer's edges would miss the labels.
        b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /PrintScaling /None >> >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Title <FEFF" + title.encode("utf-16-be").hex().upper().encode() + b"> >>",
        *(_picture(each) for each in pictures),
    ]
    for page, number in zip(pages, numbers, strict=True):
        objects += _page(page, number, pictures, first_picture)
    return _file(objects)


def _picture(picture: Image.Image) -> bytes:
    head = (
        f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height} "
        "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode"
    )
    return _stream(head, zlib.compress(picture.tobytes(), 9))


def _page(page: Page, number: int, pictures: Sequence[Image.Image], first_picture: int) -> tuple[bytes, bytes]:
    used = sorted({stamp.picture for stamp in page.stamps})
    resources = " ".join(f"/L{each} {first_picture + each} 0 R" for each in used)
    width, height = page.width_mm * _POINTS_PER_MM, page.height_mm * _POINTS_PER_MM
    commands = []
    for stamp in page.stamps:
        picture = pictures[stamp.picture]
        wide, high = picture.width * 72 / DPI, picture.height * 72 / DPI
        x, y = stamp.left_mm * _POINTS_PER_MM, height - stamp.top_mm * _POINTS_PER_MM - high
        commands.append(f"q {_number(wide)} 0 0 {_number(high)} {_number(x)} {_number(y)} cm /L{stamp.picture} Do Q")
    if page.strokes:
        commands.append("0.25 w")
    for stroke in page.strokes:
        start = f"{_number(stroke.x1_mm * _POINTS_PER_MM)} {_number(height - stroke.y1_mm * _POINTS_PER_MM)}"
        end = f"{_number(stroke.x2_mm * _POINTS_PER_MM)} {_number(height - stroke.y2_mm * _POINTS_PER_MM)}"
        commands.append(f"{start} m {end} l S")
    head = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_number(width)} {_number(height)}] "
        f"/Resources << /XObject << {resources} >> >> /Contents {number + 1} 0 R >>"
    )
    return head.encode(), _stream("", "\n".join(commands).encode())


def _stream(head: str, data: bytes) -> bytes:
    return f"<< {head} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _file(objects: Sequence[bytes]) -> bytes:
    # The comment of four high bytes tells programs that the file is not text.
    content = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    start = len(content)
    content += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    content += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return bytes(content + trailer.encode())
