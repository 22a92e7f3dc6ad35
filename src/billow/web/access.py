"""Every request gets an id, a line in the log, and its place in the metrics.

Behind the front the id and the visitor's address are what the front says, and the line in the log
is the front's business; without a front see `billow.web.access_lines`.
"""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billow.handover import ALIVE, FRONT, KNOWN, Introduction
from billow.ids import new_id
from billow.ops import traces
from billow.origin import Origin, current, enter, leave, read_traceparent
from billow.web.access_lines import AccessLines, Answer
from billow.web.metrics import Metrics

#: The status that the log has for a request whose client left before it was answered.
CLIENT_LEFT = 499

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_FRONT = FRONT.encode()
_KNOWN = KNOWN.encode()


class Access:
    """ASGI middleware, the outermost one.

    Args:
        app: what is inside.
        metrics: where requests are counted.
        token: proves that the front asks; empty where there is no front.
        lines: where requests are logged, if that is not the front's business.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        token: str = "",
        lines: AccessLines | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._token = token
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and write down what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = _introduction(scope) if self._token else None
        if self._token and (told is None or told.token != self._token):
            await _answer(send, 403)
            return
        if scope["path"] == ALIVE:
            await _answer(send, 204)
            return
        if told is not None:
            scope["billow.id"], scope["billow.front"] = told.id, told.token
            scope["client"], scope["scheme"] = (told.client, 0), told.scheme
        else:
            scope["billow.id"] = new_id()
        watch = _Watch(scope, send, asked=told is not None and told.ask == "?")
        began = time.perf_counter()
        traceparent = _traceparent(scope)
        origin = f"{scope['billow.id']} {traceparent}" if traceparent else scope["billow.id"]
        token = enter(traces.begin(Origin.parse(origin)) if traces.on() else origin)
        try:
            await self._app(scope, receive, watch)
        finally:
            self._write_down(scope, watch, time.perf_counter() - began, origin)
            leave(token)

    def _write_down(self, scope: Scope, seen: _Watch, seconds: float, origin: str) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.count(method, route, seen.status, None if seen.stream else seconds)
        if traces.on():
            _trace(scope, seen, seconds, Origin.parse(origin))
        if self._lines is not None:
            self._lines.note(scope, Answer(route, seen.status, seen.bytes, seconds))


def _trace(scope: Scope, seen: _Watch, seconds: float, parent: Origin) -> None:
    """Note the request's span."""
    ended, route = time.time(), route_of(scope)
    about = {
        "http.request.method": scope["method"][:20],
        "http.route": route,
        "url.path": scope["path"][:500],
        "http.response.status_code": seen.status,
        "billow.request": scope["billow.id"],
    }
    error = f"status {seen.status}" if seen.status >= 500 else ""
    name, times = f"{about['http.request.method']} {route}", (ended - seconds, ended)
    traces.note(name, traces.SERVER, current(), parent, times, about, error)


def _traceparent(scope: Scope) -> str:
    """The trace that the client is in, if it says so."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return read_traceparent(value.decode("latin-1"))
    return ""


class _Watch:
    """Sends an answer on, with its request's id, and looks at it in passing."""

    def __init__(self, scope: Scope, send: Send, *, asked: bool) -> None:
        self._scope = scope
        self._send = send
        self._asked = asked
        self.status = CLIENT_LEFT
        self.bytes = 0
        self.stream = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        elif message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = headers = [*message.get("headers", ())]
            headers.append((b"x-request-id", self._scope["billow.id"].encode()))
            if self._asked:
                owner: str = self._scope.get("billow.owner", "")
                headers.append((_KNOWN, owner.encode()))
            for name, value in headers:
                if name == b"content-type":
                    self.stream = b"event-stream" in value
        await self._send(message)


def route_of(scope: Scope) -> str:
    """What was asked for, without what varies: there are only so many of them."""
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", type(endpoint).__name__) if endpoint else "none"


def _introduction(scope: Scope) -> Introduction | None:
    """What the front says of a request; nobody further in sees that."""
    headers = scope["headers"]
    for at in range(len(headers) - 1, -1, -1):
        if headers[at][0] == _FRONT:
            return Introduction.decode(headers.pop(at)[1].decode("latin-1"))
    return None


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})
