"""Scale web servers on what each of them has to do: requests, latency, processor time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from billow.errors import DeclarationError
from billow.fleet.policy import Decision, Observation
from billow.units import Duration, Rate, human_time, per_second, seconds

#: A fleet shrinks only to a size at which each server stays this far below its target.
_SLACK = 0.9
#: Latency says that servers are too few, not how many are missing: one step is at most double.
_STEP = 2.0


class _Need(NamedTuple):
    """How many servers were needed, and when that was last so."""

    at: float
    servers: int


#: Needs of the last `shrink_after`, each greater than all later ones; None before the first look.
_Memory: TypeAlias = tuple[_Need, ...] | None


@dataclass(frozen=True, slots=True)
class TargetTracking:
    """As many servers as keep each at its target or below it.

    It grows at once, by the target that needs most. It shrinks to the most servers that were
    needed at any moment of the last `shrink_after`, with a tenth to spare.

    Args:
        requests_per_server: requests a second that one server should have; "60/min" works as well.
        latency: what 95 of 100 answers should take at most; None does not look at it.
        cpu: share of one core that a server should use on average; None does not look at it.
        shrink_after: how long a server is kept after it was last needed.

    Raises:
        DeclarationError: a target is not above 0, or there is none.
    """

    requests_per_server: Rate | None = 60
    latency: Duration | None = None
    cpu: float | None = None
    shrink_after: Duration = "60 s"

    def __post_init__(self) -> None:
        if self.requests_per_server is None and self.latency is None and self.cpu is None:
            raise DeclarationError("TargetTracking: needs a target")
        if self.requests_per_server is not None:
            per_second(self.requests_per_server)
        if self.latency is not None and seconds(self.latency) <= 0:
            raise DeclarationError("TargetTracking(latency=...): must be longer than 0 s")
        if self.cpu is not None and not 0 < self.cpu <= 1:
            raise DeclarationError("TargetTracking(cpu=...): a share of one core, such as 0.6")
        seconds(self.shrink_after)

    def start(self) -> _Memory:
        """Nothing seen yet."""
        return None

    def decide(self, seen: Observation, memory: _Memory, now: float) -> tuple[Decision, _Memory]:
        """Grow at once; shrink to the most that was needed during `shrink_after`."""
        if seen.traffic is None:
            return Decision(seen.wanted, "no traffic is measured; the size is held"), memory
        growth = max(self._needs(seen, 1.0))
        shrunk = max(self._needs(seen, _SLACK))
        needed = growth if growth[0] > seen.wanted else min(shrunk, (seen.wanted, shrunk[1]))
        patience = seconds(self.shrink_after)
        if memory is None:
            memory = (_Need(now, seen.wanted),)
        recent = (need for need in memory if now - patience < need.at <= now)
        kept = (*(need for need in recent if need.servers > needed[0]), _Need(now, needed[0]))
        return Decision(kept[0].servers, self._reason(needed, kept, now)), kept

    def _needs(self, seen: Observation, share: float) -> Iterator[tuple[int, str]]:
        """Servers that each target asks for if only `share` of it may be used, with the reason."""
        traffic = seen.traffic
        assert traffic is not None
        serving = max(1, seen.idle + seen.busy)
        if self.requests_per_server is not None:
            target = per_second(self.requests_per_server)
            need = math.ceil(traffic.requests / (target * share))
            yield need, f"{traffic.requests:.0f} requests/s, {target:g} a server: {need} needed"
        if self.latency is not None and traffic.p95 is not None:
            most = seconds(self.latency)
            need = math.ceil(serving * min(_STEP, traffic.p95 / (most * share)))
            told = f"p95 {human_time(traffic.p95)}, target {human_time(most)}"
            yield need, f"{told}: {need} needed"
        if self.cpu is not None and traffic.cpu is not None:
            need = math.ceil(serving * traffic.cpu / (self.cpu * share))
            yield need, f"{traffic.cpu:.0%} CPU a server, target {self.cpu:.0%}: {need} needed"
        yield 0, "no answers to measure"

    def _reason(self, needed: tuple[int, str], kept: tuple[_Need, ...], now: float) -> str:
        if kept[0].servers <= needed[0]:
            return needed[1]
        left = kept[0].at + seconds(self.shrink_after) - now
        return f"{needed[1]}; {kept[0].servers} kept for {human_time(max(0.0, left))}"
