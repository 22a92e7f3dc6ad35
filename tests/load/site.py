"""A small web server in the test's own process, which answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

#: Makes an answer of a request's head; None closes the connection without one.
Answering = Callable[[str], bytes | None]
#: Serves a connection until it returns or the client leaves.
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def reply(body: str = "hello", status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


class Site:
    """Counts what it is asked."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.heads: list[str] = []
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            answer = self.answering(head)
            if answer is None:
                return
            writer.write(answer)


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """The port of a server, until the end of the block, when all its connections are closed."""
    serving: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        if serving:
            await asyncio.wait(serving)


@asynccontextmanager
async def site(answering: Answering) -> AsyncIterator[Site]:
    """The server on a free port, until the end of the block."""
    made = Site(answering)
    async with listening(made.serve) as made.port:
        yield made
