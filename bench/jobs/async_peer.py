"""What the queues with an asynchronous client have in common."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

from bench.jobs.payload import Json, argument
from bench.jobs.peer import Peer

T = TypeVar("T")

#: Calls at a time: such a queue takes one job a call, but many calls side by side.
WIDTH = 20


class AsyncPeer(Peer):
    """A queue whose client is asynchronous; all its calls share one event loop."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self.runner.run(work)

    @abstractmethod
    async def send(self, function: str, given: Json) -> Any:
        """Enqueue one job."""

    def enqueue(self, jobs: int) -> None:
        async def one_by_one() -> None:
            for number in range(jobs):
                await self.send("no_op", argument(number))

        self.run(one_by_one())

    def enqueue_batch(self, jobs: int) -> None:
        async def side_by_side() -> None:
            for first in range(0, jobs, WIDTH):
                numbers = range(first, min(jobs, first + WIDTH))
                await asyncio.gather(*(self.send("no_op", argument(i)) for i in numbers))

        self.run(side_by_side())

    def enqueue_short(self, jobs: int, log: str) -> None:
        async def one_by_one() -> None:
            for number in range(jobs):
                await self.send("short", {"i": number, "log": log})

        self.run(one_by_one())
