"""The limit of the store: the row changes of a job on bare SQLite at synchronous=FULL.

For each job: insert it; mark it taken; write its result. Argument and result are those of the
other contenders, read and made by the consumers. One producer, two consumers, a file of its own.

Two designs. *One owner*: one process has the file; the others talk to it over a socket, and all
requests that have arrived by the end of a commit share the next one. *Direct*: every process
writes the file itself and waits its turn.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bench.jobs import limit_owner as owner
from bench.jobs.limit_store import Done, Store, batches, create, run

_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Design:
    """A way to share the file, and how many jobs go in one request."""

    owned: bool
    batch: int

    @property
    def label(self) -> str:
        """What it is called in results."""
        return f"{'one owner' if self.owned else 'direct'}, batches of {self.batch}"


DESIGNS = (
    Design(owned=True, batch=10),
    Design(owned=True, batch=100),
    Design(owned=False, batch=10),
    Design(owned=False, batch=100),
)


def measure(design: Design, folder: Path, jobs: int = 20_000) -> dict[str, Any]:
    """Jobs a second: only inserting, only draining, and both at once."""
    with opened(design, folder / "apart", jobs) as arena:
        began = time.perf_counter()
        arena.start_producer().join()
        enqueued = time.perf_counter()
        arena.drain()
        drained = time.perf_counter()
    with opened(design, folder / "together", jobs) as arena:
        together = time.perf_counter()
        arena.start_producer()
        arena.drain()
        both = time.perf_counter() - together
    return {
        "jobs": jobs,
        "enqueue": jobs / (enqueued - began),
        "drain": jobs / (drained - enqueued),
        "both": jobs / both,
    }


class Arena:
    """A file of its own, with the processes that work on it."""

    def __init__(self, design: Design, folder: Path, jobs: int) -> None:
        self._design = design
        self._folder = folder
        self._jobs = jobs
        self._stored = _FORK.Value("q", 0)
        self._processes: list[BaseProcess] = []

    def start_owner(self) -> None:
        """Start the process that owns the file, and wait for it."""
        ready = _FORK.Event()
        self._start(owner.serve, (self._folder, ready, self._stored))
        ready.wait()

    def start_producer(self) -> BaseProcess:
        """Start a process that inserts all jobs and ends."""
        produce = owner.produce if self._design.owned else _produce
        return self._start(produce, (self._folder, self._design.batch, self._jobs))

    def drain(self) -> None:
        """Start two consumers and return when every result is on the disk."""
        for name in (1, 2):
            given = (self._folder, self._design.batch, name)
            if self._design.owned:
                self._start(owner.consume, given)
            else:
                self._start(_consume, (*given, self._stored))
        while self._stored.value < self._jobs:
            time.sleep(0.002)

    def end(self) -> None:
        """Kill all processes, the owner last so that nobody misses it."""
        for process in reversed(self._processes):
            process.kill()
            process.join()

    def _start(self, call: Any, given: Sequence[Any]) -> BaseProcess:
        process = _FORK.Process(target=call, args=tuple(given), daemon=True)
        process.start()
        self._processes.append(process)
        return process


@contextmanager
def opened(design: Design, folder: Path, jobs: int) -> Iterator[Arena]:
    """An arena for the length of a block; checks afterwards that every job has one result."""
    folder.mkdir()
    create(folder / "limit.db")
    arena = Arena(design, folder, jobs)
    try:
        if design.owned:
            arena.start_owner()
        yield arena
    finally:
        arena.end()
    Store(folder / "limit.db").check(jobs)


def _produce(folder: Path, batch: int, jobs: int) -> None:
    store = Store(folder / "limit.db")
    for arguments in batches(batch, jobs):
        with store.transaction():
            store.add(arguments)


def _consume(folder: Path, batch: int, name: int, stored: Any) -> None:
    """Work until killed; one transaction stores the results of a batch and takes the next."""
    store = Store(folder / "limit.db")
    done: list[Done] = []
    while True:
        with store.transaction():
            store.finish(done, name)
            taken = store.take(batch, name)
        with stored.get_lock():
            stored.value += len(done)
        done = [(job, run(given)) for job, given in taken]
        if not taken:
            time.sleep(0.001)
