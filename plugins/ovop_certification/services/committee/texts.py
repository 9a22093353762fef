"""What people type, made storable: whole lines, no NUL, within the length of its column."""

from ovop_shared.errors import OvopError

MAX_TEXT = 20_000
MAX_NAME = 200


def typed_line(text: str, error: type[OvopError], field: str, *, limit: int = MAX_NAME, needed: bool = True) -> str:
    """One line without spaces around it. Raises `error` when it is empty and needed, too long, or holds what no line holds."""
    line = " ".join(text.split())
    if needed and not line:
        raise error("This has to be filled in.", field=field)
    if len(line) > limit or not _is_storable(line):
        raise error(f"This is longer than {limit} characters or holds one that cannot be stored.", field=field)
    return line


def typed_text(text: str, error: type[OvopError], field: str) -> str:
    """Some lines as they are, with one kind of line ending. Raises `error` when they are too long or not storable."""
    lines = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    if len(lines) > MAX_TEXT or not _is_storable(lines):
        raise error(f"This is longer than {MAX_TEXT} characters or holds one that cannot be stored.", field=field)
    return lines


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
