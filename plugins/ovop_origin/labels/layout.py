"""Where the parts of a label stand, and the label as a black and white picture.

Three forms: mark, text and QR code side by side on a wide label; text beside mark and code on a squarer one; mark on
top, names in the middle, facts and code below on an upright one. Each form is tried with a large mark and code
first, then with smaller ones, until all texts fit; a label on which they do not fit even then is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import segno
from django.template import Context
from PIL import Image, ImageDraw

from ovop_origin.errors import LabelTooSmall
from ovop_origin.labels.facts import LabelContent
from ovop_origin.labels.mark import village_mark
from ovop_origin.labels.sizes import LabelSize
from ovop_shared.drawing.fonts import BILEVEL, Box, check_glyphs, clean_text, millimetres, points
from ovop_shared.drawing.ink import draw_text
from ovop_shared.drawing.paragraphs import Paragraph, TextBlock, fit, fit_cut
from ovop_shared.page_tags import day
from ovop_shared.translations import translate

LABEL_TEXTS = {
    "motto": "One Village One Product",
    "lot": "Lot",
    "made_on": "Made on",
    "producer": "Made by",
}

QUIET_MODULES = 4
"""The empty edge of a QR code (ISO/IEC 18004), in its modules."""

# 0.34 mm, the least that telephones and thermal printers are good for, and 0.42 mm: GS1 asks for 0.396 to 0.990 mm
# where the code is to be read at a till (General Specifications 5.12.3.1, as GS1 UK explains it).
_LEAST_MODULE_PX, _TILL_MODULE_PX, _MOST_MODULE_PX = 4, 5, 11
_LARGEST_CODE_PX = millimetres(30)

_LEAST_TEXT_PX, _LEAST_NAME_PX = points(5), points(6)
_LARGEST_NAME_PX, _LARGEST_FACT_PX = points(40), points(11)
_LEAST_MARK_PX, _GOOD_MARK_PX, _LARGEST_MARK_PX = millimetres(13), millimetres(18), millimetres(48)
# How large the mark and the code are, of what would be best: one step after the other until the texts fit.
_SCALES = ((1.0, 1.0), (1.0, 0.8), (0.9, 0.8), (0.8, 0.65), (0.65, 0.5))
_RULE_PX = 3
_SEPARATOR = " · "
_BLACK, _WHITE = 0, 1


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code: its modules, row by row, each `module_px` wide. `box` is without the quiet zone."""

    box: Box
    modules: tuple[bytes, ...]
    module_px: int

    @property
    def quiet(self) -> Box:
        edge = QUIET_MODULES * self.module_px
        box = self.box
        return Box(box.left - edge, box.top - edge, box.right + edge, box.bottom + edge)


@dataclass(frozen=True, slots=True)
class Mark:
    box: Box
    picture: Image.Image


@dataclass(frozen=True, slots=True)
class Composition:
    """A label with its parts in place, in pixels at DPI. `rules` are thin lines between the parts."""

    width: int
    height: int
    texts: tuple[TextBlock, ...]
    code: Code
    mark: Mark
    rules: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a form has to place: the printable part of the label, the code's modules, the texts."""

    size: LabelSize
    width: int
    height: int
    margin: int
    modules: tuple[bytes, ...]
    content: LabelContent
    names: tuple[Paragraph, ...]
    facts: tuple[Paragraph, ...]

    @property
    def inner_width(self) -> int:
        return self.width - 2 * self.margin

    @property
    def inner_height(self) -> int:
        return self.height - 2 * self.margin


def compose(content: LabelContent, size: LabelSize) -> Composition:
    """The label's parts in their places. Raises LabelTooSmall and GlyphMissing."""
    frame = _frame(content, size)
    place = _upright if size.height_mm > size.width_mm else _wide if _is_wide(frame) else _square
    too_narrow = True
    for mark_scale, code_scale in _SCALES:
        for found in place(frame, mark_scale, code_scale):
            too_narrow = False
            if found is not None:
                return found
    if too_narrow:
        raise LabelTooSmall(
            f"On {size.name} a QR code for {content.link} would be too small to be scanned.",
            field="link",
            params={"size": size.name, "text": content.link},
        )
    longest = max((*frame.names, *frame.facts), key=lambda each: len(each.text) * each.least_px**2)
    raise LabelTooSmall(
        f"On {size.name} there is no room for {longest.text!r} at a legible size.",
        field=longest.role,
        params={"size": size.name, "text": longest.text},
    )


def draw(composition: Composition) -> Image.Image:
    """The label, black on white, a bit per pixel."""
    picture = Image.new(BILEVEL, (composition.width, composition.height), _WHITE)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = BILEVEL
    mark, code = composition.mark, composition.code
    picture.paste(mark.picture, (mark.box.left, mark.box.top))
    for block in composition.texts:
        draw_text(pen, block, _BLACK)
    for rule in composition.rules:
        pen.rectangle((rule.left, rule.top, rule.right - 1, rule.bottom - 1), fill=_BLACK)
    for row, modules in enumerate(code.modules):
        for column, is_dark in enumerate(modules):
            if is_dark:
                x, y = code.box.left + column * code.module_px, code.box.top + row * code.module_px
                pen.rectangle((x, y, x + code.module_px - 1, y + code.module_px - 1), fill=_BLACK)
    return picture


