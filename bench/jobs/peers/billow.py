"""Billow: the embedded home, everything accepted and every result on the disk (FULL)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

from bench.jobs import payload, place
from bench.jobs.measure import StuckError
from bench.jobs.payload import Json
from bench.jobs.peer import BATCH, Peer
from bench.jobs.processes import Command
from billow.flow.client import connect
from billow.job import Job, Status
from billow.loading import load_app

APP = place.ROOT / "bench" / "jobs" / "billow_app" / "app.py"


class Bench(Peer):
    """Billow."""

    packages = ("billow",)
    batch = f"{BATCH} jobs a call"

    def __init__(self) -> None:
        self.app = load_app(APP)
        self._folders = (place.folder() / f"service-{number}" for number in count())
        self.function = "no_op"
        self.reset()

    def reset(self) -> None:
        self.folder = next(self._folders)
        self.client = connect(self.app, self.folder)

    def enqueue(self, jobs: int) -> None:
        for number in range(jobs):
            self.client.submit("no_op", {"given": payload.argument(number)})

    def enqueue_batch(self, jobs: int) -> None:
        calls: Iterator[dict[str, Any]] = (
            {"given": payload.argument(number)} for number in range(jobs)
        )
        while batch := list(islice(calls, BATCH)):
            self.client.submit_many("no_op", batch)

    def enqueue_short(self, jobs: int, log: str) -> None:
        self.function = "short"
        for number in range(jobs):
            self.client.submit("short", {"given": {"i": number, "log": log}})

    def commands(self) -> list[Command]:
        return [self._worker("worker-1"), self._worker("worker-2")]

    def _worker(self, name: str) -> Command:
        where: Command = ["--app", APP, "--folder", self.folder]
        return [
            sys.executable,
            "-m",
            "billow.worker",
            *where,
            "--function",
            self.function,
            "--id",
            name,
        ]

    def done(self) -> int:
        # The tally is written in the transactions that store the results.
        return self.client.home.ledger.totals().get((self.function, Status.COMPLETED), 0)

    def stored(self) -> int:
        return sum(job.result is not None for job in self._completed())

    def _completed(self) -> Iterator[Job]:
        ledger, before = self.client.home.ledger, None
        while True:
            page = ledger.find(
                function=self.function, status=Status.COMPLETED, before=before, limit=1000
            )
            yield from page.jobs
            if page.after is None:
                return
            before = page.after

    def round_trip(self, number: int) -> Json:
        accepted = self.client.submit("no_op", {"given": payload.argument(number)})
        job = self.client.wait(accepted.id, timeout=30)
        if job.status is not Status.COMPLETED:
            raise StuckError(f"job {number} is {job.status} after 30 s: {job.failure}")
        result: Json = job.result
        return result
