"""RQ: its SimpleWorker, which runs jobs in its own process (the default forks for each)."""

# The peer is installed in an environment of its own, where the type checker does not look.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from typing import Any

from rq import Queue

from bench.jobs import payload, place
from bench.jobs.payload import Json
from bench.jobs.peer import BATCH, BIN, Peer
from bench.jobs.peers.redis_store import RedisStore
from bench.jobs.processes import Command

NO_OP = "bench.jobs.payload.no_op"
SHORT = "bench.jobs.payload.short"


class Bench(Peer):
    """RQ."""

    packages = ("rq", "redis")
    batch = f"{BATCH} jobs a call"

    def __init__(self) -> None:
        self.store = RedisStore()
        self.queue = Queue(connection=self.store.client)

    def reset(self) -> None:
        self.store.clear()

    def _send(self, function: str, given: Json) -> Any:
        return self.queue.enqueue(function, given, result_ttl=3600)

    def enqueue(self, jobs: int) -> None:
        for number in range(jobs):
            self._send(NO_OP, payload.argument(number))

    def enqueue_batch(self, jobs: int) -> None:
        for first in range(0, jobs, BATCH):
            numbers = range(first, min(jobs, first + BATCH))
            self.queue.enqueue_many(
                [
                    Queue.prepare_data(NO_OP, (payload.argument(number),), result_ttl=3600)
                    for number in numbers
                ]
            )

    def enqueue_short(self, jobs: int, log: str) -> None:
        for number in range(jobs):
            self._send(SHORT, {"i": number, "log": log})

    def commands(self) -> list[Command]:
        pool: Command = [BIN / "rq", "worker-pool", "default", "-n", "2"]
        return [[*pool, "-u", place.redis_url(), "-w", "rq.SimpleWorker", "-q"]]

    def pair(self) -> list[Command]:
        one: Command = [BIN / "rq", "worker", "default"]
        return [[*one, "-u", place.redis_url(), "-w", "rq.SimpleWorker", "-q"]] * 2

    def done(self) -> int:
        finished: int = self.store.client.zcard("rq:finished:default")
        return finished

    def stored(self) -> int:
        return self.store.count("rq:results:*")

    def round_trip(self, number: int) -> Json:
        result: Json = self._send(NO_OP, payload.argument(number)).latest_result(30).return_value
        return result
