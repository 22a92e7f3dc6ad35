"""Writes down, about once a second, what the fleets, queues and processes do."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from billow.fleet.control import Controller
from billow.function import Function
from billow.home import Home
from billow.job import Status
from billow.keeper.pool import Pool
from billow.keeper.supervised import Supervised
from billow.ports.ledger import Counts
from billow.usage import cpu_time, memory

#: Seconds between two looks, and between two writes while nothing changes.
LOOK = 1.0
IDLE = 10.0

#: What metrics that end so are measured in.
_UNITS = {"oldest": "s", "rss": "bytes"}

_SHOWN = (Status.COMPLETED, Status.FAILED)


class Report:
    """The board and the series of a service.

    Args:
        home: whose journal they are kept in.
        fleets: each function with its controller.
        processes: the other processes of the service.
        pool: its web servers, if it has a pool of them.
    """

    def __init__(
        self,
        home: Home,
        fleets: Sequence[tuple[Function, Controller]],
        processes: Sequence[Supervised],
        pool: Pool | None = None,
    ) -> None:
        self._home = home
        self._fleets = fleets
        self._processes = processes
        self._pool = pool
        self._pool_before: dict[str, float] = {}
        self._started = home.clock.now()
        self._looked = 0.0
        self._written = 0.0
        self._before: dict[str, float] = {}
        self._totals: dict[tuple[str, Status], int] | None = None
        self._cpu: dict[str, float] = {}
        self._board: dict[str, Mapping[str, Any]] = {}

    def due(self, now: float) -> bool:
        """Whether it is time to look again."""
        return not 0 <= now - self._looked < LOOK

    def look(self, now: float) -> dict[str, Mapping[str, Any]]:
        """Look at everything and write down what changed; returns the fleets by function."""
        elapsed = now - self._looked if self._looked else LOOK
        self._looked = now
        values = self._work(max(elapsed, 0.001))
        idle = values == self._before and 0 <= now - self._written < IDLE
        self._before = values
        if not idle:
            usage = self._usage(now)
            self._home.journal.sample({**values, **usage}, now)
            self._written = now
            values = {**values, **usage}
        self._measure(values)
        return self._show(force=not idle)

    def _measure(self, values: Mapping[str, float]) -> None:
        """Hand what was seen to the metrics; the rates of jobs are the workers' to tell."""
        recorder = self._home.recorder
        for name, value in values.items():
            if not name.startswith("jobs."):
                recorder.gauge(name, value, _UNITS.get(name.rpartition(".")[2], ""))

    def _work(self, elapsed: float) -> dict[str, float]:
        """Queues, fleet sizes and rates: what tells that something goes on."""
        values = self._rates(elapsed)
        for function, controller in self._fleets:
            values |= _queue_values(function.queue, controller.counts)
            for state, count in controller.sizes().items():
                values[f"fleet.{function.name}.{state}"] = count
        values |= self._web(elapsed)
        for name in self._home.queues.names():
            values |= _queue_values(name, self._home.queues.counts(name))
        return values

    def _web(self, elapsed: float) -> dict[str, float]:
        """What comes to the web servers: a second, except for what waits and what is under way."""
        if self._pool is None:
            return {}
        values: dict[str, float] = {
            f"fleet.web.{state}": count for state, count in self._pool.controller.sizes().items()
        }
        values["front.shedding"] = float(self._pool.shedding.on)
        told, traffic, counts = self._pool.report, self._pool.traffic, self._pool.controller.counts
        if not told or traffic is None:
            return values
        values["front.requests"] = traffic.requests
        if traffic.p95 is not None:
            values["front.p95"] = traffic.p95
        if counts is not None:
            values |= {"front.waiting": counts.visible, "front.in_flight": counts.in_flight}
        errors = sum(count for status, count in told["answers"].items() if int(status) >= 500)
        sums = {"refused": sum(told["refused"].values()), "errors": errors}
        sums["retried"] = told["retried"]
        for name, total in sums.items():
            grown = max(0.0, total - self._pool_before.get(name, total))
            values[f"front.{name}"] = grown / elapsed
        self._pool_before = {name: float(total) for name, total in sums.items()}
        return values

    def _rates(self, elapsed: float) -> dict[str, float]:
        totals = self._home.ledger.totals()
        before = totals if self._totals is None else self._totals
        self._totals = totals
        return {
            f"jobs.{function.name}.{status}": max(0, _grown(function.name, status, before, totals))
            / elapsed
            for function, _ in self._fleets
            for status in _SHOWN
        }

    def _usage(self, now: float) -> dict[str, float]:
        """Memory and CPU of the keeper, of the other processes, and of each fleet as a whole."""
        pids = {"keeper": [os.getpid()]}
        pids |= {each.name: [each.pid] for each in self._processes if each.pid}
        for function, controller in self._fleets:
            pids[function.name] = [pid for pair in controller.pids() for pid in pair if pid]
        if self._pool is not None:
            pids["web"] = [pid for pid, _ in self._pool.controller.pids() if pid]
        values: dict[str, float] = {}
        for name, group in pids.items():
            used = sum(map(cpu_time, group))
            since = now - self._written if self._written else now - self._started
            values[f"process.{name}.rss"] = sum(map(memory, group))
            # A worker that left takes its time along, so the sum can shrink.
            spent = max(0.0, used - self._cpu.get(name, used))
            values[f"process.{name}.cpu"] = spent / max(since, 0.001)
            self._cpu[name] = used
        return values

    def _show(self, *, force: bool) -> dict[str, Mapping[str, Any]]:
        fleets = {function.name: controller.state() for function, controller in self._fleets}
        board: dict[str, Mapping[str, Any]] = {
            f"fleet.{name}": state for name, state in fleets.items()
        }
        if self._pool is not None:
            board["fleet.web"] = self._pool.controller.state()
        board |= {f"process.{each.name}": each.state() for each in self._processes}
        keeper = {"pid": os.getpid(), "state": "running", "since": self._started, "restarts": 0}
        board["process.keeper"] = keeper
        for key, state in board.items():
            if force or state != self._board.get(key):
                self._home.journal.show(key, state)
        self._board = board
        return dict(fleets)


def _queue_values(queue: str, counts: Counts | None) -> dict[str, float]:
    if counts is None:
        return {}
    return {
        f"queue.{queue}.visible": counts.visible,
        f"queue.{queue}.in_flight": counts.in_flight,
        f"queue.{queue}.delayed": counts.delayed,
        f"queue.{queue}.oldest": round(counts.oldest, 1),
    }


def _grown(
    function: str,
    status: Status,
    before: Mapping[tuple[str, Status], int],
    after: Mapping[tuple[str, Status], int],
) -> int:
    return after.get((function, status), 0) - before.get((function, status), 0)
