"""Heads of HTTP/1 requests and answers: read strictly, written anew for the other side."""

from __future__ import annotations

import re

from billow.front.fields import NUMBER, Fields, is_clean, read_fields
from billow.front.malformed import Malformed
from billow.handover import FILE, KNOWN

END = b"\r\n\r\n"

_BARE = re.compile(rb"(?<!\r)\n|\r[^\n]|\x00")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]+) HTTP/1\.([01])")
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)(.*)")

_SAFE = {b"GET", b"HEAD", b"OPTIONS"}


class Request:
    """The head of a request."""

    __slots__ = (
        "chunked", "close", "fields", "length", "method", "minor", "passed", "target", "waits",
    )  # fmt: skip

    def __init__(self, method: bytes, target: bytes, minor: int, fields: Fields) -> None:
        self.method = method
        self.target = target
        #: Of HTTP/1: 0 or 1. 2 for HTTP/2.
        self.minor = minor
        #: Values by name in lower case; the last of several.
        self.fields = fields.values
        #: The header lines that the server gets, with CR LF between them.
        self.passed = fields.passed
        #: Bytes of the body; None if they are not known.
        self.length = fields.length
        self.chunked = fields.chunked
        #: Whether the connection ends with this request.
        self.close = fields.close
        #: Whether the headers say that it waits in the server rather than gives it work.
        self.waits = fields.waits

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def has_body(self) -> bool:
        """Whether a body follows."""
        return self.length != 0

    @property
    def repeatable(self) -> bool:
        """Whether asking twice does no harm."""
        return self.method in _SAFE and self.length == 0

    def encode(self, introduction: bytes) -> bytes:
        """The head for a server."""
        first = b"%b %b HTTP/1.1\r\n" % (self.method, self.target)
        framing = b"\r\ntransfer-encoding: chunked" if self.length is None else b""
        told = b"\r\nx-billow-front: %b\r\n\r\n" % introduction
        return b"%b%b%b%b" % (first, self.passed, framing, told)


#: What stands for a request that could not be read.
NONE = Request(b"-", b"-", 1, read_fields(b"\r\nhost: -\r\n", 1))


def read_request(head: bytes) -> Request:
    """The request that a head (with the empty line at its end) means.

    Raises:
        Malformed: it cannot be passed on safely.
    """
    end = head.index(b"\r\n")
    parsed = _LINE.fullmatch(head, 0, end)
    if parsed is None:
        if not is_clean(head):
            raise Malformed("characters or line ends that must not be")
        raise Malformed("the first line is no request of HTTP/1")
    method, target, told = parsed.groups()
    minor = 1 if told == b"1" else 0
    request = Request(method, target, minor, read_fields(head[end:-2], minor))
    if not target.startswith(b"/"):
        _settle_target(request)
    return request


def is_hopeless(part: bytes) -> bool:
    """Whether the beginning of a head can never become one that is read."""
    return _BARE.search(part) is not None


def _settle_target(request: Request) -> None:
    """Turn the full form of an address into the short one."""
    if request.target == b"*" and request.method == b"OPTIONS":
        return
    found = _ABSOLUTE.fullmatch(request.target)
    if found is None or found[1].lower() != request.fields.get(b"host", b"").lower():
        raise Malformed("the address is none of this host")
    request.target = found[2] if found[2].startswith(b"/") else b"/" + found[2]


class Answer:
    """The head of a server's answer."""

    __slots__ = ("chunked", "close", "file", "head", "known", "length", "status", "stream")

    def __init__(self, head: bytes, method: bytes) -> None:
        """Read it.

        Raises:
            Malformed: it is none.
        """
        if head[:9] != b"HTTP/1.1 " or not head[9:12].isdigit() or not is_clean(head):
            raise Malformed("the server's answer is none", 502)
        self.status = int(head[9:12])
        lower = head.lower()
        coding = _value(lower, b"transfer-encoding")
        length = _value(lower, b"content-length")
        if coding is not None and (coding != b"chunked" or length is not None):
            raise Malformed("the server's answer cannot be framed", 502)
        if length is not None and not NUMBER.fullmatch(length):
            raise Malformed("the server's answer cannot be framed", 502)
        self.chunked = coding is not None
        #: Bytes of the body; None if only its end tells.
        self.length = None if length is None else int(length)
        if method == b"HEAD" or self.status in (204, 304) or self.status < 200:
            self.length, self.chunked = 0, False
        self.stream = b"text/event-stream" in lower
        self.close = False
        self.file = self.known = None
        if b"\r\nx-billow-" in lower:
            self.file, head = _take(head, lower, FILE.encode())
            self.known, head = _take(head, head.lower(), KNOWN.encode())
        if b"\r\nconnection:" in lower:
            told, head = _take(head, head.lower(), b"connection")
            self.close = told is not None and told.lower() == b"close"
        #: The head for the visitor, without what ends at the front, and without the empty line.
        self.head = head[:-2]

    @classmethod
    def ready(cls, status: int, head: bytes, length: int, known: bytes | None) -> Answer:
        """One whose head and framing are known, with what the visitor gets of it."""
        made = cls.__new__(cls)
        made.status, made.head, made.length, made.known = status, head, length, known
        made.chunked = made.stream = made.close = False
        made.file = None
        return made

    def set_length(self, length: int) -> None:
        """Tell another length of the body."""
        at = self.head.lower().index(b"\r\ncontent-length:")
        end = self.head.index(b"\r\n", at + 2)
        self.head = b"%b\r\ncontent-length: %d%b" % (self.head[:at], length, self.head[end:])

    def without_coding(self) -> bytes:
        """The head for a visitor who does not know chunks, or needs none."""
        return _take(self.head + b"\r\n", self.head.lower() + b"\r\n", b"transfer-encoding")[1][:-2]


def _value(lower: bytes, name: bytes) -> bytes | None:
    at = lower.find(b"\r\n" + name + b":")
    if at < 0:
        return None
    begin = at + len(name) + 3
    if lower.find(b"\r\n" + name + b":", begin) >= 0:
        raise Malformed("the server's answer has a header twice", 502)
    return lower[begin : lower.index(b"\r\n", begin)].strip()


def _take(head: bytes, lower: bytes, name: bytes) -> tuple[bytes | None, bytes]:
    """A header's value, and the head without it."""
    at = lower.find(b"\r\n" + name + b":")
    if at < 0:
        return None, head
    begin = at + len(name) + 3
    end = head.index(b"\r\n", begin)
    return head[begin:end].strip(), head[:at] + head[end:]
