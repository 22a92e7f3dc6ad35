"""Evaluates alarms when they are due, tells what changed, and has things done about it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from billow.clock import Clock
from billow.ops import controls
from billow.ops.engine import Evaluated, Memory, due, evaluate, set_state
from billow.ops.judging import AlarmState
from billow.ops.lease import Lease
from billow.ops.summary import Source
from billow.ops.watched import Watched, in_order
from billow.ports.journal import Journal

#: Seconds after the end of a period when all processes have surely shipped what they measured.
LATE = 4.0

_log = logging.getLogger("billow.alarms")


class Turn(NamedTuple):
    """An evaluation after which something may have to be done."""

    watched: Watched
    evaluated: Evaluated
    #: In words, with the value that decided.
    reason: str
    at: float


class Watch:
    """All alarms of a service; call `tick` about once a second.

    Args:
        alarms: what is watched.
        source: the measured values.
        journal: where states are kept and changes written down.
        lease: only who holds it evaluates.
        act: called when something may have to be done; before the state is kept, so that after a
            crash it is done again rather than not at all.
        clock: real time.
    """

    def __init__(
        self,
        alarms: Sequence[Watched],
        source: Source,
        journal: Journal,
        lease: Lease,
        act: Callable[[Turn], None],
        clock: Clock,
    ) -> None:
        self._alarms = in_order(alarms)
        self._source = source
        self._journal = journal
        self._lease = lease
        self._act = act
        self._clock = clock
        self._memories: dict[str, Memory] | None = None
        #: When a state was last set by hand, by alarm.
        self._asked: dict[str, float] = {}

    def tick(self) -> bool:
        """Evaluate what is due; False if another process does that."""
        if not self._lease.held():
            self._memories = None  # it may have changed by the time it is ours
            return False
        if self._memories is None:
            self._memories = self._remember()
        now = self._clock.now()
        for watched in self._alarms:
            try:
                self._look_at(watched, now)
            except Exception:
                _log.exception("alarm %r could not be evaluated", watched.alarm.name)
        return True

    @property
    def states(self) -> dict[str, AlarmState]:
        """The states of all alarms."""
        return {name: memory.state for name, memory in (self._memories or {}).items()}

    def _look_at(self, watched: Watched, now: float) -> None:
        alarm = watched.alarm
        memory = self._memory(alarm.name)
        control = controls.control(self._journal, alarm.name)
        asked = control.get("asked", 0.0)
        if asked > self._asked.get(alarm.name, memory.evaluated):
            self._asked[alarm.name] = asked
            found = set_state(memory, AlarmState(control["state"]), now)
            self._take_in(watched, found, control["reason"], now, control)
            return
        at = due(alarm, memory, now, LATE)
        if at is None:
            return
        found = evaluate(alarm, memory, at, self._source, self.states)
        self._take_in(watched, found, _reason(watched, found.memory), now, control)

    def _take_in(
        self, watched: Watched, found: Evaluated, reason: str, now: float, control: dict[str, Any]
    ) -> None:
        name = watched.alarm.name
        if found.before is not None:
            self._tell(name, found, reason)
        if (found.acts or found.repeats) and not control.get("off"):
            self._act(Turn(watched, found, reason, now))
        assert self._memories is not None
        self._memories[name] = found.memory
        controls.show(self._journal, name, {**_shape(watched), **found.memory.pack(),
                                            "off": bool(control.get("off"))})  # fmt: skip

    def _tell(self, name: str, found: Evaluated, reason: str) -> None:
        before, after = found.before, found.memory.state
        # Beginnings and ends of alarms are news; that there is data now is only written down.
        news = AlarmState.ALARM in (before, after)
        kind = f"{'alarm' if news else 'watch'}.{after.lower()}"
        facts = {
            "alarm": name,
            "before": before,
            "after": after,
            "value": found.memory.verdict.value,
        }
        self._journal.write(kind, name, f"{before} -> {after}, {reason}", facts)

    def _memory(self, name: str) -> Memory:
        assert self._memories is not None
        return self._memories.get(name, Memory())

    def _remember(self) -> dict[str, Memory]:
        kept = controls.alarms(self._journal)
        names = {watched.alarm.name for watched in self._alarms}
        memories = {n: Memory.unpack(facts) for n, facts in kept.items() if n in names}
        # What was not watched meanwhile is no absence.
        now = self._clock.now()
        return {name: replace(memory, began=now) for name, memory in memories.items()}


def _reason(watched: Watched, memory: Memory) -> str:
    value = memory.verdict.value
    if watched.alarm.term is not None:
        return watched.alarm.when
    seen = "no data" if value is None else f"{value:.4g}"
    return f"{seen} ({watched.alarm.when})"


def _shape(watched: Watched) -> dict[str, Any]:
    alarm = watched.alarm
    return {
        "when": alarm.when,
        "about": alarm.about,
        "do": [str(action) for action in watched.do],
        "dry": watched.dry,
        "page": watched.page,
        "severity": watched.severity,
        "default": watched.default,
    }
