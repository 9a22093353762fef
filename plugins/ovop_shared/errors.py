"""The base of every refusal: one class per broken rule, with a code that never changes."""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class OvopError(Exception):
    """A rule was broken by the input or by the state it meets.

    `code` is stable and public: storefronts, files and tests compare it. `field` names the input that broke the
    rule, `row` the 1-based line of a file; either may be None. `status` is the HTTP status a page answers with.
    `params` carries the values the message speaks of, for machines.
    """

    code: ClassVar[str] = "ovop_error"
    status: ClassVar[int] = 400

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        row: int | None = None,
        params: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.row = row
        self.params = dict(params or {})

    def as_dict(self) -> dict[str, object]:
        """The refusal as JSON-ready data; absent parts are left out."""
        parts: dict[str, object] = {"code": self.code, "message": self.message}
        if self.field is not None:
            parts["field"] = self.field
        if self.row is not None:
            parts["row"] = self.row
        if self.params:
            parts["params"] = self.params
        return parts


class NotFound(OvopError):
    """What was asked for does not exist, or must not be known to exist by this requester."""

    code = "not_found"
    status = 404


class AuthenticationRequired(OvopError):
    """The requester is anonymous and the thing is not public."""

    code = "authentication_required"
    status = 401


class InvalidToken(OvopError):
    """A token was presented and is malformed, expired or not ours. Never treated as anonymous."""

    code = "invalid_token"
    status = 401


class PermissionDenied(OvopError):
    """The requester is known and lacks the right."""

    code = "permission_denied"
    status = 403


class InvalidDocument(OvopError):
    """A registry document has the wrong shape: a missing or unknown field, or a value of the wrong type."""

    code = "invalid_document"


class RegistryRefused(OvopError):
    """Nothing of a registry document was loaded, because some of its rows break rules; `problems` holds them all.

    A caller that was told them one by one gets their `count` alone, and no problems.
    """

    code = "registry_refused"

    def __init__(self, problems: Sequence[OvopError], count: int | None = None) -> None:
        self.problems = tuple(problems)
        self.count = len(self.problems) if count is None else count
        super().__init__(
            f"Nothing was loaded: {self.count} rows break a rule.",
            params={"problems": [problem.as_dict() for problem in self.problems]},
        )


class DuplicateRow(OvopError):
    """Two rows of one document speak of the same thing."""

    code = "duplicate_row"


class GlyphMissing(OvopError):
    """A character of a text is in none of the fonts that pictures are set in."""

    code = "glyph_missing"
