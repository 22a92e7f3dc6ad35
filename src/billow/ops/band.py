"""What is usual at this hour of the week: the median of the past, and a band around it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

#: How far back is looked, seconds, and how many values make a past.
PAST = 14 * 86400.0
LEAST = 30

#: Makes the median absolute deviation of normal values their standard deviation.
_TO_SIGMA = 1.4826
#: The band is never narrower than this share of the median.
_NARROWEST = 0.01

_HOUR, _DAY, _WEEK = 3600.0, 86400.0, 7 * 86400.0


class Band(NamedTuple):
    """What is usual; `middle` is the median."""

    low: float
    middle: float
    high: float


class Past(NamedTuple):
    """A value of the past."""

    at: float
    value: float


def usual(
    past: Sequence[Past], at: float, width: float, highest: float | None = None
) -> Band | None:
    """The band at `at`, from values of this hour of the week, else of the day; None without a past.

    Args:
        past: measured values, of up to two weeks.
        at: UNIX seconds.
        width: half of the band, in robust standard deviations.
        highest: what no value can exceed, such as 100 of a percentage.
    """
    for season in (_WEEK, _DAY):
        near = [one.value for one in past if _apart(one.at, at, season) <= _HOUR / 2]
        if len(near) >= LEAST:
            return _around(near, width, highest)
    return None


def _apart(one: float, other: float, season: float) -> float:
    """Seconds between two moments of a season, the short way round."""
    gap = abs(one - other) % season
    return min(gap, season - gap)


def _around(values: Sequence[float], width: float, highest: float | None) -> Band:
    middle = median(values)
    deviation = _TO_SIGMA * median(abs(value - middle) for value in values)
    half = max(width * deviation, _NARROWEST * abs(middle))
    low, high = middle - half, middle + half
    if min(values) >= 0:
        low = max(0.0, low)
    return Band(low, middle, high if highest is None else min(highest, high))
