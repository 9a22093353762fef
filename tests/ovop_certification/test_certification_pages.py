"""The verification page tells the whole truth of today, and a number that somebody types finds it."""

import datetime
import html
import re
from typing import Any

import pytest
import segno
from certification_world import AT, HONEY, certificate_row, day, event_row, moment
from django.test import Client
from django.utils import timezone

from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateProductType,
    EventKind,
    HolderKind,
    IssuingBody,
)
from ovop_certification.services import certificate_event_add, certificate_register
from ovop_origin import services as origin
from ovop_origin.records import PlaceRow, ProducerRow
from ovop_shared.languages import LANGUAGE_TAGS
from ovop_shared.mounting import page_url
from ovop_standalone.models import KnownProduct

ROOT = "/plugins/ovop.certification/"
HTML = {"Accept": "text/html"}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[datetime.datetime]:
    now = [AT]
    monkeypatch.setattr(timezone, "now", lambda: now[0])
    return now


@pytest.fixture
def village(db: None) -> str:
    """A village with a producer that may be named and one that may not."""
    for place in (
        PlaceRow("country", "KG", {}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {"en": "Issyk-Kul", "ru": "Иссык-Куль"}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "KG-Y-d", {"en": "District"}, parent="KG-Y"),
        PlaceRow("village", "KG-Y-v", {"en": "Village"}, parent="KG-Y-d"),
    ):
        origin.place_save(place, at=AT)
    for producer in (
        ProducerRow("named", "cooperative", "KG-Y-v", "ky", {"en": "Ak Kiyiz", "ru": "Ак кийиз"}, is_name_public=True),
        ProducerRow("hidden", "person", "KG-Y-v", "ky", {"en": "Aigerim"}),
    ):
        origin.producer_save(producer, at=AT)
    return "KG-Y-v"


def page(number: str, scheme: str = "eac", lang: str = "en") -> Any:
    address = page_url("ovop_certification:certificate", scheme=scheme, number=number)
    return Client().get(address, {"lang": lang}, headers=HTML)


def told(response: Any) -> dict[str, str]:
    """What the page says, name by name."""
    rows = re.findall(r"<dt>(.*?)</dt><dd(?: [^>]*)?>(.*?)</dd>", response.text, re.DOTALL)
    return {
        name: html.unescape(re.sub(r"<br>", "; ", re.sub(r"<(?!br)[^>]+>", "", text))).strip() for name, text in rows
    }


def search(number: str, lang: str = "en") -> Any:
    return Client().get(f"{ROOT}certificates/", {"number": number, "lang": lang}, headers=HTML)


# The state


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("events", "valid_from", "shown", "since", "is_good"),
    [
        ([("applied", "2025-03-01")], "2025-01-01", "Applied for, not issued yet", "Mar 1, 2025", False),
        (
            [("applied", "2025-03-01"), ("verified", "2025-03-05")],
            "2025-01-01",
            "Applied for, not issued yet",
            "Mar 1, 2025",
            False,
        ),
        ([("issued", "2025-03-01")], "2025-07-01", "Issued, not valid yet", "Mar 1, 2025", False),
        ([("issued", "2025-03-01")], "2025-04-01", "Valid", "Apr 1, 2025", True),
        ([("issued", "2025-03-01"), ("suspended", "2025-05-02")], "2025-01-01", "Suspended", "May 2, 2025", False),
        (
            [("issued", "2025-03-01"), ("suspended", "2025-05-02"), ("reinstated", "2025-05-10")],
            "2025-01-01",
            "Valid",
            "May 10, 2025",
            True,
        ),
        ([("issued", "2025-03-01"), ("withdrawn", "2025-06-14")], "2025-01-01", "Withdrawn", "Jun 14, 2025", False),
    ],
)
def test_the_page_tells_the_state_of_today_and_since_when(
    at: list[datetime.datetime],
    events: list[tuple[str, str]],
    valid_from: str,
    shown: str,
    since: str,
    is_good: bool,
) -> None:
    certificate_register(
        certificate_row(valid_from_on=day(valid_from), events=tuple(event_row(*event) for event in events))
    )

    response = page("EAC-NEW")

    assert f'<p class="total {"good" if is_good else "bad"}">{shown}</p>' in response.text
    assert told(response)["In this state since"] == since
    assert "Checked on Jun 15, 2025" in response.text
    assert "because" not in response.text  # reasons are not public


