"""Restores that do not come to their end: found, and asked for again."""

from __future__ import annotations

from typing import NamedTuple

from billow.flow.restore import thawing
from billow.flow.retention import THAW
from billow.home import Home
from billow.job import Job, Status
from billow.ports.cold import Frozen

#: Seconds after a file could be read by which it should be back.
LATE = 600.0
#: Restores that are looked at, of each kind.
MOST = 100


class Stuck(NamedTuple):
    """What is not coming back by itself. Damaged copies are no part of it: nothing helps them."""

    #: Jobs among the dead letters whose files are still archived.
    dead: list[Job]
    #: Files that were asked for, are overdue, and that no job brings.
    lost: list[Frozen]

    @property
    def files(self) -> int:
        """How many files."""
        return len(self.dead) + len(self.lost)

    def __str__(self) -> str:
        parts = []
        if self.dead:
            parts.append(f"{len(self.dead)} restores are among the dead letters")
        if self.lost:
            parts.append(f"{len(self.lost)} files are overdue, and no job brings them")
        return "; ".join(parts)


def stuck(home: Home) -> Stuck:
    """The restores that do not come to their end."""
    letters = home.ledger.find(function=THAW, dead=True, limit=MOST, results=False).jobs
    dead = [job for job in letters if _can_be_restored(home, job)]
    overdue = home.cold.overdue(home.clock.now() - LATE, MOST)
    if not overdue:
        return Stuck(dead, [])
    coming = {_place(job) for job in dead}
    for status in (Status.PENDING, Status.RUNNING):
        found = home.ledger.find(function=THAW, status=status, limit=10 * MOST, results=False)
        coming |= {_place(job) for job in found.jobs}
    return Stuck(dead, [one for one in overdue if (one.store, one.key) not in coming])


def restore_again(home: Home) -> int:
    """Ask again for what is stuck; returns for how many files.

    Raises:
        Unavailable: the store cannot be written.
    """
    found = stuck(home)
    again = sum(home.ledger.redrive([job.id for job in found.dead])) if found.dead else 0
    if found.lost:
        # Without a key: the one that a restore has at first is used up.
        home.ledger.submit([thawing(frozen)._replace(key=None) for frozen in found.lost])
    return again + len(found.lost)


def _can_be_restored(home: Home, job: Job) -> bool:
    frozen = home.cold.head(*_place(job))
    return frozen is not None and frozen.damaged is None


def _place(job: Job) -> tuple[str, str]:
    return str(job.args["store"]), str(job.args["key"])
