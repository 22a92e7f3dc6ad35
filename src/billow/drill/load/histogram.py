"""Latencies, counted in buckets: bounded memory, and an error below one percent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

#: Buckets between two powers of two: their width is at most 1/128 of what they hold.
_BITS = 7
_PER_OCTAVE = 1 << _BITS
_MICRO = 1_000_000


class Histogram:
    """How often each latency was seen. Times are seconds, kept to the microsecond."""

    __slots__ = ("buckets", "count", "longest", "total")

    def __init__(self) -> None:
        self.buckets: Counter[int] = Counter()
        self.count = 0
        self.total = 0.0
        self.longest = 0.0

    def add(self, value: float) -> None:
        """Count one; negative ones count as 0."""
        value = max(0.0, value)
        self.buckets[bucket_of(round(value * _MICRO))] += 1
        self.count += 1
        self.total += value
        self.longest = max(self.longest, value)

    def merge(self, other: Histogram) -> None:
        """Count everything that another has counted."""
        self.buckets.update(other.buckets)
        self.count += other.count
        self.total += other.total
        self.longest = max(self.longest, other.longest)

    def quantile(self, share: float) -> float | None:
        """The latency that `share` of all did not exceed; None if none was seen."""
        if not self.count:
            return None
        wanted = share * self.count
        passed = 0
        for bucket in sorted(self.buckets):
            passed += self.buckets[bucket]
            if passed >= wanted:
                return min(self.longest, upper_edge(bucket) / _MICRO)
        return self.longest

    @property
    def mean(self) -> float | None:
        """The mean latency; None if none was seen."""
        return self.total / self.count if self.count else None

    def document(self) -> dict[str, Any]:
        """All of it, as JSON says it."""
        return {"b": sorted(self.buckets.items()), "t": self.total, "m": self.longest}

    @classmethod
    def read(cls, told: dict[str, Any]) -> Histogram:
        """What `document` told."""
        made = cls()
        made.buckets.update({int(bucket): int(count) for bucket, count in told["b"]})
        made.count = sum(made.buckets.values())
        made.total, made.longest = told["t"], told["m"]
        return made


def together(histograms: Iterable[Histogram]) -> Histogram:
    """One histogram of all."""
    made = Histogram()
    for histogram in histograms:
        made.merge(histogram)
    return made


def bucket_of(micros: int) -> int:
    """The bucket that holds so many microseconds."""
    octave = max(0, micros.bit_length() - _BITS - 1)
    return (octave << _BITS) + (micros >> octave)


def upper_edge(bucket: int) -> int:
    """The greatest number of microseconds that a bucket holds."""
    octave = max(0, (bucket >> _BITS) - 1)
    return ((bucket - (octave << _BITS) + 1) << octave) - 1
