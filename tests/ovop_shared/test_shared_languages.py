"""Which language a page is in, and in which a name may be stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovop_shared.languages import LANGUAGE_TAGS, NAME_TAGS, UnknownLanguage, name_tag, page_language


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [
        ("ky", "ky"),
        ("KY", "ky"),
        ("UZ-latn", "uz-Latn"),
        ("uz-CYRL", "uz-Cyrl"),
        ("kaa-cyrl", "kaa-Cyrl"),
        ("ja", "ja"),
    ],
)
def test_a_name_tag_is_stored_in_one_spelling(tag: str, canonical: str) -> None:
    assert name_tag(tag) == canonical
    assert name_tag(canonical) == canonical


@pytest.mark.parametrize("tag", ["", "uz", "kaa", "de", "xx", "uz_Latn", "uz-Arab", "en\n", "uz-Latn-UZ", "english"])
def test_a_tag_that_is_no_language_or_does_not_tell_the_script_is_refused(tag: str) -> None:
    with pytest.raises(UnknownLanguage) as refusal:
        name_tag(tag)

    assert (refusal.value.code, refusal.value.field) == ("unknown_language", "language")
    assert refusal.value.params == {"tag": tag}


def test_every_page_language_may_have_names() -> None:
    assert set(LANGUAGE_TAGS) <= NAME_TAGS


@pytest.mark.parametrize(
    ("wanted", "header", "default", "language"),
    [
        ("ru", "ky", "ja", "ru"),
        ("RU", "", "ja", "ru"),
        ("uz-latn", "", "en", "uz-Latn"),
        ("uz", "", "en", "uz-Latn"),
        ("ru-KG", "", "en", "ru"),
        ("uz-Cyrl", "", "en", "en"),
        ("kaa-Cyrl-UZ", "ky", "en", "ky"),
        ("xx", "ky", "en", "ky"),
        (None, "", "ja", "ja"),
        (None, "de, ky;q=0.8, ru;q=0.9", "en", "ru"),
        (None, "ky;q=0.5, ru;q=0.5", "en", "ky"),
        (None, "ru;q=0, ky;q=0.1", "en", "ky"),
        (None, "ru;q=0.000", "en", "en"),
        (None, "*", "en", "en"),
        (None, "tg ; q=0.7 , kk ; q=0.71", "en", "kk"),
        (None, ",,;q=1,", "ky", "ky"),
        ("", "ja", "en", "ja"),
    ],
)
def test_the_wish_goes_before_the_browser_and_that_before_the_default(
    wanted: str | None, header: str, default: str, language: str
) -> None:
    assert page_language(wanted, header, default) == language


@given(st.none() | st.text(max_size=20), st.text(max_size=200), st.sampled_from(LANGUAGE_TAGS))
def test_whatever_is_asked_for_the_answer_is_a_page_language(wanted: str | None, header: str, default: str) -> None:
    assert page_language(wanted, header, default) in LANGUAGE_TAGS


def test_a_header_of_any_length_is_read_only_at_its_beginning() -> None:
    assert page_language(None, ",".join(["de"] * 20 + ["ky"]), "en") == "en"
    assert page_language(None, ",".join(["de"] * 19 + ["ky"]), "en") == "ky"
