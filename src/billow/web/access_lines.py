"""The lines of requests where there is no front: all of them in a file, some in the log of all.

A line in the log of all processes is a row with an index of its words, which would cost as much as
a short request itself; so of very many only some are told there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.types import Scope

from billow.front.log import AccessLog, wall_clock

#: Lines a second in the log of all, and as many of failures; beyond it they are counted.
MOST = 20

_log = logging.getLogger("billow.web.access")


class Answer(NamedTuple):
    """How a request was answered."""

    route: str
    status: int
    bytes: int
    #: From the request's head to the end of its answer.
    seconds: float


class AccessLines:
    """Writes a line for each request.

    Args:
        file: where all go.
        clock: seconds that only ever go up.
    """

    def __init__(self, file: AccessLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._second = 0
        #: Lines in this second, of failures and of others.
        self._told = {True: 0, False: 0}
        self._left_out = 0
        self.flush = file.flush

    def note(self, scope: Scope, answer: Answer) -> None:
        """A request was answered."""
        line: Any = _Line(scope, answer)
        self._file.add(line, wall_clock(), answer.seconds)
        if self._room(failed=answer.status >= 500):
            _tell(scope, answer)
        else:
            self._left_out += 1

    def _room(self, *, failed: bool) -> bool:
        second = int(self._clock())
        if second != self._second:
            if self._left_out:
                _log.info("%d further requests are only in access.log", self._left_out)
            self._second, self._left_out = second, 0
            self._told = {True: 0, False: 0}
        self._told[failed] += 1
        return self._told[failed] <= MOST


def _tell(scope: Scope, answer: Answer) -> None:
    method, path = scope["method"][:20], scope["path"][:500]
    fields = {
        "request": scope["billow.id"],
        "method": method,
        "path": path,
        "route": answer.route,
        "status": answer.status,
        "ms": round(answer.seconds * 1000, 2),
        "bytes": answer.bytes,
        "client": _client(scope),
    }
    _log.info("%s %s %d", method, path, answer.status, extra={"fields": fields})


class _Line:
    """A request as the access log sees it: one that no server of a pool was asked for."""

    __slots__ = ("bytes", "client", "fields", "id", "method", "minor", "status", "target")
    taken = None
    server_name = ""
    tried: Iterable[str] = ()

    def __init__(self, scope: Scope, answer: Answer) -> None:
        self.id = scope["billow.id"]
        self.client = _client(scope)
        self.status = answer.status
        self.bytes = answer.bytes
        self.method = scope["method"].encode()
        self.target = _target(scope)
        self.minor = 0 if scope["http_version"] == "1.0" else 1
        self.fields = dict(scope["headers"])

    @property
    def request(self) -> _Line:
        return self


def _target(scope: Scope) -> bytes:
    """The path, in printable characters; what is asked by `?…` may hold secrets."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if raw.isascii() and raw.decode().isprintable():
        return raw
    return quote(raw, safe="/%:@!$&'()*+,;=~-._").encode()


def _client(scope: Scope) -> str:
    return (scope.get("client") or ("",))[0] or ""
