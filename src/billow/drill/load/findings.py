"""Everything that a load drill has seen, before anybody judges it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from billow.drill.load.histogram import Histogram
from billow.drill.load.plan import Fault, Plan
from billow.drill.load.probe import Probed
from billow.drill.load.tally import SLOT, Kind, Lost, Slots, Tally
from billow.drill.load.watch import SERVER, Look

#: Seconds by which a strike may be noted too early or too late.
_HAIR = 0.1
#: All is well in a slot if no more than this share of the visitors' requests went badly, ...
_WELL = 0.02
#: ... and again well if it stays so for this many slots.
_STEADY = 4
#: Slots of the stretch that counts as the best of a drill: five seconds.
_BEST = 10


@dataclass(frozen=True, slots=True)
class Strike:
    """A server that was killed or stopped. Times are seconds since the drill began."""

    fault: Fault
    at: float
    pid: int
    #: Servers that ran before.
    servers: int


@dataclass(slots=True)
class Findings:
    """What was seen. Times are seconds since the drill began."""

    plan: Plan
    slots: Slots = field(default_factory=Slots)
    #: How late requests were sent: the generators' own imprecision.
    lag: Histogram = field(default_factory=Histogram)
    lost: list[Lost] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    probed: list[Probed] = field(default_factory=list)
    strikes: list[Strike] = field(default_factory=list)
    #: When it ended, and whether that was before its time.
    ended: float = 0.0
    interrupted: bool = False
    #: CPU that the generators used, cores.
    generator_cores: float = 0.0

    @property
    def visitors(self) -> Tally:
        """All of the visitors' requests."""
        return self.slots.between(0, float("inf"), crowd=False)

    @property
    def everyone(self) -> Tally:
        """All requests, the crowd's included."""
        return self.slots.between(0, float("inf"))

    @property
    def flooded(self) -> tuple[float, float] | None:
        """When the flood was, as far as the drill came to it."""
        asked = self.plan.flooded
        if asked is None or asked[0] + SLOT >= self.ended:
            return None
        return asked[0], min(asked[1], self.ended)

    def excused(self) -> list[Lost]:
        """Failures of requests that were under way when a server was struck."""
        return [
            lost
            for lost in self.lost
            if lost.kind in (Kind.RESET, Kind.ERROR, Kind.TIMEOUT)
            and any(
                lost.sent <= strike.at + _HAIR and lost.ended >= strike.at - _HAIR
                for strike in self.strikes
            )
        ]

    def replaced(self, strike: Strike) -> float | None:
        """Seconds after which there were as many servers again without the one that was struck."""
        for look in self.looks:
            pids = {used.pid for used in look.of(SERVER)}
            if look.at > strike.at and strike.pid not in pids and len(pids) >= strike.servers:
                return look.at - strike.at
        return None

    def recovery(self, since: float) -> float | None:
        """Seconds from `since` until the visitors were served well, and went on to be."""

        def well(slot: int) -> bool:
            tally = self.slots.find(slot, crowd=False)
            return tally.failed + tally.slow <= _WELL * tally.planned

        first = int(since / SLOT)
        last = int(self.ended / SLOT) - 1
        for slot in range(first, last):
            steady = range(slot, min(slot + _STEADY, last))
            if all(map(well, steady)):
                return max(0.0, slot * SLOT - since)
        return None

    def best(self) -> float:
        """Right answers a second in the best five seconds."""
        counts = [self.slots.find(slot).ok for slot in range(self.slots.size)]
        width = min(_BEST, len(counts))
        sums = (sum(counts[at : at + width]) for at in range(len(counts) - width + 1))
        return max(sums, default=0) / (width * SLOT) if width else 0.0


def mean_rate(looks: Iterable[Look], kind: Callable[[str], bool]) -> list[tuple[float, float]]:
    """Cores that processes of a kind used between each look and the one before: (when, cores)."""
    rates = []
    before: Look | None = None
    for look in looks:
        if before is not None and look.at > before.at:
            known = {used.pid: used.cpu for used in before.processes}
            spent = sum(
                max(0.0, used.cpu - known.get(used.pid, used.cpu))
                for used in look.processes
                if kind(used.kind)
            )
            rates.append((look.at, spent / (look.at - before.at)))
        before = look
    return rates
