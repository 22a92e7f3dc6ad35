"""A job's states, and what it offers to functions and handlers."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from billow.errors import Conflict
from billow.job import TRANSITIONS, Job, Status, after

HAPPENINGS = {happening for _, happening in TRANSITIONS}


class Notes:
    """A sink that writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def publish(self, queue: str, body: Any) -> None:
        self.asked.append(("publish", queue, body))

    def put(self, table: str, key: str, item: Mapping[str, Any]) -> None:
        self.asked.append(("put", table, key, item))

    def progress(self, done: float, total: float | None) -> None:
        self.asked.append(("progress", done, total))


def job(**facts: Any) -> Job:
    return Job("id", "f", Status.RUNNING, **facts)


@pytest.mark.parametrize(
    ("status", "happening"), list(itertools.product(Status, sorted(HAPPENINGS)))
)
def test_a_job_goes_only_along_the_table(status: Status, happening: str) -> None:
    if (status, happening) in TRANSITIONS:
        assert after(status, happening) is TRANSITIONS[status, happening]
        return
    with pytest.raises(Conflict) as caught:
        after(status, happening)
    assert str(status) in str(caught.value)
    assert happening in str(caught.value)


def test_nothing_leads_out_of_a_final_state_but_a_redrive() -> None:
    ways = {key for key in TRANSITIONS if key[0].final}
    assert ways == {(Status.FAILED, "redrive")}


def test_every_state_can_be_reached_and_every_job_can_end() -> None:
    assert set(TRANSITIONS.values()) == set(Status)
    for status in Status:
        assert status.final or any(
            goal.final for (start, _), goal in TRANSITIONS.items() if start is status
        )


def test_final_states() -> None:
    assert {s for s in Status if s.final} == {Status.COMPLETED, Status.FAILED, Status.CANCELLED}


def test_a_status_reads_as_its_word() -> None:
    assert f"{Status.PENDING}" == str(Status.PENDING) == "pending"


def test_a_job_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        job().status = Status.COMPLETED  # type: ignore[misc]


def test_wait_and_duration() -> None:
    assert job(created=10.0).wait is None
    assert job(created=10.0, started=12.5).wait == 2.5
    assert job(created=10.0, started=9.0).wait == 0.0
    assert job(started=12.0).duration is None
    assert job(started=12.0, finished=15.0).duration == 3.0
    assert job(started=12.0, finished=11.0).duration == 0.0


def test_wishes_go_to_the_sink() -> None:
    notes = Notes()
    mine = job(_sink=notes)
    mine.publish("q", [1])
    mine.put("t", "k", {"a": 1})
    mine.report(0.5)
    mine.report(3, 10)
    mine.tracker(200)(50)
    assert notes.asked == [
        ("publish", "q", [1]),
        ("put", "t", "k", {"a": 1}),
        ("progress", 0.5, None),
        ("progress", 3, 10),
        ("progress", 50, 200),
    ]


@pytest.mark.parametrize(
    "wish",
    [
        lambda job: job.publish("q", 1),
        lambda job: job.put("t", "k", {}),
        lambda job: job.report(0.5),
        lambda job: job.tracker(10),
    ],
    ids=["publish", "put", "report", "tracker"],
)
def test_a_fetched_job_takes_no_wishes(wish: Any) -> None:
    with pytest.raises(Conflict, match="inside a function"):
        wish(job())


def test_the_sink_is_no_part_of_the_jobs_value() -> None:
    assert job(_sink=Notes()) == job()
    assert "sink" not in repr(job(_sink=Notes()))
