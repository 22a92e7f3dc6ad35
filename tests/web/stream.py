"""Reads an endless answer as it comes, without a server in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from starlette.applications import Starlette

#: How long a test waits for an event before it gives up, seconds.
PATIENCE = 20.0


class Event(NamedTuple):
    """A server-sent event."""

    id: str | None
    kind: str
    data: Any


class Stream:
    """An answer on its way."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.begun = asyncio.Event()
        self.raw = ""
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def send(self, message: Any) -> None:
        """What the application calls."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            self.begun.set()
        else:
            await self._pieces.put(message["body"])
            if not message.get("more_body"):
                await self._pieces.put(None)

    async def blocks(self) -> AsyncIterator[str]:
        """Pieces between empty lines."""
        rest = ""
        while True:
            async with asyncio.timeout(PATIENCE):
                piece = await self._pieces.get()
            if piece is None:
                return
            self.raw += piece.decode()
            rest += piece.decode()
            while "\n\n" in rest:
                block, _, rest = rest.partition("\n\n")
                yield block

    async def events(self) -> AsyncIterator[Event]:
        """The events, comments left out."""
        async for block in self.blocks():
            fields = dict(line.split(": ", 1) for line in block.split("\n") if line[0] != ":")
            if "data" in fields:
                yield Event(fields.get("id"), fields["event"], json.loads(fields["data"]))


@asynccontextmanager
async def opened(web: Starlette, path: str, **headers: str) -> AsyncIterator[Stream]:
    """An answer that is read until the block ends; then the client goes away."""
    path, _, query = path.partition("?")
    stream, gone = Stream(), asyncio.Event()
    started = False

    async def receive() -> Any:
        nonlocal started
        if not started:
            started = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [
            (b"host", b"127.0.0.1"),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
    }
    answering = asyncio.create_task(web(scope, receive, stream.send))
    try:
        async with asyncio.timeout(PATIENCE):
            await stream.begun.wait()
        yield stream
    finally:
        gone.set()
        async with asyncio.timeout(PATIENCE):
            await answering
