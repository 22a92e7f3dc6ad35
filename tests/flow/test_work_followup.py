"""When a handler that raised is run again."""

from __future__ import annotations

import json

import pytest

from billow.events import Event
from billow.flow.followup import FollowUp, is_due, name_of, pack, read, submissions, unpack
from billow.job import Failure, Job, Status
from billow.owner import Owner

ASKED = FollowUp("id1", Event.COMPLETED, 1, 12.345678901234567)
DONE = Job("id1", "f", Status.COMPLETED, result=[1], finished=12.345678901234567)


def test_a_submission_says_all_that_is_needed() -> None:
    [made] = submissions("f", "id1", "a.txt", "local", Event.COMPLETED, ASKED.finished, [1])
    assert made.function == name_of("f") == "f.followup"
    assert made.delay > 0
    assert isinstance(json.loads(made.args), dict)
    assert read(made.args) == ASKED


@pytest.mark.parametrize(
    ("job", "due"),
    [
        (DONE, True),
        (None, False),
        (Job("id1", "f", Status.COMPLETED, finished=12.0), False),  # another try of it completed
        (Job("id1", "f", Status.FAILED, finished=ASKED.finished), False),
        (Job("id1", "f", Status.CANCELLED, finished=13.0), False),
        (Job("id1", "f", Status.RUNNING), None),
        (Job("id1", "f", Status.PENDING), None),
    ],
)
def test_it_runs_for_the_very_outcome_it_belongs_to(job: Job | None, due: bool | None) -> None:
    assert is_due(ASKED, job) is due


def test_the_handler_gets_the_job_as_it_was() -> None:
    failed = Job(
        id="id2",
        function="f",
        status=Status.FAILED,
        owner=Owner("me"),
        name="n",
        args={"a": 1},
        upload="s/k",
        failure=Failure("raised", "m", "d"),
        failures=3,
        lost=1,
        worker="w",
        created=1.0,
        started=2.0,
        finished=3.0,
        seq=8,
    )
    for job in (DONE, failed):
        assert unpack(json.loads(json.dumps(pack(job)))) == job
