"""The ledger: accepting jobs, idempotency keys, finding and counting them."""

from __future__ import annotations

import pytest

from billow.clock import VirtualClock
from billow.errors import Conflict, NotFound
from billow.home import Home
from billow.ids import is_id
from billow.job import Status
from billow.ports.ledger import Accepted, Counts, Submission
from billow.ports.wake import DONE, KEEPER, jobs_channel
from tests.contract.homes import in_threads
from tests.contract.jobs import (
    LEASE,
    completed,
    fail_for_good,
    failed,
    job_of,
    record,
    submit,
    submit_many,
    take,
    take_one,
)


def test_an_accepted_job_is_pending_and_says_what_was_asked(
    home: Home, clock: VirtualClock
) -> None:
    asked = Submission("f", '{"n":1,"text":"ä𝄞"}', name="book.txt", upload="store/key", owner="ana")
    [accepted] = submit(home, asked)
    assert accepted.new
    assert is_id(accepted.id)
    job = job_of(home, accepted)
    assert job.status is Status.PENDING
    assert (job.id, job.seq, job.function) == (accepted.id, accepted.seq, "f")
    assert (job.args, job.name) == ({"n": 1, "text": "ä𝄞"}, "book.txt")
    assert (job.upload, job.owner) == ("store/key", "ana")
    assert (job.created, job.due) == (clock.now(), clock.now())
    assert (job.failures, job.lost) == (0, 0)
    assert (job.result, job.failure, job.worker) == (None, None, None)
    assert (job.started, job.finished) == (None, None)


def test_accepting_nothing(home: Home) -> None:
    assert home.ledger.submit([]) == []


def test_seq_is_the_order_of_acceptance(home: Home) -> None:
    accepted = submit_many(home, 3) + submit_many(home, 2, "g") + submit_many(home, 1)
    seqs = [a.seq for a in accepted]
    assert seqs == sorted(set(seqs))
    assert len({a.id for a in accepted}) == 6


def test_there_is_no_job_with_an_unknown_id(home: Home) -> None:
    assert home.ledger.get("nothing") is None
    assert home.ledger.attempts("nothing") == []


def test_a_delayed_job_cannot_be_taken_before_it_is_due(home: Home, clock: VirtualClock) -> None:
    submit(home, Submission("f", delay=30))
    assert take(home) == []
    clock.advance(29)
    assert take(home) == []
    clock.advance(1)
    assert len(take(home)) == 1


def test_the_same_key_gives_the_same_job(home: Home) -> None:
    [first] = submit(home, Submission("f", key="k", digest="d"))
    [again] = submit(home, Submission("f", key="k", digest="d"))
    assert again == Accepted(first.id, first.seq, False)
    assert home.ledger.totals() == {("f", Status.PENDING): 1}
    assert home.ledger.find_key("local", "k") == (first.id, "d")


def test_a_key_is_kept_when_the_job_is_final(home: Home) -> None:
    [first] = submit(home, Submission("f", key="k"))
    record(home, completed(home, take_one(home)))
    assert submit(home, Submission("f", key="k")) == [Accepted(first.id, first.seq, False)]


def test_the_same_key_twice_in_one_batch_is_one_job(home: Home) -> None:
    first, other, again = submit(
        home, Submission("f", key="k"), Submission("f"), Submission("f", key="k")
    )
    assert again == Accepted(first.id, first.seq, False)
    assert other.id != first.id
    assert len(take(home, 10)) == 2


def test_owners_have_keys_of_their_own(home: Home) -> None:
    [ana] = submit(home, Submission("f", key="k", owner="ana"))
    [ben] = submit(home, Submission("f", key="k", owner="ben"))
    assert ben.new
    assert ben.id != ana.id
    assert home.ledger.find_key("ana", "k") == (ana.id, "")
    assert home.ledger.find_key("cho", "k") is None


def test_a_key_cannot_be_used_for_another_request(home: Home) -> None:
    submit(home, Submission("f", key="k", digest="one"))
    with pytest.raises(Conflict):
        submit(home, Submission("f", key="k", digest="two"))


def test_of_a_refused_batch_nothing_is_accepted(home: Home) -> None:
    submit(home, Submission("g", key="k", digest="one"))
    with pytest.raises(Conflict):
        submit(
            home,
            Submission("f", key="new"),
            Submission("f"),
            Submission("g", key="k", digest="two"),
        )
    assert home.ledger.totals().get(("f", Status.PENDING), 0) == 0
    assert home.ledger.find_key("local", "new") is None
    assert home.ledger.counts("f") == Counts()


def test_a_batch_that_disagrees_with_itself_is_refused(home: Home) -> None:
    with pytest.raises(Conflict):
        submit(home, Submission("f", key="k", digest="one"), Submission("f", key="k", digest="two"))
    assert home.ledger.find_key("local", "k") is None


def test_threads_with_the_same_key_make_one_job(home: Home) -> None:
    answers: list[Accepted] = []
    in_threads([lambda: answers.extend(submit(home, Submission("f", key="k")))] * 8)
    assert len({a.id for a in answers}) == 1
    assert sum(a.new for a in answers) == 1


def test_submitting_wakes_as_many_workers_as_there_are_jobs(home: Home) -> None:
    waiters = [home.wake.waiter(jobs_channel("f")) for _ in range(3)]
    with home.wake.waiter(jobs_channel("g")) as other, home.wake.waiter(KEEPER) as keeper:
        submit_many(home, 2)
        assert sum(w.wait(0) for w in waiters) == 2
        assert not other.wait(0)
        assert not keeper.wait(0)
    for waiter in waiters:
        waiter.close()


def test_the_keeper_is_woken_if_no_worker_is_idle(home: Home) -> None:
    with home.wake.waiter(KEEPER) as keeper:
        submit(home)
        assert keeper.wait(0)


