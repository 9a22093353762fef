"""Files made for a download: written to disk first, sent in pieces, so that memory does not grow with the file."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from typing import IO, BinaryIO, cast
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

CHUNK_BYTES = 64 * 1024


def download(
    request: HttpRequest, write: Callable[[BinaryIO], object], *, name: str, content_type: str
) -> StreamingHttpResponse:
    """What `write` writes, as a file called `name`; whatever `write` raises is raised before anything is sent.

    Under ASGI the pieces have to come from an asynchronous iterator: Django would gather those of any other in memory
    before it sends the first one (django.http.StreamingHttpResponse, 5.2).
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the last piece is sent
    try:
        write(cast(BinaryIO, file))
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    pieces = _pieces_async(file) if isinstance(request, ASGIRequest) else _pieces(file)
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK_BYTES):
            yield piece


async def _pieces_async(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await sync_to_async(file.read)(CHUNK_BYTES):
            yield piece
