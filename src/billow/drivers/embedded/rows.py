"""Between rows of the jobs table and values."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from billow.job import Failure, Job, Status
from billow.owner import Owner

PENDING, RUNNING, COMPLETED, FAILED, CANCELLED = range(5)

STATUSES = (
    Status.PENDING,
    Status.RUNNING,
    Status.COMPLETED,
    Status.FAILED,
    Status.CANCELLED,
)
CODES = {status: code for code, status in enumerate(STATUSES)}

JOB_COLUMNS = (
    "seq, id, function, owner, state, due, failures, lost, worker, name, args, upload, "
    "progress, result, failure, created, started, finished"
)


def to_job(row: tuple[Any, ...]) -> Job:
    """A Job from a row of JOB_COLUMNS."""
    (seq, id_, function, owner, state, due, failures, lost, worker, name, args, upload) = row[:12]
    (progress, result, failure, created, started, finished) = row[12:]
    return Job(
        id=id_,
        function=function,
        status=STATUSES[state],
        owner=Owner(owner),
        name=name,
        args=json.loads(args),
        upload=upload,
        result=None if result is None else json.loads(result),
        failure=to_failure(failure),
        progress=progress,
        failures=failures,
        lost=lost,
        worker=worker,
        created=created,
        started=started,
        finished=finished,
        due=due,
        seq=seq,
    )


def failure_text(failure: Failure) -> str:
    """A Failure as JSON text."""
    return json.dumps([failure.kind, failure.message, failure.detail], ensure_ascii=False)


def to_failure(text: str | None) -> Failure | None:
    """A Failure from JSON text."""
    return None if text is None else Failure(*json.loads(text))


class Tally:
    """Changes to the numbers of jobs by state, gathered during a transaction."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, int], int] = {}

    def add(self, function: str, state: int, count: int = 1) -> None:
        """`count` more jobs of `function` are in `state`."""
        key = (function, state)
        self._changes[key] = self._changes.get(key, 0) + count

    def move(self, function: str, old: int, new: int, count: int = 1) -> None:
        """`count` jobs went from one state to another."""
        if count and old != new:
            self.add(function, old, -count)
            self.add(function, new, count)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the changes down."""
        connection.executemany(
            "insert into tallies values(?, ?, ?) "
            "on conflict do update set count = count + excluded.count",
            [(*key, count) for key, count in self._changes.items() if count],
        )
