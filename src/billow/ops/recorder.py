"""What a process measures, summed up in its memory until it is shipped."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from billow.errors import BadInput
from billow.ops.summary import Summary, buckets_of

#: Metrics that one process may have; what goes beyond is not measured.
MOST = 2000
#: And of one family, such as all tables; of the app's own, fewer.
MOST_ALIKE = 500
MOST_OWN = 100
#: Values of a timer that gather before they are summed up: together that takes far less time.
GATHER = 1000

_OWN = re.compile(r"[a-z][a-z0-9_]{0,62}")
_UNIT = re.compile(r"[A-Za-z%/]{0,12}")


class Measured(NamedTuple):
    """What one process measured of one metric in a while."""

    name: str
    #: `counter`, `gauge` or `timer` (which has percentiles).
    kind: str
    #: Such as `s` or `bytes`; empty for plain numbers.
    unit: str
    summary: Summary


class _Slot:
    __slots__ = ("buckets", "count", "high", "kind", "low", "total", "unit", "values")

    def __init__(self, kind: str, unit: str) -> None:
        self.kind = kind
        self.unit = unit
        #: Of a timer, what is not summed up yet.
        self.values: list[float] = []
        self.clear()

    def clear(self) -> None:
        self.count = 0
        self.total = 0.0
        self.low = self.high = 0.0
        self.buckets: dict[int, int] = {}

    def add(self, value: float, times: int = 1) -> None:
        self._span(value, value)
        self.count += times
        self.total += value * times

    def sum_up(self) -> None:
        if not self.values:
            return
        values, self.values = self.values, []
        self._span(min(values), max(values))
        self.count += len(values)
        self.total += sum(values)
        for bucket, count in buckets_of(values).items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    def _span(self, low: float, high: float) -> None:
        if not self.count:
            self.low, self.high = low, high
        elif low < self.low or high > self.high:
            self.low, self.high = min(self.low, low), max(self.high, high)


class Recorder:
    """Counts, times and gauges of one process. Safe to share between threads; takes under 1 µs."""

    def __init__(self) -> None:
        self._slots: dict[str, _Slot] = {}
        self._alike: dict[str, int] = {}
        self._lock = threading.Lock()
        self._gathered: list[Callable[[], object]] = []

    def gather_from(self, hand_over: Callable[[], object]) -> None:
        """Have values that are gathered elsewhere handed over before they are taken."""
        self._gathered.append(hand_over)

    def count(self, name: str, by: float = 1.0, unit: str = "", times: int = 1) -> None:
        """Add to a counter, `times` over.

        From its first time on it is 0, not missing, when nothing happens.
        """
        with self._lock:
            slot = self._slots.get(name) or self._new(name, "counter", unit)
            if slot is not None and slot.kind == "counter":
                slot.add(by, times)

    def gauge(self, name: str, value: float, unit: str = "") -> None:
        """Note what something is at this moment."""
        with self._lock:
            slot = self._slots.get(name) or self._new(name, "gauge", unit)
            if slot is not None and slot.kind == "gauge":
                slot.add(value)

    def observe(self, name: str, value: float, unit: str = "s") -> None:
        """Note how long something took, or another value whose percentiles matter."""
        self.observe_all(name, (value,), unit)

    def observe_all(self, name: str, values: Sequence[float], unit: str = "s") -> None:
        """Note many values at once; for each of them that takes far less time."""
        with self._lock:
            slot = self._slots.get(name) or self._new(name, "timer", unit)
            if slot is not None and slot.kind == "timer":
                slot.values += values
                if len(slot.values) >= GATHER:
                    slot.sum_up()

    def take(self) -> list[Measured]:
        """What was measured since the last time."""
        for hand_over in self._gathered:
            hand_over()
        with self._lock:
            taken = []
            for name, slot in self._slots.items():
                slot.sum_up()
                if not slot.count and slot.kind != "counter":
                    continue
                # A counter that stands still is one observation of 0.
                count = slot.count or 1
                summary = Summary(count, slot.total, slot.low, slot.high, slot.buckets)
                taken.append(Measured(name, slot.kind, slot.unit, summary))
                slot.clear()
            return taken

    def _new(self, name: str, kind: str, unit: str) -> _Slot | None:
        """A slot for a metric that was not measured before; None if there are too many."""
        family = name.partition(".")[0]
        alike = self._alike.get(family, 0)
        if len(self._slots) >= MOST or alike >= (MOST_OWN if family == "app" else MOST_ALIKE):
            return None
        self._alike[family] = alike + 1
        made = self._slots[name] = _Slot(kind, unit)
        return made


def check_own(name: str, value: float, unit: str) -> tuple[str, float, str]:
    """A measurement of an app's own, if it can be one.

    Raises:
        BadInput: it cannot; the message says why.
    """
    if not isinstance(name, str) or not _OWN.fullmatch(name):
        raise BadInput(
            f"metric {name!r}: a name is 1 to 63 of a-z 0-9 _ and starts with a letter; "
            "what varies, such as an id, is no part of it"
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
        raise BadInput(f"metric {name!r}: {value!r} is no number")
    if value != value:  # noqa: PLR0124 - not a number is the only number unequal to itself
        raise BadInput(f"metric {name!r}: not a number")
    if not _UNIT.fullmatch(unit):
        raise BadInput(f"metric {name!r}: a unit is up to 12 letters, such as s or bytes")
    return name, float(value), unit
