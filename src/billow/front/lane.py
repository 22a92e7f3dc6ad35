"""The front's end of a server's lane: requests whose answer may be a file at hand."""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import TYPE_CHECKING

from billow.front.head import Answer, Malformed
from billow.handover import FilePart
from billow.lane import LONGEST, Named, Question, decode_hello, make_socket

if TYPE_CHECKING:
    from billow.front.exchange import Exchange
    from billow.front.servers import Server

#: Messages read in one turn of the event loop, so that others have theirs.
AT_ONCE = 32


class Lane:
    """One server's. Without it, or when it is full, everything goes by HTTP.

    Args:
        server: whose it is.
        address: its socket.
        token: shown to the server first.
    """

    def __init__(self, server: Server, address: str, token: str) -> None:
        self._server = server
        self._address = address
        self._token = token
        self._socket: socket.socket | None = None
        self._prefixes: tuple[bytes, ...] = ()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Exchange] = {}
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
        if sock is None or not request.target.startswith(self._prefixes):
            return False
        if request.method != b"GET" or request.length != 0:
            return False
        number = next(self._numbers) & 0xFFFFFFFF
        ask = "?" if exchange.credential else "-"
        told = exchange.id, exchange.scheme, exchange.client or "-", ask
        message = Question(number, *told, request.target, request.lines).encode()
        try:
            sock.send(message)
        except OSError:  # full, too long, or gone, which its end will tell
            return False
        self._asked[number] = exchange
        exchange.number = number
        return True

    def forget(self, exchange: Exchange) -> None:
        """Nobody waits for this answer any more."""
        self._asked.pop(exchange.number, None)

    def close(self) -> None:
        """Take no more answers: whoever waits for one asks elsewhere."""
        sock, self._socket = self._socket, None
        if sock is None:
            return
        self._loop.remove_reader(sock.fileno())
        sock.close()
        asked, self._asked = self._asked, {}
        for exchange in asked.values():
            exchange.lost("the server went away")

    def _readable(self) -> None:
        try:
            for _ in range(AT_ONCE):
                if self._socket is None:
                    return
                message = self._socket.recv(LONGEST)
                if not message:
                    self.close()
                    return
                self._take(message)
                if not self._asked:
                    return  # nothing more can come
        except BlockingIOError:
            return
        except (OSError, ValueError, Malformed):
            self.close()

    def _take(self, message: bytes) -> None:
        if not self._prefixes:
            self._prefixes = decode_hello(message)
            return
        named = Named.decode(message)
        exchange = self._asked.pop(named.number, None)
        if exchange is None:
            return
        if not named.status:
            exchange.by_link(self._server)
            return
        known = None if named.known is None else named.known.encode("latin-1")
        answer = Answer.ready(named.status, named.head, named.length, known)
        part = FilePart(self._token, named.start, named.length, named.path)
        exchange.named(answer, part if named.length else None)
