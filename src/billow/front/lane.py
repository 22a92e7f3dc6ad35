"""The front's end of a server's lane: requests whose answer may be a file at hand."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from billow.front.head import Answer
from billow.front.malformed import Malformed
from billow.handover import FilePart
from billow.lane import (
    LONGEST,
    Named,
    Question,
    decode_hello,
    encode_party,
    make_socket,
    pack,
    unpack,
)

if TYPE_CHECKING:
    from billow.front.exchange import Exchange
    from billow.front.servers import Server

#: Seconds without an answer after which whoever waits for one goes the ordinary way: the server
#: answers in turn, so one question that takes long holds up those behind it.
LONG = 0.2

#: Questions asked together at most. Those that come in one turn of the event loop are: to wake a
#: server, and to be woken by it, takes nearly as long as to answer.
TOGETHER = 4


class Lane:
    """One server's. Without it, or when it is full, everything goes by HTTP.

    Args:
        server: whose it is.
        address: its socket.
        token: shown to the server first.
        greet: told what the targets begin with that it may be asked for.
    """

    def __init__(
        self,
        server: Server,
        address: str,
        token: str,
        greet: Callable[[tuple[bytes, ...]], None],
    ) -> None:
        self._greet = greet
        self._server = server
        self._address = address
        self._token = token
        self._socket: socket.socket | None = None
        self._prefixes: tuple[bytes, ...] = ()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Exchange] = {}
        self._gathered: list[tuple[Exchange, bytes]] = []
        #: When it was last seen to answer, or to have nothing to answer.
        self._well_at = 0.0
        #: Whether it is given no questions until it has answered one.
        self._stuck = False
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        """Connect, if it is not; a server that has no lane is done without.

        Connecting to a socket of this machine does not wait: it is done, refused, or the other
        side has too many to take in.
        """
        if self._socket is not None:
            return
        made = make_socket()
        try:
            made.connect(self._address)
            made.send(self._token.encode())
        except OSError:
            made.close()
            return
        self._socket = made
        self._loop.add_reader(made.fileno(), self._readable)

    def ask(self, exchange: Exchange) -> bool:
        """Ask for the answer to a request; False if it cannot be asked like this."""
        sock, request = self._socket, exchange.request
        if sock is None or self._stuck or not request.target.startswith(self._prefixes):
            return False
        if request.method != b"GET" or request.length != 0:
            return False
        number = next(self._numbers) & 0xFFFFFFFF
        ask = "?" if exchange.credential else "-"
        party = encode_party(exchange.scheme, exchange.client or "-", ask, request.passed)
        message = Question(number, exchange.id, request.target, party).encode()
        if len(message) > LONGEST // TOGETHER:
            return False
        if not self._asked:
            self._well_at = exchange.started
        self._asked[number] = exchange
        exchange.number = number
        if not self._gathered:
            self._loop.call_soon(self._send)
        self._gathered.append((exchange, message))
        self._server.gathered = len(self._gathered)
        if len(self._gathered) == TOGETHER:
            self._send()
        return True

    def _send(self) -> None:
        """Ask what has been gathered while the event loop went round once."""
        gathered, self._gathered = self._gathered, []
        self._server.gathered = 0
        if not gathered or self._socket is None:
            return
        try:
            self._socket.send(pack([message for _, message in gathered]))
        except OSError:  # full, or gone, which its end will tell
            for exchange, _ in gathered:
                if self._asked.pop(exchange.number, None) is not None:
                    exchange.by_link(self._server)

    def forget(self, exchange: Exchange) -> None:
        """Nobody waits for this answer any more."""
        self._asked.pop(exchange.number, None)

    def look(self, now: float) -> None:
        """If no answer has come for long, have those who wait go the ordinary way."""
        if self._asked and now - self._well_at > LONG:
            self._stuck = True
            for exchange in self._take_all():
                exchange.by_link(self._server)

    def close(self) -> None:
        """Take no more answers: whoever waits for one asks elsewhere."""
        sock, self._socket = self._socket, None
        if sock is None:
            return
        self._loop.remove_reader(sock.fileno())
        sock.close()
        for exchange in self._take_all():
            exchange.lost("the server went away")

    def _take_all(self) -> list[Exchange]:
        asked = list(self._asked.values())
        self._asked.clear()
        return asked

    def _readable(self) -> None:
        assert self._socket is not None
        self._well_at = time.monotonic()
        try:
            message = self._socket.recv(LONGEST)
            if not message:
                self.close()
            elif not self._prefixes:
                self._prefixes = decode_hello(message)
                self._greet(self._prefixes)
            else:
                for part in unpack(message):
                    self._take(part)
        except BlockingIOError:
            return
        except (OSError, ValueError, Malformed):
            self.close()

    def _take(self, message: bytes) -> None:
        named = Named.decode(message)
        self._stuck = False
        exchange = self._asked.pop(named.number, None)
        if exchange is None:
            return
        if not named.status:
            exchange.by_link(self._server)
            return
        known = None if named.known is None else named.known.encode("latin-1")
        answer = Answer.ready(named.status, named.head, named.length, known)
        part = FilePart(self._token, named.start, named.length, named.path)
        exchange.named(answer, part if named.length else None, named.changed)
