"""A file of this machine as an answer, sent by the front where there is one."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from billow.errors import NotFound
from billow.handover import FILE, FilePart
from billow.units import MiB

#: Bytes read at once; a file up to this size is sent in one piece, without a thread.
PIECE = 1 * MiB

_RANGE = re.compile(rb"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})")


class Span(NamedTuple):
    """Bytes from `start` to before `end`."""

    start: int
    end: int


class FileReply(Response):
    """An ASGI answer: the file at `path`, which must not change while it has this name.

    It answers `If-None-Match`, `If-Range`, `Range` (one range) and HEAD. Behind the front it
    answers with headers only, and the front sends the bytes. The file must lie below a folder
    that the front may send from: the service's own.

    Args:
        path: the file.
        media_type: its Content-Type.
        headers: further headers, such as Cache-Control; nothing is added to them about caching.
        etag: its entity tag with the quotes; made of the file's size and time if not given.

    Raises (when called):
        NotFound: there is no such file.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
    ) -> None:
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        given = os.fspath(path)
        self.path = given if given.startswith("/") else os.path.abspath(given)
        self.etag = etag
        #: The head of the whole file for the front, and what it was made for.
        self._made: tuple[object, list[tuple[bytes, bytes]]] = None, []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it, or the part that was asked for, or that nothing has changed."""
        fd = -1
        try:
            if scope.get("billow.front"):  # which opens it itself
                facts = os.stat(self.path)
            else:
                fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                facts = os.fstat(fd)
        except OSError as problem:
            raise NotFound("there is no such file any more") from problem
        try:
            await self._answer(fd, facts, scope, send)
        finally:
            if fd >= 0:
                os.close(fd)

    async def _answer(self, fd: int, facts: os.stat_result, scope: Scope, send: Send) -> None:
        etag = self.etag or f'"{facts.st_size:x}-{facts.st_mtime_ns:x}"'
        asked = asked_in(scope["headers"])
        token = scope.get("billow.front")
        if token and not asked and scope["method"] == "GET" and facts.st_size:
            await _send(send, 200, [*self._whole(token, etag, facts.st_size)], b"")
            return
        extra = {"etag": etag, "accept-ranges": "bytes"}
        if matches(asked.get(b"if-none-match", b""), etag):
            await _send(send, 304, self._head(extra), b"")
            return
        span = part_asked(asked, facts.st_size, etag)
        status, part = 200, span or Span(0, facts.st_size)
        if span is not None and span.start >= span.end:
            extra |= {"content-range": f"bytes */{facts.st_size}", "content-length": "0"}
            await _send(send, 416, self._head(extra), b"")
            return
        if span is not None:
            status = 206
            extra["content-range"] = f"bytes {part.start}-{part.end - 1}/{facts.st_size}"
        length = part.end - part.start
        if scope["method"] == "HEAD" or not length:
            await _send(send, status, self._head({**extra, "content-length": str(length)}), b"")
        elif token and length:
            told = FilePart(token, part.start, length, self.path).encode()
            await _send(send, status, self._head({**extra, "content-length": "0", FILE: told}), b"")
        else:
            extra["content-length"] = str(length)
            await self._send_bytes(fd, part, send, status, self._head(extra))

    async def _send_bytes(
        self, fd: int, part: Span, send: Send, status: int, head: list[tuple[bytes, bytes]]
    ) -> None:
        if part.end - part.start <= PIECE:
            await _send(send, status, head, os.pread(fd, part.end - part.start, part.start))
            return
        await send({"type": "http.response.start", "status": status, "headers": head})
        for start in range(part.start, part.end, PIECE):
            size = min(PIECE, part.end - start)
            block = await asyncio.to_thread(os.pread, fd, size, start)
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _whole(self, token: str, etag: str, size: int) -> list[tuple[bytes, bytes]]:
        """The head with which the front sends all of it; it is made once."""
        key = token, etag, size, self.raw_headers
        if self._made[0] != key:
            told = FilePart(token, 0, size, self.path).encode()
            extra = {"etag": etag, "accept-ranges": "bytes", "content-length": "0", FILE: told}
            self._made = (*key[:3], [*self.raw_headers]), self._head(extra)
        return self._made[1]

    def _head(self, extra: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
        more = [(name.encode(), value.encode("latin-1")) for name, value in extra.items()]
        return [*self.raw_headers, *more]


def matches(told: bytes, etag: str) -> bool:
    """Whether `If-None-Match` names this tag, or any."""
    if not told:
        return False
    tags = [tag.strip().removeprefix(b"W/") for tag in told.split(b",")]
    return b"*" in tags or etag.removeprefix("W/").encode("latin-1") in tags


def part_asked(asked: Mapping[bytes, bytes], size: int, etag: str) -> Span | None:
    """The one range that was asked for; None stands for everything, as for what cannot be read.

    An empty span means that there is nothing in the range.
    """
    found = _RANGE.fullmatch(asked.get(b"range", b"").strip())
    if found is None or asked.get(b"if-range", b"").strip() not in (b"", etag.encode("latin-1")):
        return None
    first, last = found.groups()
    if first:
        if last and int(last) < int(first):
            return None
        return Span(int(first), min(size, int(last) + 1 if last else size))
    return Span(max(0, size - int(last)), size) if last else None


def asked_in(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers of a request that say which part is asked for, and under which conditions."""
    return {name: value for name, value in headers if name[:3] in (b"if-", b"ran")}


async def _send(send: Send, status: int, head: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
