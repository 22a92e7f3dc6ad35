"""What is an owner's: found in any store, and forgotten when it is over."""

from __future__ import annotations

from billow.clock import VirtualClock
from billow.home import Home
from billow.job import Status
from billow.ports.ledger import Outcome, Submission
from tests.contract.jobs import LEASE, completed, failed, record, submit, take, take_one


def test_objects_are_found_by_their_owner(home: Home) -> None:
    for store, owner in (("a", "ann"), ("b", "ann"), ("a", "ben")):
        home.objects.put(store, [b"x"], owner=owner)
    assert sorted(each.store for each in home.objects.owned("ann")) == ["a", "b"]
    assert len(home.objects.owned("ann", 1)) == 1
    assert home.objects.owned("nobody") == []


def test_jobs_that_are_over_are_forgotten(home: Home) -> None:
    done, gone, kept, bens = submit(
        home,
        Submission("f", owner="ann", key="k"),
        Submission("f", owner="ann"),
        Submission("f", owner="ann", key="open"),
        Submission("f", owner="ben"),
    )
    first, second = take(home, 2)
    record(home, completed(home, first), failed(home, second))
    assert home.ledger.attempts(gone.id) != []
    assert home.ledger.forget("ann") == 2
    assert [home.ledger.get(job.id) is None for job in (done, gone, kept, bens)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert home.ledger.attempts(gone.id) == []
    assert home.ledger.find_key("ann", "k") is None
    assert home.ledger.find_key("ann", "open") is not None
    counts = {key: n for key, n in home.ledger.totals().items() if n}
    assert counts == {("f", Status.PENDING): 2}
    assert home.ledger.forget("ann") == 0


def test_so_many_at_a_time_and_none_of_the_service(home: Home) -> None:
    submit(home, *[Submission("f", owner="ann")] * 3, Submission("billow.payment", owner="ann"))
    for _ in range(3):
        home.ledger.cancel(take_one(home).id)
    home.ledger.cancel(home.ledger.find(function="billow.payment").jobs[0].id)
    assert [home.ledger.forget("ann", 2) for _ in range(3)] == [2, 1, 0]
    assert len(home.ledger.find(owner="ann").jobs) == 1


def test_the_services_own_jobs_are_forgotten_when_they_ended_long_ago(
    home: Home, clock: VirtualClock
) -> None:
    def own(key: str) -> Submission:
        return Submission("billow.webhook", owner="billow", key=key)

    done, dead, open_, anns = submit(
        home, own("done"), own("dead"), own("open"), Submission("f", owner="ann")
    )
    first, second = take(home, 2, function="billow.webhook")
    outcomes: list[Outcome] = [completed(home, first), failed(home, second)]
    home.ledger.exchange("billow.webhook", "w1", outcomes, 0, LEASE)
    home.ledger.cancel(anns.id)
    clock.advance(1)
    assert home.ledger.forget_own(first.created) == 0
    clock.advance(100)
    [late] = submit(home, own("late"))
    home.ledger.cancel(late.id)
    assert home.ledger.forget_own(clock.now() - 50) == 1
    ids = (done.id, dead.id, open_.id, anns.id, late.id)
    assert [home.ledger.get(id_) is None for id_ in ids] == [True, False, False, False, False]
    keys = [home.ledger.find_key("billow", key) is None for key in ("done", "dead", "open", "late")]
    assert keys == [True, False, False, False]
    counts = {key: n for key, n in home.ledger.totals().items() if n and key[0] != "f"}
    assert counts == {
        ("billow.webhook", Status.FAILED): 1,
        ("billow.webhook", Status.PENDING): 1,
        ("billow.webhook", Status.CANCELLED): 1,
    }
    assert [home.ledger.forget_own(clock.now() + 1) for _ in range(2)] == [1, 0]
