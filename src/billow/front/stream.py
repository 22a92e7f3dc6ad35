"""One request of an HTTP/2 connection, and its answer as the visitor's window allows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from billow.front.exchange import Exchange
from billow.front.head import Answer, Request, read_request
from billow.front.malformed import Malformed
from billow.handover import FilePart

if TYPE_CHECKING:
    from billow.front.http2 import Connection

#: Bytes of an answer that are kept while the visitor's window is closed; then the server waits.
KEPT = 256 * 1024

#: Bytes of a file that are read at once.
PIECE = 128 * 1024

#: Headers of HTTP/1 that HTTP/2 does not have.
_NOT_HERE = (b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"proxy-connection")


class Stream:
    """The visitor's side of one request; see `Sink`."""

    def __init__(self, connection: Connection, id: int) -> None:
        self._connection = connection
        self.id = id
        self.exchange: Exchange | None = None
        self._out = bytearray()
        self._over = False
        self._file = -1
        self._at = self._end = 0
        self._paused = False
        #: Bytes of the body that came and are not acknowledged yet, and whether more may come.
        self._unread = 0
        self._held = False
        self._receiving = False
        #: Since when the body is measured, and what came since then.
        self._mark = connection.house.now()
        self._got = 0
        #: Since when the visitor has had its window closed; None if it is open.
        self.stalled: float | None = None
        self._total = 0

    def start(self, request: Request, exchange: Exchange) -> None:
        """It has come."""
        self.exchange = exchange
        self._receiving = request.has_body

    def feed(self, data: bytes, unread: int, *, over: bool) -> None:
        """A piece of its body has come; `unread` is what it takes of the window."""
        self._got += len(data)
        self._total += len(data)
        self._unread += unread
        self._receiving = not over
        if self.exchange is None:
            self._acknowledge()
            return
        if self._total > self._connection.house.bounds.body:
            exchange, self.exchange = self.exchange, None
            exchange.gone()
            self.reset()
            return
        self.exchange.feed(data, over=over)
        if not self._held:
            self._acknowledge()

    def hold_back(self) -> None:
        """Take no more of the body for a while: its window is not opened again."""
        self._held = True

    def go_on(self) -> None:
        """Take it again."""
        if self._held:
            self._held = False
            self._got, self._mark = 0, self._connection.house.now()
            self._acknowledge()
            self._connection.push()

    def check(self, now: float, patience: float, slowest: int) -> None:
        """Break off if the body comes, or the answer is taken, too slowly."""
        spent = now - self._mark
        slow = self._receiving and not self._held and spent > patience
        stuck = self.stalled is not None and now - self.stalled > patience
        if stuck or (slow and self._got < slowest * spent):
            self.gone()
            self.reset()

    def gone(self) -> None:
        """The visitor does not want the answer any more."""
        self._close_file()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.gone()

    def interim(self, answer: Answer) -> None:
        """Nothing: who speaks HTTP/2 sends a body when it wants to."""

    def begin(self, answer: Answer, body: bytes, *, over: bool) -> None:
        """The head, and the beginning of the body."""
        lines = answer.head.split(b"\r\n")[1:-1]
        fields = [(name.lower(), value.strip()) for name, _, value in _parts(lines)]
        self._send_head(answer.status, fields, over=over and not body)
        if body or not over:
            self.more(body, over=over)

    def more(self, data: bytes, *, over: bool) -> None:
        """More of the body."""
        self._out += data
        self._over = self._over or over
        self._connection.flush(self)
        if len(self._out) > KEPT and self.exchange is not None and not self._paused:
            self._paused = True
            self.exchange.pause()

    def own(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """An answer of the front's own."""
        request = None if self.exchange is None else self.exchange.request
        fields = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        fields.append((b"content-length", b"%d" % len(body)))
        bare = request is not None and request.method == b"HEAD"
        self._send_head(status, fields, over=bare or not body)
        if body and not bare:
            self.more(body, over=True)
        self.exchange = None
        if self._receiving:
            self._acknowledge()

    def file(self, answer: Answer, fd: int, part: FilePart) -> None:
        """A file, piece by piece."""
        self._file, self._at, self._end = fd, part.start, part.start + part.length
        self.begin(answer, b"", over=False)

    def abort(self) -> None:
        """The answer cannot be completed."""
        self.exchange = None
        self._close_file()
        self.reset()

    def done(self) -> None:
        """The answer is complete, as far as the server is concerned."""
        self.exchange = None

    def reset(self) -> None:
        """Break the stream off."""
        self._connection.reset(self)

    def next_piece(self, most: int) -> tuple[bytes, bool]:
        """At most so many bytes of the answer, and whether they are the last."""
        if self._file >= 0 and len(self._out) < most:
            self._read_file()
        piece = bytes(self._out[:most])
        del self._out[:most]
        if self._paused and len(self._out) <= KEPT // 2 and self.exchange is not None:
            self._paused = False
            self.exchange.resume()
        return piece, self._over and not self._out

    @property
    def has_more(self) -> bool:
        """Whether there is anything to send at this moment."""
        return bool(self._out) or self._over or self._file >= 0

    def _read_file(self) -> None:
        data = os.pread(self._file, min(PIECE, self._end - self._at), self._at)
        self._at += len(data)
        self._out += data
        if data and self._at < self._end:
            return
        self._close_file()
        complete = self._at >= self._end
        self._over = complete
        if self.exchange is not None:
            self.exchange.file_over(complete=complete)

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _send_head(self, status: int, fields: list[tuple[bytes, bytes]], *, over: bool) -> None:
        more = self._connection.more_headers()
        kept = [field for field in (*fields, *more) if field[0] not in _NOT_HERE]
        self._connection.send_head(self, [(b":status", b"%d" % status), *kept], over=over)

    def _acknowledge(self) -> None:
        unread, self._unread = self._unread, 0
        self._connection.acknowledge(self.id, unread)


def _parts(lines: list[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    return [line.partition(b":") for line in lines]


def read_stream(fields: list[tuple[bytes, bytes]], *, ended: bool) -> Request:
    """The request that the headers of a stream mean; they pass the same reader as HTTP/1.

    Raises:
        Malformed: it cannot be passed on safely.
    """
    told = dict(fields)
    lines, cookies = [], []
    for name, value in fields:
        if b"\r" in value or b"\n" in value or b"\r" in name or b"\n" in name or b":" in name[1:]:
            raise Malformed("a header that must not be")
        if name == b"cookie":
            cookies.append(value)
        elif not name.startswith(b":") and name != b"host":
            lines.append(b"%b: %b" % (name, value))
    if cookies:
        lines.append(b"cookie: " + b"; ".join(cookies))
    host = told.get(b":authority") or told.get(b"host", b"")
    first = b"%b %b HTTP/1.1" % (told.get(b":method", b""), told.get(b":path", b""))
    request = read_request(b"\r\n".join([first, b"host: " + host, *lines, b"", b""]))
    if request.chunked:
        raise Malformed("HTTP/2 knows no Transfer-Encoding")
    request.minor = 2
    if not ended and b"content-length" not in request.fields:
        request.length = None
    return request
