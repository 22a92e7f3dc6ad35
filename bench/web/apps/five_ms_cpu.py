"""A request of 5 ms of CPU, which nothing else can use meanwhile: capacity is what a core gives."""

from __future__ import annotations

import time
from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    if scope["path"] != "/healthz":
        until = time.thread_time() + 0.005
        while time.thread_time() < until:
            pass
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})
