"""The header lines of a request, read once for all requests that bring the same.

A browser sends the same lines with each picture of a page; only the first of them is read.
"""

from __future__ import annotations

import re

from billow.front.malformed import Malformed
from billow.handover import FILE, FRONT, KNOWN

#: What a head may hold; other control characters it must not.
_ALLOWED = b"\t\r\n" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
NUMBER = re.compile(rb"[0-9]{1,18}")
_HOST = re.compile(rb"[!-~]{0,255}")

#: Headers that end at the front: they are about this connection, or say what only a front may say.
_OWN = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"proxy-authorization",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"http2-settings",
    b"forwarded",
    b"x-real-ip",
    b"x-request-id",
    *(b"x-forwarded-" + name for name in (b"for", b"proto", b"host", b"port", b"server", b"by")),
    FRONT.encode(),
    FILE.encode(),
    KNOWN.encode(),
}
#: Headers that may come once: two of them could be understood in two ways.
_SINGLE = {b"host", b"content-length", b"transfer-encoding", b"authorization", b"expect"}

#: Bytes of a body from which on taking it is waiting rather than work.
LARGE = 64 * 1024

#: Header lines that are remembered, and how long they may be together.
REMEMBERED = 1000
SHORT = 4096


class Fields:
    """Header lines and what they mean. Nobody changes them, as requests share them."""

    __slots__ = ("chunked", "close", "length", "passed", "values", "waits")

    def __init__(self, block: bytes, minor: int) -> None:
        """Read them.

        Args:
            block: the lines, each with CR LF before it, and CR LF at the end.
            minor: of the request's HTTP/1.

        Raises:
            Malformed: they cannot be passed on safely.
        """
        if not is_clean(block):
            raise Malformed("characters or line ends that must not be")
        #: Values by name in lower case; the last of several.
        self.values: dict[bytes, bytes] = {}
        lines = []
        for line in block[2:-2].split(b"\r\n") if len(block) > 2 else ():
            name, colon, value = line.partition(b":")
            lower = _NAMES.get(name) or _lower(name)
            if not colon:
                raise Malformed("a header line has no colon")
            self._add(lower, value.strip(b" \t"))
            if lower not in _OWN:
                lines.append(line)
        #: Bytes of the body; None if they are not known.
        self.length: int | None = 0
        self.chunked = False
        #: Whether the connection ends with this request.
        self.close = minor == 0
        self._settle(minor)
        #: The lines that the server gets.
        self.passed = b"\r\n".join(self._without_named(lines))
        #: Whether they say that the request waits in the server rather than gives it work.
        self.waits = (
            (self.length or 0) > LARGE
            or b"wait" in self.values.get(b"prefer", b"")
            or b"event-stream" in self.values.get(b"accept", b"")
        )

    def _add(self, name: bytes, value: bytes) -> None:
        values = self.values
        if name in values and name in _SINGLE:
            raise Malformed(f"{name.decode()} came twice")
        if name == b"x-forwarded-for" and name in values:
            value = values[name] + b"," + value
        values[name] = value

    def _settle(self, minor: int) -> None:
        """Check the headers against each other, and find out how the body is framed."""
        values = self.values
        if b"host" not in values and minor:
            raise Malformed("Host is missing")
        if not _HOST.fullmatch(values.get(b"host", b"")):
            raise Malformed("Host is none")
        length = values.get(b"content-length")
        if length is not None:
            if not NUMBER.fullmatch(length):
                raise Malformed("Content-Length is no number")
            self.length = int(length)
        if b"transfer-encoding" in values:
            self._settle_coding(values[b"transfer-encoding"], length, minor)
        options = self._options()
        if b"close" in options:
            self.close = True
        elif b"keep-alive" in options:
            self.close = False
        if values.get(b"expect", b"100-continue").lower() != b"100-continue":
            raise Malformed("Expect is not understood", 417)

    def _settle_coding(self, coding: bytes, length: bytes | None, minor: int) -> None:
        if length is not None:
            raise Malformed("Content-Length and Transfer-Encoding cannot both be")
        if minor == 0:
            raise Malformed("HTTP/1.0 knows no Transfer-Encoding")
        if coding.lower() != b"chunked":
            raise Malformed("Transfer-Encoding is not understood", 501)
        self.chunked, self.length = True, None

    def _options(self) -> set[bytes]:
        told = self.values.get(b"connection", b"")
        return {option.strip().lower() for option in told.split(b",")}

    def _without_named(self, lines: list[bytes]) -> list[bytes]:
        """The lines without those that Connection names, which are about this connection."""
        named = self._options() - {b"close", b"keep-alive", b""}
        if not named:
            return lines
        return [line for line in lines if line.partition(b":")[0].lower() not in named]


def read_fields(block: bytes, minor: int) -> Fields:
    """What header lines mean; see `Fields`.

    Raises:
        Malformed: they cannot be passed on safely.
    """
    key = block, minor
    found = _READ.get(key)
    if found is None:
        found = Fields(block, minor)
        if len(block) <= SHORT:
            if len(_READ) >= REMEMBERED:
                _READ.clear()
            _READ[key] = found
    return found


def is_clean(head: bytes) -> bool:
    """Whether there are no control characters, all lines end with CR LF, and none is folded."""
    ends = head.count(b"\r\n")
    return (
        head.count(b"\n") == ends == head.count(b"\r")
        and b"\n " not in head
        and b"\n\t" not in head
        and not head.translate(None, _ALLOWED)
    )


#: Lines met before, with what they mean; forgotten when they are many.
_READ: dict[tuple[bytes, int], Fields] = {}

#: Names met before, as they were written; new ones are checked, and forgotten when they are many.
_NAMES: dict[bytes, bytes] = {}


def _lower(name: bytes) -> bytes:
    if not _TOKEN.fullmatch(name):
        raise Malformed("a header's name is none")
    if len(_NAMES) < 1000:
        _NAMES[name] = name.lower()
    return name.lower()
