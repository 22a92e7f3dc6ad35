"""Small steps that tests of the ledger are made of."""

from __future__ import annotations

from collections.abc import Sequence

from billow.home import Home
from billow.job import Failure, Job
from billow.ports.ledger import (
    Accepted,
    Completed,
    Effect,
    Exchange,
    Failed,
    Lease,
    Outcome,
    Released,
    Submission,
)

LEASE = 10.0
FAILURE = Failure("raised", "ValueError: no", "Traceback…")


def submit(home: Home, *submissions: Submission) -> list[Accepted]:
    return home.ledger.submit(submissions or [Submission("f")])


def submit_many(home: Home, count: int, function: str = "f") -> list[Accepted]:
    return home.ledger.submit([Submission(function, name=f"job {n}") for n in range(count)])


def take(
    home: Home, want: int = 1, worker: str = "w1", function: str = "f", max_lost: int = 10
) -> list[Lease]:
    return home.ledger.exchange(function, worker, [], want, LEASE, max_lost).leases


def take_one(home: Home, worker: str = "w1", function: str = "f", max_lost: int = 10) -> Lease:
    [lease] = take(home, 1, worker, function, max_lost)
    return lease


def record(home: Home, *outcomes: Outcome, want: int = 0, worker: str = "w1") -> list[bool]:
    return exchange(home, outcomes, want, worker).recorded


def exchange(
    home: Home, outcomes: Sequence[Outcome], want: int = 0, worker: str = "w1"
) -> Exchange:
    return home.ledger.exchange("f", worker, outcomes, want, LEASE)


def completed(
    home: Home, lease: Lease, result: str = "null", effects: tuple[Effect, ...] = ()
) -> Completed:
    now = home.clock.now()
    return Completed(lease.seq, lease.token, result, now, now, effects)


def failed(
    home: Home,
    lease: Lease,
    retry_in: float | None = None,
    *,
    dead: bool = True,
    effects: tuple[Effect, ...] = (),
) -> Failed:
    now = home.clock.now()
    return Failed(lease.seq, lease.token, FAILURE, now, now, retry_in, dead, effects)


def released(lease: Lease) -> Released:
    return Released(lease.seq, lease.token)


def pair(lease: Lease) -> tuple[int, int]:
    return (lease.seq, lease.token)


def job_of(home: Home, made: Accepted | Lease | str) -> Job:
    job = home.ledger.get(made if isinstance(made, str) else made.id)
    assert job is not None
    return job


def fail_for_good(home: Home, count: int = 1) -> list[Accepted]:
    """Jobs that are among the dead letters."""
    accepted = submit_many(home, count)
    leases = take(home, count)
    assert all(record(home, *(failed(home, lease) for lease in leases)))
    return accepted
