"""The frame of every page: one page in every language, headers, and markup that a screen reader can follow."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from django.test import Client

from ovop_shared.languages import LANGUAGE_TAGS, LANGUAGES

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
TEMPLATES = sorted(PLUGINS.glob("*/templates/**/*.html"))
HTML = {"accept": "text/html"}


@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_the_language_switch_offers_the_same_page_in_every_other_language(client: Client, language: str) -> None:
    page = client.get("/no/such/page/", {"lang": language}, headers=HTML).text

    navigation = re.search(r"<nav.*?</nav>", page, re.DOTALL)
    assert navigation is not None
    links = re.findall(r'<a href="([^"]+)" lang="([^"]+)" hreflang="([^"]+)">([^<]+)</a>', navigation[0])
    others = [each for each in LANGUAGES if each.tag != language]
    assert links == [(f"/no/such/page/?lang={each.tag}", each.tag, each.tag, each.autonym) for each in others]
    assert f'<html lang="{language}">' in page
    assert f'<strong lang="{language}" aria-current="true">' in navigation[0]


def test_the_language_switch_keeps_what_else_was_asked_for(client: Client) -> None:
    page = client.get("/nowhere/?page=2&q=a%26b&lang=ru&q=%22%3E%3Cb%3E", headers=HTML).text

    assert '<a href="/nowhere/?page=2&amp;q=a%26b&amp;q=%22%3E%3Cb%3E&amp;lang=ja" lang="ja"' in page


def test_the_browsers_language_is_taken_where_none_is_asked_for(client: Client) -> None:
    answers = {
        wish: client.get("/nowhere/", headers={**HTML, "accept-language": wish})["Content-Language"]
        for wish in ("ky-KG,ky;q=0.9,ru;q=0.8", "de,ru;q=0.5", "uz", "kaa", "de")
    }

    assert answers == {
        "ky-KG,ky;q=0.9,ru;q=0.8": "ky",
        "de,ru;q=0.5": "ru",
        "uz": "uz-Latn",
        "kaa": "kaa-Latn",
        "de": "en",
    }


def test_a_page_allows_its_own_style_and_nothing_else(client: Client) -> None:
    page = client.get("/nowhere/", headers=HTML)

    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert page["Content-Security-Policy"].startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Cache-Control"] == "private, no-store"


def test_a_refusal_is_a_page_for_a_person_and_json_for_a_program(client: Client) -> None:
    page = client.get("/nowhere/", {"lang": "ja"}, headers=HTML)
    program = client.get("/nowhere/", {"lang": "ja"})

    assert "このページは存在しません。" in page.text
    assert "<code>not_found</code>" in page.text
    assert program.json() == {"errors": [{"code": "not_found", "message": "There is no such page."}]}
    assert page.status_code == program.status_code == 404


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_template_works_without_scripts_and_can_be_read_aloud(template: Path) -> None:
    source = template.read_text(encoding="utf-8")

    # a page policy that allows neither scripts nor inline styles would drop these silently
    data_block = '<script type="application/ld+json">{{ jsonld }}</script>'  # data: no browser runs it
    assert re.findall(r"<script|\son\w+=|\sstyle=|javascript:", source.replace(data_block, "")) == []
    # a header cell says whether it heads a row or a column; what scrolls is reached by keyboard and has a name
    assert [cell for cell in re.findall(r"<th\b[^>]*>", source) if "scope=" not in cell] == []
    scrolling = re.findall(r'<div class="wide"[^>]*>', source)
    has_name = r'role="region" (aria-labelledby="[a-z]+"|aria-label="{% t "[^"]+" %}") tabindex="0"'
    assert [each for each in scrolling if not re.search(has_name, each)] == []
    named = set(re.findall('aria-labelledby="([a-z]+)"', source))
    assert named <= set(re.findall(r'<h\d id="([a-z]+)"', source))
    # words on a page come from the catalogues
    without_tags = re.sub(r"{%.*?%}|{{.*?}}|<[^>]*>|&\w+;", " ", source, flags=re.DOTALL)
    assert re.findall(r"[A-Za-z]{2,}", without_tags.replace("One Village One Product", "")) == []
