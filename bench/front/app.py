"""The same small server for all fronts: a short answer, and a file of 100 KB."""

from __future__ import annotations

import os

from starlette.types import Receive, Scope, Send

from billow.handover import ALIVE, FRONT, Introduction
from billow.web.sendfile import FileReply

FOLDER = os.environ.get("BENCH_FOLDER", "")
_FILE = FileReply(f"{FOLDER}/file.jpg", media_type="image/jpeg", etag='"v1"') if FOLDER else None


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """`/small`; `/file` sent by our front, `/accel` by nginx, `/bytes` by itself."""
    if scope["type"] != "http":
        return
    path = scope["path"]
    if path == "/file" and _FILE is not None:
        told = dict(scope["headers"]).get(FRONT.encode())
        found = None if told is None else Introduction.decode(told.decode())
        scope["billow.front"] = "" if found is None else found.token
        await _FILE(scope, receive, send)
        return
    headers = [(b"content-type", b"text/plain")]
    body = b"x" * 200
    if path == "/accel":
        headers, body = [(b"x-accel-redirect", b"/protected/file.jpg")], b""
    elif path == "/bytes":
        with open(f"{FOLDER}/file.jpg", "rb", buffering=0) as file:  # noqa: ASYNC230
            body = file.read()
    elif path == ALIVE:
        body = b""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
