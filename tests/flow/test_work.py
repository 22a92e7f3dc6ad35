"""What follows from a try, and how many jobs to take at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.flow.work import (
    BATCH_JOBS,
    BATCH_SECONDS,
    BatchSize,
    Performed,
    Stand,
    is_final,
    settle,
)
from billow.job import Failure
from billow.options import Retry
from billow.ports.ledger import Completed, Failed, Publish

RETRY = Retry(attempts=3, backoff="2 s")
RAISED = Failure("raised", "ValueError")
EFFECTS = (Publish("results", "1"),)


def test_a_result_completes_the_job_with_its_effects() -> None:
    performed = Performed(10.0, 11.5, "42", effects=EFFECTS)
    assert settle(Stand(7, 3, 2), performed, RETRY, 0.5) == Completed(
        7, 3, "42", 10.0, 11.5, EFFECTS
    )


@pytest.mark.parametrize(
    ("failures", "jitter", "rest"), [(0, 0.5, 2.0), (0, 0.0, 1.5), (1, 0.5, 4.0), (2, 0.5, None)]
)
def test_a_failure_is_tried_again_after_a_rest_until_tries_run_out(
    failures: int, jitter: float, rest: float | None
) -> None:
    performed = Performed(1.0, 2.0, failure=RAISED, effects=EFFECTS)
    outcome = settle(Stand(7, 3, failures), performed, RETRY, jitter)
    assert isinstance(outcome, Failed)
    assert outcome.retry_in == rest
    assert outcome.dead
    assert outcome.effects == (EFFECTS if rest is None else ())


def test_a_rejection_is_final_at_once_and_not_dead() -> None:
    outcome = settle(Stand(1, 1, 0), Performed(1, 2, failure=Failure("rejected", "no")), RETRY, 0.1)
    assert isinstance(outcome, Failed)
    assert (outcome.retry_in, outcome.dead) == (None, False)


def test_a_file_that_is_gone_stays_gone() -> None:
    assert is_final(Failure("lost", "the uploaded file is gone"), 0, RETRY)
    assert not is_final(RAISED, 0, RETRY)


def test_batches_begin_with_one_and_grow_step_by_step() -> None:
    batch = BatchSize()
    sizes = []
    for _ in range(5):
        sizes.append(batch.size)
        batch.saw(batch.size, batch.size * 0.0001)
    assert sizes == [1, 4, 16, 64, 100]
    assert batch.depth == 200


def test_long_jobs_are_taken_one_by_one() -> None:
    batch = BatchSize()
    for _ in range(5):
        batch.saw(1, 0.2)
    assert (batch.size, batch.depth) == (1, 1)


def test_a_batch_is_about_fifty_milliseconds_of_work() -> None:
    batch = BatchSize()
    for _ in range(20):
        batch.saw(batch.size, batch.size * 0.005)
    assert batch.size == 10


def test_the_size_falls_at_once_when_jobs_become_slow() -> None:
    batch = BatchSize()
    for _ in range(6):
        batch.saw(batch.size, batch.size * 0.0001)
    batch.saw(10, 10 * 0.025)
    assert batch.size == 2
    batch.slow()
    assert (batch.size, batch.depth) == (1, 1)


def test_one_quick_job_among_slow_ones_changes_little() -> None:
    batch = BatchSize()
    for _ in range(3):
        batch.saw(1, 0.1)
    batch.saw(1, 0.0001)
    assert batch.size == 1


@given(st.lists(st.tuples(st.integers(1, 200), st.floats(0, 100)), max_size=40))
def test_the_size_is_always_within_bounds(seen: list[tuple[int, float]]) -> None:
    batch = BatchSize()
    for jobs, seconds in seen:
        before = batch.size
        batch.saw(jobs, seconds)
        assert 1 <= batch.size <= min(BATCH_JOBS, 4 * before)
        assert batch.size == 1 or batch.size * seconds / jobs <= 2 * BATCH_SECONDS or jobs == 0
        assert batch.size <= batch.depth <= 2 * batch.size
