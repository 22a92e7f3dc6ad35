"""Dramatiq: Redis broker, results by its Results middleware in Redis."""

# The peer is installed in an environment of its own, where the type checker does not look.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from bench.jobs import payload, place
from bench.jobs.payload import Json
from bench.jobs.peer import BIN, Peer
from bench.jobs.peers.redis_store import RedisStore
from bench.jobs.processes import Command

broker = RedisBroker(
    url=place.redis_url(), heartbeat_timeout=int(place.setting("HEARTBEAT_MS", "60000"))
)
broker.add_middleware(Results(backend=RedisBackend(url=place.redis_url()), store_results=True))
dramatiq.set_broker(broker)


@dramatiq.actor
def no_op(given: dict[str, Any]) -> dict[str, Any]:
    return payload.no_op(given)


@dramatiq.actor
def short(given: dict[str, Any]) -> dict[str, Any]:
    return payload.short(given)


class Bench(Peer):
    """Dramatiq."""

    packages = ("dramatiq", "redis")

    def __init__(self) -> None:
        self.store = RedisStore()

    def reset(self) -> None:
        self.store.clear()

    def enqueue(self, jobs: int) -> None:
        for number in range(jobs):
            no_op.send(payload.argument(number))

    def enqueue_short(self, jobs: int, log: str) -> None:
        for number in range(jobs):
            short.send({"i": number, "log": log})

    def commands(self) -> list[Command]:
        return [self._worker(2)]

    def pair(self) -> list[Command]:
        return [self._worker(1), self._worker(1)]

    def _worker(self, processes: int) -> Command:
        threads = ["-p", str(processes), "-t", "8", "--skip-logging"]
        return [BIN / "dramatiq", "bench.jobs.peers.dramatiq", *threads]

    def done(self) -> int:
        # Results have names without a pattern; everything else Dramatiq keeps is known by name.
        workers = self.store.client.zrange("dramatiq:__heartbeats__", 0, -1)
        held = [f"dramatiq:__acks__.{worker.decode()}.default" for worker in workers]
        own = ("dramatiq:__heartbeats__", "dramatiq:default", "dramatiq:default.msgs")
        return self.store.keys_but(*own, *held)

    def round_trip(self, number: int) -> Json:
        message = no_op.send(payload.argument(number))
        result: Json = message.get_result(block=True, timeout=30_000)
        return result
