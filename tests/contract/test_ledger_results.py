"""The ledger: lists without the jobs' results."""

from __future__ import annotations

import json

import pytest

from billow.home import Home
from billow.job import Status
from tests.contract.jobs import completed, record, submit_many, take_one


@pytest.mark.parametrize("status", [None, Status.COMPLETED])
def test_results_can_be_left_out_of_a_list(home: Home, status: Status | None) -> None:
    submit_many(home, 2)
    record(home, completed(home, take_one(home), result=json.dumps([["word", 3]])))
    [whole] = home.ledger.find(status=Status.COMPLETED).jobs
    [bare] = [job for job in home.ledger.find(status=status, results=False).jobs if job.finished]
    assert whole.result == [["word", 3]]
    assert bare.result is None
    assert (bare.id, bare.status, bare.args) == (whole.id, whole.status, whole.args)