def _frame(content: LabelContent, size: LabelSize) -> _Frame:
    texts = {
        "product_name": content.product_name,
        "second_name": content.second_name,
        "place": _joined(content.village, content.region),
        "producer": _labelled("producer", content.producer, content.language),
        "lot": _joined(
            _labelled("lot", content.lot, content.language), _labelled("made_on", _day(content), content.language)
        ),
        "gtin": f"GTIN\u00a0{content.gtin}" if content.gtin else "",
    }
    cleaned = {role: clean_text(text) for role, text in texts.items()}
    for role, text in {**cleaned, "village": content.village, "region": content.region}.items():
        check_glyphs(clean_text(text), role)
    width, height = millimetres(size.width_mm), millimetres(size.height_mm)
    name_px = min(_LARGEST_NAME_PX, round(min(width * 0.13, height * 0.24)))
    fact_px = max(_LEAST_TEXT_PX, min(_LARGEST_FACT_PX, round(name_px * 0.36)))
    names = [
        Paragraph("product_name", cleaned["product_name"], name_px, _LEAST_NAME_PX, is_bold=True, is_balanced=True),
        Paragraph(
            "second_name", cleaned["second_name"], round(name_px * 0.62), _LEAST_TEXT_PX, gap=0.35, is_balanced=True
        ),
    ]
    facts = [
        Paragraph(
            role,
            cleaned[role],
            fact_px,
            _LEAST_TEXT_PX,
            is_bold=role == "place",
            gap=0.42,
            separator=_SEPARATOR if role in ("place", "lot") else "",
            give=0.5,
        )
        for role in ("place", "producer", "lot", "gtin")
    ]
    return _Frame(
        size=size,
        width=width,
        height=height,
        margin=millimetres(size.margin_mm),
        modules=_modules(content.link),
        content=content,
        names=tuple(each for each in names if each.text),
        facts=tuple(each for each in facts if each.text),
    )


def _joined(*parts: str) -> str:
    return _SEPARATOR.join(part for part in parts if part)


def _labelled(word: str, text: str, language: str) -> str:
    return f"{translate(LABEL_TEXTS[word], language)}: {text}" if text else ""


def _day(content: LabelContent) -> str:
    if content.made_on is None:
        return ""
    # A day is read as one: the line ends before it.
    return day(Context({"language": content.language}), content.made_on).replace(" ", "\u00a0")


@lru_cache(maxsize=64)
def _modules(link: str) -> tuple[bytes, ...]:
    return tuple(bytes(row) for row in segno.make_qr(link, error="m", boost_error=False).matrix)


def _is_wide(frame: _Frame) -> bool:
    return frame.inner_width >= 1.95 * frame.inner_height


# The forms. Each yields a composition, or None where the texts do not fit; nothing where the code does not.


