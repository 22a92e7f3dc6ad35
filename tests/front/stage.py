"""A front on a loopback port, before servers that the tests make up."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from billow.front.config import Bounds, Config
from billow.front.house import House
from billow.front.servers import Server
from billow.front.visitor import Visitor
from billow.pool import Web

#: What a made-up server does with a request's head; it writes the answer itself.
Play = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

TOKEN = "secret"


def answer(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *lines, "", ""])
    return head.encode() + body


async def say_name(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with the request's first line."""
    writer.write(answer(head.partition(b"\r\n")[0]))


class Stage:
    """A front, its port, and what its servers got."""

    def __init__(self, house: House, port: int, folder: Path) -> None:
        self.house = house
        self.port = port
        self.folder = folder
        #: Heads of all requests that reached a server, with the server's name.
        self.heads: list[tuple[str, bytes]] = []
        self._servers: list[asyncio.Server] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def add(self, name: str, play: Play = say_name) -> Server:
        """A server that plays `play` for each request."""
        path = str(self.folder / f"{name}.sock")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    self.heads.append((name, head))
                    await play(head, reader, writer)
                    await writer.drain()
            except (asyncio.IncompleteReadError, OSError):
                pass

        self._servers.append(await asyncio.start_unix_server(serve, path))
        server = Server(name, path, os.getpid(), self.house.bounds.in_flight)
        self.house.servers[name] = server
        self.house.freed()
        return server

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        return reader, writer

    async def ask(self, request: bytes) -> bytes:
        """All that comes back until the front closes the connection."""
        reader, writer = await self.connect()
        writer.write(request)
        async with asyncio.timeout(20):
            came = await reader.read()
        writer.close()
        return came

    async def get(self, path: str = "/", *lines: str, method: str = "GET") -> tuple[int, bytes]:
        """Status and body of one request on a connection of its own."""
        head = "\r\n".join([f"{method} {path} HTTP/1.1", "Host: h", *lines, "Connection: close"])
        came = await self.ask(head.encode() + b"\r\n\r\n")
        top, _, body = came.partition(b"\r\n\r\n")
        return int(top[9:12]), body

    async def close(self) -> None:
        """End everything, and wait until nothing of it is left."""
        await until(self._settled)
        for each in self._servers:
            each.close()
        for server in self.house.servers.values():
            server.draining = True
            server.close_idle()
        for _ in range(3):  # what was accepted a moment ago comes to light with the next turns
            await until(self._settled)
            await asyncio.sleep(0.002)
            for writer in self._writers:
                writer.transport.abort()
        await until(lambda: not self.house.guests)

    def _settled(self) -> bool:
        """Whether no connection is being made, so that all that are can be ended."""
        names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
        making = ("Exchange", "Probe", "BaseSelectorEventLoop")
        return not any(name.startswith(making) for name in names)


@asynccontextmanager
async def stage(**options: Any) -> AsyncIterator[Stage]:
    """A front with the options of `billow.Web`, and those of `Config` in `config`."""
    config = options.pop("config", {})
    made = Config(Bounds.of(Web(**options), 1 << 30), TOKEN, **config)
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory(prefix="front-") as folder:
        house = House(made)
        server = await loop.create_server(lambda: Visitor(house), "127.0.0.1", 0)
        on = Stage(house, server.sockets[0].getsockname()[1], Path(folder))
        try:
            yield on
        finally:
            server.close()
            house.closing = True
            await on.close()


def play(scene: Callable[[], Awaitable[None]]) -> None:
    """Run a scene to its end."""

    async def run() -> None:
        async with asyncio.timeout(60):
            await scene()

    asyncio.run(run())


async def until(look: Callable[[], object], deadline: float = 20.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(deadline):
        while not look():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
