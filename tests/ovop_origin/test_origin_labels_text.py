"""The faces labels are set in, and text in boxes: every letter has a glyph, nothing leaves its box."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ovop_origin.errors import LabelTooSmall
from ovop_origin.labels import SHEETS, SIZES, LabelContent
from ovop_origin.labels.layout import Composition, compose
from ovop_origin.labels.mark import mark_ring, village_mark
from ovop_origin.labels.sizes import label_size
from ovop_shared.drawing.fonts import BILEVEL, Box, check_glyphs, clean_text, face_of, measured, millimetres, points
from ovop_shared.drawing.ink import draw_text
from ovop_shared.drawing.paragraphs import Breaking, Paragraph, TextBlock, fit, fit_cut, wrap
from ovop_shared.errors import GlyphMissing

CYRILLIC = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALPHABETS = {
    "en": LATIN,
    "ru": CYRILLIC,
    "ky": CYRILLIC + "ҢӨҮ",
    "ky-Latn": LATIN + "ÇĞÑÖŞÜıİ",
    "kk": CYRILLIC + "ӘҒҚҢӨҰҮҺІ",
    "kk-Latn": LATIN + "ÄĞIİÑÖŞŪÜÁǴŃÓÚÝıi",
    "tg": CYRILLIC + "ҒӢҚӮҲҶ",
    "uz-Latn": LATIN + "ʻʼ‘’",
    "uz-Cyrl": CYRILLIC + "ЎҚҒҲ",
    "kaa-Latn": LATIN + "ÁǴÍıİŃÓÚ",
    "kaa-Cyrl": CYRILLIC + "ӘҒҚҢӨҮЎҲ",
    "ja": "あいうえおんがぱっゃアイウエオンガパッャー々ヶ一村品産地生作者蜂蜜羊毛"
    "工房協同組合国州県市町名前製造年月日、。「」・（）",
    "signs": "0123456789 .,:;!?-–—…/()[]«»„“”‘’\"'+&%№°·×@#*",
}
LETTERS = sorted(
    {letter for alphabet in ALPHABETS.values() for form in (alphabet, alphabet.lower()) for letter in clean_text(form)}
)


def letter_in_ink(letter: str, *, is_bold: bool) -> bytes:
    picture = Image.new(BILEVEL, (90, 90), 1)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = BILEVEL
    for run in measured(letter, 48, is_bold=is_bold).runs:
        pen.text((20 + run.x, 60), run.text, fill=0, font=run.font, anchor="ls")
    return picture.tobytes()


def missing_in_ink(letter: str, *, is_bold: bool) -> bytes:
    """What the letter's own face draws for a character that it does not have."""
    face = face_of(letter, is_bold=is_bold)
    assert face is not None
    nothing = next(chr(code) for code in range(0xE000, 0xF000) if code not in face.characters)
    picture = Image.new(BILEVEL, (90, 90), 1)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = BILEVEL
    pen.text((20, 60), nothing, fill=0, font=measured(letter, 48, is_bold=is_bold).runs[0].font, anchor="ls")
    return picture.tobytes()


@pytest.mark.parametrize("is_bold", [False, True], ids=["regular", "bold"])
def test_every_letter_of_our_alphabets_has_a_glyph_of_its_own(is_bold: bool) -> None:
    assert len(LETTERS) > 250
    empty = Image.new(BILEVEL, (90, 90), 1).tobytes()
    for letter in LETTERS:
        check_glyphs(letter, "name")
        drawn = letter_in_ink(letter, is_bold=is_bold)
        assert drawn != missing_in_ink(letter, is_bold=is_bold), f"{letter} {unicodedata.name(letter)}"
        assert (drawn == empty) == letter.isspace(), f"{letter} {unicodedata.name(letter)}"


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ("ӨО", "barred o"),
        ("ҢН", "tailed n"),
        ("ıi", "dotless i"),
        ("ǴG", "acute"),
        ("ʻʼ", "turned comma"),
        ("がか", "voiced"),
    ],
)
def test_letters_that_differ_by_a_stroke_differ_in_ink(pair: str, reason: str) -> None:
    assert letter_in_ink(pair[0], is_bold=False) != letter_in_ink(pair[1], is_bold=False), reason


@pytest.mark.parametrize(
    ("character", "codepoint"), [("ش", "U+0634"), ("🍯", "U+1F36F"), ("ᠮ", "U+182E"), ("\x07", "U+0007")]
)
def test_a_character_that_no_font_has_is_refused_by_its_name(character: str, codepoint: str) -> None:
    content = replace(FULL, product_name=f"Honey {character}")

    with pytest.raises(GlyphMissing) as refusal:
        compose(content, label_size("100x70"))

    assert refusal.value.code == "glyph_missing"
    assert refusal.value.field == "product_name"
    assert refusal.value.params["codepoint"] == codepoint


