"""Whether something grows and grows: the slope of Theil and Sen, which no single peak can bend."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from billow.drill.load.watch import Look

#: Processes that live so long are judged; caches fill and pools grow in the first part.
MIN_SPAN = 180.0
_WARM_UP = 0.25
#: Points that are compared in pairs.
_POINTS = 150
#: What may be added over the time that is judged: this share of it, or so much if that is more.
_SHARE = 0.10
FLOORS = {"memory": 12 * 1024 * 1024, "descriptors": 16, "sockets": 16}


class Trend(NamedTuple):
    """How a series developed after its warm-up."""

    #: Growth a second.
    slope: float
    #: Seconds that were judged, and the middle value in them.
    span: float
    middle: float
    #: By how much the last fifth lies above the first fifth, by their middle values.
    rise: float

    @property
    def growth(self) -> float:
        """What the slope amounts to over the time that was judged."""
        return self.slope * self.span

    def grows(self, floor: float) -> bool:
        """Whether it grows by more than a tenth and more than `floor`, and all along."""
        allowed = max(floor, _SHARE * self.middle)
        return self.growth > allowed and self.rise > allowed / 2


@dataclass(frozen=True, slots=True)
class Growth:
    """What grew in a process."""

    pid: int
    kind: str
    what: str
    trend: Trend


def trend_of(points: Sequence[tuple[float, float]]) -> Trend | None:
    """The trend of (seconds, value) pairs after their warm-up; None if they are too few."""
    if len(points) < 10:
        return None
    began, ended = points[0][0], points[-1][0]
    warm = [point for point in points if point[0] >= began + _WARM_UP * (ended - began)]
    stride = max(1, len(warm) // _POINTS)
    thin = warm[::stride]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for place, earlier in enumerate(thin)
        for later in thin[place + 1 :]
        if later[0] > earlier[0]
    ]
    if not slopes:
        return None
    values = [value for _, value in thin]
    fifth = max(1, len(values) // 5)
    rise = statistics.median(values[-fifth:]) - statistics.median(values[:fifth])
    span = thin[-1][0] - thin[0][0]
    return Trend(statistics.median(slopes), span, statistics.median(values), rise)


def judge_growth(looks: Iterable[Look]) -> tuple[int, list[Growth]]:
    """How many processes lived long enough to be judged, and what grew in them."""
    histories: dict[tuple[int, str], list[tuple[float, dict[str, float]]]] = {}
    for look in looks:
        for used in look.processes:
            values = {name: float(getattr(used, name)) for name in FLOORS}
            histories.setdefault((used.pid, used.kind), []).append((look.at, values))
    judged, grown = 0, []
    for (pid, kind), history in histories.items():
        if history[-1][0] - history[0][0] < MIN_SPAN:
            continue
        judged += 1
        for what, floor in FLOORS.items():
            trend = trend_of([(at, values[what]) for at, values in history])
            if trend is not None and trend.grows(floor):
                grown.append(Growth(pid, kind, what, trend))
    return judged, grown
