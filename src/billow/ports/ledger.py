"""The ledger: every job, what state it is in, and who may work on it.

A job and its message are one row, so accepting a job is one durable step, and so is recording a
result together with everything its handlers asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from billow.job import Attempt, Failure, Job, Status


class Submission(NamedTuple):
    """A job to be accepted. `args` is a JSON object as text; it is passed on unread."""

    function: str
    args: str = "{}"
    name: str = ""
    #: "store/key" of the uploaded object.
    upload: str | None = None
    owner: str = "local"
    #: Idempotency key: with the same owner and key, the same job. `digest` tells requests apart.
    key: str | None = None
    digest: str = ""
    #: Seconds before it may be taken.
    delay: float = 0.0
    #: What it goes back to, as `str(Origin)`; if empty, what the work at hand goes back to.
    origin: str = ""


class Accepted(NamedTuple):
    """A durable acceptance."""

    id: str
    seq: int
    #: False if the idempotency key was known, and this is the job it made then.
    new: bool


class Lease(NamedTuple):
    """The right to work on a job until the lease ends; `token` fences it."""

    seq: int
    token: int
    id: str
    function: str
    args: str
    name: str
    upload: str | None
    owner: str
    #: Tries before this one that failed, and that were lost with their worker.
    failures: int
    lost: int
    created: float
    #: What it goes back to, as `str(Origin)`.
    origin: str = ""


class Publish(NamedTuple):
    """Send `body` (JSON text) to `queue`."""

    queue: str
    body: str


class Put(NamedTuple):
    """Write `item` (JSON text) under `key` in `table`."""

    table: str
    key: str
    item: str


class Keep(NamedTuple):
    """Make bytes that were staged (`Objects.stage`) an object; sets off no arrivals."""

    store: str
    key: str
    blob: str
    size: int
    sha256: str
    type: str
    name: str
    owner: str


class Submit(NamedTuple):
    """Accept another job; nothing happens if its idempotency key is known."""

    submission: Submission


Effect: TypeAlias = Publish | Put | Keep | Submit


class Completed(NamedTuple):
    """The function returned `result` (JSON text). Times are UNIX seconds."""

    seq: int
    token: int
    result: str
    started: float
    finished: float
    effects: tuple[Effect, ...] = ()


class Failed(NamedTuple):
    """The try failed. `retry_in` seconds from now it may be tried again; None is never.

    `dead` puts a job that is never tried again among the dead letters.
    """

    seq: int
    token: int
    failure: Failure
    started: float
    finished: float
    retry_in: float | None = None
    dead: bool = True
    effects: tuple[Effect, ...] = ()


class Released(NamedTuple):
    """Given back as if it had never been taken; it may be taken again in `delay` seconds."""

    seq: int
    token: int
    delay: float = 0.0


Outcome: TypeAlias = Completed | Failed | Released


class Exchange(NamedTuple):
    """What came of an exchange."""

    #: For each outcome, whether it was recorded; False means another worker holds the job by now,
    #: or it was cancelled, and the outcome (effects and all) was dropped.
    recorded: list[bool]
    leases: list[Lease]


@dataclass(frozen=True, slots=True)
class Counts:
    """A queue's messages, as SQS counts them."""

    visible: int = 0
    in_flight: int = 0
    delayed: int = 0
    #: Seconds that the oldest visible message has been waiting.
    oldest: float = 0.0


class Load(NamedTuple):
    """An owner's jobs, without those of the service itself (`billow.…`)."""

    #: Accepted since a given time, whatever became of them.
    jobs: int
    #: That wait or run.
    concurrent: int

    def plus(self, other: Load | None) -> Load:
        """Both together."""
        return self if other is None else Load(self[0] + other[0], self[1] + other[1])


#: Counts the jobs of an owner since a time (UNIX seconds), those just taken in included.
CountJobs: TypeAlias = Callable[[str, float], Load]
#: Looks at a step from within, as the last thing before it is done; what it raises undoes the step.
Check: TypeAlias = Callable[[CountJobs], None]


class Page(NamedTuple):
    """A piece of a list; `after` fetches the next piece, None means that there is none."""

    jobs: list[Job]
    after: int | None


