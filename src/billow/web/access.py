"""Every request gets an id, a line in the log, and its place in the metrics."""

from __future__ import annotations

import logging
import time
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billow.ids import new_id
from billow.origin import Origin, read_traceparent, using
from billow.web.metrics import Metrics

#: The status that the log has for a request whose client left before it was answered.
CLIENT_LEFT = 499

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

_log = logging.getLogger("billow.web.access")


class Access:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and write down what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["billow.id"] = id_ = new_id()
        answer: dict[str, Any] = {"status": CLIENT_LEFT, "bytes": 0, "stream": False}

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = id_
                answer["status"] = message["status"]
                answer["stream"] = "event-stream" in headers.get("content-type", "")
            elif message["type"] == "http.response.body":
                answer["bytes"] += len(message.get("body", b""))
            await send(message)

        origin = Origin(id_, _traceparent(scope))
        began = time.perf_counter()
        with using(origin):
            try:
                await self._app(scope, receive, watch)
            finally:
                self._write_down(scope, answer, time.perf_counter() - began)

    def _write_down(self, scope: Scope, answer: dict[str, Any], seconds: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.count(method, route, answer["status"], None if answer["stream"] else seconds)
        _log.info(
            "%s %s %d",
            scope["method"][:20],
            scope["path"][:500],
            answer["status"],
            extra={
                "fields": {
                    "request": scope["billow.id"],
                    "method": scope["method"][:20],
                    "path": scope["path"][:500],
                    "route": route,
                    "status": answer["status"],
                    "ms": round(seconds * 1000, 2),
                    "bytes": answer["bytes"],
                    "client": (scope.get("client") or ("",))[0],
                }
            },
        )


def _traceparent(scope: Scope) -> str:
    """The trace that the client is in, if it says so."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return read_traceparent(value.decode("latin-1"))
    return ""


def route_of(scope: Scope) -> str:
    """What was asked for, without what varies: there are only so many of them."""
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", type(endpoint).__name__) if endpoint else "none"
