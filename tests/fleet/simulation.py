"""A fleet in virtual time: workers that boot, take jobs first come first served, and drain."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from billow.clock import VirtualClock
from billow.fleet.control import Controller
from billow.fleet.crew import Crew
from billow.options import Fleet, LaunchTemplate
from billow.ports.journal import Entry, Journal
from billow.ports.ledger import Counts
from billow.ports.machines import Ended, Machine, WorkerState
from billow.testing import memory_home


@dataclass
class SimulatedMachines:
    """Machines of which a test may kill some, or forbid that any starts."""

    clock: VirtualClock
    boot: float = 0.0
    service: float = 10.0
    waiting: deque[float] = field(default_factory=deque)
    machines: dict[str, Machine] = field(default_factory=dict)
    free_at: dict[str, float] = field(default_factory=dict)
    over: list[Ended] = field(default_factory=list)
    dies_at_start: bool = False
    killed_while_busy: int = 0

    def launch(self, id: str, template: LaunchTemplate) -> None:
        now = self.clock.now()
        machine = Machine(id, WorkerState.STARTING, now, now, template.name, template.version)
        self.machines[id] = machine

    def drain(self, id: str) -> None:
        machine = self.machines.get(id)
        if machine and machine.state is WorkerState.BUSY:
            self._set(id, WorkerState.DRAINING)
        elif machine:
            self._end(id, 0, asked=True)

    def kill(self, id: str) -> None:
        if id in self.machines:
            self.killed_while_busy += id in self.free_at
            self._end(id, -9, asked=True)

    def crash(self, id: str, status: int = -9, words: str = "") -> None:
        self._end(id, status, asked=False, words=words)

    def present(self) -> list[Machine]:
        return list(self.machines.values())

    def ended(self) -> list[Ended]:
        over, self.over = self.over, []
        return over

    def counts(self) -> Counts:
        oldest = self.clock.now() - self.waiting[0] if self.waiting else 0.0
        return Counts(len(self.waiting), len(self.free_at), 0, oldest)

    def step(self) -> None:
        """Let workers boot, finish and take jobs, as the clock has it now."""
        now = self.clock.now()
        for name, machine in list(self.machines.items()):
            if machine.state is WorkerState.STARTING and self.dies_at_start:
                self.crash(name, 1, "ImportError: no module named 'words'")
            elif machine.state is WorkerState.STARTING and now >= machine.launched + self.boot:
                self._set(name, WorkerState.IDLE)
            elif name in self.free_at and now >= self.free_at[name]:
                self._finish(name)
            if self.waiting and name in self.machines:
                self._take(name)

    def _finish(self, id: str) -> None:
        del self.free_at[id]
        machine = self.machines[id]
        self.machines[id] = replace(machine, done=machine.done + 1, jobs=0)
        if machine.state is WorkerState.DRAINING:
            self._end(id, 0, asked=True)
        else:
            self._set(id, WorkerState.IDLE)

    def _take(self, id: str) -> None:
        if self.machines[id].state is WorkerState.IDLE:
            self.waiting.popleft()
            self.free_at[id] = self.clock.now() + self.service
            self._set(id, WorkerState.BUSY)

    def _set(self, id: str, state: WorkerState) -> None:
        self.machines[id] = replace(self.machines[id], state=state, since=self.clock.now())

    def _end(self, id: str, status: int, *, asked: bool, words: str = "") -> None:
        if self.free_at.pop(id, None) is not None:
            self.waiting.appendleft(self.clock.now())
        self.over.append(Ended(self.machines.pop(id), status, asked, words))


class SimulatedFleet:
    """A real controller over simulated machines; a second passes at each step."""

    def __init__(self, fleet: Fleet, *, boot: float = 0.0, service: float = 10.0) -> None:
        self.clock = VirtualClock()
        self.machines = SimulatedMachines(self.clock, boot, service)
        self.journal: Journal = memory_home(clock=self.clock).journal
        self.abandoned: list[str] = []
        self.crew = Crew(
            "f",
            self.machines,
            self.journal,
            self.clock,
            template=lambda: fleet.template,
            abandon=self._abandon,
            drain_limit=3600,
        )
        self.controller = Controller("f", fleet, self.crew, self.journal, self.clock)
        self.start = self.clock.now()
        self.worker_seconds = 0.0
        self.readable = True

    @property
    def elapsed(self) -> float:
        return self.clock.now() - self.start

    def states(self) -> list[str]:
        return [machine.state.value for machine in self.machines.present()]

    def burst(self, jobs: int) -> None:
        self.machines.waiting.extend([self.clock.now()] * jobs)

    def tick(self) -> None:
        self.machines.step()
        self.controller.tick(self.machines.counts() if self.readable else None)
        self.worker_seconds += len(self.machines.machines)

    def run(self, seconds: float) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(1)
            self.tick()

    def events(self, *kinds: str) -> list[Entry]:
        return self.journal.read(kinds=kinds, limit=1000)

    def times(self, kind: str, since: float | None = None) -> list[float]:
        """When events of a kind happened, seconds since the start or `since`."""
        zero = self.start if since is None else since
        return [entry.at - zero for entry in self.events(kind)]

    def _abandon(self, worker: str) -> int:
        self.abandoned.append(worker)
        return 0
