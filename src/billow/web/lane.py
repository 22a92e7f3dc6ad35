"""The server's end of the lane: answers the front's questions for renditions that are at hand.

A question passes the same checks as a request that comes by HTTP (`Reception`); what is not plain
is declined, so that it comes again by that way.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import deque
from collections.abc import Coroutine
from email.utils import formatdate
from http import HTTPStatus
from time import perf_counter
from typing import Any

from starlette.types import Scope

from billow.lane import LONGEST, Named, Question, encode_hello
from billow.origin import Origin, read_traceparent, using
from billow.rendition import Rendition
from billow.web.door import Reception
from billow.web.metrics import Metrics
from billow.web.renditions import Gallery, Ready

#: Messages read in one turn of the event loop, so that others have theirs.
AT_ONCE = 32

#: Answers that may wait for the front to read them; if there are more, it is not well.
MOST_WAITING = 4096

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
        self._second = 0
        self._date = b""

    def answer(self, question: Question) -> Named | Coroutine[Any, Any, Named]:
        """The answer: at once, or from a thread."""
        began = perf_counter()
        try:
            scope = scope_of(question)
            with using(_origin(question, scope)):
                rendition = self._reception.find(scope)
                if rendition is None:
                    return Named(question.number, 0)
                if not self._reception.is_quick(rendition, scope):
                    return self._answer_later(question, scope, rendition, began)
                ready = self._reception.ready_now(rendition, scope)
            return self._named(question, scope, ready, began)
        except Exception:  # the long road says what is wrong
            return Named(question.number, 0)

    async def _answer_later(
        self, question: Question, scope: Scope, rendition: Rendition, began: float
    ) -> Named:
        try:
            with using(_origin(question, scope)):
                ready = await self._reception.ready(rendition, scope)
            return self._named(question, scope, ready, began)
        except Exception:
            return Named(question.number, 0)

    def _named(self, question: Question, scope: Scope, ready: Ready, began: float) -> Named:
        reply = ready.reply
        if reply is None:
            return Named(question.number, 0)
        told = reply.told(os.stat(reply.path), "GET", scope["headers"])
        self._metrics.count("GET", ready.rendition.name, told.status, perf_counter() - began)
        self._gallery.count_hit(ready)
        own = b"x-request-id: %b\r\n" % question.id.encode()
        head = b"%b%b%b%b" % (_STATUS_LINES[told.status], self._dated(), told.lines, own)
        known = scope.get("billow.owner", "") if question.ask == "?" else None
        part = told.part
        return Named(question.number, told.status, part.start, part.size, reply.path, known, head)

    def _dated(self) -> bytes:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._date = b"date: %b\r\n" % formatdate(now, usegmt=True).encode()
        return self._date


def scope_of(question: Question) -> Scope:
    """The question as ASGI has requests.

    Raises:
        ValueError: it is none that a short way leads to.
    """
    raw, _, query = question.target.partition(b"?")
    if b"%" in raw:
        raise ValueError("an address that must be decoded first")
    pairs = (line.partition(b":") for line in question.lines)
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": raw.decode("ascii"),
        "raw_path": raw,
        "query_string": query,
        "headers": [(name.lower(), value.strip()) for name, _, value in pairs],
        "client": (question.client, 0),
        "scheme": question.scheme,
        "billow.id": question.id,
    }


def _origin(question: Question, scope: Scope) -> Origin:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return Origin(question.id, read_traceparent(value.decode("latin-1")))
    return Origin(question.id)


class Lane:
    """One front's connection.

    Args:
        sock: the connection.
        window: what answers.
        token: what the front must show first.
    """

    def __init__(self, sock: socket.socket, window: Window, token: str) -> None:
        self._socket = sock
        self._window = window
        self._token = token.encode()
        self._let_in = False
        self._loop = asyncio.get_running_loop()
        self._out: deque[bytes] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop.add_reader(sock.fileno(), self._readable)

    @property
    def open(self) -> bool:
        """Whether anything can still be asked."""
        return self._socket.fileno() >= 0

    def close(self) -> None:
        """End it; what is not answered the front asks elsewhere."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
        for task in self._tasks:
            task.cancel()

    def _readable(self) -> None:
        try:
            for _ in range(AT_ONCE):
                message = self._socket.recv(LONGEST)
                if not message:
                    self.close()
                    return
                self._take(message)
                if self._socket.fileno() < 0:
                    return
        except BlockingIOError:
            return
        except OSError:
            self.close()

    def _take(self, message: bytes) -> None:
        if not self._let_in:
            self._let_in = message == self._token
            if self._let_in:
                self._send(encode_hello(self._window.prefixes))
            else:
                self.close()
            return
        try:
            answer = self._window.answer(Question.decode(message))
        except ValueError:
            self.close()
            return
        if isinstance(answer, Named):
            self._send(answer.encode())
            return
        task = self._loop.create_task(self._send_later(answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_later(self, answer: Coroutine[Any, Any, Named]) -> None:
        self._send((await answer).encode())

    def _send(self, message: bytes) -> None:
        if self._socket.fileno() < 0:
            return
        if not self._out:
            try:
                self._socket.send(message)
            except BlockingIOError:
                self._loop.add_writer(self._socket.fileno(), self._writable)
            except OSError:
                self.close()
                return
            else:
                return
        self._out.append(message)
        if len(self._out) > MOST_WAITING:
            self.close()

    def _writable(self) -> None:
        try:
            while self._out:
                self._socket.send(self._out[0])
                self._out.popleft()
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._loop.remove_writer(self._socket.fileno())


class Lanes:
    """Takes in fronts.

    Args:
        bound: the listening socket; closed in the end.
        window: what answers.
        token: what fronts must show.
    """

    def __init__(self, bound: socket.socket, window: Window, token: str) -> None:
        self._bound = bound
        self._window = window
        self._token = token
        self._lanes: list[Lane] = []
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(bound.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            sock, _ = self._bound.accept()
        except OSError:
            return
        sock.setblocking(False)
        self._lanes = [lane for lane in self._lanes if lane.open]
        self._lanes.append(Lane(sock, self._window, self._token))

    def close(self) -> None:
        """Close all of them, and take in no more."""
        self._loop.remove_reader(self._bound.fileno())
        self._bound.close()
        for lane in self._lanes:
            lane.close()
