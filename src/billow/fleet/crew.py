"""Keeps as many workers as are wanted: launches them, replaces the crashed, lets the others go."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable

from billow.clock import Clock
from billow.errors import Unavailable
from billow.fleet.backoff import Backoff
from billow.fleet.roster import as_told, leavers
from billow.fleet.telling import tell
from billow.options import LaunchTemplate
from billow.ports.journal import Journal
from billow.ports.machines import Ended, Machine, Machines, WorkerState
from billow.units import human_time

#: Seconds a worker may take until it is in service; importing large libraries takes its time.
START_LIMIT = 120.0

#: Seconds that a worker in service may be silent; it gives a sign of life every second while
#: busy, every ten while idle.
SILENCE = 60.0

#: Of the time between two looks so many seconds count at most as a worker's silence: if it was
#: longer, the keeper or the whole machine was asleep.
ASLEEP = 5.0

#: Seconds in service after which a worker's end is not the fault of its start.
SETTLED = 5.0


class Crew:
    """The workers of one function.

    Args:
        function: the function they run.
        machines: where they run.
        journal: where each launch and end is written down.
        clock: real time.
        template: what the next worker is to be launched from.
        abandon: gives back the jobs of a worker that is dead; returns how many.
        drain_limit: seconds a worker may take to drain before it is taken for stuck and killed.
        unit: what a worker does one after the other, in words: a job, a request.
    """

    def __init__(
        self,
        function: str,
        machines: Machines,
        journal: Journal,
        clock: Clock,
        *,
        template: Callable[[], LaunchTemplate],
        abandon: Callable[[str], int],
        drain_limit: float,
        unit: str = "job",
    ) -> None:
        self._function = function
        self._machines = machines
        self._journal = journal
        self._clock = clock
        self._template = template
        self._abandon = abandon
        self._drain_limit = drain_limit
        self._unit = unit
        self._backoff = Backoff()
        self._used: set[str] = set()
        self._starting: set[str] = set()
        self._leaving: dict[str, float] = {}
        self._killed: set[str] = set()
        self._condemned: set[str] = set()
        #: Workers that leave as soon as a new one is in service for each, and why.
        self._outdated: dict[str, str] = {}
        self._unreplaced: list[str] = []
        self._looked = clock.now()
        #: Seconds that the keeper has been awake; at which of them a sign of life was seen last.
        self._awake = 0.0
        self._heard: dict[str, tuple[float, float]] = {}
        #: Why no worker gets into service; empty if they do.
        self.trouble = ""

    def look(self) -> list[Machine]:
        """The workers present, after taking note of who came into service and who ended."""
        now = self._clock.now()
        self._awake += min(max(0.0, now - self._looked), ASLEEP)
        self._looked = now
        self._bury(list(self._machines.ended()))
        machines = self.present()
        for machine in machines:
            self._notice(machine)
        return machines

    def present(self) -> list[Machine]:
        """The workers that have not ended; those told to leave are draining."""
        return as_told(self._machines.present(), self._leaving)

    def keep(self, wanted: int, why: str) -> None:
        """Launch or drain so that `wanted` workers are, or will be, taking work."""
        present = [m for m in self.present() if m.state is not WorkerState.DRAINING]
        fresh = [m for m in present if m.id not in self._outdated]
        missing = wanted - len(fresh)
        if len(fresh) < len(present):
            self._relieve([m for m in present if m.id in self._outdated], fresh, wanted)
            # One at a time is launched for those that leave, beside those that are wanted.
            missing = min(missing, wanted + 1 - len(present))
        if missing > 0 and self._backoff.due(self._clock.now()):
            self._launch(missing, why)
        if len(fresh) >= wanted:
            self._unreplaced.clear()
            for machine in leavers(fresh, len(fresh) - wanted):
                self._drain(machine, why)

    def renew(self, why: str) -> None:
        """Replace all workers, one after the other; each leaves when a new one is in service."""
        for machine in self.present():
            if machine.state is not WorkerState.DRAINING:
                self._outdated.setdefault(machine.id, why)

    def recycle(self, id: str, why: str) -> None:
        """Replace a worker in good order, which is no crash."""
        if id not in self._outdated and id not in self._leaving:
            self._outdated[id] = why
            self._write("recycled", id, why)

    def condemn(self, id: str, why: str) -> None:
        """End a worker that does nothing any more, and have it replaced."""
        for machine in self.present():
            if machine.id == id and id not in self._killed:
                self._condemned.add(id)
                self._kill(machine, why)

    @property
    def rests(self) -> bool:
        """Whether a launch waits for its rest to end, within the next second."""
        return 0 < self._backoff.until - self._clock.now() < 1

    def drain_all(self, why: str) -> None:
        """Let all workers finish what they have, and leave."""
        for machine in self.present():
            if machine.id not in self._leaving:
                self._drain(machine, why)

    def replace(self, id: str, why: str, mercy: float) -> bool:
        """Let a sick worker go and have another in its place at once; False if it is not there.

        Args:
            id: the worker.
            why: the reason.
            mercy: seconds after which it is killed if it has not drained.
        """
        machine = next((one for one in self.present() if one.id == id), None)
        if machine is None or machine.state is WorkerState.DRAINING:
            return False
        self._drain(machine, why)
        self._leaving[id] = self._clock.now() + mercy
        return True

    def kill_all(self, why: str) -> None:
        """End all workers at once; their jobs are done again by others."""
        for machine in self.present():
            self._kill(machine, why)

    def _relieve(self, old: list[Machine], fresh: list[Machine], wanted: int) -> None:
        """Let as many of the outdated go as there are new ones in service for them."""
        serving = sum(m.state is not WorkerState.STARTING for m in fresh)
        kept = max(0, wanted - serving)
        for machine in old[: max(0, len(old) - kept)]:
            self._drain(machine, self._outdated[machine.id])

    def _launch(self, count: int, why: str) -> None:
        try:
            template = self._template()
            for _ in range(count):
                self._launch_one(template, why)
        except Unavailable as problem:
            rest = self._backoff.failed(self._clock.now())
            self.trouble = f"no worker can be launched: {problem}"
            self._write("crashed", self._function, f"{problem}; tried again in {human_time(rest)}")

    def _launch_one(self, template: LaunchTemplate, why: str) -> None:
        name = self._new_id()
        self._machines.launch(name, template)
        self._starting.add(name)
        reason = f"replaces {self._unreplaced.pop(0)}" if self._unreplaced else why
        made_from = {"template": template.name, "version": template.version}
        self._write("launched", name, reason, **made_from)

    def _new_id(self) -> str:
        while True:
            name = f"{self._function}-{secrets.token_hex(3)}"
            if name not in self._used:
                self._used.add(name)
                return name

    def _drain(self, machine: Machine, why: str) -> None:
        self._leaving[machine.id] = self._clock.now() + self._drain_limit
        busy = machine.state is WorkerState.BUSY
        doing = f"; finishes {self._count(max(1, machine.jobs))} first" if busy else ""
        self._write("draining", machine.id, f"{why}{doing}")
        self._machines.drain(machine.id)

    def _kill(self, machine: Machine, why: str) -> None:
        if machine.id not in self._killed:
            self._killed.add(machine.id)
            self._write("killed", machine.id, why)
            self._machines.kill(machine.id)

    def _notice(self, machine: Machine) -> None:
        if machine.state is not WorkerState.STARTING and machine.id in self._starting:
            self._starting.discard(machine.id)
            self.trouble = ""
            took = human_time(max(0.0, self._clock.now() - machine.launched))
            self._write("ready", machine.id, f"in service {took} after its launch")
        if fault := self._fault(machine):
            self._condemned.add(machine.id)
            self._kill(machine, fault)
        elif self._clock.now() > self._leaving.get(machine.id, math.inf):
            self._kill(machine, f"has not drained within {human_time(self._drain_limit)}")

    def _fault(self, machine: Machine) -> str:
        """Why a worker must be replaced; empty if it need not."""
        now = self._clock.now()
        if machine.state is WorkerState.STARTING and now - machine.launched > START_LIMIT:
            return f"not in service after {human_time(START_LIMIT)}"
        if machine.state in (WorkerState.IDLE, WorkerState.BUSY):
            silent = self._silence(machine)
            if silent > SILENCE:
                return f"silent for {human_time(silent)} while {machine.state}"
        return ""

    def _silence(self, machine: Machine) -> float:
        """Seconds for which a worker has given no sign of life while the keeper was awake."""
        if machine.heard is None:
            return 0.0
        heard, awake = self._heard.get(machine.id, (None, 0.0))
        if heard != machine.heard:
            self._heard[machine.id] = machine.heard, self._awake
            return 0.0
        return self._awake - awake

    def _bury(self, ended: list[Ended]) -> None:
        unasked = [end for end in ended if not end.asked or end.machine.id in self._condemned]
        if unasked and all(self._had_worked(end.machine) for end in unasked):
            self._backoff.proved()
        rest = self._backoff.failed(self._clock.now()) if unasked else 0.0
        for end in ended:
            self._write_end(end, rest if end in unasked else None)
            self._forget(end.machine.id)

    def _had_worked(self, machine: Machine) -> bool:
        served = machine.id not in self._starting
        lasted = self._clock.now() - machine.launched
        return served and (machine.done > 0 or lasted > SETTLED)

    def _write_end(self, end: Ended, rest: float | None) -> None:
        """Write down an end and give its jobs back; `rest` is set if nobody asked for the end."""
        name = end.machine.id
        given_back = self._give_back(name) if end.status != 0 else 0
        jobs = f"; {self._count(given_back)} given back" if given_back else ""
        facts = {"status": end.status, "done": end.machine.done, "given_back": given_back}
        if rest is None:
            did = self._count(end.machine.done)
            self._write("stopped", name, f"left after {did}{jobs}", **facts)
            return
        kind = "crashed" if end.status != 0 else "stopped"
        again = f"; a new one may start in {human_time(rest)}"
        self._write(kind, name, f"{end.cause}{jobs}{again}", **facts)
        self._unreplaced.append(name)
        if name in self._starting:
            self.trouble = f"no worker gets into service; {name}: {end.cause}"

    def _give_back(self, name: str) -> int:
        try:
            return self._abandon(name)
        except Unavailable:
            return 0  # its leases run out by themselves

    def _count(self, number: int) -> str:
        return f"1 {self._unit}" if number == 1 else f"{number} {self._unit}s"

    def _forget(self, name: str) -> None:
        self._outdated.pop(name, None)
        self._starting.discard(name)
        self._killed.discard(name)
        self._condemned.discard(name)
        self._leaving.pop(name, None)
        self._heard.pop(name, None)

    def _write(self, what: str, subject: str, reason: str, **facts: object) -> None:
        whose = {"function": self._function, **facts}
        tell(self._journal, f"worker.{what}", subject, reason, whose)
