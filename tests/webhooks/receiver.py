"""A server that takes webhooks and answers as a test wants it to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

#: Answers on a connection after the request has been read.
Script = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def say(answer: bytes) -> Script:
    """A script that says this and ends."""
    return lambda connection: connection.sendall(answer)


ACCEPT = say(OK)


@dataclass
class Request:
    """A request as it came."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes
    #: The name the client asked for in TLS.
    sni: str | None = None

    def header(self, name: str) -> str:
        [value] = [value for label, value in self.headers if label.lower() == name]
        return value


@dataclass
class Receiver:
    """Listens on a loopback port while it is open."""

    script: Script = ACCEPT
    context: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    _sni: str | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[Receiver]:
        if self.context is not None:
            self.context.sni_callback = self._note_name
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            thread = threading.Thread(target=self._serve, args=(server,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self.over.set()
                server.shutdown(socket.SHUT_RDWR)
                thread.join(5)
                assert not thread.is_alive()

    def _note_name(self, sock: Any, name: str | None, context: Any) -> None:
        self._sni = name

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if self.context is not None:
            with self.context.wrap_socket(connection, server_side=True) as secured:
                self._converse(secured)
        else:
            self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            line = stream.readline().decode().strip()
            headers = []
            while head := stream.readline().decode().strip():
                name, _, value = head.partition(":")
                headers.append((name, value.strip()))
            length = next(int(v) for n, v in headers if n.lower() == "content-length")
            self.requests.append(Request(line, headers, stream.read(length), self._sni))
        self.script(connection)


def looked_up(*addresses: str) -> Callable[..., list[tuple[Any, ...]]]:
    """A name service that gives one address after the other, a new one at each look."""
    left = list(addresses)

    def lookup(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0), port))]

    return lookup
