"""The waiting room for jobs, which a worker is in only while it has nothing to do."""

from __future__ import annotations

import contextlib
import time

from billow.errors import Unavailable
from billow.home import Home
from billow.ports.wake import Waiter, jobs_channel

#: An idle worker looks unasked so often.
LOOK_AGAIN = 1.0


class WaitingRoom:
    """Makes sure that a wake-up is neither missed nor swallowed."""

    def __init__(self, home: Home, function: str) -> None:
        self._home = home
        self._function = function
        self._waiter: Waiter | None = None
        self._rung = False
        #: Whether the worker rests.
        self.inside = False
        #: When to look unasked, on the monotonic clock.
        self.until = 0.0

    @property
    def waiter(self) -> Waiter | None:
        """What to wait for, while inside."""
        return self._waiter

    def rest(self) -> bool:
        """Wait for work; True if one more look is needed before that, so as to miss nothing.

        Where no place to wait in can be made, because the disk is full, nobody can wake the worker;
        it looks unasked.
        """
        self.inside = True
        if self._waiter is None:
            with contextlib.suppress(OSError):
                self._waiter = self._home.wake.waiter(jobs_channel(self._function))
                return True
        if self._rung and self._waiter is not None:
            self._rung = False
            self._waiter.clear()
            return True
        self.until = self._look_again_at()
        return False

    def _look_again_at(self) -> float:
        """In a second, or as soon as a job that waits for its time may be taken."""
        try:
            due = self._home.ledger.next_due(self._function)
        except Unavailable:
            due = None
        soon = LOOK_AGAIN if due is None else min(LOOK_AGAIN, due - self._home.clock.now())
        return time.monotonic() + max(0.001, soon)

    def rung(self) -> None:
        """Note a wake-up; nobody else is woken for the same job."""
        self._rung = True

    def leave(self) -> None:
        """Go to work. A wake-up that came unnoticed is passed on: it was for another job."""
        self.inside = False
        waiter, self._waiter = self._waiter, None
        if waiter is None:
            return
        pass_on = not self._rung and waiter.wait(0)
        self._rung = False
        waiter.close()
        if pass_on:
            self._home.wake.notify(jobs_channel(self._function), 1)
