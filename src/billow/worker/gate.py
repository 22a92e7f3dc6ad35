"""Whether a worker may take jobs, as far as a breaker on what they call has a say in it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from billow.errors import Unavailable
from billow.flow.breakers import (
    NOTE_FAILED,
    NOTE_WORKED,
    Breaker,
    Breakers,
    note_failed,
    note_worked,
)
from billow.flow.work import NO_ROOM
from billow.home import Home
from billow.options import Limits, Retry
from billow.ports.ledger import Completed, Failed, Lease, Outcome
from billow.units import seconds

#: Seconds between two looks at the breaker.
LOOK = 1.0
#: Seconds, beyond a job's own limit, after which a try is given up.
_SPARE = 30.0
#: Failures that say nothing about what was called.
_OTHER = frozenset({"rejected", "lost", "bad result", NO_ROOM})


class Gate:
    """Asked before jobs are taken, and told what came of them.

    Args:
        home: where breakers are.
        worker: whose gate it is.
        now: gives the time that passes, in seconds.
    """

    def __init__(self, home: Home, worker: str, now: Callable[[], float] = time.monotonic) -> None:
        self._home = home
        self._now = now
        self._worker = worker
        self._breakers = Breakers(home)
        #: What the function's jobs call; empty: nothing, and the gate stands open.
        self.calls = ""
        self.limits = Limits()
        #: Not before this time may jobs be taken.
        self.closed_until = 0.0
        self._open_until = 0.0
        #: Whether the next job, or the one in hand, is to show whether it works again.
        self.trying = False
        self._seq: int | None = None
        #: Failures that were not noted yet, and how the last of them failed.
        self._failed = 0
        self._why = ""
        self._noted = {True: -math.inf, False: -math.inf}

    @property
    def closed(self) -> bool:
        """Whether no job may be taken now."""
        return self.trying or self._now() < self.closed_until

    def allow(self, want: int) -> int:
        """How many of the jobs that a worker has room for it may take."""
        now = self._now()
        if not want or not self.calls or now < self._open_until:
            return want
        try:
            breaker = self._breakers.get(self.calls)
            allowed = want if breaker is None else self._claim(breaker)
        except Unavailable:
            return want  # the store will say itself what it can take
        if breaker is None:
            self._open_until = now + LOOK
        elif not allowed:
            self.closed_until = now + LOOK
        return allowed

    def _claim(self, breaker: Breaker) -> int:
        limit = seconds(self.limits.time) + _SPARE
        self.trying = self._breakers.claim(breaker, self._worker, limit)
        return int(self.trying)

    def took(self, leases: Sequence[Lease]) -> None:
        """These jobs were taken."""
        if not self.trying or self._seq is not None:
            return
        if leases:
            self._seq = leases[0].seq
        else:
            self._settle(None)

    def nothing_left(self) -> None:
        """No job is in hand: one that was to show something was lost or cancelled."""
        if self.trying:
            self._settle(None)

    def saw(self, outcome: Outcome) -> None:
        """A job ended."""
        if not self.calls:
            return
        works, why = _verdict(outcome)
        if works is not None:
            with contextlib.suppress(Unavailable):
                self._note(works, why)
        if self.trying and outcome.seq == self._seq:
            self._settle(works, why)

    def tell(self) -> None:
        """Note failures that were not noted yet; to be called about once a second."""
        if self._failed and self._now() - self._noted[False] >= NOTE_FAILED:
            with contextlib.suppress(Unavailable):
                self._note_failures()

    def retry(self, lease: Lease, retry: Retry) -> Retry:
        """How often a job is tried: what it shows about a breaker is not to be its end."""
        if self.trying and lease.seq == self._seq:
            return replace(retry, attempts=max(retry.attempts, lease.failures + 2))
        return retry

    def _settle(self, works: bool | None, why: str = "") -> None:
        self.trying = False
        self._seq = None
        if works is None:
            self.closed_until = self._now() + LOOK
        with contextlib.suppress(Unavailable):  # it is given up after its time
            self._breakers.settle(self.calls, self._worker, works, why)

    def _note(self, works: bool, why: str) -> None:
        """Put it where whoever would open the breaker looks, but not at each job."""
        now = self._now()
        self._failed = 0 if works else self._failed + 1
        self._why = why
        turned = works and self._noted[False] > self._noted[True]
        if not turned and now - self._noted[works] < (NOTE_WORKED if works else NOTE_FAILED):
            return
        if works:
            self._noted[True] = now
            note_worked(self._home, self.calls)
        else:
            self._note_failures()

    def _note_failures(self) -> None:
        self._noted[False] = self._now()
        times, self._failed = self._failed, 0
        note_failed(self._home, self.calls, times, self._why)


def _verdict(outcome: Outcome) -> tuple[bool | None, str]:
    """Whether what was called works, if a job's end says so, and how it failed."""
    if type(outcome) is Completed:
        return True, ""
    if type(outcome) is Failed and outcome.failure.kind not in _OTHER:
        return False, outcome.failure.message
    return None, ""
