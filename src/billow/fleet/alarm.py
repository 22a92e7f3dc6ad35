"""Alarms as CloudWatch evaluates them: M of the last N datapoints, and what missing data means."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from billow.errors import DeclarationError
from billow.fleet.policy import AlarmView
from billow.fleet.samples import Samples

_COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


class AlarmState(StrEnum):
    """What an alarm says of its metric."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Missing(StrEnum):
    """What a datapoint that is missing counts as, where too few are there to decide."""

    #: As nothing; if all are missing the state is INSUFFICIENT_DATA.
    MISSING = "missing"
    #: As no news: the state stays as it is.
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


def judge(
    points: Sequence[bool | None],
    periods: int,
    datapoints: int,
    missing: Missing,
    state: AlarmState,
) -> AlarmState:
    """The state that follows from `points`.

    Args:
        points: oldest first: whether each breaches the threshold, None if it is missing. More of
            them than `periods` let the alarm look further back for real ones.
        periods: N, how many datapoints decide.
        datapoints: M, how many of them must breach.
        missing: what a missing one counts as, used only if less than N real ones are there.
        state: the state until now.
    """
    real = [point for point in points if point is not None]
    breaching = sum(real)
    if len(real) >= periods:
        return _alarm_if(sum(real[-periods:]) >= datapoints)
    if missing is Missing.BREACHING:
        return _alarm_if(breaching + periods - len(real) >= datapoints)
    if missing is Missing.NOT_BREACHING or not all(real) or breaching >= datapoints:
        return _alarm_if(breaching >= datapoints)
    if missing is Missing.IGNORE:
        return state
    return _premature(points, datapoints)


def _premature(points: Sequence[bool | None], datapoints: int) -> AlarmState:
    """The state when only breaching points are there, and too few, or none at all.

    It is an alarm once the oldest has had its periods, so that a single late point does not
    alarm at once.
    """
    age = next((len(points) - i for i, point in enumerate(points) if point is not None), 0)
    return AlarmState.ALARM if age >= datapoints else AlarmState.INSUFFICIENT_DATA


def _alarm_if(breaching: bool) -> AlarmState:
    return AlarmState.ALARM if breaching else AlarmState.OK


class Verdict(NamedTuple):
    """An alarm's state, and the latest datapoint it was decided on."""

    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Watches the average of a metric over periods; `M of N` datapoints that breach make it ALARM.

    Args:
        name: what people call it.
        comparison: how a breaching datapoint compares to the threshold: `>=`, `>`, `<=` or `<`.
        threshold: the bound, in the metric's unit.
        period: seconds that one datapoint averages: 10, 20, 30 or whole minutes.
        datapoints: M, how many must breach.
        periods: N, out of how many.
        missing: what a missing datapoint counts as.

    Raises:
        DeclarationError: a value is impossible.
    """

    name: str
    comparison: str
    threshold: float
    period: float = 60.0
    datapoints: int = 1
    periods: int = 1
    missing: Missing = Missing.MISSING

    def __post_init__(self) -> None:
        if self.comparison not in _COMPARE:
            raise DeclarationError(
                f"alarm {self.name!r}: compare with one of {', '.join(_COMPARE)}"
            )
        if self.period not in (10, 20, 30) and (self.period < 60 or self.period % 60):
            raise DeclarationError(
                f"alarm {self.name!r}: a period is 10, 20 or 30 s or whole minutes, "
                f"not {self.period:g} s"
            )
        if not 1 <= self.datapoints <= self.periods:
            raise DeclarationError(
                f"alarm {self.name!r}: {self.datapoints} of {self.periods} datapoints cannot be; "
                "needs 1 <= datapoints <= periods"
            )

    @property
    def step(self) -> float:
        """Seconds between two evaluations: a minute, or 10 s if the period is shorter."""
        return 60.0 if self.period >= 60 else 10.0

    @property
    def reach(self) -> int:
        """How many datapoints back it looks for real ones."""
        return self.periods + max(self.periods // 3, 2)

    def samples(self) -> Samples:
        """An empty `Samples` that remembers as much as this alarm looks at."""
        return Samples(self.step, self.reach * self._steps_per_period + 1)

    def evaluate(self, samples: Samples, at: int, before: Verdict) -> Verdict:
        """The verdict at the beginning of step number `at`, on windows that end there."""
        length = self._steps_per_period
        ends = range(at - (self.reach - 1) * length, at + 1, length)
        values = [samples.mean(end - length, end) for end in ends]
        points = [None if value is None else self.breaches(value) for value in values]
        state = judge(points, self.periods, self.datapoints, self.missing, before.state)
        latest = next((value for value in reversed(values) if value is not None), None)
        return Verdict(state, latest)

    def breaches(self, value: float) -> bool:
        """Whether a datapoint breaches the threshold."""
        return bool(_COMPARE[self.comparison](value, self.threshold))

    def view(self, verdict: Verdict) -> AlarmView:
        """The alarm for people to see."""
        return AlarmView(
            self.name, str(verdict.state), verdict.value, self.threshold, self.comparison
        )

    @property
    def _steps_per_period(self) -> int:
        return round(self.period / self.step)