@pytest.mark.usefixtures("registry")
def test_it_expires_at_the_shops_midnight(at: list[datetime.datetime]) -> None:
    at[0] = moment("2025-12-31 23:59:59")
    assert '<p class="total good">Valid</p>' in page("EAC-1").text

    at[0] = moment("2026-01-01")
    response = page("EAC-1")
    assert '<p class="total bad">Expired</p>' in response.text
    assert told(response)["In this state since"] == "Jan 1, 2026"


@pytest.mark.usefixtures("registry")
def test_what_nobody_has_applied_for_yet_has_no_page(at: list[datetime.datetime]) -> None:
    certificate_register(certificate_row(events=(event_row("applied", "2025-07-01"),)))
    assert page("EAC-NEW").status_code == 404


# What else it says


@pytest.mark.usefixtures("registry")
def test_the_page_leads_to_what_replaced_it_once_that_is_granted(at: list[datetime.datetime]) -> None:
    successor = certificate_register(
        certificate_row(number="EAC-1b", holder_ref=str(HONEY), replaces="EAC-1", events=(event_row("applied"),))
    )
    assert "Replaced by" not in told(page("EAC-1"))
    assert told(page("EAC-1b"))["Replaces"] == "EAC-1"

    certificate_event_add(successor.pk, EventKind.ISSUED, actor="Other", at=AT)
    assert told(page("EAC-1"))["Replaced by"] == "EAC-1b"
    assert page_url("ovop_certification:certificate", scheme="eac", number="EAC-1b") in page("EAC-1").text


@pytest.mark.usefixtures("registry")
def test_registers_are_linked_and_nothing_but_web_addresses_is(at: list[datetime.datetime]) -> None:
    IssuingBody.objects.update(register_url="https://register.example/")
    Certificate.objects.filter(number="EAC-1").update(register_url="javascript:alert(1)")
    text = page("EAC-1").text
    assert 'href="https://register.example/"' in text
    assert "javascript" not in text

    Certificate.objects.filter(number="EAC-1").update(register_url="https://register.example/1?a=1&b=2")
    assert 'href="https://register.example/1?a=1&amp;b=2"' in page("EAC-1").text


@pytest.mark.usefixtures("registry")
def test_the_holder_is_named_as_far_as_it_agreed(at: list[datetime.datetime], village: str) -> None:
    for number, holder in (("P/1", "named"), ("P/2", "hidden"), ("P/3", "nobody")):
        certificate_register(certificate_row(number=number, holder_kind=HolderKind.PRODUCER, holder_ref=holder))

    named, hidden, unknown = page("P/1"), page("P/2"), page("P/3")

    assert told(named)["Holder"] == "Ak Kiyiz"
    assert page_url("ovop_origin:producer", code="named") in named.text
    assert told(page("P/1", lang="ru"))[told_name("Holder", "ru")] == "Ак кийиз"
    assert told(named)["Products"] == "All that its holder makes"
    for response in (hidden, unknown):
        assert told(response)["Holder"] == "A producer who has not agreed to be named"
        assert "Aigerim" not in response.text
        assert "hidden" not in re.sub(r'type="hidden"|aria-hidden', "", response.text)


def told_name(text: str, language: str) -> str:
    from ovop_shared.translations import translate

    return translate(text, language)


@pytest.mark.usefixtures("registry")
def test_areas_types_and_lots_are_told(at: list[datetime.datetime], village: str) -> None:
    certificate = certificate_register(
        certificate_row(holder_kind=HolderKind.LOT, holder_ref=f"{HONEY}/L-7", number="LOT/1")
    )
    CertificateArea.objects.create(certificate=certificate, place="KG-Y")
    CertificateArea.objects.create(certificate=certificate, place="GONE")
    CertificateProductType.objects.create(certificate=certificate, product_type="ovop-food")

    facts = told(page("LOT/1"))

    assert facts["Lot"] == "L-7"
    assert facts["Products"] == "Mountain honey"
    assert facts["Areas"] == "GONE; Issyk-Kul"
    assert facts["Product types"] == "ovop-food"


@pytest.mark.usefixtures("registry")
def test_a_product_is_linked_when_it_has_a_page_and_not_named_when_nobody_may_know_it(
    at: list[datetime.datetime], village: str
) -> None:
    link = page_url("ovop_origin:product", product_pk=HONEY)
    assert "Mountain honey" in page("EAC-1").text
    assert link not in page("EAC-1").text  # no origin: no page

    origin.product_origin_set(HONEY, village, {}, at=AT)
    assert link in page("EAC-1").text
    KnownProduct.objects.filter(product=HONEY).update(is_published=False)
    assert "Mountain honey" in page("EAC-1").text
    assert link not in page("EAC-1").text
    KnownProduct.objects.filter(product=HONEY).update(was_published=False)
    assert "Mountain honey" not in page("EAC-1").text


