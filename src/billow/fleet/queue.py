"""Scale on the length of the queue: so many waiting or running jobs for each worker."""

from __future__ import annotations

import math
from dataclasses import dataclass

from billow.errors import DeclarationError
from billow.fleet.policy import Decision, Observation
from billow.units import Duration, human_time, seconds


@dataclass(frozen=True, slots=True)
class _Memory:
    """Since when fewer workers would have been enough, and the most wanted since then."""

    lower_since: float | None = None
    highest: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """One worker for every `per_worker` jobs that wait or run; reacts within a second.

    It grows at once to the size needed. It shrinks when fewer workers have been enough for
    `shrink_after`, to the most that were needed in that time; to none only when no job waits or
    runs.

    Args:
        per_worker: jobs, waiting and running together, that one worker should have.
        shrink_after: how long fewer workers must have been enough before the fleet shrinks.

    Raises:
        DeclarationError: `per_worker` is not above 0, or `shrink_after` is no duration.
    """

    per_worker: float = 1
    shrink_after: Duration = "10 s"

    def __post_init__(self) -> None:
        if not self.per_worker > 0:
            raise DeclarationError(f"Queue(per_worker={self.per_worker}): must be more than 0")
        seconds(self.shrink_after)

    def start(self) -> _Memory:
        """Nothing seen yet."""
        return _Memory()

    def decide(self, seen: Observation, memory: _Memory, now: float) -> tuple[Decision, _Memory]:
        """Grow at once; shrink to the most that was wanted during `shrink_after`."""
        load = seen.visible + seen.in_flight
        needed = math.ceil(load / self.per_worker)
        waiting = f"{seen.visible} visible + {seen.in_flight} in flight"
        sum_up = f"{waiting}, {self.per_worker:g} a worker"
        if needed >= seen.wanted:
            return Decision(needed, f"{sum_up}: {needed} wanted"), _Memory()
        since, highest = now, needed
        if memory.lower_since is not None:
            since, highest = min(memory.lower_since, now), max(memory.highest, needed)
        left = since + seconds(self.shrink_after) - now
        if left > 0:
            reason = f"{sum_up}: {needed} would do; shrinks in {left:.0f} s unless that changes"
            return Decision(seen.wanted, reason), _Memory(since, highest)
        patience = human_time(seconds(self.shrink_after))
        enough = f"{sum_up}: {highest} have been enough for {patience}"
        return Decision(highest, enough), _Memory(now, needed)
