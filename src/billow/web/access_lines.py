"""The lines of requests where there is no front: all of them in a file, some in the log of all.

A line in the log of all processes is a row with an index of its words, which would cost as much as
a short request itself; so of very many only some are told there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.types import Scope

from billow.front.log import AccessLog, wall_clock

#: Lines a second in the log of all, and as many of failures; beyond it they are counted.
MOST = 20
#: Requests that gather before they are made lines.
GATHER = 500

_log = logging.getLogger("billow.web.access")


class Answer(NamedTuple):
    """How a request was answered."""

    route: str
    status: int
    bytes: int
    #: From the request's head to the end of its answer.
    seconds: float


class _Asked(NamedTuple):
    """What a line says of a request, as long as it is none."""

    at: float
    id: str
    client: str
    method: str
    path: bytes
    http: str
    headers: list[tuple[bytes, bytes]]
    answer: Answer


class AccessLines:
    """Writes a line for each request, many at once: that takes far less time for each.

    Args:
        file: where all go.
        clock: UNIX seconds.
    """

    def __init__(self, file: AccessLog, clock: Callable[[], float] = wall_clock) -> None:
        self._file = file
        self._clock = clock
        self._waiting: list[_Asked] = []
        self._second = 0
        #: Lines in this second in the log of all, of failures and of others.
        self._told = {True: 0, False: 0}
        self._left_out = 0

    def note(self, scope: Scope, answer: Answer) -> None:
        """A request was answered."""
        now, path = self._clock(), scope.get("raw_path") or scope["path"].encode()
        asked = _Asked(
            now,
            scope["billow.id"],
            _client(scope),
            scope["method"],
            path,
            scope["http_version"],
            scope["headers"],
            answer,
        )
        self._waiting.append(asked)
        if len(self._waiting) >= GATHER:
            self._write()
        if self._room(int(now), failed=answer.status >= 500):
            _tell(scope, answer)
        else:
            self._left_out += 1

    def flush(self) -> None:
        """Write what waits."""
        self._write()
        self._file.flush()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._file.format == "json":
            for asked in waiting:
                self._file.put(self._json(asked))
        else:
            for asked in waiting:
                line: Any = _Line(asked)
                self._file.add(line, asked.at, asked.answer.seconds)

    def _json(self, asked: _Asked) -> str:
        """The line as the front writes it, with nothing about a server behind it."""
        at, id_, client, method, path, http, headers, answer = asked
        file, agent = self._file, None
        for name, value in headers:
            if name == b"user-agent":
                agent = value
        return (
            f'{{"at":"{file.time(at)}.{int(at % 1 * 1000):03d}Z","id":"{id_}",'
            f'"client":"{client}","method":{file.text(method.encode())},'
            f'"target":"{_target(path)}","http":"{http}",'
            f'"status":{answer.status},"bytes":{answer.bytes},"ms":{answer.seconds * 1000:.2f},'
            f'"server_ms":null,"server":null,"tries":0,"agent":{file.text(agent)}}}\n'
        )

    def _room(self, second: int, *, failed: bool) -> bool:
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

    def __init__(self, asked: _Asked) -> None:
        self.id = asked.id
        self.client = asked.client
        self.status = asked.answer.status
        self.bytes = asked.answer.bytes
        self.method = asked.method.encode()
        self.target = _target(asked.path).encode()
        self.minor = 0 if asked.http == "1.0" else 1
        self.fields = dict(asked.headers)

    @property
    def request(self) -> _Line:
        return self


def _target(raw: bytes) -> str:
    """The path, in characters that need no escapes; what is asked by `?…` may hold secrets."""
    text = raw.decode("latin-1")
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text[:2000]
    return quote(raw, safe="/%:@!$&'()*+,;=~-._")[:2000]


def _client(scope: Scope) -> str:
    return (scope.get("client") or ("",))[0] or ""
