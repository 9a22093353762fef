"""Badges: what they say, that it fits, that nothing that has lapsed looks valid, and how long they may be kept."""

import datetime
import io
from typing import Any
from urllib.parse import quote

import pytest
import zxingcpp
from certification_world import HONEY, JAM, ZONE, certificate_row, day, event_row, moment
from django.test import Client
from django.utils import timezone
from PIL import Image

from ovop_certification.badges import SIZES, PublicCertificate, badge_size, certificate_badge, product_badge
from ovop_certification.badges.pictures import state_text
from ovop_certification.badges.plate import GREEN, Sheet
from ovop_certification.models import Certificate, EventKind, IssuingBody, Scheme
from ovop_certification.rules import Status
from ovop_certification.services import certificate_event_add, certificate_register
from ovop_certification.texts import STATUS_TEXTS
from ovop_shared.drawing.fonts import Box, clean_text
from ovop_shared.drawing.paragraphs import Paragraph
from ovop_shared.errors import GlyphMissing
from ovop_shared.languages import LANGUAGE_TAGS
from ovop_shared.mounting import page_url
from ovop_shared.translations import translate
from ovop_standalone.models import KnownProduct

AT = moment("2025-06-15 12:00")
LONG = (
    "Декларация о соответствии техническим регламентам Евразийского экономического союза о безопасности "
    "пищевой продукции и о её маркировке"
)


def facts(**changes: Any) -> PublicCertificate:
    given: dict[str, Any] = {
        "pk": 1,
        "scheme": "brand",
        "kind": "brand_label",
        "scheme_names": {"en": "Brand label", "ru": "Знак качества", "ja": "一村一品ブランド認証"},
        "number": "LABEL/7",
        "body": "body",
        "body_name": "Sample brand committee",
        "body_register_url": "",
        "register_url": "",
        "holder_kind": "product",
        "holder_ref": "1",
        "valid_from_on": day("2025-01-01"),
        "valid_until_on": day("2025-12-31"),
        "status": Status.VALID,
        "since_on": day("2025-01-01"),
        "audited_on": None,
        "next_audit_on": None,
        "products": (),
        "product_types": (),
        "areas": (),
        "markets": (),
        "replaces": "",
        "replaced_by": (),
        "stars": None,
        "next_change_at": None,
    }
    return PublicCertificate(**given | changes)


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGBA")


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    return {colour[:3] for _, colour in image.getcolors(image.width * image.height) if colour[3] == 255}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[datetime.datetime]:
    """The moment that it is; a test sets another one by assigning to its only item."""
    now = [AT]
    monkeypatch.setattr(timezone, "now", lambda: now[0])
    return now


def get(name: str, headers: dict[str, str] | None = None, query: dict[str, str] | None = None, **where: Any) -> Any:
    return Client().get(page_url(f"ovop_certification:{name}", **where), query or {}, headers=headers or {})


def badge(number: str = "EAC-1", headers: dict[str, str] | None = None, **query: str) -> Any:
    return get("certificate-badge", headers, query, scheme="eac", number=number)


# The picture


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_a_badge_is_drawn_in_every_size_and_language(size: str, language: str) -> None:
    image = picture(certificate_badge(facts(stars=4), badge_size(size), language))

    assert image.size == (SIZES[size].width, SIZES[size].height)
    assert image.getpixel((0, 0))[3] == 0  # the corner outside the card
    assert GREEN in colours(image)


@pytest.mark.parametrize("status", Status)
def test_only_a_valid_certificate_has_the_green_of_one(status: Status) -> None:
    image = picture(certificate_badge(facts(status=status, stars=5), badge_size("medium"), "en"))

    greens = sum(
        count
        for count, (red, green, blue, alpha) in image.getcolors(image.width * image.height)
        if alpha == 255 and green > red + 40 and green > blue + 20
    )
    assert (greens > 5_000) is (status is Status.VALID)
    assert (greens == 0) is (status is not Status.VALID)


def test_every_state_has_a_form_of_its_own() -> None:
    # Without the ribbon and in grey: who does not see colours, and cannot read the words.
    forms = {
        picture(certificate_badge(facts(status=status), badge_size("small"), "en"))
        .convert("L")
        .crop((0, 0, 76, 96))
        .tobytes()
        for status in Status
    }
    assert len(forms) == len(Status)


def test_the_grade_is_as_many_stars() -> None:
    drawn = {certificate_badge(facts(stars=stars), badge_size("medium"), "en") for stars in (None, 1, 2, 3, 4, 5)}
    assert len(drawn) == 6


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Valid until Dec\u00a031,\u00a02025"),
        ({"valid_until_on": None}, "Valid"),
        ({"status": Status.NOT_YET_VALID}, "Not valid before Jan\u00a01,\u00a02025"),
        ({"status": Status.APPLIED}, "Applied for, not issued yet"),
        ({"status": Status.SUSPENDED, "since_on": day("2025-05-01")}, "Suspended since May\u00a01,\u00a02025"),
        ({"status": Status.WITHDRAWN, "since_on": day("2025-05-01")}, "Withdrawn since May\u00a01,\u00a02025"),
        ({"status": Status.EXPIRED, "since_on": day("2026-01-01")}, "Expired since Jan\u00a01,\u00a02026"),
    ],
)
def test_the_badge_tells_the_state_and_its_day(changes: dict[str, Any], text: str) -> None:
    assert state_text(facts(**changes), "en") == text