class Ledger(Protocol):
    """Every method is atomic, and durable when it returns, unless it says otherwise."""

    def submit(self, submissions: Sequence[Submission]) -> list[Accepted]:
        """Accept jobs, all or none. Workers that wait are woken.

        Raises:
            Conflict: an idempotency key was used before with another digest.
            Unavailable: the store is full or cannot be written.
        """
        ...

    def checking(self, check: Check) -> AbstractContextManager[None]:
        """While it lasts, `check` looks at every step in which this thread has jobs taken in.

        Those are `submit` and `redrive`, and whatever makes objects that become jobs. Between
        processes too, what a check has counted holds until its step is done.
        """
        ...

    def find_key(self, owner: str, key: str) -> tuple[str, str] | None:
        """The (job id, digest) accepted under an idempotency key, if there is one."""
        ...

    def exchange(
        self,
        function: str,
        worker: str,
        outcomes: Sequence[Outcome],
        want: int,
        lease: float,
        max_lost: int = 10,
    ) -> Exchange:
        """Record outcomes and take up to `want` jobs of `function` for `lease` seconds.

        Both happen in one step. An outcome counts only while its token is the job's latest.
        Taking alone (no outcomes) need not survive a power cut. A job whose lease ran out is
        taken again with `lost` one higher; at `max_lost` it fails instead, to the dead letters.
        Jobs are taken in the order they became due.
        """
        ...

    def extend(self, leases: Sequence[tuple[int, int]], lease: float) -> list[bool]:
        """Let (seq, token) leases end `lease` seconds from now; False where it was lost.

        Need not survive a power cut.
        """
        ...

    def held(self, leases: Sequence[tuple[int, int]]) -> list[bool]:
        """Whether each (seq, token) lease is still the job's latest. Writes nothing."""
        ...

    def report(self, seq: int, token: int, progress: float) -> None:
        """Note how far a running job is, 0 to 1. Need not survive a power cut."""
        ...

    def abandon(self, worker: str) -> int:
        """End the leases of a worker that is known to be dead; returns how many.

        Its jobs may be taken at once, with `lost` one higher.
        """
        ...

    def get(self, id: str) -> Job | None:
        """A job by id."""
        ...

    def find(
        self,
        *,
        function: str | None = None,
        status: Status | None = None,
        owner: str | None = None,
        dead: bool | None = None,
        text: str | None = None,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
        results: bool = True,
    ) -> Page:
        """Jobs newest first. `before` a seq pages back; `after` a seq gives what came since.

        `text` finds jobs whose name contains it. Pages cost the same at any depth. Without
        `results` each job's result is None and is not even read: a page of them may be large.
        """
        ...

    def attempts(self, id: str) -> list[Attempt]:
        """A job's tries that did not succeed, oldest first."""
        ...

    def counts(self, function: str) -> Counts:
        """The messages of a function's queue."""
        ...

    def totals(self) -> dict[tuple[str, Status], int]:
        """Number of jobs by function and status. May be up to a second old."""
        ...

    def next_due(self, function: str) -> float | None:
        """When the next job that cannot be taken yet becomes takeable, UNIX seconds."""
        ...

    def cancel(self, id: str) -> Job:
        """Cancel a job that is not final; a worker that holds it is fenced off.

        What that sets off is part of the step; if it raises, the job is not cancelled.

        Raises:
            NotFound: no such job.
            Conflict: it is final already.
        """
        ...

    def redrive(self, ids: Sequence[str], args: str | None = None) -> list[bool]:
        """Send failed jobs round again, with fresh tries and, if given, other arguments.

        False where a job is not in a state to be redriven.
        """
        ...

    def forget(self, owner: str, limit: int = 500) -> int:
        """Remove up to `limit` jobs of an owner that are final, with their tries and keys.

        Jobs of the service itself stay. Returns how many went.
        """
        ...

    def forget_own(self, before: float) -> int:
        """Remove jobs of the service itself that ended before a time, with their tries and keys.

        Dead letters stay. Removes a bounded number at once; returns how many went.
        """
        ...
