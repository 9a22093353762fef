"""Packaging labels: village mark, the product's name in two scripts, village, producer, lot, and a QR code.

`label_content` gathers what a label says, `render_png` and `render_pdf` print it at 300 dpi, black on white, in one of
SIZES (single labels) or SHEETS (A4). The fonts are Noto Sans and Noto Sans CJK JP, both under the SIL Open Font
License 1.1, from the packages pymupdf-fonts and noto-cjk-sans-jp-regular.
"""

from ovop_origin.labels.content import label_content
from ovop_origin.labels.facts import LabelContent
from ovop_origin.labels.printing import LABELS_MAX, render_pdf, render_png
from ovop_origin.labels.sizes import SHEETS, SIZES

__all__ = ["LABELS_MAX", "SHEETS", "SIZES", "LabelContent", "label_content", "render_pdf", "render_png"]