def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Box, Box]]:
    """Every text that is set from now on, with the box it may fill and the one its ink fills."""
    texts: list[tuple[str, Box, Box]] = []
    placed = Sheet.placed

    def noted(self: Sheet, paragraphs: Any, box: Box, *, is_centred: bool = False) -> Any:
        blocks = placed(self, paragraphs, box, is_centred=is_centred)
        for block in blocks or ():
            for line in block.lines:
                texts.append((block.text, box, line.line.ink.shifted(line.x, line.baseline)))
        return blocks

    monkeypatch.setattr(Sheet, "placed", noted)
    return texts


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Brand label", "1"),
        (LONG, "ЕАЭС N RU Д-KG.АЯ46.В.12345/23"),
        (LONG * 3, "N" * 120),
        ("Ж" * 200, "№" * 120),
        ("ブランド認証" * 30, "認" * 120),
    ],
)
def test_long_texts_stay_inside_their_boxes(monkeypatch: pytest.MonkeyPatch, size: str, name: str, number: str) -> None:
    texts = written(monkeypatch)
    long = facts(scheme_names={"ru": name}, number=number, body_name=LONG, stars=3, status=Status.SUSPENDED)

    certificate_badge(long, badge_size(size), "ru")
    product_badge(
        [facts(scheme_names={"ru": name}, stars=2, pk=pk) for pk in range(7)], badge_size(size), "ru", AT.date()
    )

    assert len({text for text, _, _ in texts}) >= 3
    for text, box, ink in texts:
        assert box.left <= ink.left, text
        assert ink.right <= box.right, text
        assert box.top <= ink.top, text
        assert ink.bottom <= box.bottom, text
    assert any(text[:20].rstrip("…") in name for text, _, _ in texts)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_the_word_for_the_state_is_never_cut(monkeypatch: pytest.MonkeyPatch, size: str, language: str) -> None:
    for status in Status:
        texts = written(monkeypatch)
        shown = facts(status=status, since_on=day("2025-09-30"), number=f"{status}/{language}")

        certificate_badge(shown, badge_size(size), language)

        wanted = {clean_text(state_text(shown, language)), clean_text(translate(STATUS_TEXTS[status], language))}
        assert wanted & {text for text, _, _ in texts}, (status, texts)


def test_what_is_too_long_for_its_box_is_cut_and_not_left_out() -> None:
    sheet = Sheet(240, 96)
    blocks = sheet.placed(
        (Paragraph("scheme", LONG * 3, sheet.px(31), sheet.least_px(), gap=0),), Box(0, 0, sheet.px(300), sheet.px(110))
    )
    assert blocks is not None
    assert blocks[0].text.endswith("…")


def test_a_character_that_no_font_has_is_refused_by_its_part() -> None:
    with pytest.raises(GlyphMissing) as refusal:
        certificate_badge(facts(scheme_names={"en": "حلال"}), badge_size("medium"), "en")
    assert refusal.value.field == "scheme"


def test_a_products_badge_lists_what_is_valid_and_nothing_else() -> None:
    names = [{"en": f"Scheme {index}"} for index in range(3)]
    valid = [facts(scheme_names=each) for each in names]
    lapsed = facts(status=Status.EXPIRED)
    size = badge_size("medium")

    assert product_badge([*valid, lapsed], size, "en", AT.date()) == product_badge(valid, size, "en", AT.date())
    none = picture(product_badge([lapsed], size, "en", AT.date()))
    assert GREEN not in colours(none)
    assert picture(product_badge(valid, size, "en", AT.date())).height > none.height


# Over HTTP


