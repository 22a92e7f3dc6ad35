"""What many values come down to: how many, their sum, the extremes, and about where they lie."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import floordiv
from typing import Protocol

from billow.errors import DeclarationError

#: The buckets are those of OpenTelemetry's exponential histograms of this scale. The ratio of two
#: neighbours is the 16th root of 2, so that a percentile is right within 2.2 %.
SCALE = 4
GAMMA = 2.0 ** (2.0**-SCALE)
_LOG_GAMMA = math.log(GAMMA)
#: The bucket of zero, of what is below zero, and of what is next to nothing.
LOWEST = -600
_LEAST = GAMMA**LOWEST

#: Statistics by name, beside percentiles such as `p95` and `p99.9`.
STATISTICS = ("avg", "sum", "min", "max", "count")


def bucket_of(value: float) -> int:
    """The bucket that a value falls into."""
    return LOWEST if value <= _LEAST else -int(math.log(value) // -_LOG_GAMMA)


def buckets_of(values: Sequence[float]) -> dict[int, int]:
    """How many values fall into each bucket; there must be at least one value."""
    least = min(values)
    lowest = bucket_of(least)
    if lowest == bucket_of(max(values)):
        return {lowest: len(values)}
    above = values if least > _LEAST else [value for value in values if value > _LEAST]
    # What `bucket_of` does, without a call in Python for every value.
    placed = Counter(map(floordiv, map(math.log, above), repeat(-_LOG_GAMMA)))
    found = {-int(place): count for place, count in placed.items()}
    if len(above) < len(values):
        found[LOWEST] = len(values) - len(above)
    return found


def value_of(bucket: int) -> float:
    """The value that stands for a bucket."""
    return 0.0 if bucket <= LOWEST else 2 * GAMMA**bucket / (GAMMA + 1)


@dataclass(frozen=True, slots=True)
class Summary:
    """Values summed up. Adding two gives that of all their values, in any order."""

    count: int
    total: float
    low: float
    high: float
    #: How many values each bucket has; empty if no percentiles are asked of this metric.
    buckets: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: Summary) -> Summary:
        buckets = dict(self.buckets)
        for bucket, count in other.buckets.items():
            buckets[bucket] = buckets.get(bucket, 0) + count
        return Summary(
            self.count + other.count,
            self.total + other.total,
            min(self.low, other.low),
            max(self.high, other.high),
            buckets,
        )

    def statistic(self, name: str) -> float | None:
        """A statistic by its name; None if nothing is known of it."""
        match name:
            case "avg":
                return self.total / self.count if self.count else None
            case "sum":
                return self.total
            case "min":
                return self.low if self.count else None
            case "max":
                return self.high if self.count else None
            case "count":
                return float(self.count)
            case _:
                return self._percentile(percent(name))

    def _percentile(self, share: float) -> float | None:
        """The value that `share` of the values do not exceed, within 2.2 %."""
        known = sum(self.buckets.values())
        rank, seen = share * known, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                return min(max(value_of(bucket), self.low), self.high)
        return None


def summary_of(values: Iterable[float]) -> Summary:
    """The summary of these values; there must be at least one."""
    every = list(values)
    return Summary(len(every), sum(every), min(every), max(every), buckets_of(every))


def is_statistic(name: str) -> bool:
    """Whether a statistic is called so."""
    if name in STATISTICS:
        return True
    try:
        percent(name)
    except DeclarationError:
        return False
    return True


def percent(name: str) -> float:
    """The share that a percentile's name says: `p95` is 0.95.

    Raises:
        DeclarationError: it is no percentile.
    """
    try:
        share = float(name[1:]) / 100 if name[:1] == "p" and name[1:2].isdigit() else math.nan
    except ValueError:
        share = math.nan
    if not 0 < share < 1:
        allowed = ", ".join(STATISTICS)
        raise DeclarationError(f"{name!r} is no statistic; there are {allowed}, p50, p95, p99.9 …")
    return share


def enough(name: str, count: int) -> bool:
    """Whether so many values tell something about a percentile, as CloudWatch has it."""
    if name in STATISTICS:
        return True
    share = percent(name)
    return count >= 10 / (1 - share) if share >= 0.5 else count >= 10 / share


class Source(Protocol):
    """Where measured values come from."""

    def summaries(self, name: str, since: float, until: float, step: float) -> list[Summary | None]:
        """A metric in steps from `since` to before `until`; None where nothing was measured."""
        ...

    def kind(self, name: str) -> str:
        """`counter`, `gauge` or `timer`; a gauge if the metric is not known."""
        ...
