"""The server's end of the lane: answers the front's questions for renditions that are at hand.

A question passes the same checks as a request that comes by HTTP (`Reception`); what is not plain
is declined, so that it comes again by that way.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from time import perf_counter

from starlette.types import Scope

from billow.lane import LONGEST, Named, Question, encode_hello
from billow.origin import Origin, enter, leave, read_traceparent
from billow.web.door import Reception
from billow.web.metrics import Metrics
from billow.web.renditions import Gallery, Ready

#: Questions that are answered at the same time.
THREADS = 3

#: Seconds in which a front must show its token.
PATIENCE = 5.0

_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    for status in (200, 206, 304, 416)
}


class Window:
    """Answers questions.

    Args:
        gallery: the renditions.
        reception: says who may have one.
        metrics: where answers are counted.
    """

    def __init__(self, gallery: Gallery, reception: Reception, metrics: Metrics) -> None:
        self.prefixes = gallery.prefixes
        self._gallery = gallery
        self._reception = reception
        self._metrics = metrics
        self._loop: asyncio.AbstractEventLoop | None = None
        self._second = 0
        self._date = b""

    def open(self) -> None:
        """Begin; in the event loop that the rest of the server works in."""
        self._loop = asyncio.get_running_loop()

    def answer(self, question: Question) -> Named:
        """The answer; it may take as long as `allow` does."""
        began = perf_counter()
        try:
            scope = scope_of(question)
            origin = enter(_origin(question.id, scope))
            try:
                rendition = self._reception.find(scope)
                if rendition is None or rendition.waits:
                    return Named(question.number, 0)
                ready = self._reception.ready_here(rendition, scope)
            finally:
                leave(origin)
            return self._named(question, scope, ready, began)
        except Exception:  # the long road says what is wrong
            return Named(question.number, 0)

    def _named(self, question: Question, scope: Scope, ready: Ready, began: float) -> Named:
        reply = ready.reply
        if reply is None or self._loop is None:
            return Named(question.number, 0)
        told = reply.told(os.stat(reply.path), "GET", scope["headers"])
        self._metrics.count("GET", ready.rendition.name, told.status, perf_counter() - began)
        self._gallery.count_hit(ready, self._loop)
        own = b"x-request-id: %b\r\n" % question.id.encode()
        head = b"%b%b%b%b" % (_STATUS_LINES[told.status], self._dated(), told.lines, own)
        known = scope.get("billow.owner", "") if question.ask == "?" else None
        part = told.part
        return Named(question.number, told.status, part.start, part.size, reply.path, known, head)

    def _dated(self) -> bytes:
        now = int(time.time())
        if now != self._second:
            self._date = b"date: %b\r\n" % formatdate(now, usegmt=True).encode()
            self._second = now
        return self._date


def scope_of(question: Question) -> Scope:
    """The question as ASGI has requests.

    Raises:
        ValueError: it is none that a short way leads to.
    """
    raw, _, query = question.target.partition(b"?")
    if b"%" in raw:
        raise ValueError("an address that must be decoded first")
    headers = []
    for line in question.lines:
        name, _, value = line.partition(b":")
        headers.append((name.lower(), value.strip()))
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": raw.decode("ascii"),
        "raw_path": raw,
        "query_string": query,
        "headers": headers,
        "client": (question.client, 0),
        "scheme": question.scheme,
        "billow.id": question.id,
    }


def _origin(id: str, scope: Scope) -> str:
    """What the work for a request goes back to, as text."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return str(Origin(id, read_traceparent(value.decode("latin-1"))))
    return id


class Lanes:
    """Takes in fronts, and answers them in threads, in which `allow` may wait.

    Args:
        bound: the listening socket; closed in the end.
        window: what answers.
        token: what fronts must show.
    """

    def __init__(self, bound: socket.socket, window: Window, token: str) -> None:
        bound.setblocking(True)
        window.open()
        self._bound = bound
        self._window = window
        self._token = token.encode()
        self._lines: set[_Line] = set()
        threading.Thread(target=self._take_in, name="lane", daemon=True).start()

    def close(self) -> None:
        """Take in no more, and leave those who came; what is not answered they ask elsewhere."""
        with suppress(OSError):
            self._bound.shutdown(socket.SHUT_RDWR)
        for line in list(self._lines):
            line.close()

    def _take_in(self) -> None:
        with self._bound, suppress(OSError):
            while True:
                sock, _ = self._bound.accept()
                if self._lets_in(sock):
                    line = _Line(sock, self._window, self._lines.discard)
                    self._lines.add(line)
                    line.begin()
                else:
                    sock.close()

    def _lets_in(self, sock: socket.socket) -> bool:
        try:
            sock.settimeout(PATIENCE)
            if sock.recv(LONGEST) != self._token:
                return False
            sock.send(encode_hello(self._window.prefixes))
            sock.settimeout(None)
        except OSError:
            return False
        return True


class _Line:
    """One front's: threads that take what it asks in turn; the last one closes it."""

    def __init__(self, sock: socket.socket, window: Window, over: Callable[[_Line], None]) -> None:
        self._socket = sock
        self._window = window
        self._over = over
        self._left = THREADS
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Start answering."""
        for number in range(THREADS):
            threading.Thread(target=self._run, name=f"lane-{number}", daemon=True).start()

    def close(self) -> None:
        """Take no more questions."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        with suppress(OSError, ValueError):
            self._answer()
        self.close()
        with self._lock:
            self._left -= 1
            last = not self._left
        if last:
            self._socket.close()
            self._over(self)

    def _answer(self) -> None:
        sock, answer = self._socket, self._window.answer
        while message := sock.recv(LONGEST):
            sock.send(answer(Question.decode(message)).encode())