def test_a_known_key_wakes_nobody(home: Home) -> None:
    submit(home, Submission("f", key="k"))
    with home.wake.waiter(jobs_channel("f")) as worker:
        submit(home, Submission("f", key="k"))
        assert not worker.wait(0)


def test_counts_are_those_of_one_function(home: Home, clock: VirtualClock) -> None:
    assert home.ledger.counts("f") == Counts(0, 0, 0, 0.0)
    submit_many(home, 3)
    submit_many(home, 5, "g")
    submit(home, Submission("f", delay=100))
    take(home, 1)
    clock.advance(4)
    assert home.ledger.counts("f") == Counts(visible=2, in_flight=1, delayed=1, oldest=4.0)


def test_a_job_whose_lease_ran_out_is_visible(home: Home, clock: VirtualClock) -> None:
    submit(home)
    take(home)
    clock.advance(LEASE)
    counts = home.ledger.counts("f")
    assert (counts.visible, counts.in_flight) == (1, 0)


def test_a_job_that_waits_for_its_next_try_is_delayed(home: Home, clock: VirtualClock) -> None:
    submit(home)
    record(home, failed(home, take_one(home), retry_in=5))
    assert home.ledger.counts("f") == Counts(delayed=1)
    clock.advance(5)
    assert home.ledger.counts("f").visible == 1


def test_final_jobs_are_not_counted_among_the_messages(home: Home) -> None:
    fail_for_good(home)
    [accepted] = submit(home)
    home.ledger.cancel(accepted.id)
    submit(home)
    record(home, completed(home, take_one(home)))
    assert home.ledger.counts("f") == Counts()


def test_totals_are_by_function_and_status(home: Home) -> None:
    fail_for_good(home)
    submit_many(home, 3)
    submit_many(home, 2, "g")
    record(home, completed(home, take_one(home)))
    take(home)
    totals = {key: count for key, count in home.ledger.totals().items() if count}
    assert totals == {
        ("f", Status.FAILED): 1,
        ("f", Status.COMPLETED): 1,
        ("f", Status.RUNNING): 1,
        ("f", Status.PENDING): 1,
        ("g", Status.PENDING): 2,
    }


def test_next_due_is_the_nearest_time_to_come(home: Home, clock: VirtualClock) -> None:
    now = clock.now()
    assert home.ledger.next_due("f") is None
    submit(home, Submission("f", delay=60), Submission("f", delay=20), Submission("g", delay=1))
    assert home.ledger.next_due("f") == pytest.approx(now + 20)
    submit(home)
    assert home.ledger.next_due("f") == pytest.approx(now + 20)
    take(home)
    assert home.ledger.next_due("f") == pytest.approx(now + LEASE)


def test_cancel_makes_a_pending_job_final(home: Home, clock: VirtualClock) -> None:
    [accepted] = submit(home)
    clock.advance(3)
    with home.wake.waiter(DONE) as waiter:
        job = home.ledger.cancel(accepted.id)
        assert waiter.wait(0)
    assert job == job_of(home, accepted)
    assert (job.status, job.finished, job.due) == (Status.CANCELLED, clock.now(), None)
    assert take(home) == []


def test_a_final_job_cannot_be_cancelled(home: Home) -> None:
    [accepted] = submit(home)
    home.ledger.cancel(accepted.id)
    [dead] = fail_for_good(home)
    [done] = submit(home)
    record(home, completed(home, take_one(home)))
    for each in (accepted, dead, done):
        before = job_of(home, each)
        with pytest.raises(Conflict):
            home.ledger.cancel(each.id)
        assert job_of(home, each) == before


def test_an_unknown_job_cannot_be_cancelled(home: Home) -> None:
    with pytest.raises(NotFound):
        home.ledger.cancel("nothing")


def test_redrive_gives_fresh_tries(home: Home, clock: VirtualClock) -> None:
    [dead] = fail_for_good(home)
    attempts = home.ledger.attempts(dead.id)
    clock.advance(60)
    with home.wake.waiter(jobs_channel("f")) as worker:
        assert home.ledger.redrive([dead.id]) == [True]
        assert worker.wait(0)
    job = job_of(home, dead)
    assert (job.status, job.due, job.finished) == (Status.PENDING, clock.now(), None)
    assert (job.failures, job.lost) == (0, 0)
    assert home.ledger.find(dead=True).jobs == []
    assert home.ledger.attempts(dead.id) == attempts
    lease = take_one(home)
    assert (lease.id, lease.failures, lease.lost) == (dead.id, 0, 0)


def test_redrive_can_change_the_arguments(home: Home) -> None:
    first, second = fail_for_good(home, 2)
    assert home.ledger.redrive([first.id, second.id], '{"n":2}') == [True, True]
    assert {lease.args for lease in take(home, 5)} == {'{"n":2}'}
    assert job_of(home, first).args == {"n": 2}


def test_only_failed_jobs_are_redriven(home: Home) -> None:
    [dead] = fail_for_good(home)
    [done] = submit(home)
    record(home, completed(home, take_one(home)))
    [running] = submit(home)
    take(home)
    pending, cancelled = submit_many(home, 2)
    home.ledger.cancel(cancelled.id)
    others = [done, running, pending, cancelled]
    before = [job_of(home, each) for each in others]
    ids = [each.id for each in others]
    answers = home.ledger.redrive([*ids, dead.id, "nothing", dead.id])
    assert answers == [False, False, False, False, True, False, False]
    assert [job_of(home, each) for each in others] == before


def test_a_job_that_was_rejected_can_be_redriven(home: Home) -> None:
    [accepted] = submit(home)
    record(home, failed(home, take_one(home), dead=False))
    assert home.ledger.redrive([accepted.id]) == [True]
