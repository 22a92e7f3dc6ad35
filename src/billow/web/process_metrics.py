"""What processes use of the machine, for Prometheus: the web server, or all of a pool's service."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from billow.home import Home
from billow.usage import cpu_time, memory


class ProcessCollector(Collector):
    """Memory, processor time and open files: of this process, without a label.

    Args:
        home: if given, of every process that its board shows, by the label `process`.
    """

    def __init__(self, home: Home | None = None) -> None:
        self._home = home

    def describe(self) -> list[Metric]:
        """Nothing before it is asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What the system tells at this moment."""
        pids = {"": os.getpid()} if self._home is None else pids_of(self._home.journal.board())
        labels = () if self._home is None else ("process",)
        used = GaugeMetricFamily("process_resident_memory_bytes", "Resident memory.", labels=labels)
        spent = CounterMetricFamily("process_cpu_seconds", "Processor time used.", labels=labels)
        files = GaugeMetricFamily("process_open_fds", "Open file descriptors.", labels=labels)
        for name, pid in pids.items():
            values = () if self._home is None else (name,)
            if resident := memory(pid):
                used.add_metric(values, resident)
                spent.add_metric(values, cpu_time(pid))
            if (count := open_files(pid)) is not None:
                files.add_metric(values, count)
        yield from (used, spent, files)


def pids_of(board: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """The processes on the board by name; a worker's child is called as it, with `-child`."""
    found: dict[str, int | None] = {}
    for key, state in board.items():
        kind, _, name = key.partition(".")
        if kind == "process":
            found[name] = state.get("pid")
        elif kind == "fleet":
            for machine in state.get("workers", ()):
                found[machine["id"]] = machine.get("pid")
                found[f"{machine['id']}-child"] = machine.get("child_pid")
        elif key == "renderer":
            found |= {f"{key}-{n}": pid for n, pid in enumerate(state.get("children", ()), 1)}
    return {name: pid for name, pid in sorted(found.items()) if pid}


def open_files(pid: int) -> int | None:
    """How many descriptors a process has open; None if it is gone or the system does not tell."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None
