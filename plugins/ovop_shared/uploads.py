"""Bodies of requests that may be long: refused by their length where it is told, and stopped on the way where not."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from ovop_shared.errors import OvopError

_CUT = "ovop_body_cut"


class BodyTooLarge(OvopError):
    """The body of the request is longer than what is taken here; nothing of it was read."""

    code = "body_too_large"
    status = 413


class _Quota(FileUploadHandler):
    """Counts what all files of a form bring and ends the reading when it is too much. It keeps nothing itself."""

    def __init__(self, request: HttpRequest, limit_bytes: int) -> None:
        super().__init__(request)
        self.left_bytes = limit_bytes

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.left_bytes -= len(raw_data)
        if self.left_bytes < 0:
            setattr(self.request, _CUT, True)
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> Any:
        return None


def limit_body(request: HttpRequest, limit_bytes: int) -> None:
    """Call it before anything of the request's form is read. Raises BodyTooLarge where the length says so.

    A body without a length is read until the limit: what is behind it is missing from the form, which then lacks its
    file or its token and is refused.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length) > limit_bytes:
        raise BodyTooLarge("The file is too large.", params={"limit_bytes": limit_bytes})
    if not hasattr(request, "_post"):  # a host that looks for its own token has read the form, into a temporary file
        request.upload_handlers.insert(0, _Quota(request, limit_bytes))


def is_body_cut(request: HttpRequest) -> bool:
    """Whether the reading of the form ended at the limit."""
    return bool(getattr(request, _CUT, False))
