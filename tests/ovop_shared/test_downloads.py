"""Downloads: made on disk, sent in pieces under either kind of server, memory that does not grow with the file."""

import asyncio
import io
import tracemalloc
from typing import BinaryIO

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from ovop_shared.downloads import CHUNK_BYTES, download

PIECE = b"0123456789abcdef" * 4096
PIECES = 320  # 20 MiB


def write(stream: BinaryIO) -> None:
    stream.writelines(PIECE for _ in range(PIECES))


def asgi_request() -> ASGIRequest:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    return ASGIRequest(scope, io.BytesIO())


def answered(*, is_asgi: bool) -> StreamingHttpResponse:
    request = asgi_request() if is_asgi else RequestFactory().get("/")
    return download(request, write, name="Ысык-Көл.csv", content_type="text/csv")


@pytest.mark.parametrize("is_asgi", [False, True])
def test_a_download_is_sent_in_pieces(is_asgi: bool) -> None:
    tracemalloc.start()
    response = answered(is_asgi=is_asgi)
    sizes = []

    async def read() -> None:
        async for piece in response:
            sizes.append(len(piece))

    if is_asgi:
        asyncio.run(read())
    else:
        sizes += [len(piece) for piece in response]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert response.is_async is is_asgi
    assert sum(sizes) == len(PIECE) * PIECES == int(response["Content-Length"])
    assert max(sizes) == CHUNK_BYTES
    assert peak < 2 * 1024 * 1024


def test_a_download_is_kept_by_nobody_and_runs_nowhere() -> None:
    response = answered(is_asgi=False)

    assert (
        response["Content-Disposition"]
        == "attachment; filename*=UTF-8''%D0%AB%D1%81%D1%8B%D0%BA-%D0%9A%D3%A9%D0%BB.csv"
    )
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert sum(len(piece) for piece in response) == len(PIECE) * PIECES


def test_what_cannot_be_written_is_not_begun() -> None:
    def fail(stream: BinaryIO) -> None:
        stream.write(b"half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        download(RequestFactory().get("/"), fail, name="x", content_type="text/csv")
