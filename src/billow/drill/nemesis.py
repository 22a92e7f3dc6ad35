"""The nemesis: strikes processes of every kind, as its seed tells it."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from billow.drill.processes import Kind, Process, find, send

#: How often each target is struck, beside the others; None is everything at once.
TARGETS: Mapping[Kind | None, int] = {
    Kind.WORKER: 30,
    Kind.CHILD: 34,
    Kind.WEB: 14,
    Kind.CLIENT: 10,
    Kind.KEEPER: 8,
    None: 4,
}
#: Share of the strikes that stall a process instead of killing it, unless told otherwise.
STALLS = 0.2
#: Seconds between two strikes.
_SHORTEST, _LONGEST = 0.2, 0.9


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that was put in."""

    #: UNIX seconds.
    at: float
    #: `keeper`, `web`, `worker`, `child`, `client` or `everything`.
    target: str
    #: How many seconds it stood still; None if it was killed.
    stall: float | None
    #: The processes that got the signal, and those besides that stop or die with them.
    pids: tuple[int, ...]
    beside: tuple[int, ...] = ()


@dataclass(slots=True)
class Nemesis:
    """Strikes until enough was killed.

    Args:
        mark: the drill's folder, by which its processes are known.
        seed: decides what is struck, how and when.
        lease: seconds; stalls last 0.5 to 3 of them.
        stalls: share of the strikes that stall a process instead of killing it.
        targets: how often each is struck, beside the others.
    """

    mark: str
    seed: int
    lease: float
    stalls: float = STALLS
    targets: Mapping[Kind | None, int] = field(default_factory=lambda: TARGETS)
    strikes: list[Strike] = field(default_factory=list)
    _stalled: dict[int, float] = field(default_factory=dict)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - a drill must be repeatable

    @property
    def kills(self) -> int:
        """Strikes so far that killed; one at everything counts once."""
        return sum(strike.stall is None for strike in self.strikes)

    @property
    def killed(self) -> int:
        """Processes killed so far, each by a signal of its own."""
        return sum(len(strike.pids) for strike in self.strikes if strike.stall is None)

    def rest(self) -> float:
        """Seconds until the next strike."""
        return self._chance.uniform(_SHORTEST, _LONGEST)

    def strike(self) -> None:
        """Strike one process, or all; nothing if there is none of the kind just now."""
        target = self._chance.choices([*self.targets], [*self.targets.values()])[0]
        stalls = self._chance.random() < self.stalls and target is not None
        length = self._chance.uniform(0.5, 3.0) * self.lease
        place = self._chance.random()
        there = find(self.mark)
        hit = [process for process in there if target in (None, process.kind)]
        if not hit:
            return
        if target is not None:
            hit = [hit[int(place * len(hit))]]
        self._hit(hit, there, target or "everything", length if stalls else None)

    def _hit(
        self, hit: list[Process], there: list[Process], target: str, stall: float | None
    ) -> None:
        at = time.time()
        number = signal.SIGKILL if stall is None else signal.SIGSTOP
        struck = tuple(process.pid for process in hit if send(process.pid, number))
        beside = tuple(
            process.pid
            for process in there
            if process.kind is Kind.CHILD and process.parent in struck
        )
        if stall is not None:
            self._stalled |= dict.fromkeys(struck, time.monotonic() + stall)
        self.strikes.append(Strike(at, target, stall, struck, beside))

    def thaw(self, *, all_: bool = False) -> None:
        """Let those go on that have stood still long enough."""
        for pid, until in list(self._stalled.items()):
            if all_ or time.monotonic() >= until:
                del self._stalled[pid]
                send(pid, signal.SIGCONT)

    def repeats_explained(self, workers: int) -> int:
        """Runs that these strikes may have made necessary again.

        A kill of a worker or its child costs the job that it runs; a stall of a worker, too, as its
        lease may end. Any other process that stalls may hold the store's lock, so that the leases
        of all `workers` end. A child that stalls has no lease and no lock.
        """
        return sum(self._repeats_of(strike, workers) for strike in self.strikes)

    def _repeats_of(self, strike: Strike, workers: int) -> int:
        if strike.target == Kind.WORKER:
            return 1
        if strike.target == Kind.CHILD:
            return 1 if strike.stall is None else 0
        stops_all = strike.target == "everything" or strike.stall is not None
        return workers if stops_all else 0

    def counted(self) -> dict[str, int]:
        """Strikes by target and kind."""
        names = (
            f"{'kill' if strike.stall is None else 'stall'} {strike.target}"
            for strike in self.strikes
        )
        return dict(sorted(Counter(names).items()))


def survivors(folder: Path) -> list[Process]:
    """What still runs of a drill."""
    return find(str(folder))
