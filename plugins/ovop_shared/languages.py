"""The languages pages and statements speak, as BCP 47 tags (RFC 5646)."""

import re
from dataclasses import dataclass

from ovop_shared.errors import OvopError


@dataclass(frozen=True, slots=True)
class Language:
    """`tag` in BCP 47 with the script where it matters; `autonym` is the language's name in itself."""

    tag: str
    autonym: str


LANGUAGES: tuple[Language, ...] = (
    Language("en", "English"),
    Language("ru", "Русский"),
    Language("ky", "Кыргызча"),
    Language("uz-Latn", "Oʻzbekcha"),
    Language("kk", "Қазақша"),
    Language("tg", "Тоҷикӣ"),
    Language("kaa-Latn", "Qaraqalpaqsha"),
    Language("ja", "日本語"),
)
LANGUAGE_TAGS: tuple[str, ...] = tuple(language.tag for language in LANGUAGES)
DEFAULT_LANGUAGE = "en"

# Names of places and people come in more scripts than the pages do.
NAME_TAGS: frozenset[str] = frozenset(LANGUAGE_TAGS) | {"uz-Cyrl", "kaa-Cyrl", "kk-Latn", "ky-Latn"}

_SHAPE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?$")


class UnknownLanguage(OvopError):
    """The tag is not a language, or not one in which names are kept."""

    code = "unknown_language"


def name_tag(tag: str) -> str:
    """The canonical spelling of a tag in which a name may be stored, e.g. `UZ-latn` -> `uz-Latn`.

    Raises UnknownLanguage; a tag without the script that would tell two spellings apart (`uz`, `kaa`) is refused.
    """
    if _SHAPE.match(tag):
        language, _, script = tag.partition("-")
        canonical = language.lower() + (f"-{script.title()}" if script else "")
        if canonical in NAME_TAGS:
            return canonical
    raise UnknownLanguage(f"{tag!r} is no language in which names are kept.", field="language", params={"tag": tag})


def page_language(wanted: str | None, accept_language: str = "", default: str = DEFAULT_LANGUAGE) -> str:
    """The page language for an explicit wish (`?lang=`) and an Accept-Language header (RFC 9110, 12.5.4)."""
    for tag in [wanted or "", *_accepted(accept_language)]:
        match = _supported(tag)
        if match:
            return match
    return default


def _supported(tag: str) -> str | None:
    folded = tag.strip().lower()
    if not folded:
        return None
    for known in LANGUAGE_TAGS:
        if folded == known.lower():
            return known
    primary = folded.partition("-")[0]
    for known in LANGUAGE_TAGS:
        if primary == known.partition("-")[0] and "cyrl" not in folded:
            return known
    return None


def _accepted(header: str) -> list[str]:
    wishes: list[tuple[int, int, str]] = []
    for order, part in enumerate(header.split(",")[:20]):
        tag, _, parameters = part.partition(";")
        quality = re.search(r"q=(0|1)(?:\.(\d{1,3}))?", parameters)
        thousandths = int(quality[1]) * 1000 + int((quality[2] or "").ljust(3, "0")) if quality else 1000
        if tag.strip() and thousandths:
            wishes.append((-min(thousandths, 1000), order, tag.strip()))
    return [tag for _, _, tag in sorted(wishes)]
