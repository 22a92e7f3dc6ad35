"""The row changes of a job on bare SQLite, and the work that goes with them."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.jobs.payload import argument, no_op

#: A job's number with its result, or with its argument.
Done = tuple[int, str]
Taken = tuple[int, str]

#: Seconds that a taken job belongs to its consumer.
LEASE = 30.0

_SCHEMA = """
create table jobs(
    id integer primary key, function text not null, argument text not null, due real,
    worker integer not null default 0, tries integer not null default 0, result text,
    created real not null, finished real
);
create index due on jobs(due, id) where due is not null;
"""


def create(path: Path) -> None:
    """Make the file."""
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode=wal")
    connection.executescript(_SCHEMA)
    connection.close()


class Store:
    """One process's connection. Every commit is on the disk before it returns."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._db.execute("pragma synchronous=full")
        self._db.execute("pragma cache_size=-16000")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or nothing."""
        self._db.execute("begin immediate")
        yield
        self._db.execute("commit")

    def add(self, arguments: Sequence[str]) -> list[int]:
        """Insert jobs; returns their numbers."""
        now = time.time()
        insert = "insert into jobs(function, argument, due, created) values('no_op', ?, ?, ?)"
        return [self._db.execute(insert, (one, now, now)).lastrowid or 0 for one in arguments]

    def take(self, count: int, worker: int) -> list[Taken]:
        """Mark up to `count` jobs as taken, oldest first."""
        now = time.time()
        find = "select id, argument from jobs where due <= ? order by due, id limit ?"
        taken: list[Taken] = self._db.execute(find, (now, count)).fetchall()
        mark = "update jobs set due = ?, worker = ?, tries = tries + 1 where id = ?"
        self._db.executemany(mark, [(now + LEASE, worker, job) for job, _ in taken])
        return taken

    def finish(self, done: Sequence[Done], worker: int) -> None:
        """Write results; the jobs are never taken again."""
        now = time.time()
        write = "update jobs set due = null, result = ?, finished = ? where id = ? and worker = ?"
        self._db.executemany(write, [(result, now, job, worker) for job, result in done])

    def check(self, jobs: int) -> None:
        """Raises AssertionError unless exactly `jobs` jobs are there, all with a result."""
        count = "select count(*), count(result), count(due) from jobs"
        assert self._db.execute(count).fetchone() == (jobs, jobs, 0)


def batches(size: int, jobs: int) -> Iterator[list[str]]:
    """The arguments of `jobs` jobs as JSON text, `size` at a time."""
    for first in range(0, jobs, size):
        yield [json.dumps(argument(i)) for i in range(first, min(jobs, first + size))]


def run(given: str) -> str:
    """What a consumer does for a job."""
    return json.dumps(no_op(json.loads(given)))