def test_a_missing_glyph_is_found_in_every_part_of_a_label() -> None:
    for part in ("product_name", "second_name", "village", "region", "producer", "lot", "story"):
        with pytest.raises(GlyphMissing):
            compose(replace(FULL, **{part: "ش"}), label_size("100x150"))


def test_text_is_composed_and_freed_of_what_is_never_seen() -> None:
    assert clean_text("  Қўнғирот\u200b \n\t бал\ufeff ") == "Қўнғирот бал"
    assert clean_text("и\u0306 а\u0301") == "й а\u0301"
    assert clean_text("250\u00a0g") == "250\u00a0g"


# Wrapping


def line_texts(text: str, width: int, breaking: Breaking = Breaking.WORDS, separator: str = "") -> list[str] | None:
    lines = wrap(text, lambda part: measured(part, 40, is_bold=False), width, breaking, separator=separator)
    return None if lines is None else ["".join(run.text for run in line.runs) for line in lines]


def test_lines_are_broken_at_spaces_and_hyphens_between_letters() -> None:
    assert line_texts("Жети-Өгүз району", 260) == ["Жети-Өгүз", "району"]
    assert line_texts("Жети-Өгүз району", 150) == ["Жети-", "Өгүз", "району"]
    assert line_texts("2025-ж., 1-июн.", 160) == ["2025-ж.,", "1-июн."]
    assert line_texts("250\u00a0g honey", 130) == ["250\u00a0g", "honey"]


def test_a_word_that_is_too_long_is_broken_only_when_it_has_to_be() -> None:
    assert line_texts("Кооперативдердин", 200) is None
    pieces = line_texts("Кооперативдердин", 200, Breaking.ANYWHERE)
    assert pieces is not None
    assert len(pieces) > 1
    assert "".join(pieces) == "Кооперативдердин"


def test_a_letter_stays_with_its_marks_when_a_word_is_broken() -> None:
    pieces = line_texts("а\u0301" * 12, 100, Breaking.ANYWHERE)
    assert pieces is not None
    assert not any(piece.startswith("\u0301") for piece in pieces)


def test_japanese_is_broken_between_characters_but_no_line_starts_with_a_stop_or_a_small_letter() -> None:
    assert line_texts("甘草はちみつ", 130) is None
    assert line_texts("甘草はちみつ", 130, Breaking.CHARACTERS) == ["甘草は", "ちみつ"]
    assert line_texts("村の蜂蜜、工房", 165, Breaking.CHARACTERS) == ["村の蜂", "蜜、工房"]
    assert line_texts("フェルトのスリッパ", 290, Breaking.CHARACTERS) == ["フェルトのス", "リッパ"]
    assert line_texts("ヌクス「工房」", 165, Breaking.CHARACTERS) == ["ヌクス", "「工房」"]


def test_a_separator_is_where_a_line_ends_and_is_left_out_there() -> None:
    text = "Lot: L-1 A · Made on: 1 июн."
    assert line_texts(text, 2_000, separator=" · ") == [text]
    assert line_texts(text, 330, separator=" · ") == ["Lot: L-1 A", "Made on: 1 июн."]
    assert line_texts(text, 150, separator=" · ") is None


def test_paragraphs_shrink_together_and_facts_less_than_names() -> None:
    name = Paragraph("name", "Гранола из двенадцати местных ингредиентов", 90, 25, is_bold=True)
    fact = Paragraph("fact", "Lot: L-1", 40, 21, give=0.5)

    blocks = fit([name, fact], 400, 260)

    assert blocks is not None
    assert 25 <= blocks[0].size_px < 60
    assert blocks[1].size_px > 40 * blocks[0].size_px / 90
    assert blocks[1].box.bottom <= 260


def test_what_does_not_fit_in_the_least_size_fits_nowhere() -> None:
    assert fit([Paragraph("name", "мёд " * 50, 60, 25)], 300, 100) is None
    assert fit([Paragraph("name", "мёд", 60, 25)], 0, 100) is None
    assert fit([Paragraph("name", "мёд", 60, 25)], 10, 100) is None