def _square(frame: _Frame, mark_scale: float, code_scale: float) -> Iterator[Composition | None]:
    """Text on the left; the mark above the code on the right."""
    count = len(frame.modules)
    module = _module_px(count, min(frame.inner_height * 0.5, frame.inner_width * 0.38) * code_scale)
    if module > _TILL_MODULE_PX and frame.inner_height - module * (count + QUIET_MODULES) < _GOOD_MARK_PX:
        module = _TILL_MODULE_PX
    side = module * count
    gap = max(QUIET_MODULES * module, millimetres(1.5))
    mark_px = _mark_px(min(frame.inner_height - side - gap, frame.inner_width * 0.36 * mark_scale))
    if not module or not mark_px:
        return
    code = _code(frame, module, right=frame.width, bottom=frame.height)
    middle = (code.box.left + code.box.right) // 2
    right = min(frame.width - frame.margin, middle + mark_px // 2)
    mark = _mark(frame, mark_px, right - mark_px, frame.margin)
    if mark is None or mark.box.bottom > code.quiet.top:
        return
    text_right = min(code.quiet.left, mark.box.left - millimetres(1.5))
    box = Box(frame.margin, frame.margin, text_right, frame.height - frame.margin)
    yield _with_column(frame, box, code, mark)


def _wide(frame: _Frame, mark_scale: float, code_scale: float) -> Iterator[Composition | None]:
    """The mark on the left, the text in the middle, the code on the right."""
    count = len(frame.modules)
    module = _module_px(count, min(frame.inner_height, frame.inner_width * 0.28) * code_scale)
    mark_px = _mark_px(min(frame.inner_height, frame.inner_width * 0.27) * mark_scale)
    if not module or not mark_px:
        return
    code = _code(frame, module, right=frame.width, bottom=frame.height // 2 + frame.margin + module * count // 2)
    mark = _mark(frame, mark_px, frame.margin, (frame.height - mark_px) // 2)
    if mark is None:
        return
    left = mark.box.right + millimetres(2)
    box = Box(left, frame.margin, code.quiet.left, frame.height - frame.margin)
    yield _with_column(frame, box, code, mark)


def _upright(frame: _Frame, mark_scale: float, code_scale: float) -> Iterator[Composition | None]:
    """The mark on top, names and story below it, the facts beside the code at the foot."""
    count = len(frame.modules)
    module = _module_px(count, min(frame.inner_height * 0.24, frame.inner_width * 0.36) * code_scale)
    mark_px = _mark_px(min(frame.inner_height * 0.32, frame.inner_width * 0.5) * mark_scale)
    if not module or not mark_px:
        return
    code = _code(frame, module, right=frame.width, bottom=frame.height)
    mark = _mark(frame, mark_px, (frame.width - mark_px) // 2, frame.margin)
    if mark is None:
        return
    foot = Box(frame.margin, code.box.top, code.quiet.left, code.box.bottom)
    facts = fit(frame.facts, foot.width, foot.height)
    top = mark.box.bottom + millimetres(4)
    rule_at = code.quiet.top - millimetres(2)
    names = fit(frame.names, frame.inner_width, rule_at - millimetres(3) - top, is_centred=True)
    if facts is None or names is None:
        yield None
        return
    used = names[-1].box.bottom if names else 0
    spare = rule_at - millimetres(3) - top - used
    story = _story(frame, frame.inner_width, spare - millimetres(4), is_centred=True)
    free = max(0, spare - (story[-1].box.bottom + millimetres(4) if story else 0))
    shift = top + free // 3
    placed = [each.shifted(frame.margin, shift) for each in names]
    placed += [each.shifted(frame.margin, shift + used + millimetres(4)) for each in story]
    height = facts[-1].box.bottom if facts else 0
    placed += [each.shifted(foot.left, foot.bottom - height) for each in facts]
    rule = Box(frame.margin, rule_at, frame.width - frame.margin, rule_at + _RULE_PX)
    yield Composition(frame.width, frame.height, tuple(placed), code, mark, (rule,))


def _with_column(frame: _Frame, box: Box, code: Code, mark: Mark) -> Composition | None:
    """Names at the top of the column, facts at its foot below a rule, the story between them if there is room."""
    between = millimetres(1.8) + _RULE_PX
    together = fit([*frame.names, *frame.facts], box.width, box.height - between)
    if together is None:
        return None
    facts = together[len(frame.names) :]
    facts = tuple(each.shifted(0, -facts[0].box.top) for each in facts)
    facts_height = facts[-1].box.bottom if facts else 0
    # Facts stop at their least size: what they leave, the names may have.
    names = fit(frame.names, box.width, box.height - between - facts_height) or together[: len(frame.names)]
    names_height = names[-1].box.bottom if names else 0
    spare = box.height - between - names_height - facts_height
    story = _story(frame, box.width, spare - millimetres(2))
    rule_at = box.bottom - facts_height - between // 2 - _RULE_PX
    placed = [each.shifted(box.left, box.top) for each in names]
    placed += [each.shifted(box.left, box.top + names_height + millimetres(2)) for each in story]
    placed += [each.shifted(box.left, box.bottom - facts_height) for each in facts]
    rule = Box(box.left, rule_at, box.right, rule_at + _RULE_PX)
    return Composition(frame.width, frame.height, tuple(placed), code, mark, (rule,) if names and facts else ())


def _story(frame: _Frame, width: int, height: int, *, is_centred: bool = False) -> tuple[TextBlock, ...]:
    """The story, as much of it as there is room for: the only part of a label that may be cut."""
    text = clean_text(frame.content.story)
    if not text:
        return ()
    check_glyphs(text, "story")
    least = min((each.size_px for each in frame.facts), default=_LEAST_TEXT_PX)
    block = fit_cut(
        Paragraph("story", text, least, least, is_balanced=is_centred), width, height, is_centred=is_centred
    )
    return (block,) if block else ()


def _module_px(count: int, side: float) -> int:
    """How large a module is in a code of about that side, never below what can be scanned; 0 if that is far off."""
    module = min(int(min(side, _LARGEST_CODE_PX) // count), _MOST_MODULE_PX)
    return max(module, _LEAST_MODULE_PX)


def _code(frame: _Frame, module: int, *, right: int, bottom: int) -> Code:
    """The code as near to the corner as its quiet zone and the label's margin allow."""
    edge = max(frame.margin, QUIET_MODULES * module)
    side = module * len(frame.modules)
    left, top = right - edge - side, bottom - edge - side
    return Code(Box(left, top, left + side, top + side), frame.modules, module)


def _mark_px(room: float) -> int:
    """The mark's diameter in that room; 0 where it is too small to be read."""
    size = min(int(room), _LARGEST_MARK_PX)
    return size if size >= _LEAST_MARK_PX else 0


def _mark(frame: _Frame, size: int, left: int, top: int) -> Mark | None:
    content = frame.content
    motto = translate(LABEL_TEXTS["motto"], content.language)
    # In Karakalpak the capital of i is not I, as Unicode's rule for all languages has it.
    motto = motto if content.language.startswith("kaa") else motto.upper()
    seed = content.mark_seed or content.village
    picture = village_mark(clean_text(content.village), clean_text(content.region), motto, seed, size)
    return Mark(Box(left, top, left + size, top + size), picture) if picture else None
