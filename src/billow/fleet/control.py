"""The one owner of a fleet's wanted size: asks the policy, keeps to the bounds, tells why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from billow.clock import Clock
from billow.fleet.crew import Crew
from billow.fleet.policy import AlarmView, Decision, Observation, Traffic
from billow.fleet.roster import tally
from billow.fleet.telling import tell
from billow.options import Fleet
from billow.ports.journal import Journal
from billow.ports.ledger import Counts
from billow.ports.machines import Machine


class Controller:
    """Controls the size of one function's fleet; call `tick` about twice a second.

    Args:
        function: the function whose jobs the fleet does.
        fleet: its bounds and its policy.
        crew: its workers.
        journal: where decisions and alarms are written down.
        clock: the time that the policy's periods and cooldowns are measured by.
    """

    def __init__(
        self, function: str, fleet: Fleet, crew: Crew, journal: Journal, clock: Clock
    ) -> None:
        self.function = function
        self.fleet = fleet
        self.crew = crew
        #: The size decided on.
        self.wanted = fleet.start_size
        self._journal = journal
        self._clock = clock
        self._memory = fleet.scale.start()
        self._decision = Decision(self.wanted, "size at the start")
        self._why = "the fleet starts"
        self._changing = False
        self._settled_at: float | None = None
        self._counts: Counts | None = None
        self._machines: list[Machine] = []
        self._bound_told: str | None = None

    def tick(self, counts: Counts | None, traffic: Traffic | None = None) -> None:
        """Look, decide, act.

        Args:
            counts: the queue's; None if they could not be read.
            traffic: what comes to the servers, if the fleet is one of web servers.
        """
        self.look()
        seen = self._observe(counts, traffic)
        decision = self._ask(seen)
        self._tell_alarms(decision.alarms)
        self._decision = decision
        self._resize(seen, decision)
        self.crew.keep(self.wanted, self._why)
        self._machines = self.crew.present()

    def ask_for(self, size: int, why: str) -> int:
        """Have a size that the policy did not ask for, within the bounds, until it asks again."""
        self._resize(self._observe(self._counts, None), Decision(size, why))
        return self.wanted

    @property
    def restless(self) -> bool:
        """Whether a worker is about to come into service or to be launched, so look again soon."""
        return bool(tally(self._machines)["starting"]) or self.crew.rests

    @property
    def counts(self) -> Counts | None:
        """The queue's counts as last read; None if they never could be."""
        return self._counts

    def look(self) -> None:
        """Take note of the workers that came into service or ended, and do nothing about it."""
        self._machines = self.crew.look()

    def pids(self) -> list[tuple[int | None, int | None]]:
        """The processes of the workers, each with its child."""
        return [(machine.pid, machine.child_pid) for machine in self._machines]

    def state(self) -> dict[str, Any]:
        """The fleet as it is, for the board."""
        counts = self._counts or Counts()
        return {
            "policy": repr(self.fleet.scale),
            "min": self.fleet.min,
            "max": self.fleet.max,
            "wanted": self.wanted,
            "reason": self._decision.reason,
            "trouble": self.crew.trouble,
            "alarms": [alarm._asdict() for alarm in self._decision.alarms],
            "workers": [_worker_state(machine) for machine in self._machines],
            "counts": {**asdict(counts), "known": self._counts is not None},
        }

    def sizes(self) -> dict[str, int]:
        """How many workers are in each state, and how many are wanted."""
        return {**tally(self._machines), "wanted": self.wanted}

    def _observe(self, counts: Counts | None, traffic: Traffic | None) -> Observation:
        known = counts is not None
        counts = counts or self._counts or Counts()
        self._counts = counts if known or self._counts else None
        counted = tally(self._machines)
        self._settle(counted)
        return Observation(
            visible=counts.visible,
            in_flight=counts.in_flight,
            wanted=self.wanted,
            delayed=counts.delayed,
            oldest=counts.oldest,
            changing=self._changing,
            settled_at=self._settled_at,
            known=known,
            starting=counted["starting"],
            idle=counted["idle"],
            busy=counted["busy"],
            draining=counted["draining"],
            traffic=traffic,
        )

    def _settle(self, counted: dict[str, int]) -> None:
        """Note when the last change is complete: the wanted are in service, the others gone."""
        in_service = counted["idle"] + counted["busy"]
        if self._changing and in_service == self.wanted and len(self._machines) == in_service:
            self._changing = False
            self._settled_at = self._clock.now()

    def _ask(self, seen: Observation) -> Decision:
        now = self._clock.now()
        try:
            decision, self._memory = self.fleet.scale.decide(seen, self._memory, now)
        except Exception as problem:  # an author's own policy must not stop control
            cause = f"{type(problem).__name__}: {problem}"
            return Decision(self.wanted, f"the policy failed ({cause}); the size is held")
        if not seen.known and decision.wanted < self.wanted:
            held = "the queue cannot be read; the size is held"
            return Decision(self.wanted, held, decision.alarms)
        return decision

    def _resize(self, seen: Observation, decision: Decision) -> None:
        allowed = min(max(decision.wanted, self.fleet.min), self.fleet.max)
        if allowed != decision.wanted:
            self._tell_bound(decision, allowed)
        if allowed == self.wanted:
            return
        kind = "scale.out" if allowed > self.wanted else "scale.in"
        facts: dict[str, Any] = {
            "from": self.wanted,
            "to": allowed,
            "asked": decision.wanted,
            "visible": seen.visible,
            "in_flight": seen.in_flight,
        }
        if seen.traffic is not None:
            facts |= {"requests": seen.traffic.requests, "p95": seen.traffic.p95}
        tell(self._journal, kind, self.function, decision.reason, facts)
        self._why = f"scaled from {self.wanted} to {allowed}"
        self.wanted = allowed
        self._changing = True
        if allowed == decision.wanted:
            self._bound_told = None

    def _tell_bound(self, decision: Decision, allowed: int) -> None:
        """Write down that a bound held, once until the size changes within the bounds again."""
        bound = "max" if decision.wanted > allowed else "min"
        if self._bound_told == bound:
            return
        self._bound_told = bound
        reason = f"{decision.reason}; {decision.wanted} wanted, but {bound} is {allowed}"
        facts = {"asked": decision.wanted, "bound": bound, "allowed": allowed}
        tell(self._journal, "scale.bound", self.function, reason, facts)

    def _tell_alarms(self, alarms: tuple[AlarmView, ...]) -> None:
        before = {alarm.name: alarm.state for alarm in self._decision.alarms}
        for alarm in alarms:
            old = before.get(alarm.name, "INSUFFICIENT_DATA")
            if alarm.state != old:
                value = "no data" if alarm.value is None else f"{alarm.value:.1f}"
                reason = f"{alarm.name}: {old} -> {alarm.state} at {value}"
                bound = f" ({alarm.comparison} {alarm.threshold:g})"
                kind = f"alarm.{alarm.state.lower()}"
                tell(self._journal, kind, self.function, reason + bound, alarm._asdict())


def _worker_state(machine: Machine) -> dict[str, Any]:
    state = asdict(machine)
    state["state"] = machine.state.value
    return state
