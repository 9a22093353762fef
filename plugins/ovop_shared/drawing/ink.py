"""Putting text that was placed in a picture onto it."""

from PIL import ImageDraw

from ovop_shared.drawing.paragraphs import TextBlock

Ink = int | str | tuple[int, ...]
"""A colour as Pillow takes it in the picture's mode."""


def draw_text(pen: ImageDraw.ImageDraw, block: TextBlock, ink: Ink) -> None:
    """Set a block's lines where they were placed."""
    for placed in block.lines:
        for run in placed.line.runs:
            pen.text(
                (placed.x + run.x, placed.baseline),
                run.text,
                fill=ink,
                font=run.font,
                anchor="ls",
                stroke_width=run.stroke_px,
            )
