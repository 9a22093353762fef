"""Labels as files: PNG of 300 dpi, PDF with exact pages, and a QR code on each that says the link exactly."""

import datetime
import io
import re
import zlib
from dataclasses import dataclass, replace

import pytest
import segno
import zxingcpp
from PIL import Image

from ovop_origin.errors import InvalidLabelCount, LabelTooSmall, UnknownLabelSize
from ovop_origin.labels import LABELS_MAX, SHEETS, SIZES, LabelContent, render_pdf, render_png
from ovop_origin.labels.layout import compose
from ovop_origin.labels.sizes import label_size
from ovop_shared.drawing.fonts import DPI

LINK = "https://shop.example/plugins/ovop.origin/01/04870012345675/10/L-2025-06"
HONEY = LabelContent(
    product_name="Boyan palı",
    second_name="甘草はちみつ",
    village="Shımbay",
    region="Qaraqalpaqstan Respublikası",
    link=LINK,
    producer="Boyan kooperativi",
    lot="L-2025-06",
    made_on=datetime.date(2025, 6, 1),
    gtin="04870012345675",
    language="kaa-Latn",
    mark_seed="UZ-QR-chimbay",
)
SLIPPERS = replace(HONEY, product_name="Кийиз тапичке", gtin="", lot="", link="https://shop.example/plugins/p/11/")
POINT_MM = 25.4 / 72


