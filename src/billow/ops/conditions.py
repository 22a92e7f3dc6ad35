"""What makes an alarm: a bound, what is unusual, what is absent, a budget that burns too fast.

Each is a value whose `verdict` is a pure function of what was measured, the time, and the state
until now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from billow.ops.band import PAST, Past, usual
from billow.ops.judging import AlarmState, Verdict, alarm_if
from billow.ops.metric import Datapoint, Metric, Share
from billow.ops.summary import Source
from billow.ops.threshold import Threshold

_NONE = Verdict()


class Moment(NamedTuple):
    """When an alarm is evaluated, and what it was until then."""

    at: float
    before: AlarmState = AlarmState.INSUFFICIENT_DATA
    #: Since when it is watched.
    began: float = 0.0


@dataclass(frozen=True, slots=True)
class Bound:
    """A metric, or the share of one in another, against a threshold."""

    metric: Metric | Share
    threshold: Threshold
    #: Whether datapoints of percentiles with too few values are evaluated all the same.
    few: bool = True

    @property
    def step(self) -> float:
        """Seconds between two evaluations."""
        return self.threshold.step

    def verdict(self, source: Source, now: Moment) -> Verdict:
        """The verdict on windows that end now."""
        at, rule = now.at, self.threshold
        points = self.metric.read(source, at - rule.reach * rule.period, rule.period, rule.reach)
        newest = next((point for point in reversed(points) if point is not None), None)
        if newest is not None and not newest.enough and not self.few:
            return Verdict(now.before, newest.value)
        return rule.decide([_value(point) for point in points], now.before)


@dataclass(frozen=True, slots=True)
class Unusual:
    """A metric outside of what is usual at this hour of the week; see `billow.ops.band`."""

    metric: Metric | Share
    #: `outside`, `above` or `below`.
    side: str
    #: Half of the band, in robust standard deviations.
    width: float
    #: Only its periods and numbers count, the bound is what is usual.
    threshold: Threshold

    @property
    def step(self) -> float:
        """Seconds between two evaluations."""
        return self.threshold.step

    def verdict(self, source: Source, now: Moment) -> Verdict:
        """Datapoints that are unusual breach."""
        at, rule = now.at, self.threshold
        since = at - rule.reach * rule.period
        recent = self.metric.read(source, since, rule.period, rule.reach)
        count = int(PAST // rule.period)
        past = [
            Past(since - (count - place) * rule.period, point.value)
            for place, point in enumerate(
                self.metric.read(source, since - count * rule.period, rule.period, count)
            )
            if point is not None
        ]
        highest = 100.0 if str(self.metric).startswith("host.") else None
        band = usual(past, at, self.width, highest)
        if band is None:
            return Verdict(AlarmState.INSUFFICIENT_DATA, _latest(recent))
        far = [self._distance(_value(one), band.low, band.high) for one in recent]
        return Verdict(rule.decide(far, now.before).state, _latest(recent))

    def _distance(self, value: float | None, low: float, high: float) -> float | None:
        """How far outside of the band a value is; the rule's bound is 0."""
        if value is None:
            return None
        above, below = value - high, low - value
        return {"above": above, "below": below}.get(self.side, max(above, below))


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing of a metric has been measured for a time."""

    metric: Metric
    #: Seconds.
    span: float

    @property
    def step(self) -> float:
        """Seconds between two evaluations."""
        return 60.0 if self.span >= 60 else 10.0

    def verdict(self, source: Source, now: Moment) -> Verdict:
        """ALARM once it has been watched in vain for the whole time."""
        [seen] = source.summaries(self.metric.name, now.at - self.span, now.at, self.span)
        if seen is not None:
            return Verdict(AlarmState.OK, float(seen.count))
        watched = now.at - now.began >= self.span
        return Verdict(AlarmState.ALARM, 0.0) if watched else _NONE


@dataclass(frozen=True, slots=True)
class Burn:
    """An error budget that burns too fast, in a long window and still in a short one."""

    bad: Metric
    every: Metric
    #: The share that may not be bad, such as 0.999.
    objective: float
    #: Seconds, and how many times faster than the budget allows.
    long: float
    short: float
    rate: float
    #: Fewer bad ones in the long window prove nothing.
    least: float = 10

    @property
    def step(self) -> float:
        """Seconds between two evaluations."""
        return 60.0

    def verdict(self, source: Source, now: Moment) -> Verdict:
        """ALARM if both windows burn at least at the rate; the value is the long one's rate."""
        long, bad = self._burnt(source, now.at, self.long)
        short, _ = self._burnt(source, now.at, self.short)
        if long is None:
            return _NONE
        fast = long >= self.rate and short is not None and short >= self.rate
        return Verdict(alarm_if(fast and bad >= self.least), long)

    def _burnt(self, source: Source, at: float, span: float) -> tuple[float | None, float]:
        """How fast the budget burnt in a window, and how many were bad."""
        [every] = source.summaries(self.every.name, at - span, at, span)
        [bad] = source.summaries(self.bad.name, at - span, at, span)
        if every is None or every.total <= 0:
            return None, 0.0
        wrong = bad.total if bad else 0.0
        return wrong / every.total / (1 - self.objective), wrong


Condition: TypeAlias = Bound | Unusual | Absent | Burn


def _value(point: Datapoint | None) -> float | None:
    return None if point is None else point.value


def _latest(points: list[Datapoint | None]) -> float | None:
    return next((point.value for point in reversed(points) if point is not None), None)
