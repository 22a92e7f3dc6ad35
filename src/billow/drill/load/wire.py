"""HTTP/1.1 as a client needs it: requests as bytes, and answers read as they come in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from billow.visits import Step

#: Bytes of a head, or of a line between chunks; nothing honest is longer.
MAX_HEAD = 64 * 1024
#: Bytes of a body that are kept for who wants to see it.
MAX_KEPT = 1024 * 1024

_BODILESS = (204, 304)


class Malformed(Exception):
    """What came in is no HTTP/1.1 answer."""


def encode(step: Step, host: str, headers: Mapping[str, str], cookies: Mapping[str, str]) -> bytes:
    """The request as it is sent."""
    lines = [f"{step.method} {step.path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in {**headers, **step.headers}.items()]
    if cookies:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
    if step.body or not step.safe:
        lines.append(f"Content-Length: {len(step.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + step.body


class _Stage(Enum):
    HEAD = 0
    SIZED = 1
    CHUNK_SIZE = 2
    CHUNK = 3
    TRAILER = 4
    UNTIL_CLOSED = 5
    DONE = 6


class Answer:
    """An answer that comes in piece by piece.

    Args:
        method: what was asked; an answer to HEAD has no body.
        keep: whether the body is kept, up to `MAX_KEPT`.
    """

    __slots__ = (
        "_at", "_keep", "_left", "_method", "_rest", "_stage", "body", "close", "cookies",
        "headers", "size", "status",
    )  # fmt: skip

    def __init__(self, method: str, *, keep: bool) -> None:
        self._method = method
        self._keep = keep
        self._stage = _Stage.HEAD
        #: What came in and is not taken yet, and how far it is taken.
        self._rest = b""
        self._at = 0
        self._left = 0
        self.status = 0
        self.headers: dict[str, str] = {}
        #: Values of all Set-Cookie headers.
        self.cookies: list[str] = []
        self.body = bytearray()
        #: Bytes of the body so far.
        self.size = 0
        #: Whether the connection ends with this answer.
        self.close = False

    @property
    def begun(self) -> bool:
        """Whether anything of it has come in."""
        return self._stage is not _Stage.HEAD or bool(self._rest)

    @property
    def done(self) -> bool:
        """Whether all of it has come in."""
        return self._stage is _Stage.DONE

    def feed(self, data: bytes) -> bool:
        """Take in what came; returns whether the answer is complete.

        Raises:
            Malformed: it is no HTTP/1.1 answer, or goes on after its end.
        """
        self._rest = self._rest + data if self._rest else data
        self._at = 0
        while self._advance():
            pass
        self._rest = self._rest[self._at :]
        if self._rest and self.done:
            raise Malformed("more came than was asked for")
        return self.done

    def closed(self) -> bool:
        """The connection has ended; returns whether the answer is complete by that."""
        if self._stage is _Stage.UNTIL_CLOSED:
            self._stage = _Stage.DONE
        return self.done

    def _advance(self) -> bool:
        """One stage on, if what came in suffices for that."""
        match self._stage:
            case _Stage.HEAD:
                return self._read_head()
            case _Stage.SIZED | _Stage.CHUNK | _Stage.UNTIL_CLOSED:
                return self._read_body()
            case _Stage.CHUNK_SIZE | _Stage.TRAILER:
                return self._read_line()
            case _Stage.DONE:
                return False

    def _cut(self, mark: bytes) -> bytes | None:
        """What stands before the next mark; None if that is not there yet."""
        end = self._rest.find(mark, self._at)
        if (end if end >= 0 else len(self._rest)) - self._at > MAX_HEAD:
            raise Malformed("the head is too long")
        if end < 0:
            return None
        text = self._rest[self._at : end]
        self._at = end + len(mark)
        return text

    def _read_head(self) -> bool:
        head = self._cut(b"\r\n\r\n")
        if head is None:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not rest[:3].isdecimal():
            raise Malformed(f"not a status line: {first[:80]!r}")
        status = int(rest[:3])
        if 100 <= status < 200:
            return True  # an interim answer; the real one follows
        self.status = status
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            if name == "set-cookie":
                self.cookies.append(value)
            self.headers[name] = value
        held = self.headers.get("connection", "").lower()
        self.close = "close" in held or (version == "HTTP/1.0" and "keep-alive" not in held)
        self._begin_body()
        return True

    def _begin_body(self) -> None:
        if self._method == "HEAD" or self.status in _BODILESS:
            self._stage = _Stage.DONE
        elif "chunked" in self.headers.get("transfer-encoding", "").lower():
            self._stage = _Stage.CHUNK_SIZE
        elif (length := self.headers.get("content-length")) is not None:
            if not length.isdecimal():
                raise Malformed(f"content-length: {length[:80]!r}")
            self._left = int(length)
            self._stage = _Stage.SIZED if self._left else _Stage.DONE
        else:
            self.close = True
            self._stage = _Stage.UNTIL_CLOSED

    def _read_body(self) -> bool:
        there = len(self._rest) - self._at
        if not there:
            return False
        endless = self._stage is _Stage.UNTIL_CLOSED
        taken = there if endless else min(there, self._left)
        if self._keep and self.size < MAX_KEPT:
            self.body += self._rest[self._at : self._at + taken]
        self._at += taken
        self.size += taken
        self._left -= taken
        if self._left == 0 and not endless:
            self._stage = _Stage.DONE if self._stage is _Stage.SIZED else _Stage.CHUNK_SIZE
        return True

    def _read_line(self) -> bool:
        line = self._cut(b"\r\n")
        if line is None:
            return False
        if self._stage is _Stage.TRAILER:
            self._stage = _Stage.TRAILER if line else _Stage.DONE
        elif line:  # the empty line ends the chunk before
            try:
                self._left = int(line.partition(b";")[0], 16)
            except ValueError:
                raise Malformed(f"not a chunk's size: {line[:80]!r}") from None
            self._stage = _Stage.CHUNK if self._left else _Stage.TRAILER
        return True
