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
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import perf_counter
from typing import NamedTuple

from starlette.types import Scope

from billow.lane import LONGEST, Named, Party, Question, encode_hello, pack, unpack
from billow.origin import enter, leave, read_traceparent
from billow.web.door import Reception
from billow.web.guard import check_target
from billow.web.metrics import Metrics
from billow.web.questions import SENT, Sent
from billow.web.renditions import Gallery
from billow.web.sendfile import asked_in

#: Seconds from which on an answer is slow. When most of them are, one thread is too few for them:
#: all but every so many questions are declined, and come again by the way that has many threads.
SLOW = 0.001
TRIED = 16

#: How much the latest answer says about whether most are slow.
WEIGHT = 0.05

#: Parties that are remembered, and how long they may be, bytes.
REMEMBERED = 1000
SHORT = 4096

#: Seconds in which a front must show its token.
PATIENCE = 5.0

_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    for status in (200, 206, 304, 416)
}


class _Known(NamedTuple):
    """What is made of a party once."""

    #: A request as ASGI has it, without its target.
    scope: Scope
    #: The headers that say which part is asked for, and under which conditions.
    conditions: Mapping[bytes, bytes]
    #: Whether the front wants to know whose session or token came along.
    ask: bool
    #: What follows the request's id in its origin.
    trace: str


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
        self._known = lru_cache(REMEMBERED)(self._read)
        self._second = 0
        self._date = b""

    def open(self) -> None:
        """Begin; in the event loop that the rest of the server works in."""
        self._loop = asyncio.get_running_loop()

    def answer(self, question: Question) -> Named:
        """The answer; it may take as long as `allow` does."""
        began = perf_counter()
        try:
            short = len(question.party) <= SHORT
            known = (self._known if short else self._read)(question.party)
            scope = _scope(question, known)
            rendition = self._gallery.find(scope["path"])
            if rendition is None or rendition.waits:
                return Named(question.number, 0)
            origin = enter(question.id + known.trace)
            try:
                ready = self._reception.ready_here(rendition, scope)
            finally:
                leave(origin)
            if ready.reply is None or self._loop is None:
                return Named(question.number, 0)
            reply = ready.reply
            # The front sends it only if this is still true; if not, HTTP makes it true again.
            facts = reply.facts = reply.facts or os.stat(reply.path)
            told = reply.told(facts, "GET", known.conditions)
        except Exception:  # the long road says what is wrong
            return Named(question.number, 0)
        self._metrics.count("GET", rendition.name, told.status, perf_counter() - began)
        self._gallery.count_hit(ready, self._loop)
        head = b"%b%b%bx-request-id: %b\r\n" % (
            _STATUS_LINES[told.status],
            self._dated(),
            told.lines,
            question.id.encode(),
        )
        owner = scope["billow.owner"] if known.ask else None
        start, end = told.part
        what = start, end - start, facts.st_mtime_ns, reply.path
        return Named(question.number, told.status, *what, owner, head)

    def _read(self, party: bytes) -> _Known:
        """What a party is known as.

        Raises:
            Refused: it is not let in.
        """
        scheme, client, ask, lines = Party.decode(party)
        headers = [
            (name.lower(), value.strip())
            for name, _, value in (line.partition(b":") for line in lines.split(b"\r\n"))
        ]
        self._reception.meet(headers)
        told = dict(headers).get(b"traceparent", b"").decode("latin-1")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "headers": headers,
            "client": (client, 0),
            "scheme": scheme,
            SENT: Sent(headers),
        }
        traceparent = read_traceparent(told)
        trace = f" {traceparent}" if traceparent else ""
        return _Known(scope, asked_in(headers), ask == "?", trace)

    def _dated(self) -> bytes:
        now = int(time.time())
        if now != self._second:
            self._date = b"date: %b\r\n" % formatdate(now, usegmt=True).encode()
            self._second = now
        return self._date


def _scope(question: Question, known: _Known) -> Scope:
    """The question as ASGI has requests.

    Raises:
        ValueError: it is none that a short way leads to.
        Refused: it is too long.
    """
    path, _, query = question.target.partition(b"?")
    if b"%" in path:
        raise ValueError("an address that must be decoded first")
    check_target(path, query)
    return {
        **known.scope,
        "path": path.decode("ascii"),
        "raw_path": path,
        "query_string": query,
        "billow.id": question.id,
    }


class Lanes:
    """Takes in fronts, and answers each in a thread of its own, in which `allow` may wait.

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
    """One front's: a thread that takes what it asks in turn.

    One, because threads that take turns within microseconds cost more than they bring; and the
    front does not wait long for it.
    """

    def __init__(self, sock: socket.socket, window: Window, over: Callable[[_Line], None]) -> None:
        self._socket = sock
        self._window = window
        self._over = over
        self._pace = Pace()

    def begin(self) -> None:
        """Start answering."""
        threading.Thread(target=self._run, name="lane", daemon=True).start()

    def close(self) -> None:
        """Take no more questions."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        with suppress(OSError, ValueError):
            self._answer()
        self._socket.close()
        self._over(self)

    def _answer(self) -> None:
        while message := self._socket.recv(LONGEST):
            answers: list[bytes] = []
            began = now = perf_counter()
            for part in unpack(message):
                if answers and now - began > SLOW:  # those need not wait for the rest
                    self._socket.send(pack(answers))
                    answers.clear()
                    began = now
                answers.append(self._named(Question.decode(part), now).encode())
                now = perf_counter()
            self._socket.send(pack(answers))

    def _named(self, question: Question, now: float) -> Named:
        if self._pace.declines():
            return Named(question.number, 0)
        named = self._window.answer(question)
        self._pace.note(perf_counter() - now)
        return named


class Pace:
    """Whether answers are so quick that they can be given in turn."""

    def __init__(self) -> None:
        #: How many of the latest were slow, between none (0) and all (1).
        self._slow = 0.0
        self._declined = 0

    def note(self, seconds: float) -> None:
        """An answer took so long."""
        self._slow += ((seconds > SLOW) - self._slow) * WEIGHT

    def declines(self) -> bool:
        """Whether the next question is to go another way."""
        if self._slow < 0.5:
            return False
        self._declined = (self._declined + 1) % TRIED
        return self._declined != 0
