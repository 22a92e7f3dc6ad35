from __future__ import annotations

import logging

import pytest

from billow.job import Failure
from billow.ports.ledger import Completed, Failed, Lease, Released
from billow.worker.held import Held
from billow.worker.telling import FLOOD, MOST, SOME, Telling

HELD = Held(Lease(1, 1, "job1", "f", "{}", "a file", None, "local", 0, 0, 0.0, "r1"), 0.0)


def test_of_very_many_jobs_only_some_are_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "billow.worker")
    now = [100.0]
    telling = Telling("f", lambda: now[0])
    for many in (MOST - 1, 3, 5):
        telling.ended([(Completed(1, 1, "1", 5.0, 5.25), HELD)] * many)
    now[0] = 101.5
    failed = Failed(1, 1, Failure("raised", "no"), 5.0, 6.0, retry_in=2.0)
    telling.ended([(Released(1, 1), HELD), (failed, HELD)])
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        *["f completed"] * MOST,
        "f: 7 further jobs ended",
        "f failed, to be tried again in 2.0 s: raised: no",
    ]
    assert vars(caplog.records[0])["fields"] == {
        "job": "job1", "function": "f", "name": "a file", "ms": 250.0,
    }  # fmt: skip


def test_of_a_flood_fewer_are_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "billow.worker")
    now = [100.0]
    telling = Telling("f", lambda: now[0])
    done = (Completed(1, 1, "1", 5.0, 5.25), HELD)
    for many in (MOST + FLOOD + 1, SOME + 3, MOST + 1):
        telling.ended([done] * many)
        now[0] += 1
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        *["f completed"] * MOST,
        f"f: {FLOOD + 1} further jobs ended",
        *["f completed"] * SOME,
        "f: 3 further jobs ended",
        *["f completed"] * MOST,
    ]
