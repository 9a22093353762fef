"""The words by which Saleor's own search finds a product by where it comes from, in any recorded language.

Saleor indexes the untranslated texts of a product's attributes only (3.22, 3.23), so the names stand together in the
text of an attribute that shoppers do not see. Public names only: whoever searches learns what matches.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from ovop_origin.models import PlaceKind
from ovop_origin.provenance import Provenance

MAX_CHARACTERS = 20_000
"""PostgreSQL refuses a search vector of more than a megabyte, and one such product would stop Saleor's indexing."""

SEPARATOR = ", "
"""The dashboard shows the text in a field of one line, where a line break would join two names into one word."""

_APOSTROPHES = "\u02bb\u02bc\u2018\u2019'`"


def search_words(provenance: Provenance) -> str:
    """All names in one line: village, district, region, then the producers who agreed to be named."""
    names = [name for place in provenance.places if place.kind != PlaceKind.COUNTRY for name in place.names.values()]
    names += [name for maker in provenance.makers for name in maker.names.values()]
    words: list[str] = []
    length = 0
    for word in dict.fromkeys(spelling for name in names for spelling in spellings(name)):
        length += len(word) + len(SEPARATOR)
        if length > MAX_CHARACTERS:
            break
        words.append(word)
    return SEPARATOR.join(words)


@lru_cache(maxsize=16_384)
def spellings(name: str) -> tuple[str, ...]:
    """The name as recorded, and as it is typed on a keyboard without its apostrophes and accents."""
    plain = name.replace("ı", "i")
    typed = [name, _replace(plain, _APOSTROPHES, "'")]
    plain = _replace(plain, _APOSTROPHES, "")
    typed.append(plain)
    if any("LATIN" in unicodedata.name(each, "") for each in plain if not each.isascii()):
        letters = (each for each in unicodedata.normalize("NFD", plain) if not unicodedata.combining(each))
        typed.append("".join(letters))
    return tuple(dict.fromkeys(typed))


def _replace(text: str, characters: Iterable[str], by: str) -> str:
    for character in characters:
        text = text.replace(character, by)
    return text
