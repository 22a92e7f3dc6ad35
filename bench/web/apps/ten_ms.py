"""A request of about 10 ms that answers 20 KB, as the flow of a photo site does; plain ASGI."""

from __future__ import annotations

import asyncio
import os
from typing import Any

BODY = os.urandom(20_000)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body = b"ok"
    if scope["path"] != "/healthz":
        await asyncio.sleep(0.01)
        body = BODY
    length = str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]}
    )
    await send({"type": "http.response.body", "body": body})
