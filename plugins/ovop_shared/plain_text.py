"""Texts that people type and programs send, before they reach the database or a page."""

import unicodedata

_ALLOWED_CONTROLS = frozenset("\n\r\t")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_plain(text: str) -> bool:
    """Whether it is storable and holds no control characters but the breaks of lines and tabs."""
    return is_storable(text) and not any(
        unicodedata.category(character) == "Cc" and character not in _ALLOWED_CONTROLS for character in text
    )
