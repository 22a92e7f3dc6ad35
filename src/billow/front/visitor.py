"""A visitor's connection that speaks HTTP/1: one request after the other."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, cast

from billow.front.body import NOTHING, Body
from billow.front.exchange import Exchange
from billow.front.head import END, Answer, Request, is_hopeless, read_request
from billow.front.malformed import Malformed
from billow.front.pages import head_of
from billow.front.pieces import Pieces, plain_socket, send_file
from billow.handover import FilePart

if TYPE_CHECKING:
    from billow.front.house import House

#: Bytes that a visitor may send ahead while a request of theirs is being answered.
AHEAD = 64 * 1024

#: Seconds during which a slow visitor is not yet called slow, and for which one that is told to
#: leave may take to do so.
PATIENCE = 10.0
FAREWELL = 2.0

_CLOSE = b"connection: close\r\n"
_KEEP = b"connection: keep-alive\r\n"


class Visitor(asyncio.Protocol):
    """One connection. What it asks goes through `House.receive`."""

    def __init__(self, house: House, first: bytes = b"") -> None:
        self._house = house
        self._buffer = first
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._request: Request | None = None
        #: Whether a request's body is coming: what there is of it, what came since `_mark`.
        self._receiving = False
        self._body = NOTHING
        self._got = 0
        self._held = False
        self._mark = 0.0
        #: Since when there has been no request, or no complete head.
        self._since = house.now()
        self._looping = False
        #: Since when the visitor has not taken what was written, and how much there was then.
        self._paused_at: float | None = None
        self._out = 0
        self._pieces: Pieces | None = None
        self._socket: socket.socket | None = None
        self.address = ""
        self.scheme = "http"
        #: Whether nothing more is read.
        self.leaving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody comes."""
        self._transport = cast("asyncio.Transport", transport)  # a faster loop's is none by class
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        if transport.get_extra_info("ssl_object") is not None:
            self.scheme = "https"
        if (why := self._house.enter(self)) is not None:
            self._fail(503, why)

    def connection_lost(self, problem: Exception | None) -> None:  # noqa: ARG002
        """They have left."""
        self._transport = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._house.leave(self)
        if self._pieces is not None:
            self._pieces.stop()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.gone()

    def data_received(self, data: bytes) -> None:
        """Something of a request has come."""
        if self.leaving:
            return
        if self._receiving:
            self._take_body(data)
            return
        if not self._buffer:
            self._since = self._house.now()
        self._buffer += data
        if self._exchange is None:
            self._next()
        elif len(self._buffer) > AHEAD and self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """They send no more; who has gone away looks the same."""
        return False

    def pause_writing(self) -> None:
        """They take the answer slower than it comes."""
        assert self._transport is not None
        self._paused_at = self._house.now()
        self._out = self._transport.get_write_buffer_size()
        if self._exchange is not None:
            self._exchange.pause()

    def resume_writing(self) -> None:
        """They have taken most of it."""
        self._paused_at = None
        if self._pieces is not None:
            self._pieces.go_on()
        elif self._exchange is not None:
            self._exchange.resume()

    def _next(self) -> None:
        """Read requests for as long as each is answered at once."""
        if self._looping:
            return
        self._looping = True
        while self._buffer and self._exchange is None and not self.leaving:
            if not self._read_one():
                break
        self._looping = False

    def _read_one(self) -> bool:
        """Read one request, if it is complete."""
        buffer = self._buffer.removeprefix(b"\r\n")
        end = buffer.find(END)
        try:
            if max(end, 0 if end >= 0 else len(buffer)) > self._house.bounds.head:
                raise Malformed("line and headers are too long", 431)
            if end < 0:
                if is_hopeless(buffer):
                    raise Malformed("lines end with CR LF")
                return False
            request = read_request(buffer[: end + 4])
            if (request.length or 0) > self._house.bounds.body:
                raise Malformed("the body is too large", 413)
        except Malformed as problem:
            self._fail(problem.status, str(problem))
            return False
        self._buffer = buffer[end + 4 :]
        self._begin_request(request)
        return True

    def _begin_request(self, request: Request) -> None:
        house = self._house
        self._request = request
        exchange = house.exchange(self, request, self.address, self.scheme)
        self._exchange = exchange
        self._receiving = request.has_body
        if request.has_body:
            self._body = Body(request, house.bounds.body)
            self._got, self._mark = 0, house.now()
        house.receive(exchange)
        if self._receiving and self._buffer:
            data, self._buffer = self._buffer, b""
            self._take_body(data)

    def _take_body(self, data: bytes) -> None:
        exchange = self._exchange
        assert exchange is not None
        self._got += len(data)
        try:
            data, rest, over = self._body.cut(data)
        except Malformed as problem:
            exchange.gone()
            self._exchange = None
            self._fail(problem.status, str(problem))
            return
        self._receiving = not over
        self._buffer = rest
        exchange.feed(data, over=over)

    def interim(self, answer: Answer) -> None:
        """Pass 100 Continue on."""
        if self._request is not None and self._request.minor:
            self._write(answer.head + b"\r\n")

    def begin(self, answer: Answer, body: bytes, *, over: bool) -> None:
        """Pass the head on, and what there is of the body."""
        self._write(self._head(answer) + body)
        if self._paused_at is not None and not over and self._exchange is not None:
            self._exchange.pause()

    def more(self, data: bytes, *, over: bool) -> None:  # noqa: ARG002
        """Pass on what has come of the body."""
        if data:
            self._write(data)

    def own(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer instead of a server."""
        request = self._request
        assert request is not None
        self._write_own(status, headers, b"" if request.method == b"HEAD" else body, len(body))
        self.done()

    def file(self, answer: Answer, fd: int, part: FilePart) -> None:
        """Send a file: at once if it is small, else as fast as the visitor takes it."""
        exchange, transport = self._exchange, self._transport
        assert exchange is not None
        assert transport is not None
        if self._socket is None:
            self._socket = plain_socket(transport)

        def over(complete: bool) -> None:
            self._pieces = None
            exchange.file_over(complete=complete)

        head = self._head(answer)
        self._pieces = send_file(transport, self._socket, head, fd, part, over)
        if self._pieces is not None:
            self._pieces.go_on()

    def abort(self) -> None:
        """Break off: the visitor sees that the answer is not complete."""
        self._exchange = None
        if self._transport is not None:
            self._transport.abort()

    def done(self) -> None:
        """Get ready for the next request, or say goodbye."""
        self._exchange = None
        request = self._request
        if request is None or request.close or self._receiving or self._house.closing:
            self._say_goodbye()
            return
        self._since = self._house.now()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._next()

    def hold_back(self) -> None:
        """Read no more of the body for a while."""
        self._held = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read it again; how slow it comes is measured anew."""
        if self._held:
            self._held = False
            self._got, self._mark = 0, self._house.now()
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def check(self, now: float) -> None:
        """Send away who is idle or slow; called about once a second."""
        bounds = self._house.bounds
        if self._transport is None:
            return
        if self.leaving:
            if now - self._since > FAREWELL:
                self._transport.abort()
        elif self._paused_at is not None:
            spent = now - self._paused_at
            taken = self._out - self._transport.get_write_buffer_size()
            if spent > PATIENCE and taken < bounds.slowest * spent:
                self._transport.abort()
        elif self._receiving and not self._held:
            spent = now - self._mark
            if spent > PATIENCE and self._got < bounds.slowest * spent:
                self._give_up(408, "the body comes too slowly")
        elif self._exchange is None and now - self._since > bounds.head_time and self._buffer:
            self._give_up(408, "line and headers come too slowly")
        elif self._exchange is None and not self._buffer and now - self._since > bounds.idle:
            self._say_goodbye()

    def close_if_idle(self) -> None:
        """Leave if nothing is being asked; else after the answer."""
        if self._exchange is None:
            self._say_goodbye()

    def _give_up(self, status: int, why: str) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.gone()
        self._fail(status, why)

    def _head(self, answer: Answer) -> bytes:
        request = self._request
        assert request is not None
        head = answer.head
        if answer.chunked and not request.minor:
            head = answer.without_coding()
        if (answer.chunked and not request.minor) or (answer.length is None and not answer.chunked):
            request.close = True
        return head + self._connection(request) + self._house.more_headers(self.scheme) + b"\r\n"

    def _connection(self, request: Request) -> bytes:
        if request.close or self._receiving or self._house.closing:
            return _CLOSE
        return b"" if request.minor else _KEEP

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _fail(self, status: int, why: str) -> None:
        """Answer to what is no request, and leave."""
        headers, body = self._house.fail(self.address, status, why)
        self._request = None
        self._write_own(status, headers, body, len(body))
        self._say_goodbye()

    def _write_own(self, status: int, headers: dict[str, str], body: bytes, length: int) -> None:
        request = self._request
        connection = _CLOSE if request is None else self._connection(request)
        more = self._house.more_headers(self.scheme)
        self._write(head_of(status, headers, length) + connection + more + b"\r\n" + body)

    def _say_goodbye(self) -> None:
        """Close in such a way that what was written still arrives."""
        transport = self._transport
        if transport is None or self.leaving:
            return
        self.leaving = True
        self._since = self._house.now()
        self._buffer = b""
        if isinstance(transport.get_extra_info("ssl_object"), (ssl.SSLObject, ssl.SSLSocket)):
            transport.close()
        elif self._receiving and transport.can_write_eof():
            # To close while they still send would throw away what they have not read yet.
            transport.write_eof()
            transport.resume_reading()
        else:
            transport.close()
