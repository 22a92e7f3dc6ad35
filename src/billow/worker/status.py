"""What a worker tells its keeper about itself: a JSON line at each change, and now and then."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import NamedTuple

from billow.worker import system

#: Seconds between lines while busy, and while idle.
_EVERY = 1.0
_IDLE = 10.0
#: The least seconds between two lines, if the state changed or only the job.
_APART = 0.05
_SETTLED = 0.25
#: Characters of a job's name, so that a line fits into one write.
_NAME = 200


class Facts(NamedTuple):
    """What is told."""

    #: `starting`, `idle`, `busy` or `draining`.
    state: str
    child_pid: int | None = None
    #: Id and name of the job that runs now.
    job: str | None = None
    name: str | None = None
    #: Jobs in hand.
    jobs: int = 0
    #: Jobs completed, and failed for good, since the worker started.
    done: int = 0
    failed: int = 0


class StatusLine:
    """Writes lines to a pipe; a keeper that does not read them, or is gone, is no trouble."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd
        self._last: Facts | None = None
        self._told = 0.0
        if fd is not None:
            os.set_blocking(fd, False)

    def due(self, facts: Facts) -> float | None:
        """When the next line should be written, on the monotonic clock."""
        if self._fd is None:
            return None
        if self._last is None or _gist(facts) != _gist(self._last):
            return self._told + _APART
        if facts.job != self._last.job:
            return self._told + _SETTLED
        return self._told + (_EVERY if facts.jobs or facts != self._last else _IDLE)

    def tell(self, facts: Facts, now: float, *, at_once: bool = False) -> None:
        """Write a line if one is due."""
        due = self.due(facts)
        if self._fd is None or not (at_once or (due is not None and now >= due)):
            return
        self._last, self._told = facts, now
        line = facts._asdict()
        line["name"] = facts.name and facts.name[:_NAME]
        line["rss"] = system.resident(os.getpid())
        if facts.child_pid is not None:
            line["rss"] += system.resident(facts.child_pid)
        line["at"] = time.time()
        with contextlib.suppress(OSError):
            os.write(self._fd, json.dumps(line).encode() + b"\n")


def _gist(facts: Facts) -> tuple[str, int | None, bool]:
    return facts.state, facts.child_pid, facts.jobs > 0
