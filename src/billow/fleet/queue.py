"""Scale on the length of the queue: so many waiting or running jobs for each worker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from billow.errors import DeclarationError
from billow.fleet.policy import Decision, Observation
from billow.units import Duration, human_time, seconds


class _Need(NamedTuple):
    """How many workers were needed, and when that was last so."""

    at: float
    workers: int


#: Needs of the last `shrink_after`, each greater than all later ones; None before the first look.
_Memory: TypeAlias = tuple[_Need, ...] | None


@dataclass(frozen=True, slots=True)
class Queue:
    """One worker for every `per_worker` jobs that wait or run; reacts within a second.

    It grows at once to the size needed. It shrinks to the most workers that were needed at any
    moment of the last `shrink_after`; to none only when no job has waited or run in that time.

    Args:
        per_worker: jobs, waiting and running together, that one worker should have.
        shrink_after: how long a worker is kept after it was last needed.

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
        return None

    def decide(self, seen: Observation, memory: _Memory, now: float) -> tuple[Decision, _Memory]:
        """Grow at once; shrink to the most that was needed during `shrink_after`."""
        patience = seconds(self.shrink_after)
        needed = math.ceil((seen.visible + seen.in_flight) / self.per_worker)
        if memory is None:
            memory = (_Need(now, seen.wanted),)
        recent = (need for need in memory if now - patience < need.at <= now)
        needs = (*(need for need in recent if need.workers > needed), _Need(now, needed))
        return Decision(needs[0].workers, self._reason(seen, needs, now)), needs

    def _reason(self, seen: Observation, needs: tuple[_Need, ...], now: float) -> str:
        waiting = f"{seen.visible} visible + {seen.in_flight} in flight"
        most, needed = needs[0], needs[-1].workers
        text = f"{waiting}, {self.per_worker:g} a worker: {needed} needed"
        if most.workers > needed:
            left = most.at + seconds(self.shrink_after) - now
            return f"{text}; {most.workers} kept for {human_time(max(0.0, left))}"
        if needed < seen.wanted:
            return f"{text}, no more in the last {human_time(seconds(self.shrink_after))}"
        return text
