"""Time comes in through a Clock, so that tests and the simulator can make their own."""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

from billow.errors import SettingError


class Clock(Protocol):
    """Where the time comes from. All times are UNIX seconds as floats."""

    def now(self) -> float:
        """The current time in UNIX seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` of this clock's time have passed."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> float:
        """The wall clock's time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Sleep in real time."""
        time.sleep(seconds)


class ScaledClock:
    """The wall clock run `speed` times faster from the moment it is made (`billow up --speed`).

    Control loops read it for their periods and cooldowns; leases and the work itself never do.

    Raises:
        SettingError: the speed is not more than 0.
    """

    def __init__(self, speed: float, start: float | None = None) -> None:
        if not 0 < speed < math.inf:
            raise SettingError(f"speed {speed:g}: must be more than 0")
        self.speed = speed
        self._start = time.time() if start is None else start

    def now(self) -> float:
        """The time as this faster clock has it."""
        return self._start + (time.time() - self._start) * self.speed

    def sleep(self, seconds: float) -> None:
        """Sleep until `seconds` have passed on this clock."""
        time.sleep(seconds / self.speed)

    def real(self, at: float) -> float:
        """The wall-clock time at which this clock shows `at`."""
        return self._start + (at - self._start) / self.speed


class VirtualClock:
    """A clock that stands still until it is told to move. Safe to share between threads."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time it was last moved to."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Move on by `seconds` at once."""
        self.advance(seconds)

    def advance(self, seconds: float) -> float:
        """Move on by `seconds`; returns the new time."""
        with self._lock:
            self._now += seconds
            return self._now
