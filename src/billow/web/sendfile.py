"""A file of this machine as an answer, sent by the front where there is one."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from billow.errors import NotFound
from billow.handover import FILE, FilePart
from billow.units import MiB

#: Bytes read at once; a file up to this size is sent in one piece, without a thread.
PIECE = 1 * MiB

_FILE = FILE.encode()
_RANGE = re.compile(rb"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})")


class Span(NamedTuple):
    """Bytes from `start` to before `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many they are."""
        return self.end - self.start


NOTHING = Span(0, 0)


@dataclass(frozen=True)
class Told:
    """What is answered: with which bytes of the file."""

    status: int
    #: With Content-Length, where that is to be told.
    head: list[tuple[bytes, bytes]]
    part: Span

    @cached_property
    def lines(self) -> bytes:
        """The head as lines of HTTP/1."""
        return b"".join([b"%b: %b\r\n" % field for field in self.head])


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
        #: What the file was like when it was last looked at.
        self.facts: os.stat_result | None = None
        #: The answer that sends the whole file, and what it was made for.
        self._made: tuple[object, Told] = None, Told(0, [], NOTHING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it, or the part that was asked for, or that nothing has changed."""
        token = scope.get("billow.front")  # who has one opens the file itself
        fd = -1
        try:
            if token:
                facts = os.stat(self.path)
            else:
                fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                facts = os.fstat(fd)
        except OSError as problem:
            self.facts = None
            raise NotFound("there is no such file any more") from problem
        self.facts = facts
        try:
            told = self.told(facts, scope["method"], asked_in(scope["headers"]))
            await self._answer(fd, told, token or "", send)
        finally:
            if fd >= 0:
                os.close(fd)

    def told(self, facts: os.stat_result, method: str, asked: Mapping[bytes, bytes]) -> Told:
        """What is answered to a request, if the file is as `facts` say.

        Args:
            facts: of the file.
            method: of the request.
            asked: what `asked_in` finds in its headers.
        """
        etag = self.etag or f'"{facts.st_size:x}-{facts.st_mtime_ns:x}"'
        size = facts.st_size
        if not asked and method == "GET" and size:
            return self._whole(etag, size)
        head = {"etag": etag, "accept-ranges": "bytes"}
        if matches(asked.get(b"if-none-match", b""), etag):
            return Told(304, self._head(head), NOTHING)
        span = part_asked(asked, size, etag)
        status, part = 200, span or Span(0, size)
        if span is not None and span.start >= span.end:
            head |= {"content-range": f"bytes */{size}", "content-length": "0"}
            return Told(416, self._head(head), NOTHING)
        if span is not None:
            status = 206
            head["content-range"] = f"bytes {part.start}-{part.end - 1}/{size}"
        head["content-length"] = str(part.end - part.start)
        return Told(status, self._head(head), NOTHING if method == "HEAD" else part)

    async def _answer(self, fd: int, told: Told, token: str, send: Send) -> None:
        part = told.part
        if not part.size:
            await _send(send, told.status, told.head, b"")
        elif token:
            file = FilePart(token, part.start, part.size, self.path).encode().encode("latin-1")
            head = [each for each in told.head if each[0] != b"content-length"]
            head += [(b"content-length", b"0"), (_FILE, file)]
            await _send(send, told.status, head, b"")
        else:
            await self._send_bytes(fd, part, send, told.status, told.head)

    async def _send_bytes(
        self, fd: int, part: Span, send: Send, status: int, head: list[tuple[bytes, bytes]]
    ) -> None:
        if part.size <= PIECE:
            await _send(send, status, head, os.pread(fd, part.size, part.start))
            return
        await send({"type": "http.response.start", "status": status, "headers": head})
        for start in range(part.start, part.end, PIECE):
            size = min(PIECE, part.end - start)
            block = await asyncio.to_thread(os.pread, fd, size, start)
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _whole(self, etag: str, size: int) -> Told:
        """The answer that sends all of it; it is made once."""
        key, made = self._made  # another thread may be about to replace it
        if key != (etag, size, self.raw_headers):
            head = {"etag": etag, "accept-ranges": "bytes", "content-length": str(size)}
            made = Told(200, self._head(head), Span(0, size))
            self._made = (etag, size, [*self.raw_headers]), made
        return made

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
