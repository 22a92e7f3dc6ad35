"""A steady rate of requests, whatever becomes of them: an open loop in a thread."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import NamedTuple


class Seen(NamedTuple):
    """A request's end."""

    at: float
    #: 0 if there was no answer.
    status: int
    seconds: float


class Steady:
    """Asks for `path` `rate` times a second until it is stopped; two in three keep connections."""

    def __init__(self, port: int, path: str, rate: float) -> None:
        self._port = port
        self._path = path
        self._rate = rate
        self._stop = threading.Event()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seen: list[Seen] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Steady:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def failed(self) -> list[Seen]:
        return [one for one in self.seen if one.status != 200]

    async def _run(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        due, number = time.monotonic(), 0
        while not self._stop.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += 1 / self._rate
            number += 1
            task = asyncio.create_task(self._ask(keep=number % 3 != 0))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.wait_for(asyncio.gather(*tasks), 30)
        for _, writer in self._idle:
            writer.close()

    async def _ask(self, *, keep: bool) -> None:
        began, status = time.monotonic(), 0
        try:
            async with asyncio.timeout(15):
                status = await self._exchange(keep=keep)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass
        self.seen.append(Seen(time.monotonic(), status, time.monotonic() - began))

    async def _exchange(self, *, keep: bool) -> int:
        if keep and self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        last = "" if keep else "Connection: close\r\n"
        writer.write(f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\n{last}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        if keep:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return int(head[9:12])
