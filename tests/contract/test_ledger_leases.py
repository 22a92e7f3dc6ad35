"""The ledger: leases, fences, and jobs that are lost with their worker."""

from __future__ import annotations

from collections import Counter

from billow.clock import VirtualClock
from billow.home import Home
from billow.job import Status
from billow.ports.ledger import Completed, Failed, Publish, Put, Released, Submission
from billow.ports.wake import DONE, jobs_channel
from tests.contract.homes import in_threads
from tests.contract.jobs import (
    FAILURE,
    LEASE,
    completed,
    exchange,
    failed,
    job_of,
    pair,
    record,
    released,
    submit,
    submit_many,
    take,
    take_one,
)


def test_a_lease_says_all_that_the_work_needs(home: Home, clock: VirtualClock) -> None:
    asked = Submission("f", '{"n":1}', name="a.txt", upload="s/k", owner="ana")
    [accepted] = submit(home, asked)
    created = clock.now()
    clock.advance(2)
    lease = take_one(home)
    assert (lease.seq, lease.id, lease.function) == (accepted.seq, accepted.id, "f")
    assert (lease.args, lease.name, lease.upload) == ('{"n":1}', "a.txt", "s/k")
    assert (lease.owner, lease.created) == ("ana", created)
    assert (lease.failures, lease.lost) == (0, 0)
    job = job_of(home, lease)
    assert (job.status, job.worker) == (Status.RUNNING, "w1")
    assert (job.started, job.due) == (clock.now(), clock.now() + LEASE)
    assert job.wait == 2


def test_arguments_are_passed_on_unread(home: Home) -> None:
    text = '{ "n" : 1.0, "big": 123456789012345678901234567890 }'
    submit(home, Submission("f", text))
    assert take_one(home).args == text


def test_a_job_is_taken_by_one_worker_only(home: Home) -> None:
    submit(home)
    assert len(take(home, 5, "w1")) == 1
    assert take(home, 5, "w2") == []


def test_a_worker_gets_no_more_than_it_wants_and_only_its_function(home: Home) -> None:
    submit_many(home, 5)
    submit_many(home, 1, "g")
    assert take(home, 0) == []
    assert len(take(home, 2)) == 2
    assert len(take(home, 10)) == 3
    assert len(take(home, 10, function="g")) == 1
    assert take(home, 10, function="nothing") == []


def test_jobs_are_taken_in_the_order_they_became_due(home: Home, clock: VirtualClock) -> None:
    late, early, middle = submit(
        home,
        Submission("f", delay=30),
        Submission("f", delay=10),
        Submission("f", delay=20),
    )
    clock.advance(15)
    [now] = submit(home)
    clock.advance(30)
    order = [lease.id for lease in take(home, 2)] + [lease.id for lease in take(home, 9)]
    assert order == [early.id, now.id, middle.id, late.id]


def test_jobs_that_became_due_together_are_taken_as_accepted(home: Home) -> None:
    accepted = submit_many(home, 20)
    assert [lease.seq for lease in take(home, 20)] == [a.seq for a in accepted]


def test_a_lease_that_ran_out_is_taken_over_as_lost(home: Home, clock: VirtualClock) -> None:
    submit(home)
    lease = take_one(home, "w1")
    began = clock.now()
    clock.advance(LEASE - 0.001)
    assert take(home, worker="w2") == []
    clock.advance(0.001)
    again = take_one(home, "w2")
    assert (again.id, again.failures, again.lost) == (lease.id, 0, 1)
    assert again.token != lease.token
    job = job_of(home, lease)
    assert (job.status, job.worker, job.lost) == (Status.RUNNING, "w2", 1)
    [attempt] = home.ledger.attempts(lease.id)
    assert (attempt.worker, attempt.failure.kind) == ("w1", "lost")
    assert (attempt.started, attempt.ended) == (began, clock.now())


def outcomes_of(home: Home, seq: int, token: int) -> list[Completed | Failed | Released]:
    now = home.clock.now()
    effects = (Publish("q", '"stale"'), Put("t", "stale", "{}"))
    return [
        Completed(seq, token, '"stale"', now, now, effects),
        Failed(seq, token, FAILURE, now, now, None, True, effects),
        Failed(seq, token, FAILURE, now, now, 0, True, effects),
        Released(seq, token),
    ]


