"""Whether a worker takes jobs while a breaker is open, and what its jobs show."""

from __future__ import annotations

import pytest

from billow.clock import VirtualClock
from billow.drivers.memory.home import open_memory
from billow.errors import Unavailable
from billow.flow.breakers import FIRST_REST, Breakers, failures
from billow.flow.work import Performed
from billow.job import Failure, Status
from billow.options import Limits, Retry
from billow.ports.ledger import Submission
from billow.worker.desk import Desk
from billow.worker.gate import LOOK, Gate
from billow.worker.held import Held
from billow.worker.messages import Hello

DOWN = Failure("raised", "OSError: no answer")


class Scene:
    """A worker's desk, and a breaker on what its jobs call."""

    def __init__(self, calls: str = "geo", attempts: int = 3) -> None:
        self.clock = VirtualClock()
        self.home = open_memory(clock=self.clock)
        self.breakers = Breakers(self.home)
        self.desk = Desk(self.home, "f", "w", 1e9)
        self.gate = self.desk.gate = Gate(self.home, "w", self.clock.now)
        self.desk.hello = Hello(Retry(attempts=attempts, backoff="1 s"), Limits(), {}, calls)
        self.home.ledger.submit([Submission("f") for _ in range(10)])

    def take(self, want: int = 4) -> list[Held]:
        """Take jobs as far as the gate lets it."""
        leases = self.desk.exchange(self.gate.allow(want))
        self.gate.took(leases)
        return [Held(lease, 0.0) for lease in leases]

    def end(self, held: Held, failure: Failure | None = None) -> None:
        """Have a job end."""
        self.desk.settle(held, Performed(1.0, 2.0, None if failure else "7", failure))
        self.desk.exchange(0)


def test_without_a_breaker_as_many_as_are_wanted() -> None:
    scene = Scene()
    assert len(scene.take()) == 4
    assert not scene.gate.closed


def test_functions_that_call_nothing_do_not_look() -> None:
    scene = Scene(calls="")
    scene.breakers.open("geo", "down")
    assert len(scene.take()) == 4


def test_while_it_is_open_nothing_is_taken_and_no_try_used_up() -> None:
    scene = Scene()
    scene.breakers.open("geo", "down")
    for _ in range(5):
        assert scene.take() == []
        assert scene.gate.closed
        scene.clock.advance(LOOK)
    assert {job.failures for job in scene.home.ledger.find(function="f").jobs} == {0}


def test_a_breaker_that_opens_later_is_noticed_within_a_second() -> None:
    scene = Scene()
    scene.take(1)
    scene.breakers.open("geo", "down")
    scene.clock.advance(LOOK)
    assert scene.take() == []


def test_one_job_tries_and_opens_the_gate_for_all() -> None:
    scene = Scene()
    scene.breakers.open("geo", "down")
    scene.clock.advance(FIRST_REST)
    [held] = scene.take()
    assert scene.gate.trying
    assert scene.gate.closed
    scene.end(held)
    assert scene.breakers.all() == []
    assert len(scene.take()) == 4


def test_a_job_that_tries_in_vain_is_not_at_its_end_even_if_it_was_its_last_try() -> None:
    scene = Scene(attempts=1)
    scene.breakers.open("geo", "down")
    scene.clock.advance(FIRST_REST)
    [held] = scene.take()
    scene.end(held, DOWN)
    job = scene.home.ledger.get(held.lease.id)
    assert job is not None
    assert (job.status, job.failures) == (Status.PENDING, 1)
    assert scene.take() == []
    [breaker] = scene.breakers.all()
    assert breaker.failed == 1
    scene.clock.advance(2 * FIRST_REST)
    [other] = scene.take()
    assert other.lease.id != held.lease.id
    scene.end(other)
    [*_, last] = scene.take(10)
    assert last.lease.id == held.lease.id
    scene.end(last, DOWN)
    job = scene.home.ledger.get(held.lease.id)
    assert job is not None
    assert job.status is Status.FAILED


def test_only_the_job_that_tries_shows_something() -> None:
    scene = Scene()
    [early] = scene.take(1)
    scene.breakers.open("geo", "down")
    scene.clock.advance(FIRST_REST)
    [trying] = scene.take()
    scene.end(early)
    assert len(scene.breakers.all()) == 1
    scene.end(trying)
    assert scene.breakers.all() == []


@pytest.mark.parametrize("kind", ["rejected", "bad result"])
def test_what_is_the_jobs_own_fault_says_nothing(kind: str) -> None:
    scene = Scene()
    scene.breakers.open("geo", "down")
    scene.clock.advance(FIRST_REST)
    [held] = scene.take()
    scene.end(held, Failure(kind, "not mine"))
    [breaker] = scene.breakers.all()
    assert (breaker.probe, breaker.failed) == ("", 0)
    scene.clock.advance(LOOK)
    assert len(scene.take()) == 1


def test_a_try_that_finds_no_job_or_loses_it_is_given_up() -> None:
    scene = Scene()
    scene.breakers.open("geo", "down")
    scene.take(10)
    scene.clock.advance(FIRST_REST)
    scene.gate.allow(1)
    scene.gate.took([])
    assert scene.breakers.all()[0].probe == ""
    scene.clock.advance(LOOK)
    assert len(scene.take()) == 1
    scene.gate.nothing_left()
    assert scene.breakers.all()[0].probe == ""


def test_failures_are_noted_for_whoever_would_open_it() -> None:
    scene = Scene()
    for held in scene.take():
        scene.end(held, DOWN)
    scene.clock.advance(1)
    [held] = scene.take(1)
    scene.end(held, DOWN)
    row = failures(scene.home, "geo")
    assert row is not None
    assert (row.length, row.why) == (5, DOWN.message)
    scene.clock.advance(1)
    [held] = scene.take(1)
    scene.end(held)
    assert failures(scene.home, "geo") is None


def test_failures_that_came_at_once_are_noted_within_a_second_without_another() -> None:
    scene = Scene()
    for held in scene.take(5):
        scene.end(held, DOWN)
    scene.desk.write_notes()
    row = failures(scene.home, "geo")
    assert row is not None
    assert row.length == 1
    scene.clock.advance(1)
    scene.desk.write_notes()
    row = failures(scene.home, "geo")
    assert row is not None
    assert (row.length, row.why) == (5, DOWN.message)


def test_a_store_that_cannot_tell_keeps_nobody_back(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()

    def closed(*_: object) -> None:
        raise Unavailable("closed")

    monkeypatch.setattr(scene.home.tables, "get", closed)
    assert len(scene.take()) == 4
