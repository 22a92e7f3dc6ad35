"""The alarms of a fleet's policy: the thresholds of all alarms, on averages of what was seen."""

from __future__ import annotations

from dataclasses import dataclass

from billow.errors import DeclarationError
from billow.fleet.policy import AlarmView
from billow.fleet.samples import Samples
from billow.ops.judging import Missing, Verdict
from billow.ops.threshold import Threshold


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
        try:
            _ = self.rule
        except DeclarationError as problem:
            raise DeclarationError(f"alarm {self.name!r}: {problem.detail}") from None

    @property
    def rule(self) -> Threshold:
        """How datapoints are cut, compared and counted."""
        return Threshold(
            self.comparison,
            self.threshold,
            self.period,
            self.datapoints,
            self.periods,
            self.missing,
        )

    @property
    def step(self) -> float:
        """Seconds between two evaluations: a minute, or 10 s if the period is shorter."""
        return self.rule.step

    def samples(self) -> Samples:
        """An empty `Samples` that remembers as much as this alarm looks at."""
        return Samples(self.step, self.rule.reach * self._steps_per_period + 1)

    def evaluate(self, samples: Samples, at: int, before: Verdict) -> Verdict:
        """The verdict at the beginning of step number `at`, on windows that end there."""
        rule, length = self.rule, self._steps_per_period
        ends = range(at - (rule.reach - 1) * length, at + 1, length)
        return rule.decide([samples.mean(end - length, end) for end in ends], before.state)

    def view(self, verdict: Verdict) -> AlarmView:
        """The alarm for people to see."""
        return AlarmView(
            self.name, str(verdict.state), verdict.value, self.threshold, self.comparison
        )

    @property
    def _steps_per_period(self) -> int:
        return round(self.period / self.step)
