"""Artificial seconds for each file, so that a fleet has something to scale for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import billow

#: Seconds for each file if a job does not say it itself.
VARIABLE = "WORDFREQ_SIMULATE_WORK"

LONGEST = 600.0

_STEP = 0.25


def seconds_asked(argument: float | None) -> float:
    """How long a job shall wait: what it asks for, else what the environment says, else 0 s.

    Raises:
        Rejected: it is not a number between 0 and `LONGEST`.
    """
    asked = os.environ.get(VARIABLE) or 0 if argument is None else argument
    try:
        pause = float(asked)
    except ValueError:
        pause = -1.0
    if not 0 <= pause <= LONGEST:
        source = VARIABLE if argument is None else "simulate_work"
        raise billow.Rejected(f"{source} must be 0 to {LONGEST:.0f} seconds, not {asked!r}")
    return pause


def wait(
    pause: float,
    tell: Callable[[float], None],
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Wait for `pause` seconds; `tell` gets the seconds passed, a few times a second."""
    start = now()
    while (left := pause - (now() - start)) > 0:
        tell(pause - left)
        sleep(min(left, _STEP))


class Progress:
    """Makes one share of the work, from 0 to 1, of a wait that is followed by reading.

    Args:
        report: gets the share.
        size: bytes to be read.
        pause: seconds waited before; then the wait is nine tenths of the work.
    """

    def __init__(self, report: Callable[[float], None], size: int, pause: float) -> None:
        self._report = report
        self._size = max(size, 1)
        self._pause = pause
        self._waiting = 0.9 if pause else 0.0

    def waited(self, seconds: float) -> None:
        """Report that so much of the wait is over."""
        self._report(self._waiting * seconds / self._pause)

    def read(self, size: int) -> None:
        """Report that so many bytes have been read."""
        self._report(self._waiting + (1 - self._waiting) * min(1.0, size / self._size))