def test_a_story_is_cut_at_a_word_with_an_ellipsis() -> None:
    story = Paragraph("story", "Felted by hand from the wool of the village's own sheep, " * 6, 30, 30)

    cut = fit_cut(story, 400, 200)
    whole = fit_cut(replace(story, text="Felted by hand."), 400, 200)

    assert cut is not None
    assert cut.text.endswith("…")
    assert story.text.startswith(cut.text.removesuffix("…"))
    assert len(cut.lines) >= 3
    assert whole is not None
    assert whole.text == "Felted by hand."
    assert fit_cut(story, 400, 80) is None


# The label as a whole

FULL = LabelContent(
    product_name="Boyan palı",
    second_name="Боян палы",
    village="Shımbay",
    region="Qaraqalpaqstan Respublikası",
    link="https://shop.example/plugins/ovop.origin/01/04870012345675/10/L-2025-06",
    producer="Boyan kooperativi",
    lot="L-2025-06",
    gtin="04870012345675",
    story="Hár bir banka qol menen toltırıladı.",
    language="kaa-Latn",
    mark_seed="UZ-QR-chimbay",
)
ALL_SIZES = [*SIZES, *SHEETS]
PAD = 200

alphabets = st.sampled_from([*ALPHABETS.values(), "".join(LETTERS), LATIN.lower() + " ", CYRILLIC.lower() + " "])
names = alphabets.flatmap(lambda alphabet: st.text(alphabet, min_size=1, max_size=200)).filter(clean_text)


def ink_of(block: TextBlock, composition: Composition) -> Box | None:
    """The pixels that the block's text blackens, on a sheet with room around the label."""
    sheet = Image.new("L", (composition.width + 2 * PAD, composition.height + 2 * PAD), 0)
    picture = Image.new(BILEVEL, sheet.size, 1)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = BILEVEL
    draw_text(pen, block.shifted(PAD, PAD), 0)
    box = picture.convert("L").point(lambda value: 255 - value).getbbox()
    return Box(*box).shifted(-PAD, -PAD) if box else None