@pytest.mark.usefixtures("registry")
def test_two_bodies_with_one_number_are_both_on_the_page(at: list[datetime.datetime]) -> None:
    IssuingBody.objects.create(code="other", name="Another body")
    certificate_register(certificate_row(number="EAC-1", issuing_body="other"))
    text = page("EAC-1").text
    assert text.count('<section class="card"') == 2
    assert "body=body" in text
    assert "body=other" in text


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_badge_and_code_stand_on_the_page_in_every_language(at: list[datetime.datetime], language: str) -> None:
    response = page("EAC-1", lang=language)

    (badge,) = re.findall(r'<img src="([^"]+)"', response.text)
    picture = Client().get(html.unescape(badge))
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    assert f"lang={language}" in badge
    url = "http://testserver/plugins/ovop.certification/certificates/eac/EAC-1/"
    assert segno.make_qr(url, error="m").svg_inline(scale=4, border=4, light="#fff", lineclass=None).split(" d=")[
        1
    ] in (response.text)
    assert url in response.text
    assert "<script" not in response.text
    assert (response["X-Robots-Tag"], response["Cache-Control"]) == ("noindex, nofollow", "private, no-store")


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("number", ["A/B/1", "№ 12 «ЕАЭС» 100%", "50%25", "a b?c#d", "//x", "<b>", "x" * 120])
def test_odd_numbers_have_a_page_of_their_own(at: list[datetime.datetime], number: str) -> None:
    certificate_register(certificate_row(number=number))
    response = page(number)
    assert response.status_code == 200
    assert told(response)["Number"] == number


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "address",
    [
        "certificates/eac/%00/",
        "certificates/eac/a%00b/",
        "certificates/eac/%0A/",
        "certificates/eac/%FF/",
        "certificates/eac/" + "9" * 121 + "/",
        "certificates/%00/EAC-1/",
        "certificates/e%2Fc/EAC-1/",
        "certificates/" + "e" * 65 + "/EAC-1/",
        "certificates/eac//",
        "certificates/eac/",
        "certificates/eac/EAC-1%20/",
    ],
)
def test_odd_addresses_are_not_found(at: list[datetime.datetime], address: str) -> None:
    response = Client().get(ROOT + address, headers=HTML)
    assert response.status_code == 404


# The search


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("typed", ["EAC-1", "eac-1", "  EAC-1  ", "EAC-1\u00a0", "\tEAC-1", "EAC-1\x00"])
def test_a_typed_number_finds_its_certificate(at: list[datetime.datetime], typed: str) -> None:
    response = search(typed)
    assert page_url("ovop_certification:certificate", scheme="eac", number="EAC-1") in response.text
    assert "Valid until Dec\u00a031,\u00a02025" in html.unescape(response.text)
    assert response["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.usefixtures("registry")
def test_a_number_in_cyrillic_is_found_in_small_letters(at: list[datetime.datetime]) -> None:
    certificate_register(certificate_row(number="ЕАЭС № 7/Ж"))
    assert "ЕАЭС № 7/Ж" in search("еаэс № 7/ж").text


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("typed", ["EAC-9", "\x00", "x" * 500, "%", "<script>alert(1)</script>", "EAC-_"])
def test_what_is_no_number_finds_nothing_and_breaks_nothing(at: list[datetime.datetime], typed: str) -> None:
    response = search(typed)
    assert response.status_code == 200
    assert "<section" not in response.text
    assert "<script" not in response.text
    assert "There is no certificate with this number." in response.text
    assert "\x00" not in response.text


@pytest.mark.usefixtures("registry")
def test_the_search_alone_is_for_search_engines(at: list[datetime.datetime]) -> None:
    response = search("")
    assert "X-Robots-Tag" not in response
    assert "There is no certificate" not in response.text
    for language in LANGUAGE_TAGS:
        assert search("EAC-1", lang=language).status_code == 200


@pytest.mark.usefixtures("registry")
def test_a_search_takes_a_constant_number_of_queries(
    at: list[datetime.datetime], django_assert_max_num_queries: Any
) -> None:
    for index in range(5):
        certificate_register(
            certificate_row(number="SAME", scheme="eac", holder_ref=str(index + 1), issuing_body=body(index))
        )
    with django_assert_max_num_queries(9):
        assert search("same").text.count("<section") == 5


def body(index: int) -> str:
    return IssuingBody.objects.create(code=f"body-{index}", name=f"Body {index}").code
