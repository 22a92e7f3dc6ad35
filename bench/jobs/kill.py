"""The kill test: one of two busy workers is gone from one moment to the next."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.jobs import place
from bench.jobs.measure import PATIENCE, StuckError
from bench.jobs.peer import Peer
from bench.jobs.processes import Worker, descendants, kill, running

#: Share of the jobs that have begun when the worker is killed.
MOMENT = 0.4

#: Seconds to look on after the last result, for jobs that come a second time.
AFTERMATH = 3.0


def kill_one(peer: Peer, jobs: int, patience: float) -> dict[str, Any]:
    """`kill -9` one of two workers; the other one goes on alone for up to `patience` seconds."""
    log = place.folder() / "runs.log"
    log.touch()
    peer.reset()
    peer.enqueue_short(jobs, str(log))
    with running(peer.pair()) as workers:
        _wait_for_runs(log, int(MOMENT * jobs))
        pids = _strike(log, {worker: descendants(worker.pid) for worker in workers})
        killed = time.monotonic()
        begun = len(_runs(log))
        all_done = _watch(peer, jobs, killed, patience)
    runs = _runs(log)
    times = Counter(number for number, _ in runs)
    return {
        "jobs": jobs,
        "begun_at_kill": begun,
        "begun_by_killed": sum(pid in pids for _, pid in runs),
        "results": peer.stored(),
        "never_ran": jobs - len(times),
        "ran_twice": sum(count > 1 for count in times.values()),
        "all_done_s": all_done,
        "watched_s": patience,
    }


def _watch(peer: Peer, jobs: int, killed: float, patience: float) -> float | None:
    """Seconds from the kill until every job had its result; None if that did not come."""
    while (passed := time.monotonic() - killed) < patience:
        if peer.done() >= jobs:
            time.sleep(AFTERMATH)
            return passed
        time.sleep(0.05)
    return None


def _wait_for_runs(log: Path, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while log.read_bytes().count(b"\n") < wanted:
        if time.monotonic() > deadline:
            raise StuckError(f"fewer than {wanted} jobs began")
        time.sleep(0.005)


def _strike(log: Path, families: dict[Worker, set[int]]) -> set[int]:
    """Kill the worker that begins the next job, while it works on it; returns its processes."""
    size, deadline = log.stat().st_size, time.monotonic() + PATIENCE
    while log.stat().st_size == size:
        if time.monotonic() > deadline:
            raise StuckError("no further job began")
        time.sleep(0.0002)
    _, pid = _runs(log)[-1]
    worker, family = next(item for item in families.items() if pid in item[1])
    kill(worker, family)
    return family


def _runs(log: Path) -> list[tuple[int, int]]:
    """(job, process) of every run so far."""
    pairs = (line.split() for line in log.read_text().splitlines())
    return [(int(number), int(pid)) for number, pid in pairs]
