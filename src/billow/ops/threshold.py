"""How datapoints are cut, compared to a bound and counted, for all alarms that have one."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

from billow.errors import DeclarationError
from billow.ops.judging import AlarmState, Missing, Verdict, judge

COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}

#: The longest time that all periods of an alarm may span together, seconds.
LONGEST = 86400.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """`datapoints` of the last `periods` datapoints that breach make it ALARM.

    Args:
        comparison: how a breaching datapoint compares to the bound: `>=`, `>`, `<=` or `<`.
        bound: in the metric's unit.
        period: seconds that one datapoint sums up: 10, 20, 30 or whole minutes.
        datapoints: M, how many must breach.
        periods: N, out of how many.
        missing: what a missing datapoint counts as.

    Raises:
        DeclarationError: a value is impossible.
    """

    comparison: str
    bound: float
    period: float = 60.0
    datapoints: int = 1
    periods: int = 1
    missing: Missing = Missing.MISSING

    def __post_init__(self) -> None:
        if self.comparison not in COMPARE:
            raise DeclarationError(f"compare with one of {', '.join(COMPARE)}")
        if self.period not in (10, 20, 30) and (self.period < 60 or self.period % 60):
            raise DeclarationError(
                f"a period is 10, 20 or 30 s or whole minutes, not {self.period:g} s"
            )
        if not 1 <= self.datapoints <= self.periods:
            raise DeclarationError(
                f"{self.datapoints} of {self.periods} datapoints cannot be; "
                "needs 1 <= datapoints <= periods"
            )
        if self.period * self.periods > LONGEST:
            raise DeclarationError(
                f"{self.periods} periods of {self.period:g} s are more than a day"
            )

    @property
    def step(self) -> float:
        """Seconds between two evaluations: a minute, or 10 s if the period is shorter."""
        return 60.0 if self.period >= 60 else 10.0

    @property
    def reach(self) -> int:
        """How many datapoints back it looks for real ones."""
        return self.periods + max(self.periods // 3, 2)

    def decide(self, values: Sequence[float | None], before: AlarmState) -> Verdict:
        """The verdict on datapoints, oldest first, of which None are missing."""
        points = [None if value is None else self.breaches(value) for value in values]
        state = judge(points, self.periods, self.datapoints, self.missing, before)
        return Verdict(state, next((v for v in reversed(values) if v is not None), None))

    def breaches(self, value: float) -> bool:
        """Whether a datapoint breaches the bound."""
        return bool(COMPARE[self.comparison](value, self.bound))
