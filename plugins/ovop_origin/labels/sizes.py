"""The sizes of labels, and the A4 sheets they come on; millimetres everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ovop_origin.errors import UnknownLabelSize

A4 = (210.0, 297.0)


@dataclass(frozen=True, slots=True)
class LabelSize:
    """A label and the page it is printed on: by itself on a roll, or `columns` x `rows` times on a sheet.

    `left_mm` and `top_mm` are the place of the first label on the page, `pitch_x_mm` and `pitch_y_mm` the way from
    one label to the next, `margin_mm` the edge of the label that nothing is printed on.
    """

    name: str
    width_mm: float
    height_mm: float
    margin_mm: float = 2.0
    page_mm: tuple[float, float] | None = None
    columns: int = 1
    rows: int = 1
    left_mm: float = 0.0
    top_mm: float = 0.0
    pitch_x_mm: float = 0.0
    pitch_y_mm: float = 0.0

    @property
    def count(self) -> int:
        return self.columns * self.rows

    @property
    def page(self) -> tuple[float, float]:
        return self.page_mm or (self.width_mm, self.height_mm)

    def place_mm(self, index: int) -> tuple[float, float]:
        """The left and upper edge of a label of the page, from 0, row by row."""
        row, column = divmod(index, self.columns)
        return (self.left_mm + column * self.pitch_x_mm, self.top_mm + row * self.pitch_y_mm)


def _single(width: int, height: int, margin: float = 2.0) -> LabelSize:
    return LabelSize(f"{width}x{height}", width, height, margin)


def _sheet(
    name: str,
    label: tuple[float, float],
    grid: tuple[int, int],
    *,
    start: tuple[float, float],
    pitch: tuple[float, float],
    margin: float = 2.0,
) -> LabelSize:
    return LabelSize(name, *label, margin, A4, *grid, *start, *pitch)


# The sheets' geometry is that of the gLabels template database (templates/*.xml of jimevins/glabels-qt at 2da9b2d):
# Endisch 6406338x, 6406346x, 6409938x and 6409957x, which are cut as Avery's L7160, L7161, L7163 and L7173 are, and
# Igepa EA-700x370 and EA-1050x740. All of them lie in the middle of the page.
# The last two leave no edge on the paper, where office printers cannot print: hence their wider margin.
_ALL = (
    _single(58, 40),
    _single(60, 40),
    _single(70, 50),
    _single(100, 50),
    _single(100, 70, 2.5),
    _single(100, 150, 4.0),
    _sheet("70x37", (70, 37), (3, 8), start=(0, 0.5), pitch=(70, 37), margin=4.5),
    _sheet("L7160", (63.5, 38.1), (3, 7), start=(7.21, 15.15), pitch=(66.04, 38.1)),
    _sheet("L7161", (63.5, 46.6), (3, 6), start=(7.21, 8.7), pitch=(66.04, 46.6)),
    _sheet("L7163", (99.1, 38.1), (2, 7), start=(4.63, 15.15), pitch=(101.64, 38.1)),
    _sheet("L7173", (99.1, 57), (2, 5), start=(4.63, 6), pitch=(101.64, 57), margin=2.5),
    _sheet("105x74", (105, 74), (2, 4), start=(0, 0.5), pitch=(105, 74), margin=5.0),
)


def _description(size: LabelSize) -> str:
    label = f"{size.width_mm:g} × {size.height_mm:g} mm"
    if size.page_mm is None:
        return label
    return f"A4, {size.count} × ({label})" + (f", {size.name}" if size.name.startswith("L") else "")


SIZES: Mapping[str, str] = MappingProxyType({each.name: _description(each) for each in _ALL if each.page_mm is None})
"""Single labels, as they come on rolls: name -> description."""

SHEETS: Mapping[str, str] = MappingProxyType({each.name: _description(each) for each in _ALL if each.page_mm})
"""A4 sheets of labels: name -> description."""

_BY_NAME = {each.name.lower(): each for each in _ALL}


def label_size(name: str) -> LabelSize:
    """The single label or the sheet of that name, in any case, `58×40` as well as `58x40`. Raises UnknownLabelSize."""
    found = _BY_NAME.get(name.strip().lower().replace("×", "x"))
    if found is None:
        known = [*SIZES, *SHEETS]
        raise UnknownLabelSize(
            f"There is no label size {name!r}; there are {', '.join(known)}.",
            field="size",
            params={"size": name, "sizes": known},
        )
    return found
