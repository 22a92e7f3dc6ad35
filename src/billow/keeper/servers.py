"""The web servers of a pool as machines of a fleet: they leave only when the front is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from billow import tallies
from billow.clock import Clock
from billow.drivers.embedded.processes import Processes
from billow.lane import ENDING
from billow.options import LaunchTemplate
from billow.ports.machines import Ended, Machine, WorkerState


class Servers:
    """Web servers: processes that the front gives requests to.

    Args:
        processes: starts and stops them.
        sockets: the folder of their sockets.
        clock: real time.
        patience: seconds that the front may take until a server that leaves has nothing to do.
    """

    def __init__(self, processes: Processes, sockets: Path, clock: Clock, patience: float) -> None:
        self._processes = processes
        self._sockets = sockets
        self._clock = clock
        self._patience = patience
        self._leaving: dict[str, float] = {}
        #: What the front says of each; empty if it says nothing.
        self.told: Mapping[str, Any] = {}
        #: Bytes of memory that each uses.
        self.used: Mapping[str, int] = {}

    def launch(self, id: str, template: LaunchTemplate) -> None:
        """Start a server."""
        self._processes.launch(id, template)

    def drain(self, id: str) -> None:
        """Have the front give it no more requests, and let it leave then."""
        self._leaving.setdefault(id, self._clock.now() + self._patience)

    def kill(self, id: str) -> None:
        """End it at once."""
        self._processes.kill(id)

    def present(self) -> list[Machine]:
        """The servers; those that have requests are busy."""
        return [self._with_work(machine) for machine in self._processes.present()]

    def ended(self) -> list[Ended]:
        """The servers that ended since the last call; nothing is left of their sockets."""
        over = self._processes.ended()
        for end in over:
            self._leaving.pop(end.machine.id, None)
            for ending in (".sock", ENDING):
                (self._sockets / f"{end.machine.id}{ending}").unlink(missing_ok=True)
            tallies.fold(self._sockets, end.machine.id)
        return over

    def filenos(self) -> list[int]:
        """Descriptors that become readable when one ends."""
        return self._processes.filenos()

    def let_go(self, *, at_once: bool = False) -> None:
        """Have those leave that the front is done with, or all that are to leave."""
        now = self._clock.now()
        for name, deadline in self._leaving.items():
            told = self.told.get(name)
            done = told is not None and told["draining"] and told["done"]
            if at_once or done or now >= deadline:
                self._processes.drain(name)

    def listed(self) -> dict[str, dict[str, Any]]:
        """The servers for the front: those in service, and whether they are about to leave."""
        return {
            machine.id: {
                "pid": machine.pid,
                "draining": machine.id in self._leaving or machine.state is WorkerState.DRAINING,
            }
            for machine in self._processes.present()
            if machine.state is not WorkerState.STARTING
        }

    def _with_work(self, machine: Machine) -> Machine:
        machine = replace(machine, rss=self.used.get(machine.id, 0))
        told = self.told.get(machine.id)
        if told is None or machine.state not in (WorkerState.IDLE, WorkerState.BUSY):
            return machine
        held = told["out"] + told["patient"]
        state = WorkerState.BUSY if held else WorkerState.IDLE
        return replace(machine, state=state, jobs=held, done=told["answered"])
