"""Takes the actions that alarms ask for, within all guards, and sees whether they helped."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from billow.clock import Clock
from billow.errors import Error
from billow.ops import controls
from billow.ops.action import Action
from billow.ops.judging import AlarmState
from billow.ops.lease import Lease
from billow.ops.paging import Pager
from billow.ops.remedies.guard import Bounds, Done, Evidence, rule
from billow.ops.remedies.records import Record, Records
from billow.ops.watch import Turn
from billow.ports.journal import Journal

#: Evaluations, beyond those that the alarm looks back on, after which one that goes on says that an
#: action did not help.
PATIENCE = 2

_log = logging.getLogger("billow.remedies")


class Hands(Protocol):
    """What can be done to the service, and how it looks to whoever would do it."""

    def look(self, action: Action) -> Evidence:
        """What speaks for an action beside its alarm, and what it would be taken on."""
        ...

    def act(self, action: Action, evidence: Evidence, alarm: str, reason: str) -> str:
        """Take an action that an alarm asks for; what was done, in words.

        Raises:
            Error: it could not be done.
        """
        ...

    def lift(self, action: Action, alarm: str) -> bool:
        """End what an action has going on because of an alarm; False if nothing does."""
        ...


@dataclass
class _Course:
    """What is being done about one alarm."""

    #: Its latest action, and how often the alarm was evaluated since.
    record: Record | None = None
    waited: int = 0
    #: The next of its actions.
    place: int = 0
    #: What was told last, so that it is told once.
    told: str = ""
    paged: bool = False


class Remedies:
    """Call `consider` after each evaluation of an alarm.

    Args:
        journal: where the switch is, and where decisions are told.
        records: where actions are written down.
        hands: what takes them.
        lease: only who holds it acts.
        pager: who is told that nothing more will be done.
        maintained: whether a service is being worked on, so that nothing is to be done.
        clock: real time.
        service: whose people are told where the alarm itself pages nobody.
        bounds: how much may be done.
    """

    def __init__(
        self,
        journal: Journal,
        records: Records,
        hands: Hands,
        lease: Lease,
        *,
        pager: Pager | None,
        maintained: Callable[[str], bool],
        clock: Clock,
        service: str,
        bounds: Bounds | None = None,
    ) -> None:
        self._journal = journal
        self._records = records
        self._hands = hands
        self._lease = lease
        self._pager = pager
        self._maintained = maintained
        self._clock = clock
        self._service = service
        self._bounds = bounds or Bounds()
        self._courses: dict[str, _Course] = {}
        self._taken_over = False

    def consider(self, turn: Turn) -> None:
        """Do what is to be done, if anything, and look whether what was done has helped."""
        name, actions = turn.watched.alarm.name, turn.watched.do
        if not actions:
            return
        course = self._courses.setdefault(name, _Course())
        if turn.evaluated.memory.state is not AlarmState.ALARM:
            self._over(turn, course)
            return
        if course.record is not None and not self._did_not_help(turn, course):
            return
        if course.place >= len(actions):
            self._give_up(turn, course, f"{', '.join(map(str, actions))}: no help")
            return
        self._try(turn, course, actions[course.place])

    def _try(self, turn: Turn, course: _Course, action: Action) -> None:
        """Take one action, unless a guard speaks against it."""
        if not self._lease.held():
            return
        name, now = turn.watched.alarm.name, self._clock.now()
        mode = controls.mode(self._journal)
        if mode == "off" or self._maintained(turn.watched.page or self._service):
            why = "remedies are off" if mode == "off" else "it is being maintained"
            self._tell(course, "held", name, f"{action}: {why}")
            return
        try:
            evidence = self._hands.look(action)
        except Error as problem:
            self._tell(course, "held", name, f"{action}: {problem.detail}")
            return
        past = [one.done for one in self._recent(now)]
        ruling = rule(action, name, evidence, past, now, self._bounds)
        if not ruling.act:
            self._tell(course, "held", name, f"{action}: {ruling.reason}")
            if ruling.page:
                self._give_up(turn, course, f"{action}: {ruling.reason}")
            return
        dry = turn.watched.dry or mode == "dry-run"
        outcome = "dry run" if dry else "acting"
        about = Done(now, action.kind, action.target, name, outcome, evidence.member)
        told = Record("", about, turn.reason, evidence.sign)
        if dry:
            if self._tell(course, "dry-run", name, f"would {action}: {evidence.sign}"):
                self._records.begin(told)
            return
        self._act(turn, course, action, evidence, told)

    def _recent(self, now: float) -> list[Record]:
        """What was done in the last hour; what an earlier process began is over with it."""
        recent = self._records.since(now - 3600)
        if self._taken_over:
            return recent
        self._taken_over = True
        left = "the process that did it ended meanwhile"
        return [
            self._records.end(one, "failed", left) if one.done.outcome == "acting" else one
            for one in recent
        ]

    def _act(
        self, turn: Turn, course: _Course, action: Action, evidence: Evidence, told: Record
    ) -> None:
        name = turn.watched.alarm.name
        record = self._records.begin(told)
        # The switch is looked at last, after all that took time.
        if controls.mode(self._journal) != "on" or not self._lease.held():
            self._records.end(record, "stopped", "switched off meanwhile")
            return
        course.record, course.waited = record, 0
        try:
            what = self._hands.act(action, evidence, name, turn.reason)
        except Error as problem:
            course.record = self._records.end(record, "failed", problem.detail)
            self._tell(course, "failed", name, f"{action}: {problem.detail}")
            return
        course.record = self._records.end(record, "done", what)
        self._tell(course, "done", name, f"{action}: {what}; {evidence.sign}")

    def _did_not_help(self, turn: Turn, course: _Course) -> bool:
        """Whether the alarm goes on so long after an action that another has to be tried."""
        assert course.record is not None
        alarm, actions = turn.watched.alarm, turn.watched.do
        course.waited += 1
        if course.waited < PATIENCE + alarm.span / alarm.step:
            return False
        done = course.record.done.outcome == "done"
        # What repeats, such as scaling, may be asked for again; all else is tried once.
        if not (done and actions[course.place].repeats):
            course.place += 1
            if done:
                self._records.end(course.record, "no help")
        course.record = None
        return True

    def _over(self, turn: Turn, course: _Course) -> None:
        """The alarm is over, or lacks data: note that it helped, and begin anew the next time."""
        name, state = turn.watched.alarm.name, turn.evaluated.memory.state
        if state is not AlarmState.OK:
            return
        if course.record is not None and course.record.done.outcome == "done":
            self._records.end(course.record, "helped")
            self._tell(course, "helped", name, f"{course.record.done.kind}: {turn.reason}")
        # Also what an earlier process began.
        for action in turn.watched.do:
            if action.lasts and self._hands.lift(action, name):
                self._tell(course, "lifted", name, f"{action}: {turn.reason}")
        if course.paged and self._pager is not None:
            self._pager.resolve(turn.watched.page or self._service, _key(name))
        self._courses.pop(name, None)

    def _give_up(self, turn: Turn, course: _Course, reason: str) -> None:
        """Tell a person, once, that nothing more will be done."""
        if course.paged:
            return
        course.paged = True
        name = turn.watched.alarm.name
        self._tell(course, "exhausted", name, reason)
        if self._pager is not None:
            summary = f"{name}: remediation exhausted: {reason}"
            details = {"alarm": name, "when": turn.watched.alarm.when, "reason": turn.reason}
            service = turn.watched.page or self._service
            self._pager.trigger(service, _key(name), summary, "critical", "remedies", details)

    def _tell(self, course: _Course, what: str, name: str, reason: str) -> bool:
        """Write it down, if it is news; the seconds in a reason make no news."""
        news = f"{what} {''.join(char for char in reason if not char.isdigit())}"
        if news == course.told:
            return False
        course.told = news
        self._journal.write(f"remedy.{what}", name, reason)
        _log.info("remedy %s: %s: %s", what, name, reason)
        return True


def _key(alarm: str) -> str:
    return f"remediation_exhausted:{alarm}"
