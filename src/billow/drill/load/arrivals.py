"""When requests are due: decided before the drill begins, whatever the service answers."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of time with one rate. Times are seconds since the drill began."""

    since: float
    until: float
    #: Requests a second.
    rate: float
    #: Whether they come from the crowd of a flood, rather than from the visitors.
    crowd: bool = False


class Arrival(NamedTuple):
    """A request that is due, seconds since the drill began."""

    at: float
    crowd: bool


def arrivals(
    stages: Iterable[Stage], part: int = 0, parts: int = 1, chance: random.Random | None = None
) -> Iterator[Arrival]:
    """The requests that are due, in order of time.

    Args:
        stages: what to ask.
        part: which of the generators this is, from 0; together they ask for all of it.
        parts: how many generators there are.
        chance: makes them come at random (a Poisson process); evenly if not given.
    """
    streams = []
    for stage in stages:
        if chance is None:
            streams.append(_evenly(stage, part, parts))
        else:
            streams.append(_at_random(stage, stage.rate / parts, random.Random(chance.random())))  # noqa: S311
    return heapq.merge(*streams)


def _evenly(stage: Stage, part: int, parts: int) -> Iterator[Arrival]:
    step = 1 / stage.rate
    for number in range(part, round((stage.until - stage.since) * stage.rate), parts):
        yield Arrival(stage.since + (number + 0.5) * step, stage.crowd)


def _at_random(stage: Stage, rate: float, chance: random.Random) -> Iterator[Arrival]:
    at = stage.since + chance.expovariate(rate)
    while at < stage.until:
        yield Arrival(at, stage.crowd)
        at += chance.expovariate(rate)
