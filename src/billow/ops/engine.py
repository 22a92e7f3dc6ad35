"""An alarm's life: evaluated at each step, told of once, its actions held back if need be.

Pure functions of what was measured, the alarm's own memory, and the time; live control and tests
run the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from billow.ops.alarm import Alarm
from billow.ops.composite import holds
from billow.ops.conditions import Moment
from billow.ops.judging import AlarmState, Verdict, alarm_if
from billow.ops.summary import Source


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of an alarm."""

    verdict: Verdict = field(default_factory=Verdict)
    #: Since when it is in its state, and since when it is watched, UNIX seconds.
    since: float = 0.0
    began: float = 0.0
    #: The last evaluation, UNIX seconds; 0 if there was none.
    evaluated: float = 0.0
    #: The state that actions last ran for.
    told: AlarmState = AlarmState.INSUFFICIENT_DATA
    #: Whether actions are held back by another alarm, and until when, once that is gone.
    held: bool = False
    held_until: float = 0.0

    @property
    def state(self) -> AlarmState:
        """The state it is in."""
        return self.verdict.state

    def pack(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "state": self.state.value,
            "value": self.verdict.value,
            "since": self.since,
            "began": self.began,
            "evaluated": self.evaluated,
            "told": self.told.value,
            "held": self.held,
            "held_until": self.held_until,
        }

    @classmethod
    def unpack(cls, facts: Mapping[str, Any]) -> Memory:
        """From JSON."""
        return cls(
            Verdict(AlarmState(facts["state"]), facts["value"]),
            facts["since"],
            facts["began"],
            facts["evaluated"],
            AlarmState(facts["told"]),
            facts["held"],
            facts["held_until"],
        )


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What came of an evaluation."""

    memory: Memory
    #: The state before, if it changed.
    before: AlarmState | None = None
    #: Whether what is to be done once for this state is to be done now.
    acts: bool = False
    #: Whether what is to be done again and again while in this state is to be done now.
    repeats: bool = False


def due(alarm: Alarm, memory: Memory, now: float, late: float) -> float | None:
    """The moment that an evaluation at `now` is for; None if that one was made.

    Args:
        alarm: the alarm.
        memory: what is remembered of it.
        now: UNIX seconds.
        late: seconds that measured values may take to arrive.
    """
    at = (now - late) // alarm.step * alarm.step
    # An evaluation that lies in the future is left from before the clock was set back.
    return None if memory.evaluated == at else at


def evaluate(
    alarm: Alarm,
    memory: Memory,
    at: float,
    source: Source,
    states: Mapping[str, AlarmState],
) -> Evaluated:
    """Evaluate once, on what was measured until `at`.

    Args:
        alarm: the alarm.
        memory: what is remembered of it.
        at: UNIX seconds.
        source: the measured values.
        states: the states of all alarms.
    """
    if not memory.began:
        memory = replace(memory, began=at, since=at)
    if alarm.term is not None:
        verdict = Verdict(alarm_if(holds(alarm.term, states)))
    else:
        assert alarm.condition is not None
        verdict = alarm.condition.verdict(source, Moment(at, memory.state, memory.began))
    after = replace(memory, verdict=verdict, evaluated=at)
    if verdict.state is not memory.state:
        after = replace(after, since=at)
    return _act(alarm, memory.state, after, at, states)


def set_state(memory: Memory, state: AlarmState, at: float) -> Evaluated:
    """Put an alarm into a state by hand, until it is evaluated next."""
    before = memory.state
    after = replace(memory, verdict=Verdict(state, memory.verdict.value), since=at, told=state)
    changed = state is not before
    return Evaluated(after, before if changed else None, acts=changed, repeats=False)


def _act(
    alarm: Alarm, before: AlarmState, after: Memory, at: float, states: Mapping[str, AlarmState]
) -> Evaluated:
    changed = before if after.state is not before else None
    after = _hold(alarm, changed is not None, after, at, states)
    if after.held or at < after.held_until:
        return Evaluated(after, changed)
    acts = after.state is not after.told
    return Evaluated(replace(after, told=after.state), changed, acts, repeats=True)


def _hold(
    alarm: Alarm, changed: bool, memory: Memory, at: float, states: Mapping[str, AlarmState]
) -> Memory:
    """Hold actions back, or let them go, as the other alarm says."""
    if not alarm.unless:
        return memory
    if states.get(alarm.unless) is AlarmState.ALARM:
        return replace(memory, held=True, held_until=0.0)
    if memory.held:
        return replace(memory, held=False, held_until=at + alarm.extend)
    if changed and at >= memory.held_until:
        return replace(memory, held_until=at + alarm.wait)
    return memory
