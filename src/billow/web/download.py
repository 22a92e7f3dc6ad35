"""Sending stored objects to clients: always as attachments, whole or in part."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from billow.errors import Error
from billow.ports.objects import ObjectInfo
from billow.web.context import Context
from billow.web.sendfile import Span, asked_in, part_asked


class RangeOutside(Error):
    """The range asked for lies outside of the object."""

    status = 416
    title = "Range not satisfiable"


async def download(context: Context, request: Request, info: ObjectInfo) -> Response:
    """An object as a file to be saved, never to be shown: its type is the client's word only.

    Raises:
        RangeOutside: the range asked for begins behind the end.
    """
    etag = f'"{info.sha256}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(info.name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": etag,
    }
    if etag in (part.strip() for part in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    span = _span(request, info.size, etag)
    start, end = span or Span(0, info.size)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{info.size}"
    read = context.home.objects.read
    blocks = await context.run(read, info.store, info.key, start, end)
    return StreamingResponse(
        _in_thread(context, blocks),
        206 if span else 200,
        headers,
        media_type="application/octet-stream",
    )


def disposition(name: str) -> str:
    """Content-Disposition of a file to be saved as `name` (RFC 6266)."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name) or "unnamed"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _span(request: Request, size: int, etag: str) -> Span | None:
    """The one range that was asked for; None stands for everything, as for what cannot be read."""
    span = part_asked(asked_in(request.scope["headers"]), size, etag)
    if span is not None and span.start >= span.end:
        raise RangeOutside(f"the file has {size} bytes", size=size)
    return span


async def _in_thread(context: Context, blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    iterator = iter(blocks)
    while block := await context.run(next, iterator, b""):
        yield block
