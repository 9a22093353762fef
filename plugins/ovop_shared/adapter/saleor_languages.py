"""Which of Saleor's language codes a name in one of our languages goes to."""

from collections.abc import Mapping
from functools import cache

from django.conf import settings

# Saleor knows Uzbek with and without its script, and neither Karakalpak nor Latin Kyrgyz and Kazakh (3.22, 3.23):
# those names stay in the registry's own pages and GraphQL. English is the untranslated text.
_CODES = {
    "ru": ("ru",),
    "ky": ("ky",),
    "kk": ("kk",),
    "tg": ("tg",),
    "ja": ("ja",),
    "uz-Latn": ("uz", "uz-latn"),
    "uz-Cyrl": ("uz-cyrl",),
}


@cache
def saleor_codes(tag: str) -> tuple[str, ...]:
    """Saleor's codes for a BCP 47 tag, as far as this Saleor has them; empty for English and what it does not know."""
    known = dict(settings.LANGUAGES)
    return tuple(code for code in _CODES.get(tag, ()) if code in known)


def saleor_translations(names: Mapping[str, str]) -> dict[str, str]:
    """Names by tag as translations by Saleor's code; only recorded names, nothing is filled in."""
    return {code: text for tag, text in names.items() for code in saleor_codes(tag)}


def managed_codes() -> frozenset[str]:
    """The codes whose translations follow the registry; any other translation is the staff's own."""
    return frozenset(code for tag in _CODES for code in saleor_codes(tag))
