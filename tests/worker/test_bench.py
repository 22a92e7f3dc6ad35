"""The workbench with a real child and a home in memory."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billow.clock import SystemClock
from billow.drivers.memory.home import open_memory
from billow.flow.task import Task, task_of
from billow.job import Status
from billow.ports.ledger import Accepted, Lease, Submission
from billow.worker.bench import Workbench
from billow.worker.desk import Desk
from billow.worker.process import ChildProcess
from billow.worker.settings import Settings
from tests.worker.harness import APP, until


class Table:
    """A workbench that takes and records when it is told to."""

    def __init__(self) -> None:
        self.home = open_memory(clock=SystemClock())
        self.desk = Desk(self.home, "work", "w", 10.0)
        settings = Settings(APP, "work", "/nonexistent", "w")
        self.bench = Workbench(settings, self.desk, ChildProcess(settings))
        self.until(lambda: self.bench.ready, "the child")

    def until(self, condition: Any, what: str) -> None:
        """Collect until `condition` holds."""

        def step() -> Any:
            self.bench.collect()
            return condition()

        until(step, what)

    def hand_over(self, *jobs: dict[str, Any]) -> list[Accepted]:
        """Have the child run these, one after the other."""
        asked = [Submission("work", json.dumps(args)) for args in jobs]
        accepted = self.home.ledger.submit(asked)
        handed: list[tuple[Lease, Task]] = []
        for lease in self.desk.exchange(len(jobs)):
            task = task_of(lease, self.home.objects, "w")
            assert isinstance(task, Task)
            handed.append((lease, task))
        self.bench.hand_over(handed)
        return accepted

    def begin(self, place: Path, *jobs: dict[str, Any], last: int = 0) -> list[Accepted]:
        """The same, returning when job number `last` has begun."""
        accepted = self.hand_over(*({**args, "place": str(place)} for args in jobs))
        until(lambda: place.exists() and f"{last}\n" in place.read_text(), "the job to begin")
        return accepted

    def states(self, accepted: list[Accepted]) -> list[Status]:
        """The jobs' states, once all outcomes so far are recorded."""
        self.desk.exchange(0)
        jobs = [self.home.ledger.get(each.id) for each in accepted]
        return [job.status for job in jobs if job is not None]


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    yield made
    made.bench.stop()
    made.until(lambda: made.bench.child_gone, "the child's end")


def test_a_cancelled_job_that_has_not_begun_is_dropped_and_the_running_one_goes_on(
    table: Table, tmp_path: Path
) -> None:
    child = table.bench.child.pid
    accepted = table.begin(
        tmp_path / "runs",
        *({"number": 0, "seconds": 0.5}, {"number": 1}, {"number": 2}, {"number": 3}),
    )
    table.home.ledger.cancel(accepted[2].id)
    table.bench.tick(time.monotonic() + 1, 1.0)
    assert len(table.bench.held) == 1
    table.until(lambda: not table.bench.held, "the running job")
    assert table.states(accepted) == [
        Status.COMPLETED,
        Status.PENDING,
        Status.CANCELLED,
        Status.PENDING,
    ]
    assert table.bench.child.pid == child


def test_finished_jobs_keep_their_results_when_a_later_one_kills_the_child(
    table: Table, tmp_path: Path
) -> None:
    jobs = {"number": 0}, {"number": 1}, {"number": 2, "seconds": 60}
    accepted = table.begin(tmp_path / "runs", *jobs, last=2)
    table.bench.child.kill()
    table.until(lambda: table.bench.child_gone, "the child's end")
    assert table.states(accepted) == [Status.COMPLETED, Status.COMPLETED, Status.PENDING]
    last = table.home.ledger.get(accepted[2].id)
    assert last is not None
    assert last.failure is not None
    assert (last.failures, last.failure.kind) == (1, "crashed")


def test_jobs_behind_a_slow_one_are_released(table: Table, tmp_path: Path) -> None:
    table.bench.batch.size = 50
    jobs = {"number": 0, "seconds": 0.4}, {"number": 1}, {"number": 2}
    before = time.monotonic()
    accepted = table.begin(tmp_path / "runs", *jobs)
    table.bench.enforce(before)
    assert len(table.bench.held) == 3
    table.bench.enforce(time.monotonic() + 0.25)
    assert (len(table.bench.held), table.bench.batch.size) == (1, 1)
    table.until(lambda: not table.bench.held, "the slow job")
    assert table.states(accepted) == [Status.COMPLETED, Status.PENDING, Status.PENDING]


def test_a_stop_blames_nobody(table: Table, tmp_path: Path) -> None:
    accepted = table.begin(tmp_path / "runs", {"number": 0, "seconds": 60}, {"number": 1})
    table.bench.stop()
    table.until(lambda: table.bench.child_gone, "the child's end")
    assert table.states(accepted) == [Status.PENDING, Status.PENDING]
    assert [table.home.ledger.attempts(each.id) for each in accepted] == [[], []]


def test_without_a_child_there_is_nothing_to_look_after(table: Table) -> None:
    table.bench.child.kill()
    table.until(lambda: table.bench.child_gone, "the child's end")
    assert table.bench.take_back() == 0
    table.bench.tick(time.monotonic() + 1, 1.0)
    table.bench.enforce(time.monotonic() + 1000)
    table.bench.dismiss()
    assert (table.bench.room_for(), table.bench.idle) == (0, False)


def test_arguments_and_results_larger_than_a_pipe_pass(table: Table) -> None:
    big = table.hand_over({"number": 1}, {"number": "x" * 3_000_000}, {"number": "y" * 900_000})

    def all_back() -> bool:
        table.bench.child.flush()
        return not table.bench.held

    table.until(all_back, "all results")
    assert table.states(big) == [Status.COMPLETED, Status.PENDING, Status.COMPLETED]
    refused, passed = (table.home.ledger.get(each.id) for each in big[1:])
    assert refused is not None
    assert refused.failure is not None
    assert refused.failure.kind == "bad result"  # its limit is 1 MiB
    assert passed is not None
    assert passed.result == "y" * 900_000
