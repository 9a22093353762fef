"""Which of its recorded names, or stories, a thing is shown by, and names and stories by their owners."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ovop_shared.languages import LANGUAGE_TAGS, NAME_TAGS, page_language

FALLBACKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": (),
        "ru": ("en",),
        "ky": ("ky-Latn", "ru", "en"),
        "ky-Latn": ("ky", "en"),
        "uz-Latn": ("uz-Cyrl", "ru", "en"),
        "uz-Cyrl": ("uz-Latn", "ru", "en"),
        "kk": ("kk-Latn", "ru", "en"),
        "kk-Latn": ("kk", "en"),
        "tg": ("ru", "en"),
        "kaa-Latn": ("kaa-Cyrl", "uz-Latn", "ru", "en"),
        "kaa-Cyrl": ("kaa-Latn", "uz-Cyrl", "ru", "en"),
        "ja": ("en",),
    }
)
"""For each language the ones whose recorded names its readers are shown instead, in order."""


def best_language(names: Mapping[str, str], language: str) -> str | None:
    """The tag of the recorded name that a reader of `language` is shown; None when there is no name at all.

    The language itself, then its FALLBACKS, then the page languages in their order, then any. A name is never put
    into another script: only what somebody recorded is shown. `language` may be any BCP 47 tag.
    """
    wanted = next((tag for tag in NAME_TAGS if tag.lower() == language.lower()), None) or page_language(language)
    for tag in (wanted, *FALLBACKS[wanted], *LANGUAGE_TAGS):
        if tag in names:
            return tag
    return min(names, default=None)


def best_name(names: Mapping[str, str], language: str) -> str:
    """The name in that language or, as `best_language` says, the next best recorded one; empty when there is none."""
    tag = best_language(names, language)
    return names[tag] if tag else ""


def names_by_owner(rows: Any, owner: str) -> dict[int | None, dict[str, str]]:
    """Owner pk -> its names by tag, of a queryset of names or stories. One query."""
    names: dict[int | None, dict[str, str]] = {}
    for owner_id, language, text in rows.order_by("language").values_list(owner, "language", "text"):
        names.setdefault(owner_id, {})[language] = text
    return names
