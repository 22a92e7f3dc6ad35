"""Huey: on Redis, or on SQLite with an fsync for every commit (its default there)."""

# The peer is installed in an environment of its own, where the type checker does not look.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

from huey import RedisHuey, SqliteHuey

from bench.jobs import payload, place
from bench.jobs.payload import Json
from bench.jobs.peer import BIN, Peer
from bench.jobs.processes import Command

ON_REDIS = place.setting("STORE", "redis") == "redis"


def make_huey() -> Any:
    if ON_REDIS:
        return RedisHuey("bench", url=place.redis_url(), notify_result=True)
    return SqliteHuey("bench", filename=str(place.folder() / "huey.db"), timeout=60)


huey = make_huey()


@huey.task()
def no_op(given: dict[str, Any]) -> dict[str, Any]:
    return payload.no_op(given)


@huey.task()
def short(given: dict[str, Any]) -> dict[str, Any]:
    return payload.short(given)


class Bench(Peer):
    """Huey."""

    packages = ("huey", "redis")

    def reset(self) -> None:
        huey.storage.flush_queue()
        huey.storage.flush_results()
        huey.storage.flush_schedule()

    def enqueue(self, jobs: int) -> None:
        for number in range(jobs):
            no_op(payload.argument(number))

    def enqueue_short(self, jobs: int, log: str) -> None:
        for number in range(jobs):
            short({"i": number, "log": log})

    def commands(self) -> list[Command]:
        return [self._consumer(2)]

    def pair(self) -> list[Command]:
        return [self._consumer(1), self._consumer(1)]

    def _consumer(self, processes: int) -> Command:
        program: Command = [BIN / "huey_consumer", "bench.jobs.peers.huey.huey"]
        size = ["-k", "process", "-w", str(processes), "-q", "-n"]
        # On SQLite nothing wakes a worker, so it has to look often.
        polling = [] if ON_REDIS else ["-d", "0.001", "-m", "0.02", "-b", "1.5"]
        return [*program, *size, *polling]

    def done(self) -> int:
        stored: int = huey.storage.result_store_size()
        return stored

    def round_trip(self, number: int) -> Json:
        looking = {} if ON_REDIS else {"backoff": 1.0, "max_delay": 0.002}
        result: Json = no_op(payload.argument(number)).get(blocking=True, timeout=30, **looking)
        return result
