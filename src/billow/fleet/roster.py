"""Who is there, and who goes first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from billow.ports.machines import Machine, WorkerState

_GOES = {WorkerState.IDLE: 0, WorkerState.STARTING: 1, WorkerState.BUSY: 2}


def leavers(machines: Iterable[Machine], count: int) -> list[Machine]:
    """The `count` workers to let go: idle ones first, then starting, then busy; oldest first.

    A busy one is only ever drained, so its job is not disturbed. Draining ones go anyway and are
    not counted.
    """
    staying = [machine for machine in machines if machine.state in _GOES]
    staying.sort(key=lambda machine: (_GOES[machine.state], machine.launched))
    return staying[:count]


def as_told(machines: Iterable[Machine], leaving: Collection[str]) -> list[Machine]:
    """`machines`, with those told to leave shown as draining even before they say so."""
    return [
        replace(machine, state=WorkerState.DRAINING) if machine.id in leaving else machine
        for machine in machines
    ]


def tally(machines: Sequence[Machine]) -> dict[str, int]:
    """How many workers are in each state; all states are named."""
    counted = Counter(machine.state for machine in machines)
    return {state.value: counted[state] for state in WorkerState}
