"""Files that waited too long to be recorded are not relied on: the job runs again."""

from __future__ import annotations

import time

import pytest

from billow.clock import SystemClock
from billow.drivers.memory.home import open_memory
from billow.flow.work import Performed
from billow.job import Status
from billow.ports.ledger import Keep, Publish, Submission
from billow.worker.desk import Desk
from billow.worker.held import Held


@pytest.mark.parametrize(
    ("age", "with_file", "status"),
    [
        (2000, True, Status.PENDING),
        (1700, True, Status.COMPLETED),
        (2000, False, Status.COMPLETED),
    ],
)
def test_an_outcome_with_old_files_is_given_up(age: int, with_file: bool, status: Status) -> None:
    home = open_memory(clock=SystemClock())
    [accepted] = home.ledger.submit([Submission("work")])
    desk = Desk(home, "work", "w", 10.0)
    [lease] = desk.exchange(1)
    staged = home.objects.stage([b"made"])
    effects = (Publish("told", "1"), Keep("s", "k", *staged, "text/plain", "k", "local"))
    ended = time.time() - age
    performed = Performed(ended, ended, "1", effects=effects if with_file else effects[:1])
    desk.settle(Held(lease, 0.0), performed)
    desk.exchange(0)
    job = home.ledger.get(accepted.id)
    assert job is not None
    assert job.status is status
    recorded = status is Status.COMPLETED
    assert desk.done == recorded
    assert (home.objects.head("s", "k") is not None) is (recorded and with_file)
    assert len(home.queues.receive("told")) == recorded
