"""The ledger: what came of a try, and its effects."""

from __future__ import annotations

import pytest

from billow.clock import VirtualClock
from billow.home import Home
from billow.job import Attempt, Failure, Status
from billow.ports.ledger import Completed, Failed, Publish, Put
from billow.ports.tables import Item
from billow.ports.wake import DONE, jobs_channel, queue_channel
from tests.contract.jobs import (
    FAILURE,
    completed,
    exchange,
    failed,
    job_of,
    record,
    released,
    submit,
    submit_many,
    take,
    take_one,
)


def test_a_result_is_stored_with_its_times(home: Home, clock: VirtualClock) -> None:
    submit(home)
    lease = take_one(home)
    started = clock.now() + 0.5
    done = Completed(lease.seq, lease.token, '{"words":[["ä",1]]}', started, started + 2)
    with home.wake.waiter(DONE) as waiter:
        assert record(home, done) == [True]
        assert waiter.wait(0)
    job = job_of(home, lease)
    assert (job.status, job.result) == (Status.COMPLETED, {"words": [["ä", 1]]})
    assert (job.started, job.finished, job.duration) == (started, started + 2, 2)
    assert (job.due, job.worker, job.failure) == (None, "w1", None)
    assert home.ledger.attempts(lease.id) == []


def test_outcomes_and_new_jobs_in_one_step(home: Home) -> None:
    submit_many(home, 4)
    held = take(home, 2)
    done = [completed(home, lease, str(n)) for n, lease in enumerate(held)]
    answer = exchange(home, done, want=9)
    assert answer.recorded == [True, True]
    assert len(answer.leases) == 2
    assert not {lease.id for lease in answer.leases} & {lease.id for lease in held}
    assert [job_of(home, lease).result for lease in held] == [0, 1]


def test_a_failed_try_rests_and_is_made_again(home: Home, clock: VirtualClock) -> None:
    submit(home)
    lease = take_one(home)
    began = clock.now()
    clock.advance(1)
    outcome = Failed(lease.seq, lease.token, FAILURE, began, began + 1, retry_in=5)
    with home.wake.waiter(DONE) as waiter:
        assert record(home, outcome) == [True]
        assert waiter.wait(0)
    job = job_of(home, lease)
    assert (job.status, job.failures, job.failure) == (Status.PENDING, 1, FAILURE)
    assert (job.due, job.finished) == (clock.now() + 5, None)
    assert home.ledger.attempts(lease.id) == [Attempt("w1", began, began + 1, FAILURE)]
    assert take(home) == []
    clock.advance(5)
    again = take_one(home, "w2")
    assert (again.id, again.failures, again.lost) == (lease.id, 1, 0)
    assert again.token != lease.token


def test_a_retry_without_rest_can_be_taken_at_once(home: Home) -> None:
    submit(home)
    record(home, failed(home, take_one(home), retry_in=0))
    assert take_one(home).failures == 1


def test_tries_that_failed_are_kept_in_order(home: Home) -> None:
    submit(home)
    for number in range(3):
        lease = take_one(home, f"w{number}")
        record(home, failed(home, lease, retry_in=0), worker=f"w{number}")
    record(home, completed(home, take_one(home)))
    assert [a.worker for a in home.ledger.attempts(lease.id)] == ["w0", "w1", "w2"]
    job = job_of(home, lease)
    assert (job.status, job.failures, job.failure) == (Status.COMPLETED, 3, None)


def test_a_job_that_failed_for_good_is_a_dead_letter(home: Home, clock: VirtualClock) -> None:
    [accepted] = submit(home)
    clock.advance(1)
    assert record(home, failed(home, take_one(home))) == [True]
    job = job_of(home, accepted)
    assert (job.status, job.failure, job.failures) == (Status.FAILED, FAILURE, 1)
    assert (job.due, job.finished) == (None, clock.now())
    assert [j.id for j in home.ledger.find(dead=True).jobs] == [accepted.id]
    assert take(home) == []


def test_a_rejected_job_fails_without_becoming_a_dead_letter(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    record(home, failed(home, lease, dead=False))
    assert job_of(home, lease).status is Status.FAILED
    assert home.ledger.find(dead=True).jobs == []
    assert [j.id for j in home.ledger.find(dead=False).jobs] == [lease.id]


def test_a_released_job_is_as_if_it_had_never_been_taken(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    with home.wake.waiter(jobs_channel("f")) as worker:
        assert record(home, released(lease)) == [True]
        assert worker.wait(0)
    job = job_of(home, lease)
    assert (job.status, job.failures, job.lost) == (Status.PENDING, 0, 0)
    assert (job.worker, job.started, job.failure) == (None, None, None)
    assert home.ledger.attempts(lease.id) == []
    again = take_one(home, "w2")
    assert (again.id, again.failures, again.lost) == (lease.id, 0, 0)
    assert again.token != lease.token


def test_a_job_may_be_put_off_as_if_it_had_never_been_taken(
    home: Home, clock: VirtualClock
) -> None:
    submit(home)
    lease = take_one(home)
    with home.wake.waiter(jobs_channel("f")) as worker:
        assert record(home, released(lease)._replace(delay=15.0)) == [True]
        assert not worker.wait(0)
    job = job_of(home, lease)
    assert (job.status, job.failures, job.lost, job.worker) == (Status.PENDING, 0, 0, None)
    assert home.ledger.attempts(lease.id) == []
    assert home.ledger.next_due("f") == pytest.approx(clock.now() + 15)
    clock.advance(14)
    assert take(home) == []
    clock.advance(1)
    assert take_one(home).id == lease.id


def test_a_released_job_may_be_taken_in_the_same_step(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    answer = exchange(home, [released(lease)], want=1)
    assert answer.recorded == [True]
    assert [again.id for again in answer.leases] == [lease.id]


def test_effects_take_place_with_the_result(home: Home) -> None:
    home.tables.put("t", "k", {"old": 1})
    submit(home)
    lease = take_one(home)
    effects = (
        Publish("q", '{"n":1}'),
        Put("t", "k", '{"n":2}'),
        Publish("q", '{"n":3}'),
        Put("t", "k2", "{}"),
    )
    with home.wake.waiter(queue_channel("q")) as waiter:
        assert record(home, completed(home, lease, "1", effects)) == [True]
        assert waiter.wait(0)
    assert sorted(m.body for m in home.queues.receive("q", 10)) == ['{"n":1}', '{"n":3}']
    assert home.tables.get("t", "k") == Item("k", {"n": 2}, 2)
    assert home.tables.get("t", "k2") == Item("k2", {}, 1)


@pytest.mark.parametrize("retry_in", [None, 5.0])
def test_effects_take_place_with_a_failure(home: Home, retry_in: float | None) -> None:
    submit(home)
    effects = (Publish("q", '"failed"'),)
    record(home, failed(home, take_one(home), retry_in, effects=effects))
    assert [m.body for m in home.queues.receive("q", 10)] == ['"failed"']


def test_failures_keep_all_their_words(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    failure = Failure("raised", 'Größe "x" 𝄞', "line 1\nline 2\ttab\u0000nul")
    now = home.clock.now()
    record(home, Failed(lease.seq, lease.token, failure, now, now))
    assert job_of(home, lease).failure == failure