def test_only_the_latest_holder_can_record_an_outcome(home: Home, clock: VirtualClock) -> None:
    submit(home)
    stale = take_one(home, "w1")
    clock.advance(LEASE)
    fresh = take_one(home, "w2")
    before = job_of(home, fresh)
    assert record(home, *outcomes_of(home, *pair(stale))) == [False] * 4
    assert job_of(home, fresh) == before
    assert home.queues.counts("q").visible == 0
    assert home.tables.count("t") == 0
    assert record(home, completed(home, fresh, '"fresh"'), worker="w2") == [True]
    assert record(home, *outcomes_of(home, *pair(stale))) == [False] * 4
    assert job_of(home, fresh).result == "fresh"


def test_an_outcome_counts_once(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    first = completed(home, lease, '"first"', (Publish("q", "1"),))
    second = completed(home, lease, '"second"', (Publish("q", "2"),))
    assert record(home, first, second) == [True, False]
    assert record(home, second) == [False]
    assert record(home, failed(home, lease), released(lease)) == [False, False]
    assert job_of(home, lease).result == "first"
    assert home.queues.counts("q").visible == 1


def test_a_late_outcome_counts_if_nobody_took_the_job_since(
    home: Home, clock: VirtualClock
) -> None:
    submit(home)
    lease = take_one(home)
    clock.advance(LEASE * 3)
    assert home.ledger.held([pair(lease)]) == [True]
    assert record(home, completed(home, lease)) == [True]
    assert job_of(home, lease).status is Status.COMPLETED


def test_outcomes_of_unknown_jobs_are_dropped(home: Home) -> None:
    assert record(home, *outcomes_of(home, 999, 1)) == [False] * 4
    submit(home)
    lease = take_one(home)
    assert record(home, *outcomes_of(home, lease.seq, lease.token + 1)) == [False] * 4
    assert home.queues.counts("q").visible == 0


def test_a_cancelled_job_fences_off_its_worker(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    home.ledger.cancel(lease.id)
    assert home.ledger.held([pair(lease)]) == [False]
    assert home.ledger.extend([pair(lease)], LEASE) == [False]
    assert record(home, *outcomes_of(home, *pair(lease))) == [False] * 4
    job = job_of(home, lease)
    assert (job.status, job.result) == (Status.CANCELLED, None)
    assert home.queues.counts("q").visible == 0


def test_a_redriven_job_fences_off_who_held_it_before(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    record(home, failed(home, lease))
    home.ledger.redrive([lease.id])
    assert record(home, *outcomes_of(home, *pair(lease))) == [False] * 4
    fresh = take_one(home)
    assert fresh.token != lease.token
    assert record(home, completed(home, lease, '"stale"')) == [False]
    assert home.ledger.held([pair(lease), pair(fresh)]) == [False, True]


def test_a_job_that_is_lost_too_often_is_taken_for_the_cause(
    home: Home, clock: VirtualClock
) -> None:
    submit(home)
    for lost in range(3):
        lease = take_one(home, f"w{lost}", max_lost=3)
        assert lease.lost == lost
        clock.advance(LEASE)
    with home.wake.waiter(DONE) as waiter:
        assert take(home, 1, max_lost=3) == []
        assert waiter.wait(0)
    job = job_of(home, lease)
    assert (job.status, job.lost, job.due) == (Status.FAILED, 3, None)
    assert job.failure is not None
    assert job.failure.kind == "lost"
    assert job.finished == clock.now()
    assert [j.id for j in home.ledger.find(dead=True).jobs] == [job.id]
    assert [a.failure.kind for a in home.ledger.attempts(job.id)] == ["lost"] * 3
    assert record(home, completed(home, lease)) == [False]


def test_jobs_that_are_given_up_do_not_hide_those_behind_them(
    home: Home, clock: VirtualClock
) -> None:
    submit_many(home, 3)
    take(home, 3, max_lost=1)
    clock.advance(LEASE)
    [good] = submit(home)
    assert [lease.id for lease in take(home, 1, max_lost=1)] == [good.id]


def test_extend_moves_the_end_of_leases(home: Home, clock: VirtualClock) -> None:
    submit_many(home, 2)
    first, second = take(home, 2)
    clock.advance(LEASE / 2)
    assert home.ledger.extend([pair(first), (999, 1)], 100) == [True, False]
    assert job_of(home, first).due == clock.now() + 100
    clock.advance(LEASE)
    assert [lease.id for lease in take(home, 9, "w2")] == [second.id]
    assert home.ledger.extend([pair(second), pair(first)], 100) == [False, True]
    assert home.ledger.extend([], 100) == []


def test_extend_is_for_running_jobs_only(home: Home) -> None:
    submit_many(home, 3)
    done, given_back, failing = take(home, 3)
    record(home, completed(home, done), released(given_back), failed(home, failing, 50))
    leases = [pair(lease) for lease in (done, given_back, failing)]
    assert home.ledger.extend(leases, 100) == [False] * 3
    assert home.ledger.held(leases) == [False] * 3
    assert job_of(home, failing).due == home.clock.now() + 50


def test_held_writes_nothing(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    before = job_of(home, lease)
    assert home.ledger.held([pair(lease), (lease.seq, lease.token + 1), (999, 1)]) == [
        True,
        False,
        False,
    ]
    assert job_of(home, lease) == before


def test_progress_is_noted_while_the_lease_holds(home: Home) -> None:
    submit(home)
    lease = take_one(home)
    assert job_of(home, lease).progress is None
    home.ledger.report(lease.seq, lease.token, 0.25)
    assert job_of(home, lease).progress == 0.25
    home.ledger.report(lease.seq, lease.token + 1, 0.75)
    home.ledger.report(999, 1, 0.75)
    assert job_of(home, lease).progress == 0.25
    for beyond, noted in [(7.0, 1.0), (-1.0, 0.0)]:
        home.ledger.report(lease.seq, lease.token, beyond)
        assert job_of(home, lease).progress == noted


def test_abandon_frees_the_jobs_of_a_dead_worker_at_once(home: Home) -> None:
    submit_many(home, 3)
    submit_many(home, 1, "g")
    dead = take(home, 2, "dead") + take(home, 1, "dead", "g")
    [alive] = take(home, 1, "alive")
    with home.wake.waiter(jobs_channel("f")) as worker:
        assert home.ledger.abandon("dead") == 3
        assert worker.wait(0)
    again = take(home, 9, "w2") + take(home, 9, "w2", "g")
    assert {lease.id for lease in again} == {lease.id for lease in dead}
    assert {lease.lost for lease in again} == {1}
    assert record(home, *(completed(home, lease) for lease in dead)) == [False] * 3
    assert home.ledger.held([pair(alive)]) == [True]


def test_abandon_counts_leases_that_it_ended(home: Home, clock: VirtualClock) -> None:
    assert home.ledger.abandon("nobody") == 0
    submit_many(home, 2)
    first, _ = take(home, 2, "w")
    record(home, completed(home, first), worker="w")
    assert home.ledger.abandon("w") == 1
    assert home.ledger.abandon("w") == 0


def test_workers_in_threads_share_all_jobs_and_none_twice(home: Home) -> None:
    submit_many(home, 120)
    taken: list[str] = []

    def work(name: str) -> None:
        outcomes: list[Completed] = []
        while True:
            answer = exchange(home, outcomes, want=5, worker=name)
            assert all(answer.recorded)
            if not answer.leases:
                return
            taken.extend(lease.id for lease in answer.leases)
            outcomes = [
                completed(home, lease, "1", (Publish("q", "1"),)) for lease in answer.leases
            ]

    in_threads([lambda n=n: work(f"w{n}") for n in range(6)])  # type: ignore[misc]
    assert set(Counter(taken).values()) == {1}
    assert len(taken) == 120
    totals = {key: count for key, count in home.ledger.totals().items() if count}
    assert totals == {("f", Status.COMPLETED): 120}
    assert home.queues.counts("q").visible == 120
