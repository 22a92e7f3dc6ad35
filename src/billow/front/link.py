"""A connection to a web server: one request after the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from billow.front.chunks import Chunks
from billow.front.head import END, Answer, Request
from billow.front.malformed import Malformed

if TYPE_CHECKING:
    from billow.front.servers import Server

#: Bytes of an answer's head.
MOST_HEAD = 64 * 1024


class Carried(Protocol):
    """What a link carries: a request on its way; see `Exchange`."""

    request: Request
    #: Whether chunks are passed on as the server made them.
    raw: bool
    #: Whether the whole request has been sent.
    sent_all: bool

    def interim(self, answer: Answer) -> None:
        """An answer before the answer."""

    def begin(self, answer: Answer, body: bytes, *, over: bool) -> None:
        """The answer's head, and the beginning of its body."""

    def more(self, data: bytes, *, over: bool) -> None:
        """More of its body."""

    def finished(self) -> None:
        """It is complete."""

    def lost(self, why: str, *, again: bool = True) -> None:
        """It will not be completed."""

    def hold_back(self) -> None:
        """Send no more for a while."""

    def go_on(self) -> None:
        """Send on."""


class Link(asyncio.Protocol):
    """Carries one request at a time, and tells its exchange what comes back."""

    __slots__ = ("_answer", "_buffer", "_chunks", "_exchange", "_left", "_server", "_transport")

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._exchange: Carried | None = None
        self._buffer = b""
        self._answer: Answer | None = None
        #: Bytes of the body that are still to come; None if its end tells.
        self._left: int | None = 0
        self._chunks: Chunks | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)  # a faster loop's is none by class

    def begin(self, exchange: Carried, head: bytes) -> None:
        """Send a request's head."""
        self._exchange = exchange
        self._answer = None
        self._buffer = b""
        self.write(head)

    def write(self, data: bytes) -> None:
        """Send more of the request."""
        if self._transport is not None:
            self._transport.write(data)

    def pause(self) -> None:
        """Read no more for a while: the visitor is slower than the server."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End it at once, in the middle of a request; its exchange is not told."""
        self._exchange = None
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Something of an answer has come."""
        exchange = self._exchange
        if exchange is None:
            self.abort()  # nobody asked for anything
            return
        try:
            if self._answer is None:
                self._read_head(exchange, self._buffer + data if self._buffer else data)
            else:
                self._read_body(exchange, self._answer, data)
        except Malformed as problem:
            self.abort()
            exchange.lost(str(problem), again=False)

    def eof_received(self) -> bool:
        """The server sends no more."""
        return False

    def connection_lost(self, problem: Exception | None) -> None:  # noqa: ARG002
        """It has ended."""
        self._transport = None
        self._server.drop(self)
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if self._answer is not None and self._left is None and self._chunks is None:
            exchange.more(b"", over=True)
            exchange.finished()
        else:
            exchange.lost("the server went away")

    def pause_writing(self) -> None:
        """The server takes a body slower than it comes."""
        if self._exchange is not None:
            self._exchange.hold_back()

    def resume_writing(self) -> None:
        """The server has taken what there was."""
        if self._exchange is not None:
            self._exchange.go_on()

    def _read_head(self, exchange: Carried, data: bytes) -> None:
        while True:
            end = data.find(END)
            if end < 0:
                if len(data) > MOST_HEAD:
                    raise Malformed("the server's answer is none", 502)
                self._buffer = data
                return
            answer = Answer(data[: end + 4], exchange.request.method)
            data = data[end + 4 :]
            if answer.status >= 200:
                break
            exchange.interim(answer)
        self._buffer = b""
        self._answer = answer
        self._chunks = Chunks() if answer.chunked else None
        self._left = answer.length
        body, over = self._cut(exchange, data)
        exchange.begin(answer, body, over=over)
        if over:
            self._finish(exchange, answer)

    def _read_body(self, exchange: Carried, answer: Answer, data: bytes) -> None:
        body, over = self._cut(exchange, data)
        exchange.more(body, over=over)
        if over:
            self._finish(exchange, answer)

    def _cut(self, exchange: Carried, data: bytes) -> tuple[bytes, bool]:
        """What of `data` belongs to the body, and whether it is complete."""
        if self._chunks is not None:
            pieces, rest = self._chunks.feed(data)
            if rest:
                raise Malformed("the server sent more than an answer", 502)
            return data if exchange.raw else b"".join(pieces), self._chunks.over
        if self._left is None:
            return data, False
        if len(data) > self._left:
            raise Malformed("the server sent more than an answer", 502)
        self._left -= len(data)
        return data, not self._left

    def _finish(self, exchange: Carried, answer: Answer) -> None:
        self._exchange = None
        if answer.close or not exchange.sent_all:
            self.abort()
        else:
            self._server.keep(self)
        exchange.finished()
