"""Celery: Redis broker and result backend, JSON; prefetching as its optimizing guide advises."""

# The peer is installed in an environment of its own, where the type checker does not look.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

from celery import Celery

from bench.jobs import payload, place
from bench.jobs.payload import Json
from bench.jobs.peer import BIN, Peer
from bench.jobs.peers.redis_store import RedisStore
from bench.jobs.processes import Command

app = Celery("bench", broker=place.redis_url(), backend=place.redis_url())
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=128,
    result_expires=3600,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)
if place.setting("ACKS", "early") == "late":
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        broker_transport_options={"visibility_timeout": 10},
    )

#: Keys that Celery keeps beside the results.
BOOKKEEPING = (
    "celery",
    "unacked",
    "unacked_index",
    "unacked_mutex",
    "_kombu.binding.celery",
    "_kombu.binding.celery.pidbox",
    "_kombu.binding.celeryev",
    "_kombu.binding.reply.celery.pidbox",
    "_kombu.binding_permanent.celery",
    "_kombu.binding_deadlines",
)


@app.task(name="no_op")
def no_op(given: dict[str, Any]) -> dict[str, Any]:
    return payload.no_op(given)


@app.task(name="short")
def short(given: dict[str, Any]) -> dict[str, Any]:
    return payload.short(given)


class Bench(Peer):
    """Celery."""

    packages = ("celery", "kombu", "redis")

    def __init__(self) -> None:
        self.store = RedisStore()

    def reset(self) -> None:
        self.store.clear()

    def enqueue(self, jobs: int) -> None:
        for number in range(jobs):
            no_op.delay(payload.argument(number))

    def enqueue_short(self, jobs: int, log: str) -> None:
        for number in range(jobs):
            short.delay({"i": number, "log": log})

    def commands(self) -> list[Command]:
        if place.setting("POOL", "prefork") == "solo":
            return [self._worker("one", "solo", 1), self._worker("two", "solo", 1)]
        return [self._worker("one", "prefork", 2)]

    def pair(self) -> list[Command]:
        pool = place.setting("POOL", "prefork")
        return [self._worker("one", pool, 1), self._worker("two", pool, 1)]

    def _worker(self, name: str, pool: str, processes: int) -> Command:
        program: Command = [BIN / "celery", "-A", "bench.jobs.peers.celery", "worker"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]
        size = ["-P", pool, "-c", str(processes), "-n", f"{name}@bench", "-Q", "celery"]
        return [*program, *quiet, *size]

    def done(self) -> int:
        return self.store.keys_but(*BOOKKEEPING)

    def stored(self) -> int:
        return self.store.count("celery-task-meta-*")

    def round_trip(self, number: int) -> Json:
        result: Json = no_op.delay(payload.argument(number)).get(timeout=30)
        return result
