"""Metrics in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from billow.clock import Clock
from billow.ops.recorder import Measured
from billow.ops.summary import Summary
from billow.ports.metrics import KEPT, MetricInfo, level


class MemoryMetrics:
    """Measured values over time; those of the last three hours alone in their full detail."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, MetricInfo] = {}
        self._points: dict[str, dict[tuple[int, int], Summary]] = {}

    def write(self, at: float, measured: Sequence[Measured]) -> None:
        """Add what a process measured."""
        with self._lock:
            for one in measured:
                self._known.setdefault(one.name, MetricInfo(*one[:3]))
                points = self._points.setdefault(one.name, {})
                for step in KEPT:
                    place = step, int(at // step * step)
                    before = points.get(place)
                    points[place] = one.summary if before is None else before + one.summary

    def summaries(self, name: str, since: float, until: float, step: float) -> list[Summary | None]:
        """A metric in steps."""
        detail = level(self._clock.now() - since, since, step)
        made: list[Summary | None] = [None] * round((until - since) / step)
        with self._lock:
            points = sorted(self._points.get(name, {}).items())
        for (of, at), one in points:
            place = int((at - since) // step)
            if of == detail and since <= at < until and place < len(made):
                before = made[place]
                made[place] = one if before is None else before + one
        return made

    def kind(self, name: str) -> str:
        """What kind of metric it is."""
        info = self._known.get(name)
        return info.kind if info else "gauge"

    def known(self, prefix: str = "") -> list[MetricInfo]:
        """The metrics that were measured."""
        return [info for name, info in sorted(self._known.items()) if name.startswith(prefix)]

    def trim(self) -> int:
        """Forget what is too old."""
        gone, now = 0, self._clock.now()
        with self._lock:
            for points in self._points.values():
                for place in [p for p in points if p[1] < now - KEPT[p[0]]]:
                    del points[place]
                    gone += 1
        return gone
