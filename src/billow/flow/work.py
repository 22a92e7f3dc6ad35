"""What follows from a try: pure decisions, the same in a worker process and in a test."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from billow.job import Failure
from billow.options import Retry
from billow.ports.ledger import Completed, Effect, Failed, Released

#: Kinds of failure that no repetition can cure: the author said so, or the file is gone.
_HOPELESS = frozenset({"rejected", "lost"})
#: The kind of failure that is nobody's fault and passes: the disk has no room. It ends no job.
NO_ROOM = "no room"

#: Work that a worker takes at once, in seconds, and in jobs.
BATCH_SECONDS = 0.05
BATCH_JOBS = 100


class Measure(NamedTuple):
    """A value that the function measured; unlike an effect it counts even if the try fails."""

    name: str
    value: float
    unit: str


#: What a function or handler asks for.
Wish: TypeAlias = Effect | Measure


class Performed(NamedTuple):
    """How a try went. Times are UNIX seconds.

    One of `result` (JSON text), `failure` and `later` is set.
    """

    started: float
    finished: float
    result: str | None = None
    failure: Failure | None = None
    #: What the function and its handlers asked for.
    effects: tuple[Wish, ...] = ()
    #: Places of the handlers that raised, in the event's list of handlers.
    undone: tuple[int, ...] = ()
    #: Seconds after which the job is to be taken up again, as if it had not been taken now.
    later: float | None = None


class Stand(NamedTuple):
    """Where a job stands in the ledger: who may record, and how many tries failed before."""

    seq: int
    token: int
    failures: int


def is_final(failure: Failure, failures: int, retry: Retry) -> bool:
    """Whether a job ends with this failure, after `failures` failed tries before it."""
    if failure.kind == NO_ROOM:
        return False
    return failure.kind in _HOPELESS or failures + 1 >= retry.attempts


def settle(
    stand: Stand, performed: Performed, retry: Retry, jitter: float
) -> Completed | Failed | Released:
    """The outcome to record for a try; `jitter` in [0, 1) spreads the rests before the next."""
    started, finished, result, failure, wishes, _, later = performed
    if later is not None:
        return Released(stand.seq, stand.token, later)
    effects = tuple(wish for wish in wishes if not isinstance(wish, Measure)) if wishes else ()
    if failure is None:
        assert result is not None
        return Completed(stand.seq, stand.token, result, started, finished, effects)
    final = is_final(failure, stand.failures, retry)
    return Failed(
        stand.seq,
        stand.token,
        failure,
        started,
        finished,
        retry_in=None if final else retry.rest(stand.failures + 1, jitter),
        # A rejection is an answer to the client and no problem for the operator.
        dead=failure.kind != "rejected",
        effects=effects if final else (),
    )


class BatchSize:
    """How many jobs to take at once: about 50 ms of work, so that none waits long behind others.

    Grows step by step while jobs prove short, falls at once when they are not.
    """

    def __init__(self) -> None:
        self.size = 1
        self._mean: float | None = None

    @property
    def depth(self) -> int:
        """Jobs to hold, waiting ones included: a second batch if jobs are very short."""
        return 2 * self.size if self.size >= BATCH_JOBS // 10 else self.size

    def saw(self, jobs: int, seconds: float) -> None:
        """Learn that `jobs` jobs took `seconds` together."""
        mean = max(seconds / jobs, 1e-6)
        if self._mean is not None and mean < self._mean:
            mean = 0.5 * (mean + self._mean)
        self._mean = mean
        fitting = int(BATCH_SECONDS / mean)
        self.size = max(1, min(BATCH_JOBS, fitting, 4 * self.size))

    def slow(self) -> None:
        """Learn that a job ran far longer than the others: take them one by one again."""
        self.size = 1
        self._mean = BATCH_SECONDS
