"""arq: JSON instead of pickle, polling every 10 ms instead of 500, uvloop."""

# The peer is installed in an environment of its own, where the type checker does not look.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import json
from typing import Any

import uvloop
from arq import create_pool, func
from arq.connections import RedisSettings

from bench.jobs import payload, place
from bench.jobs.async_peer import WIDTH, AsyncPeer
from bench.jobs.payload import Json
from bench.jobs.peer import BIN
from bench.jobs.peers.redis_store import RedisStore
from bench.jobs.processes import Command

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

REDIS = RedisSettings.from_dsn(place.redis_url())


def to_json(value: Any) -> bytes:
    return json.dumps(value).encode()


async def no_op(_: Any, given: Json) -> Json:
    return payload.no_op(given)


async def short(_: Any, given: Json) -> Json:
    return await payload.short_async(given)


class WorkerSettings:
    """What the arq command reads."""

    functions = (func(no_op), func(short))
    redis_settings = REDIS
    max_jobs = 100
    poll_delay = 0.01
    job_timeout = int(place.setting("TIMEOUT", "300"))
    log_results = False
    job_serializer = staticmethod(to_json)
    job_deserializer = staticmethod(json.loads)


class Bench(AsyncPeer):
    """arq."""

    packages = ("arq", "redis")
    batch = f"{WIDTH} calls at a time"

    def __init__(self) -> None:
        super().__init__()
        self.store = RedisStore()
        self.sent = 0
        self.pool = self.run(
            create_pool(REDIS, job_serializer=to_json, job_deserializer=json.loads)
        )

    def reset(self) -> None:
        self.store.clear()
        self.sent = 0

    async def send(self, function: str, given: Json) -> Any:
        self.sent += 1
        return await self.pool.enqueue_job(function, given)

    def commands(self) -> list[Command]:
        return [[BIN / "arq", "bench.jobs.peers.arq.WorkerSettings"]] * 2

    def done(self) -> int:
        # Leaving the queue and storing the result are one transaction.
        waiting: int = self.store.client.zcard("arq:queue")
        return self.sent - waiting

    def stored(self) -> int:
        return self.store.count("arq:result:*")

    def round_trip(self, number: int) -> Json:
        async def there_and_back() -> Any:
            job = await self.send("no_op", payload.argument(number))
            return await job.result(timeout=30, poll_delay=0.002)

        result: Json = self.run(there_and_back())
        return result
