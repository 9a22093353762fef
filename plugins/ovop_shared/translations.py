"""Page texts in the product's languages, from gettext PO files read by Babel.

The message ids are the English texts. A translation that no native speaker has reviewed carries the PO flag
`unreviewed`; pages that show one say so.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from ovop_shared.languages import DEFAULT_LANGUAGE

CATALOGUE_FOLDER = Path(__file__).parent / "locale"
UNREVIEWED = "unreviewed"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`texts` maps the English text to the translation; `unreviewed` holds the English texts still to be reviewed."""

    texts: dict[str, str]
    unreviewed: frozenset[str]


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a page language; the default language's is empty, its texts are the ids."""
    path = CATALOGUE_FOLDER / f"{language}.po"
    if language == DEFAULT_LANGUAGE or not path.exists():
        return Catalogue({}, frozenset())
    with path.open("rb") as lines:
        messages = [message for message in read_po(lines) if message.id and message.string]
    return Catalogue(
        {str(message.id): str(message.string) for message in messages},
        frozenset(str(message.id) for message in messages if UNREVIEWED in message.flags),
    )


def translate(text: str, language: str) -> str:
    """The text in that language, or the English text where the catalogue has none."""
    return catalogue(language).texts.get(text, text)


def is_reviewed(language: str) -> bool:
    """Whether every text of that language was reviewed by a native speaker."""
    return not catalogue(language).unreviewed
