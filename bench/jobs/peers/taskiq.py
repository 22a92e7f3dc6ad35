"""TaskIQ on Redis: the list broker (no acknowledgements) or the stream broker (with them)."""

# The peer is installed in an environment of its own, where the type checker does not look.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

from taskiq.serializers import JSONSerializer
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend, RedisStreamBroker

from bench.jobs import payload, place
from bench.jobs.async_peer import WIDTH, AsyncPeer
from bench.jobs.payload import Json
from bench.jobs.peer import BIN
from bench.jobs.peers.redis_store import RedisStore
from bench.jobs.processes import Command

RESULTS = "result"
results = RedisAsyncResultBackend(
    redis_url=place.redis_url(),
    result_ex_time=3600,
    serializer=JSONSerializer(),
    prefix_str=RESULTS,
)


def make_broker() -> Any:
    if place.setting("BROKER", "list") == "list":
        return ListQueueBroker(url=place.redis_url()).with_result_backend(results)
    return RedisStreamBroker(
        url=place.redis_url(),
        consumer_id="0",
        idle_timeout=int(place.setting("IDLE_MS", "600000")),
        unacknowledged_lock_timeout=5.0,
    ).with_result_backend(results)


broker = make_broker()


@broker.task(task_name="no_op")
async def no_op(given: dict[str, Any]) -> dict[str, Any]:
    return payload.no_op(given)


@broker.task(task_name="short")
async def short(given: dict[str, Any]) -> dict[str, Any]:
    return await payload.short_async(given)


TASKS = {"no_op": no_op, "short": short}


class Bench(AsyncPeer):
    """TaskIQ."""

    packages = ("taskiq", "taskiq-redis", "redis")
    batch = f"{WIDTH} calls at a time"

    def __init__(self) -> None:
        super().__init__()
        self.store = RedisStore()
        self.run(broker.startup())

    def reset(self) -> None:
        self.store.clear()
        self.run(broker.startup())

    async def send(self, function: str, given: Json) -> Any:
        return await TASKS[function].kiq(given)

    def commands(self) -> list[Command]:
        return [self._worker(2)]

    def pair(self) -> list[Command]:
        return [self._worker(1), self._worker(1)]

    def _worker(self, processes: int) -> Command:
        program: Command = [BIN / "taskiq", "worker", "bench.jobs.peers.taskiq:broker"]
        limits = ["--workers", str(processes), "--max-async-tasks", "100", "--log-level", "ERROR"]
        return [*program, *limits]

    def done(self) -> int:
        return self.store.keys_but("taskiq", "autoclaim:taskiq:taskiq")

    def stored(self) -> int:
        return self.store.count(f"{RESULTS}:*")

    def round_trip(self, number: int) -> Json:
        async def there_and_back() -> Any:
            task = await self.send("no_op", payload.argument(number))
            return await task.wait_result(check_interval=0.002, timeout=30)

        result: Json = self.run(there_and_back()).return_value
        return result