def is_inside(inner: Box, outer: Box) -> bool:
    return (
        inner.left >= outer.left
        and inner.top >= outer.top
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


def is_apart(one: Box, other: Box) -> bool:
    return one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top


def check_places(composition: Composition, margin: int) -> None:
    """Every part within the label's margin and its own box, none over another or over the code's quiet zone."""
    printable = Box(margin, margin, composition.width - margin, composition.height - margin)
    boxes = [block.box for block in composition.texts] + [composition.mark.box, *composition.rules]
    for number, box in enumerate(boxes):
        assert is_inside(box, printable)
        assert is_apart(box, composition.code.quiet)
        assert all(is_apart(box, other) for other in boxes[number + 1 :])
    assert is_inside(composition.code.box, printable)
    assert is_inside(composition.code.quiet, Box(0, 0, composition.width, composition.height))
    for block in composition.texts:
        ink = ink_of(block, composition)
        assert ink is None or is_inside(ink, block.box), f"{block.role} {block.text!r}"


def composed_or_refused(content: LabelContent, size: str) -> Composition | LabelTooSmall:
    try:
        return compose(content, label_size(size))
    except LabelTooSmall as refusal:
        return refusal


@settings(max_examples=40)
@given(
    name=names, second=names | st.just(""), village=names, producer=names | st.just(""), size=st.sampled_from(ALL_SIZES)
)
def test_the_ink_of_every_text_stays_in_its_box_or_the_label_is_refused(
    name: str, second: str, village: str, producer: str, size: str
) -> None:
    content = replace(FULL, product_name=name, second_name=second, village=village, producer=producer)

    composition = composed_or_refused(content, size)

    if isinstance(composition, LabelTooSmall):
        assert composition.params["size"] == size
        assert size in composition.message
        return
    check_places(composition, millimetres(label_size(size).margin_mm))
    shown = {block.role: block for block in composition.texts}
    assert set_text(shown["product_name"]) == clean_text(name).replace(" ", "")
    assert shown["product_name"].size_px >= points(6)
    assert all(block.size_px >= points(5) for block in composition.texts)


def set_text(block: TextBlock) -> str:
    """What a block's lines say, without spaces."""
    return "".join(run.text for placed in block.lines for run in placed.line.runs).replace(" ", "")


@pytest.mark.parametrize("size", ALL_SIZES)
def test_a_full_label_has_every_part_in_its_place_in_every_size(size: str) -> None:
    composition = compose(FULL, label_size(size))

    check_places(composition, millimetres(label_size(size).margin_mm))
    assert [block.role for block in composition.texts if block.role != "story"] == [
        "product_name",
        "second_name",
        "place",
        "producer",
        "lot",
        "gtin",
    ]
    assert composition.texts[0].size_px > composition.texts[1].size_px


def test_parts_that_are_empty_are_left_out() -> None:
    bare = LabelContent("Boyan palı", "Shımbay", "", "https://shop.example/p/1/")

    composition = compose(bare, label_size("58x40"))

    assert [(block.role, set_text(block)) for block in composition.texts] == [
        ("product_name", "Boyanpalı"),
        ("place", "Shımbay"),
    ]


def test_a_name_is_never_cut_but_refused_by_size_and_text() -> None:
    name = " ".join(["Варенье из диких ягод и мёда"] * 16)

    with pytest.raises(LabelTooSmall) as refusal:
        compose(replace(FULL, product_name=name), label_size("58x40"))

    assert refusal.value.field == "product_name"
    assert refusal.value.params == {"size": "58x40", "text": name}
    block = compose(replace(FULL, product_name=name), label_size("100x150")).texts[0]
    assert set_text(block) == name.replace(" ", "")


def test_only_the_story_is_cut() -> None:
    story = "Felted by hand from the wool of the village's own sheep. " * 40

    composition = compose(replace(FULL, story=story), label_size("100x150"))

    shown = {block.role: set_text(block) for block in composition.texts}
    assert shown.pop("story").endswith("…")
    assert not any("…" in text for text in shown.values())


# The village mark

MOTTO = "ONE VILLAGE ONE PRODUCT"


def ring_of(mark: Image.Image, motto: str = MOTTO) -> bytes:
    """The mark's ring alone, from its inner circle on: the middle is painted over."""
    geometry = mark_ring(motto, mark.width)
    assert geometry is not None
    picture = mark.copy()
    centre = mark.width / 2
    # Fine pixels are a third of those of the picture; two of these keep off the circle's own edge.
    radius = geometry.inner / 3 - geometry.stroke / 3 - 1
    ImageDraw.Draw(picture).ellipse((centre - radius, centre - radius, centre + radius, centre + radius), fill=1)
    return picture.tobytes()


@settings(max_examples=40)
@given(village=names, region=names, diameter=st.integers(160, 420))
def test_the_names_in_the_middle_of_the_mark_never_touch_its_ring(village: str, region: str, diameter: int) -> None:
    # Too long for the ring, so that it goes below the village or nowhere.
    region = clean_text(region) + " M" * 60
    named = village_mark(clean_text(village), region, MOTTO, "seed", diameter)
    empty = village_mark("", "", MOTTO, "seed", diameter)
    assert named is not None
    assert empty is not None

    assert ring_of(named) == ring_of(empty)


def test_a_region_too_long_for_the_ring_stands_below_the_village() -> None:
    region = "Қорақалпоғистон Республикаси"

    alone = village_mark("Қўнғирот", "", MOTTO, "seed", 350)
    below = village_mark("Қўнғирот", region, MOTTO, "seed", 350)
    left_out = village_mark("Қўнғирот", " ".join([region] * 4), MOTTO, "seed", 350)
    assert alone is not None
    assert below is not None
    assert left_out is not None

    assert below.tobytes() != alone.tobytes()
    assert ring_of(below) == ring_of(alone)
    assert left_out.tobytes() == alone.tobytes()


def test_a_village_has_the_same_mark_each_time_and_another_than_its_neighbour() -> None:
    village_mark.cache_clear()
    first = village_mark("Барскоон", "Ысык-Көл облусу", MOTTO, "KG-Y-barskoon", 300)
    village_mark.cache_clear()
    again = village_mark("Барскоон", "Ысык-Көл облусу", MOTTO, "KG-Y-barskoon", 300)
    other = village_mark("Барскоон", "Ысык-Көл облусу", MOTTO, "KG-Y-tamga", 300)

    assert first is not None
    assert again is not None
    assert other is not None
    assert first.size == (300, 300)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_the_mark_shows_village_and_region() -> None:
    bare = village_mark("", "", MOTTO, "seed", 400)
    village = village_mark("Барскоон", "", MOTTO, "seed", 400)
    both = village_mark("Барскоон", "Ысык-Көл облусу", MOTTO, "seed", 400)
    assert bare is not None
    assert village is not None
    assert both is not None

    assert bare.tobytes() != village.tobytes()
    assert ring_of(bare) == ring_of(village)
    assert ring_of(village) != ring_of(both)


def test_a_mark_too_small_for_its_motto_is_not_drawn() -> None:
    assert village_mark("Барскоон", "", MOTTO, "seed", 90) is None
