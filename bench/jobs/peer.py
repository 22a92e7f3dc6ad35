"""What the measurements ask of a job queue. Runs in that queue's own virtual environment."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from bench.jobs.payload import Json
from bench.jobs.processes import Command

#: Where the programs of this virtual environment are.
BIN = Path(sys.executable).parent

#: Jobs in one call, where a queue can take several.
BATCH = 100


class Peer(ABC):
    """A job queue under test. `Bench` of each module in `peers` is one."""

    #: Distributions whose versions belong beside its figures.
    packages: ClassVar[tuple[str, ...]]

    #: How `enqueue_batch` enqueues; None if the queue has nothing faster than one by one.
    batch: ClassVar[str | None] = None

    @abstractmethod
    def reset(self) -> None:
        """Forget all jobs and results."""

    @abstractmethod
    def enqueue(self, jobs: int) -> None:
        """Enqueue no-op jobs one by one from one process."""

    def enqueue_batch(self, jobs: int) -> None:
        """Enqueue no-op jobs in the fastest way from one process; see `batch`."""
        self.enqueue(jobs)

    @abstractmethod
    def enqueue_short(self, jobs: int, log: str) -> None:
        """Enqueue jobs of the kill test, which note their runs in `log`."""

    @abstractmethod
    def commands(self) -> list[Command]:
        """What starts two worker processes, in the way the queue's documentation advises."""

    def pair(self) -> list[Command]:
        """What starts two workers that have no process in common, for the kill test."""
        return self.commands()

    @abstractmethod
    def done(self) -> int:
        """How many results are stored; must be cheap, it is asked fifty times a second."""

    def stored(self) -> int:
        """How many results are stored, counted one by one where `done` infers it."""
        return self.done()

    @abstractmethod
    def round_trip(self, number: int) -> Json:
        """Enqueue a no-op job and wait for its result."""

    def versions(self) -> dict[str, str]:
        """The versions of `packages`."""
        return {package: version(package) for package in self.packages}