def opened(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    picture.load()
    return picture


def decoded(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


@dataclass(frozen=True)
class Placed:
    """A picture on a page, in millimetres from the upper left."""

    picture: Image.Image
    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True)
class ReadPage:
    width_mm: float
    height_mm: float
    placed: list[Placed]
    lines: int


def read_pdf(data: bytes) -> list[ReadPage]:
    """The pages of a PDF by its own table of objects; what is not found there is an error."""
    assert data.startswith(b"%PDF-1.4\n")
    assert data.endswith(b"%%EOF\n")
    table = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    assert data[table:].startswith(b"xref\n0 ")
    offsets = [int(entry.split()[0]) for entry in data[table:].split(b"trailer")[0].splitlines()[3:]]
    objects = {}
    for number, offset in enumerate(offsets, start=1):
        assert data[offset:].startswith(f"{number} 0 obj\n".encode())
        objects[number] = data[offset : data.index(b"\nendobj\n", offset)].split(b" obj\n", 1)[1]
    kids = re.search(rb"/Kids \[(.*?)\]", objects[2])
    assert kids
    numbers = [int(number) for number in re.findall(rb"(\d+) 0 R", kids[1])]
    assert f"/Count {len(numbers)} ".encode() in objects[2]
    return [read_page(objects, number) for number in numbers]


def read_page(objects: dict[int, bytes], number: int) -> ReadPage:
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", objects[number])
    contents = re.search(rb"/Contents (\d+) 0 R", objects[number])
    assert box
    assert contents
    height = float(box[2])
    pictures = {
        name: read_picture(objects[int(found)]) for name, found in re.findall(rb"/(L\d+) (\d+) 0 R", objects[number])
    }
    commands = stream_of(objects[int(contents[1])]).decode()
    placed = [
        Placed(
            pictures[name.encode()],
            float(x) * POINT_MM,
            (height - float(y) - float(high)) * POINT_MM,
            float(wide) * POINT_MM,
            float(high) * POINT_MM,
        )
        for wide, high, x, y, name in re.findall(r"q (\S+) 0 0 (\S+) (\S+) (\S+) cm /(L\d+) Do Q", commands)
    ]
    return ReadPage(float(box[1]) * POINT_MM, height * POINT_MM, placed, len(re.findall(r" l S", commands)))


def stream_of(content: bytes) -> bytes:
    head, stream = content.split(b" >>\nstream\n", 1)
    data = stream.removesuffix(b"\nendstream")
    assert f"/Length {len(data)}".encode() in head
    return data


def read_picture(content: bytes) -> Image.Image:
    size = re.search(rb"/Width (\d+) /Height (\d+) .*/BitsPerComponent 1", content)
    assert size
    return Image.frombytes("1", (int(size[1]), int(size[2])), zlib.decompress(stream_of(content)))


def printed(page: ReadPage) -> Image.Image:
    """The page as a printer of 300 dpi puts it on paper."""
    paper = Image.new("1", (round(page.width_mm / 25.4 * DPI), round(page.height_mm / 25.4 * DPI)), 1)
    for each in page.placed:
        paper.paste(each.picture, (round(each.left_mm / 25.4 * DPI), round(each.top_mm / 25.4 * DPI)))
    return paper


# PNG


@pytest.mark.parametrize("size", [*SIZES, *SHEETS])
def test_a_png_has_the_labels_size_at_300_dpi_and_its_code_says_the_link(size: str) -> None:
    picture = opened(render_png(HONEY, size))

    known = label_size(size)
    assert picture.mode == "1"
    assert picture.format == "PNG"
    # A PNG keeps dots per metre: 11,811.
    assert [round(each, 1) for each in picture.info["dpi"]] == [300.0, 300.0]
    assert picture.size == (round(known.width_mm / 25.4 * 300), round(known.height_mm / 25.4 * 300))
    assert decoded(picture) == [LINK]


@pytest.mark.parametrize("size", [*SIZES, *SHEETS])
def test_the_code_has_error_correction_m_a_quiet_zone_and_modules_that_telephones_read(size: str) -> None:
    picture = opened(render_png(HONEY, size))
    code = compose(HONEY, label_size(size)).code

    module_mm = code.module_px * 25.4 / DPI
    assert 0.33 <= module_mm <= 0.99
    assert (code.box.width, code.box.height) == (code.module_px * len(code.modules),) * 2
    quiet = code.quiet
    assert quiet.width == code.box.width + 8 * code.module_px
    ink = picture.convert("L").point(lambda value: 255 - value)
    ink.paste(0, (code.box.left, code.box.top, code.box.right, code.box.bottom))
    assert ink.crop((quiet.left, quiet.top, quiet.right, quiet.bottom)).getbbox() is None
    found = zxingcpp.read_barcodes(picture.convert("L"))
    assert [each.format for each in found] == [zxingcpp.BarcodeFormat.QRCode]
    expected = segno.make_qr(LINK, error="m", boost_error=False)
    assert expected.error == "M"
    assert code.modules == tuple(bytes(row) for row in expected.matrix)


@pytest.mark.parametrize("size", ["58x40", "70x37", "L7160", "100x150"])
def test_the_code_is_still_read_from_a_thermal_printer_of_203_dpi(size: str) -> None:
    picture = opened(render_png(HONEY, size)).convert("L")

    small = picture.resize((round(picture.width * 203 / 300), round(picture.height * 203 / 300)), Image.Resampling.BOX)

    assert decoded(small.point(lambda value: 255 if value > 127 else 0)) == [LINK]


def test_a_link_too_long_to_be_scanned_on_a_label_is_refused() -> None:
    long = replace(HONEY, link="https://shop.example/" + "a" * 900)

    with pytest.raises(LabelTooSmall) as refusal:
        render_png(long, "58x40")

    assert refusal.value.field == "link"
    assert refusal.value.params["size"] == "58x40"
    assert decoded(opened(render_png(replace(HONEY, link="https://shop.example/" + "a" * 200), "100x70")))


def test_the_same_label_is_the_same_file() -> None:
    assert render_png(HONEY, "58x40") == render_png(replace(HONEY), "58x40")
    assert render_pdf([HONEY], "L7160", copies=3) == render_pdf([HONEY], "L7160", copies=3)


def test_a_size_goes_by_its_usual_name() -> None:
    assert render_png(HONEY, " 58×40 ") == render_png(HONEY, "58x40")
    assert label_size("l7160").name == "L7160"

    with pytest.raises(UnknownLabelSize) as refusal:
        render_png(HONEY, "59x40")

    assert refusal.value.code == "unknown_label_size"
    assert refusal.value.params["sizes"] == [*SIZES, *SHEETS]


# Sheets


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_of_labels_lies_in_the_middle_of_a4(name: str) -> None:
    sheet = label_size(name)
    right = sheet.left_mm + (sheet.columns - 1) * sheet.pitch_x_mm + sheet.width_mm
    bottom = sheet.top_mm + (sheet.rows - 1) * sheet.pitch_y_mm + sheet.height_mm

    assert 210 - right == pytest.approx(sheet.left_mm, abs=0.02)
    assert 297 - bottom == pytest.approx(sheet.top_mm, abs=0.02)
    assert sheet.pitch_x_mm >= sheet.width_mm
    assert sheet.pitch_y_mm >= sheet.height_mm


def test_the_descriptions_say_how_many_labels_of_what_size() -> None:
    assert SIZES["58x40"] == "58 × 40 mm"
    assert SHEETS["L7160"] == "A4, 21 × (63.5 × 38.1 mm), L7160"
    assert {name: label_size(name).count for name in SHEETS} == {
        "70x37": 24,
        "L7160": 21,
        "L7161": 18,
        "L7163": 14,
        "L7173": 10,
        "105x74": 8,
    }


@pytest.mark.parametrize("name", SHEETS)
def test_every_label_of_a_full_sheet_is_in_its_place_and_says_its_link(name: str) -> None:
    sheet = label_size(name)

    pages = read_pdf(render_pdf([HONEY], name, copies=sheet.count))

    assert len(pages) == 1
    assert (pages[0].width_mm, pages[0].height_mm) == pytest.approx((210, 297), abs=0.0001)
    assert len(pages[0].placed) == sheet.count
    for index, placed in enumerate(pages[0].placed):
        left, top = sheet.place_mm(index)
        # To the half of a pixel, by which a label is wider or narrower than its name says.
        assert placed.left_mm == pytest.approx(left, abs=0.045)
        assert placed.top_mm == pytest.approx(top, abs=0.045)
        assert placed.width_mm * DPI / 25.4 == pytest.approx(placed.picture.width, abs=0.01)
        assert placed.height_mm * DPI / 25.4 == pytest.approx(placed.picture.height, abs=0.01)
    assert decoded(pages[0].placed[0].picture) == [LINK]
    assert decoded(printed(pages[0])) == [LINK] * sheet.count


@pytest.mark.parametrize("size", SIZES)
def test_a_roll_has_one_label_on_each_page_of_the_labels_own_size(size: str) -> None:
    known = label_size(size)

    pages = read_pdf(render_pdf([HONEY, SLIPPERS], size))

    assert [(page.width_mm, page.height_mm) for page in pages] == [
        pytest.approx((known.width_mm, known.height_mm), abs=0.0001)
    ] * 2
    assert [decoded(printed(page)) for page in pages] == [[HONEY.link], [SLIPPERS.link]]


def test_a_partly_used_sheet_is_filled_from_where_it_was_left_and_copies_go_over_pages() -> None:
    pages = read_pdf(render_pdf([HONEY, SLIPPERS], "105x74", start=7, copies=5))

    assert [len(page.placed) for page in pages] == [2, 8]
    sheet = label_size("105x74")
    assert [(round(each.left_mm, 1), round(each.top_mm, 1)) for each in pages[0].placed] == [(0, 222.5), (105, 222.5)]
    assert round(pages[1].placed[0].top_mm, 1) == sheet.top_mm
    links = [decoded(each.picture)[0] for page in pages for each in page.placed]
    assert links == [HONEY.link] * 5 + [SLIPPERS.link] * 5


def test_crop_marks_are_drawn_only_when_asked_for() -> None:
    plain = read_pdf(render_pdf([HONEY], "L7160"))
    marked = read_pdf(render_pdf([HONEY], "L7160", has_crop_marks=True))

    assert plain[0].lines == 0
    assert marked[0].lines == 8
    assert marked[0].placed[0].picture.tobytes() == plain[0].placed[0].picture.tobytes()


def test_a_label_printed_many_times_is_stored_once() -> None:
    one = render_pdf([HONEY], "70x37")
    many = render_pdf([HONEY, replace(HONEY)], "70x37", copies=480)

    assert len(read_pdf(many)) == 40
    assert many.count(b"/Subtype /Image") == 1
    assert len(many) < len(one) + 960 * 80


def test_a_viewer_is_told_not_to_scale_the_page_and_what_it_is_called() -> None:
    data = render_pdf([SLIPPERS], "L7163")

    assert b"/PrintScaling /None" in data
    assert b"/Title <FEFF" + "Кийиз тапичке".encode("utf-16-be").hex().upper().encode() in data


@pytest.mark.parametrize(
    ("contents", "start", "copies", "field"),
    [
        ([HONEY], 0, 1, "start"),
        ([HONEY], 22, 1, "start"),
        ([HONEY], 1, 0, "copies"),
        ([HONEY], 1, -1, "copies"),
        ([HONEY], 1, LABELS_MAX + 1, "copies"),
        ([], 1, 1, "copies"),
    ],
)
def test_no_labels_too_many_and_a_start_off_the_sheet_are_refused(
    contents: list[LabelContent], start: int, copies: int, field: str
) -> None:
    with pytest.raises(InvalidLabelCount) as refusal:
        render_pdf(contents, "L7160", start=start, copies=copies)

    assert refusal.value.code == "invalid_label_count"
    assert refusal.value.field == field
