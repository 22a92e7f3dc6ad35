"""Heads of HTTP/1 requests and answers: read strictly, written anew for the other side."""

from __future__ import annotations

import re

from billow.handover import FILE, FRONT, KNOWN

END = b"\r\n\r\n"

#: What a head may hold; other control characters it must not.
_ALLOWED = b"\t\r\n" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
_BARE = re.compile(rb"(?<!\r)\n|\r[^\n]|\x00")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]+) HTTP/1\.([01])")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)(.*)")
_NUMBER = re.compile(rb"[0-9]{1,18}")
_HOST = re.compile(rb"[!-~]{0,255}")

_SAFE = {b"GET", b"HEAD", b"OPTIONS"}

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


class Malformed(Exception):
    """The request is not one that can be passed on; `status` is what to answer."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Request:
    """The head of a request."""

    __slots__ = ("chunked", "close", "fields", "length", "lines", "method", "minor", "target")

    def __init__(self, method: bytes, target: bytes, minor: int) -> None:
        self.method = method
        self.target = target
        #: Of HTTP/1: 0 or 1. 2 for HTTP/2.
        self.minor = minor
        #: Values by name in lower case; the last of several.
        self.fields: dict[bytes, bytes] = {}
        #: The lines that the server gets.
        self.lines: list[bytes] = []
        #: Bytes of the body; None if they are not known.
        self.length: int | None = 0
        self.chunked = False
        #: Whether the connection ends with this request.
        self.close = minor == 0

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
        rest = b"\r\n".join(self.lines)
        framing = b"\r\ntransfer-encoding: chunked" if self.length is None else b""
        return b"%b%b%b\r\nx-billow-front: %b\r\n\r\n" % (first, rest, framing, introduction)

    def add(self, name: bytes, value: bytes, line: bytes) -> None:
        """Take in a header; `name` is in lower case.

        Raises:
            Malformed: it came before and may not come twice.
        """
        if name in self.fields and name in _SINGLE:
            raise Malformed(f"{name.decode()} came twice")
        if name == b"x-forwarded-for" and name in self.fields:
            value = self.fields[name] + b"," + value
        self.fields[name] = value
        if name not in _OWN:
            self.lines.append(line)

    def settle(self) -> None:
        """Check the headers against each other, and find out how the body is framed.

        Raises:
            Malformed: they contradict each other, or could be understood in two ways.
        """
        fields = self.fields
        if b"host" not in fields and self.minor:
            raise Malformed("Host is missing")
        if not _HOST.fullmatch(fields.get(b"host", b"")):
            raise Malformed("Host is none")
        length = fields.get(b"content-length")
        if length is not None:
            if not _NUMBER.fullmatch(length):
                raise Malformed("Content-Length is no number")
            self.length = int(length)
        if b"transfer-encoding" in fields:
            self._settle_coding(fields[b"transfer-encoding"], length)
        if self.minor < 2 and b"connection" in fields:
            self._settle_connection(fields[b"connection"])
        if b"expect" in fields and fields[b"expect"].lower() != b"100-continue":
            raise Malformed("Expect is not understood", 417)

    def _settle_coding(self, coding: bytes, length: bytes | None) -> None:
        if length is not None:
            raise Malformed("Content-Length and Transfer-Encoding cannot both be")
        if self.minor == 0:
            raise Malformed("HTTP/1.0 knows no Transfer-Encoding")
        if coding.lower() != b"chunked":
            raise Malformed("Transfer-Encoding is not understood", 501)
        self.chunked, self.length = True, None

    def _settle_connection(self, told: bytes) -> None:
        options = {option.strip().lower() for option in told.split(b",")}
        if b"close" in options:
            self.close = True
        elif b"keep-alive" in options:
            self.close = False
        named = options - {b"close", b"keep-alive", b""}
        if named:
            keep = [n for n in self.lines if n.partition(b":")[0].lower() not in named]
            if len(keep) < len(self.lines):
                self.lines = keep


def read_request(head: bytes) -> Request:
    """The request that a head (with the empty line at its end) means.

    Raises:
        Malformed: it cannot be passed on safely.
    """
    if not is_clean(head):
        raise Malformed("characters or line ends that must not be")
    first, *lines = head[:-4].split(b"\r\n")
    parsed = _LINE.fullmatch(first)
    if parsed is None:
        raise Malformed("the first line is no request of HTTP/1")
    method, target, minor = parsed.groups()
    request = Request(method, target, int(minor))
    for line in lines:
        name, colon, value = line.partition(b":")
        lower = _NAMES.get(name) or _lower(name)
        if not colon:
            raise Malformed("a header line has no colon")
        request.add(lower, value.strip(b" \t"), line)
    request.settle()
    if not target.startswith(b"/"):
        _settle_target(request)
    return request


def is_clean(head: bytes) -> bool:
    """Whether there are no control characters, all lines end with CR LF, and none is folded."""
    ends = head.count(b"\r\n")
    return (
        head.count(b"\n") == ends == head.count(b"\r")
        and b"\n " not in head
        and b"\n\t" not in head
        and not head.translate(None, _ALLOWED)
    )


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


#: Names met before, as they were written; new ones are checked, and forgotten when they are many.
_NAMES: dict[bytes, bytes] = {}


def _lower(name: bytes) -> bytes:
    if not _TOKEN.fullmatch(name):
        raise Malformed("a header's name is none")
    if len(_NAMES) < 1000:
        _NAMES[name] = name.lower()
    return name.lower()


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
        if length is not None and not _NUMBER.fullmatch(length):
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
