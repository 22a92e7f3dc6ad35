"""A server that takes events by the rules of PagerDuty's Events API v2."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandIn(ThreadingHTTPServer):
    """Keeps the events it took; answers `status` instead, while that is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self.status: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v2/enqueue"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        errors = ["the service is down"] if self.server.status else faults(body)
        if errors:
            self.server.refused += errors
            self._answer(self.server.status or 400, {"status": "invalid event", "errors": errors})
            return
        event = json.loads(body)
        self.server.taken.append(event)
        said = {"status": "success", "message": "Event processed"}
        self._answer(202, {**said, "dedup_key": event.get("dedup_key", "made")})

    def _answer(self, status: int, said: dict[str, Any]) -> None:
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


FIELDS = frozenset(
    [
        "routing_key",
        "event_action",
        "dedup_key",
        "payload",
        "client",
        "client_url",
        "links",
        "images",
    ]
)
PAYLOAD = frozenset(
    ["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"]
)


def faults(body: bytes) -> list[str]:
    """What is wrong with an event."""
    if len(body) > 512_000:
        return ["too large"]
    event = json.loads(body)
    found = [f"unknown field {name}" for name in set(event) - FIELDS]
    if len(event.get("routing_key", "")) != 32:
        found.append("routing_key")
    action = event.get("event_action")
    if action not in ("trigger", "acknowledge", "resolve"):
        found.append("event_action")
    if len(event.get("dedup_key", "")) > 255 or (
        action != "trigger" and not event.get("dedup_key")
    ):
        found.append("dedup_key")
    if action != "trigger":
        return found
    payload = event.get("payload", {})
    found += [f"unknown field payload.{name}" for name in set(payload) - PAYLOAD]
    found += [name for name in ("summary", "source", "severity") if not payload.get(name)]
    if len(payload.get("summary", "")) > 1024:
        found.append("summary is too long")
    if payload.get("severity") not in ("critical", "error", "warning", "info"):
        found.append("severity")
    return found


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """A stand-in that runs."""
    with StandIn() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