@pytest.mark.usefixtures("registry")
def test_a_badge_is_a_picture_for_everybody_that_is_kept_for_minutes(at: list[datetime.datetime]) -> None:
    first = badge()

    assert (first.status_code, first["Content-Type"]) == (200, "image/png")
    assert first["Cache-Control"] == "public, max-age=300"
    assert first["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert first["Vary"] == "Accept-Language"
    again = badge(headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert badge(size="large").content != first.content
    assert badge(lang="ru").content != first.content
    assert badge(headers={"Accept-Language": "ru"}).content == badge(lang="ru").content


@pytest.mark.usefixtures("registry")
def test_a_badge_turns_over_at_the_shops_midnight(at: list[datetime.datetime]) -> None:
    at[0] = moment("2025-12-31 23:59:30")
    last = badge()
    assert last["Cache-Control"] == "public, max-age=30"

    at[0] = moment("2026-01-01 00:00:00")
    first = badge(headers={"If-None-Match": last["ETag"]})
    assert first.status_code == 200
    assert GREEN in colours(picture(last.content))
    assert GREEN not in colours(picture(first.content))


@pytest.mark.usefixtures("registry")
def test_a_picture_that_tells_the_day_is_kept_for_that_day_alone(at: list[datetime.datetime]) -> None:
    at[0] = moment("2025-06-15 23:58")  # nothing of the jam changes at midnight but the day that its badge names
    assert get("product-badge", product_pk=JAM)["Cache-Control"] == "public, max-age=120"


@pytest.mark.usefixtures("registry")
def test_a_badge_is_not_kept_past_an_event_that_is_dated_ahead(at: list[datetime.datetime]) -> None:
    certificate_event_add(
        Certificate.objects.get(number="EAC-1").pk,
        EventKind.WITHDRAWN,
        actor="Desk",
        reason="why",
        at=AT + datetime.timedelta(seconds=90),
    )
    assert badge()["Cache-Control"] == "public, max-age=90"


@pytest.mark.usefixtures("registry")
def test_a_badge_tells_a_withdrawal_at_once(at: list[datetime.datetime]) -> None:
    before = badge()
    certificate_event_add(
        Certificate.objects.get(number="EAC-1").pk, EventKind.WITHDRAWN, actor="Desk", reason="why", at=AT
    )

    after = badge()

    assert after["ETag"] != before["ETag"]
    assert GREEN not in colours(picture(after.content))


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("badges/eac/EAC-1.png", 200),
        ("badges/eac/EAC/2.png", 200),
        ("badges/eac/EAC-1.png?size=huge", 400),
        ("badges/eac/EAC-1.png?body=nobody", 404),
        ("badges/eac/NONE.png", 404),
        ("badges/none/EAC-1.png", 404),
        ("badges/eac/%00.png", 404),
        ("badges/eac/%0A.png", 404),
        ("badges/e%20c/EAC-1.png", 404),
        ("badges/eac/" + "9" * 121 + ".png", 404),
        ("badges/eac/%FF%FE.png", 404),
        ("badges/products/1.png", 200),
        ("badges/products/99.png", 404),
        ("badges/products/99999999999999999999999.png", 404),
        ("badges/products/-1.png", 404),
        ("codes/eac/EAC-1.png", 200),
        ("codes/eac/NONE.png", 404),
    ],
)
def test_odd_addresses_are_answered(at: list[datetime.datetime], address: str, status: int) -> None:
    assert Client().get(f"/plugins/ovop.certification/{address}").status_code == status


@pytest.mark.usefixtures("registry")
def test_two_bodies_with_one_number_have_a_badge_each_and_the_common_one_claims_the_less(
    at: list[datetime.datetime],
) -> None:
    other = IssuingBody.objects.create(code="other", name="Other body")
    certificate_register(
        certificate_row(
            number="EAC-1",
            issuing_body=other.code,
            events=(event_row("issued"), event_row("withdrawn", "2025-02-01")),
        )
    )

    assert GREEN in colours(picture(badge(body="body").content))
    assert GREEN not in colours(picture(badge(body="other").content))
    assert badge().content == badge(body="other").content


@pytest.mark.usefixtures("registry")
def test_a_products_badge_over_http_follows_its_certificates(at: list[datetime.datetime]) -> None:
    def shown(product: int) -> Image.Image:
        return picture(get("product-badge", product_pk=product).content)

    assert GREEN in colours(shown(HONEY))
    assert GREEN not in colours(shown(JAM))  # suspended
    at[0] = moment("2026-01-01 00:00")
    assert GREEN not in colours(shown(HONEY))
    KnownProduct.objects.filter(product=HONEY).update(is_published=False)
    assert get("product-badge", product_pk=HONEY).status_code == 404


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "number", ["EAC-1", "A/B/1", "№ 12 «ЕАЭС» 100%", "50%25", "a b?c#d", "кг.png", "x" * 120, "Ж" * 120]
)
def test_the_code_for_printing_leads_to_the_page(
    at: list[datetime.datetime], settings: Any, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    monkeypatch.setenv("OVOP_PUBLIC_URL", "https://shop.example")
    if number != "EAC-1":
        certificate_register(certificate_row(number=number, scheme="brand"))
    scheme = "eac" if number == "EAC-1" else "brand"

    code = picture(get("certificate-code", scheme=scheme, number=number).content)
    (found,) = zxingcpp.read_barcodes(code.convert("L"))

    assert found.text.startswith(f"https://shop.example/plugins/ovop.certification/certificates/{scheme}/")
    path = found.text.removeprefix("https://shop.example")
    answer = Client().get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert quote(number, safe="") in quote(answer.content.decode().replace("&amp;", "&"), safe="")


def test_a_scheme_without_a_name_in_any_font_is_refused_and_not_an_error(
    registry: None, at: list[datetime.datetime]
) -> None:
    Scheme.objects.filter(code="eac").update(names={"en": "حلال"})

    answer = badge()

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "glyph_missing"


def test_the_zone_of_these_tests_is_the_shops() -> None:
    assert str(ZONE) == "Asia/Bishkek"
