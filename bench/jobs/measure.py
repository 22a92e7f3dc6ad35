"""The timed measurements of one contender."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.jobs.peer import Peer
from bench.jobs.processes import Worker, last_words, running

#: Seconds between two looks at the number of stored results.
LOOK = 0.02

#: Seconds of quiet before each job whose round trip is timed.
GAP = 0.02

#: Seconds until a contender that does not finish is given up.
PATIENCE = 300.0

#: (seconds since the start, results stored by then)
Series = list[tuple[float, int]]


class StuckError(Exception):
    """A contender did not finish its jobs."""


def throughput(peer: Peer, jobs: int) -> dict[str, Any]:
    """Enqueue one by one, drain by two workers, enqueue in batches; all in jobs a second."""
    peer.reset()
    figures: dict[str, Any] = {"jobs": jobs, "enqueue": jobs / timed(peer.enqueue, jobs)}
    time.sleep(0.5)
    figures |= drain(peer, jobs)
    if peer.batch:
        peer.reset()
        figures |= {"enqueue_batch": jobs / timed(peer.enqueue_batch, jobs), "batch": peer.batch}
    peer.reset()
    return figures


def drain(peer: Peer, jobs: int) -> dict[str, Any]:
    """Start two workers on a full queue; the clock runs from their start to the last result."""
    began = time.perf_counter()
    with running(peer.commands()) as workers:
        series = watch(peer, jobs, began, workers)
    stored = peer.stored()
    if stored != jobs:
        raise StuckError(f"{stored} results of {jobs} jobs")
    first = next(moment for moment, done in series if done)
    return {
        "drain": jobs / series[-1][0],
        "drain_steady": steady_rate(series, jobs),
        "first_result_s": first,
    }


def watch(peer: Peer, jobs: int, began: float, workers: Sequence[Worker]) -> Series:
    """How many results were stored when, until all are.

    Raises:
        StuckError: the workers ended before, or took too long.
    """
    series: Series = []
    while True:
        done = peer.done()
        moment = time.perf_counter() - began
        series.append((moment, done))
        if done >= jobs:
            return series
        if workers and all(worker.poll() is not None for worker in workers):
            raise StuckError(f"the workers ended: {last_words()}")
        if moment > PATIENCE:
            raise StuckError(f"{done} of {jobs} jobs done after {moment:.0f} s")
        time.sleep(LOOK)


def steady_rate(series: Series, jobs: int) -> float | None:
    """Results a second between 10 % and 90 %; None where the looks were too few to say."""
    early = next(point for point in series if point[1] >= 0.1 * jobs)
    late = next(point for point in series if point[1] >= 0.9 * jobs)
    return (late[1] - early[1]) / (late[0] - early[0]) if late[0] > early[0] else None


def latency(peer: Peer, jobs: int) -> dict[str, float]:
    """Idle workers, one job after another: from the enqueue call to the result in hand."""
    peer.reset()
    with running(peer.commands()):
        warm_up(peer)
        seconds = []
        for number in range(jobs):
            time.sleep(GAP)
            seconds.append(timed(peer.round_trip, number))
    peer.reset()
    return {
        "latency_p50_ms": quantile(seconds, 0.5) * 1000,
        "latency_p99_ms": quantile(seconds, 0.99) * 1000,
    }


def burst(peer: Peer, jobs: int) -> dict[str, float]:
    """Idle workers, then many jobs at once: from the first call to the last stored result."""
    peer.reset()
    with running(peer.commands()) as workers:
        warm_up(peer)
        before = peer.done()
        began = time.perf_counter()
        peer.enqueue_batch(jobs)
        seconds = watch(peer, before + jobs, began, workers)[-1][0]
    peer.reset()
    return {"burst_jobs": jobs, "burst_s": seconds, "burst": jobs / seconds}


def warm_up(peer: Peer) -> None:
    """Return when both workers are up and have nothing to do."""
    for number in range(20):
        result = peer.round_trip(number)
        assert result["ok"] is True
    time.sleep(2)


def timed(call: Callable[[int], object], number: int) -> float:
    """The seconds that a call takes."""
    began = time.perf_counter()
    call(number)
    return time.perf_counter() - began


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
