"""One connection of a visitor: a request at a time, kept open as browsers do."""

from __future__ import annotations

import asyncio
from typing import cast

from billow.drill.load.wire import Answer, Malformed


class Broken(Exception):
    """The connection ended before the answer did."""


class Connection(asyncio.Protocol):
    """Sends a request and reads its answer; the next request may follow."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._waiter: asyncio.Future[None] | None = None
        #: Requests that it has carried.
        self.used = 0

    @property
    def open(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, answer: Answer) -> None:
        """Send `request`, and return when `answer` is complete.

        Raises:
            Broken: the connection ended before.
            Malformed: what came is no answer.
        """
        if self._transport is None or not self.open:
            raise Broken
        self._answer, self._waiter = answer, asyncio.get_running_loop().create_future()
        self.used += 1
        self._transport.write(request)
        try:
            await self._waiter
        finally:
            self._answer = self._waiter = None
            if not answer.done or answer.close:
                self.drop()

    def drop(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Some of the answer came."""
        if self._answer is None:
            self.drop()  # nobody asked
            return
        try:
            if self._answer.feed(data):
                self._finish()
        except Malformed as problem:
            self._finish(problem)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._transport = None
        if self._answer is not None:
            self._finish(None if self._answer.closed() else Broken(str(exc or "closed")))

    def _finish(self, problem: Exception | None = None) -> None:
        if self._waiter is None or self._waiter.done():
            return
        if problem is None:
            self._waiter.set_result(None)
        else:
            self._waiter.set_exception(problem)
