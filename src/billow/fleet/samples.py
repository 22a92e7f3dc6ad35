"""A metric's recent values, for averages over sliding windows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple


class _Step(NamedTuple):
    """What was seen in the seconds from `number` x step to the next step."""

    number: int
    total: float
    seen: int


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of the last `keep` steps of `step` seconds each. Adding gives a new `Samples`.

    Each step counts alike in an average, however often it was sampled, as if the metric were
    published once a step.
    """

    step: float
    keep: int
    _steps: tuple[_Step, ...] = ()

    def add(self, value: float, now: float) -> Samples:
        """These samples, and `value` seen at `now`."""
        index = self.index(now)
        # Steps after this one are left from before the clock was set back.
        kept = tuple(s for s in self._steps if index - self.keep < s.number < index)
        same = next((s for s in self._steps if s.number == index), _Step(index, 0.0, 0))
        latest = _Step(index, same.total + value, same.seen + 1)
        return replace(self, _steps=(*kept, latest))

    def index(self, at: float) -> int:
        """Number of the step that `at` lies in; steps are cut at multiples of their length."""
        return int(at // self.step)

    def mean(self, begin: int, end: int) -> float | None:
        """The average over the steps from `begin` to before `end`; None if nothing was seen."""
        means = [s.total / s.seen for s in self._steps if begin <= s.number < end]
        return sum(means) / len(means) if means else None
