"""Step by step on an alarm: the simple scaling of Auto Scaling groups on CloudWatch alarms."""

from __future__ import annotations

from dataclasses import dataclass, replace

from billow.errors import DeclarationError
from billow.fleet.alarm import Alarm
from billow.fleet.policy import Decision, Observation
from billow.fleet.samples import Samples
from billow.ops.judging import AlarmState, Missing, Verdict
from billow.units import Duration, human_time, seconds

_UNKNOWN = Verdict()


@dataclass(frozen=True, slots=True)
class _Memory:
    """What was seen, which evaluation was the last, and what it said."""

    samples: Samples
    evaluated: int | None = None
    out: Verdict = _UNKNOWN
    in_: Verdict = _UNKNOWN


@dataclass(frozen=True, slots=True)
class StepScaling:
    """`by` workers more when many messages are visible, `by` fewer when few are; then a cooldown.

    Two alarms watch the average number of visible messages over `period`. They are evaluated
    every minute (every 10 s for periods below a minute) on sliding windows. While an alarm is in
    ALARM each evaluation asks for a step; it is taken unless an earlier step is still under way
    (a launched worker is not in service yet, a leaving one has not left) or was complete less
    than `cooldown` ago.

    Args:
        out_at: scale out when the average is at least this.
        in_at: scale in when the average is at most this.
        period: what one datapoint averages: 10, 20, 30 s or whole minutes.
        cooldown: rest after a step, counted from the end of its launch or termination.
        by: workers in one step.
        datapoints: how many datapoints must breach ...
        periods: ... out of the last how many; `datapoints` if not given.
        missing: what a missing datapoint counts as: "missing", "ignore", "breaching",
            "notBreaching".

    Raises:
        DeclarationError: a value is impossible.
    """

    out_at: float = 15
    in_at: float = 2
    period: Duration = "5 min"
    cooldown: Duration = "300 s"
    by: int = 1
    datapoints: int = 1
    periods: int | None = None
    missing: str = "missing"

    def __post_init__(self) -> None:
        if self.in_at >= self.out_at:
            raise DeclarationError(
                f"StepScaling(out_at={self.out_at}, in_at={self.in_at}): in_at must be below out_at"
            )
        if self.by < 1:
            raise DeclarationError(f"StepScaling(by={self.by}): a step is at least 1 worker")
        if self.missing not in [choice.value for choice in Missing]:
            allowed = ", ".join(choice.value for choice in Missing)
            raise DeclarationError(f"StepScaling(missing={self.missing!r}): choose from {allowed}")
        seconds(self.cooldown)
        self.alarms()

    def alarms(self) -> tuple[Alarm, Alarm]:
        """The alarms that ask for a step out and a step in."""
        out = self._alarm("scale out", ">=", self.out_at)
        return out, self._alarm("scale in", "<=", self.in_at)

    def start(self) -> _Memory:
        """Nothing seen yet; both alarms lack data."""
        return _Memory(self.alarms()[0].samples())

    def decide(self, seen: Observation, memory: _Memory, now: float) -> tuple[Decision, _Memory]:
        """A step, if an alarm asks for it and no other step is under way or in its cooldown."""
        before = memory.evaluated
        memory = self._evaluate(memory, now)
        if seen.known:
            memory = replace(memory, samples=memory.samples.add(seen.visible, now))
        evaluated_now = before is not None and memory.evaluated != before
        wanted, reason = self._step(seen, memory, now, evaluated_now)
        out, in_ = self.alarms()
        return Decision(wanted, reason, (out.view(memory.out), in_.view(memory.in_))), memory

    def _alarm(self, name: str, comparison: str, threshold: float) -> Alarm:
        return Alarm(
            name,
            comparison,
            threshold,
            seconds(self.period),
            self.datapoints,
            self.periods or self.datapoints,
            Missing(self.missing),
        )

    def _evaluate(self, memory: _Memory, now: float) -> _Memory:
        """Evaluate both alarms once for each step that has begun since the last time."""
        latest = memory.samples.index(now)
        if memory.evaluated is None or latest < memory.evaluated:
            return replace(memory, evaluated=latest)
        out, in_ = self.alarms()
        # After a long sleep only the last windows' worth of evaluations can still matter.
        first = max(memory.evaluated + 1, latest - memory.samples.keep)
        for at in range(first, latest + 1):
            memory = replace(
                memory,
                evaluated=at,
                out=out.evaluate(memory.samples, at, memory.out),
                in_=in_.evaluate(memory.samples, at, memory.in_),
            )
        return memory

    def _step(
        self, seen: Observation, memory: _Memory, now: float, evaluated: bool
    ) -> tuple[int, str]:
        if memory.out.state is AlarmState.ALARM:
            step, why = self.by, self._sum_up(memory.out, ">=", self.out_at)
        elif memory.in_.state is AlarmState.ALARM:
            step, why = -self.by, self._sum_up(memory.in_, "<=", self.in_at)
        else:
            return seen.wanted, self._quiet(memory)
        if obstacle := self._obstacle(seen, now):
            return seen.wanted, f"{why}; {obstacle}"
        if not evaluated:
            return seen.wanted, f"{why}; acts at the next evaluation"
        return max(0, seen.wanted + step), f"{why}: {step:+d}"

    def _obstacle(self, seen: Observation, now: float) -> str:
        """Why no step may be taken now; empty if it may."""
        if seen.changing:
            return "waits until the last step is complete"
        if seen.settled_at is None:
            return ""
        left = seen.settled_at + seconds(self.cooldown) - now
        return f"cooldown: {left:.0f} s left" if left > 0 else ""

    def _sum_up(self, verdict: Verdict, comparison: str, threshold: float) -> str:
        value = "no data" if verdict.value is None else f"{verdict.value:.1f}"
        of = f"{self.datapoints} of {self.periods or self.datapoints}"
        over = human_time(seconds(self.period))
        return f"{value} visible on average over {over} {comparison} {threshold:g} in {of}"

    def _quiet(self, memory: _Memory) -> str:
        if memory.out.value is None:
            return "no datapoint yet"
        return (
            f"{memory.out.value:.1f} visible on average over {human_time(seconds(self.period))}, "
            f"between {self.in_at:g} and {self.out_at:g}"
        )
