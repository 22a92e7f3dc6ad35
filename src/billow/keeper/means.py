"""Remedies that take no member of a fleet: freeing the disk, shedding load, retrying restores."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from billow.flow.breakers import Breakers, failures
from billow.flow.stuck import restore_again, stuck
from billow.home import Home
from billow.ops import controls
from billow.ops.action import Action
from billow.renditions import wire
from billow.renditions.files import CACHE, all_kept, remove

#: The share of a disk above which there is a reason to free some of it.
FULL = 0.8
#: Seconds for which load is shed at most, if the alarm is not over before.
SHED = 1800.0
#: Calls that fail in a row, the last of them so many seconds ago at most, before one is opened.
IN_A_ROW = 5
FRESH = 120.0


class Means(Protocol):
    """What one kind of action needs."""

    def look(self, action: Action) -> str:
        """What speaks for an action beside its alarm, in words; empty if nothing does."""
        ...

    def act(self, action: Action, alarm: str, reason: str) -> str:
        """Take it; what was done, in words.

        Raises:
            Error: it could not be done.
        """
        ...

    def lift(self, action: Action, alarm: str) -> bool:
        """End what goes on because of an alarm; False if nothing did."""
        ...


class FreeDisk:
    """Removes what can be made again, never anything that was given to the service.

    Args:
        home: the stores.
        logs: the folder of the processes' logs.
        full: the share of the disk that is taken.
    """

    def __init__(self, home: Home, logs: Path, full: Callable[[], float] | None = None) -> None:
        self._home = home
        self._logs = logs
        self._folder = home.folder or Path()
        self._full = full or (lambda: taken(self._folder))

    def look(self, action: Action) -> str:  # noqa: ARG002
        """Whether the disk is rather full."""
        full = self._full()
        return f"the disk is {full:.0%} full" if full > FULL else ""

    def act(self, action: Action, alarm: str, reason: str) -> str:  # noqa: ARG002
        """Remove logs of earlier runs, bytes of no object, and renditions as far as needed."""
        freed = sum(map(_unlink, self._logs.glob("*.old")))
        self._home.objects.sweep()
        self._home.uploads.sweep()
        evicted = sum(self._evict())
        if evicted:
            with contextlib.suppress(OSError), wire.connect(self._folder) as pool:
                pool.sendall(wire.scan())
        cache = f", {evicted:,} of them of the cache of renditions" if evicted else ""
        return f"{freed + evicted:,} bytes were freed{cache}"

    def lift(self, action: Action, alarm: str) -> bool:  # noqa: ARG002
        """Nothing goes on."""
        return False

    def _evict(self) -> Iterator[int]:
        """Remove the renditions used least, until the disk is no more than rather full."""
        root = self._folder / CACHE
        kept = sorted(all_kept(root), key=lambda one: one.used)
        for place, one in enumerate(kept):
            # The disk is looked at now and then only.
            if place % 16 == 0 and self._full() <= FULL:
                return
            if remove(root, one):
                yield one.size


class ShedLoad:
    """Has the front refuse the least important requests early, for a while.

    Args:
        home: where the front's keeper looks whether it is to.
        strain: what shows that too much comes in, in words; empty if nothing does.
    """

    def __init__(self, home: Home, strain: Callable[[], str]) -> None:
        self._home = home
        self._strain = strain

    def look(self, action: Action) -> str:  # noqa: ARG002
        """Whether the front has more than it can serve."""
        return self._strain()

    def act(self, action: Action, alarm: str, reason: str) -> str:  # noqa: ARG002
        """Begin."""
        controls.shed(self._home.journal, alarm, self._home.clock.now() + SHED, reason)
        return "the least important requests are refused early until the alarm is over"

    def lift(self, action: Action, alarm: str) -> bool:  # noqa: ARG002
        """Let everybody in again."""
        return controls.lift(self._home.journal, alarm)


class OpenBreaker:
    """Keeps back the jobs that call something, until one of them shows that it works again."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._breakers = Breakers(home)

    def look(self, action: Action) -> str:
        """Whether workers say that no call has worked since several failed in a row."""
        row = failures(self._home, action.target)
        if row is None or row.length < IN_A_ROW or self._breakers.get(action.target):
            return ""
        if self._home.clock.now() - row.at > FRESH:
            return ""
        return f"{row.length} calls failed in a row, and none worked since: {row.why}"

    def act(self, action: Action, alarm: str, reason: str) -> str:
        """Open it."""
        opened = self._breakers.open(action.target, f"{alarm}: {reason}")
        return f"the breaker of {action.target} {'is open' if opened else 'was open already'}"

    def lift(self, action: Action, alarm: str) -> bool:  # noqa: ARG002
        """A try closes it, or a person; not that nothing fails because nothing is called."""
        return False


class RetryThaws:
    """Asks again for files that do not come back from the cold tier."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def look(self, action: Action) -> str:  # noqa: ARG002
        """Whether any restore is stuck, by the ledger and the cold tier's catalogue."""
        return str(stuck(self._home))

    def act(self, action: Action, alarm: str, reason: str) -> str:  # noqa: ARG002
        """Ask again."""
        return f"{restore_again(self._home)} restores were asked for again"

    def lift(self, action: Action, alarm: str) -> bool:  # noqa: ARG002
        """Nothing goes on."""
        return False


def taken(folder: Path) -> float:
    """The share of a folder's disk that is taken, as far as others than root may use it."""
    disk = shutil.disk_usage(folder)
    return disk.used / (disk.used + disk.free) if disk.used + disk.free else 0.0


def _unlink(path: Path) -> int:
    with contextlib.suppress(OSError):
        size = path.stat().st_size
        path.unlink()
        return size
    return 0
