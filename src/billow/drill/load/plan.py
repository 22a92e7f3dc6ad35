"""What a load drill is to do, and when: rates, faults in the middle, bounds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from billow.drill.load.arrivals import Stage
from billow.errors import BadInput
from billow.visits import Step

#: No drill asks more than this.
MAX_RATE = 20_000.0
MAX_REQUESTS = 10_000_000
MAX_LENGTH = 24 * 3600.0
MAX_VISITORS = 8_000
MAX_FLOOD = 100.0

_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:/\s*(s|min|m|h))?")
_PER = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}

#: A flood lasts this share of the drill, within these bounds in seconds.
_FLOOD_SHARE, _FLOOD_MIN, _FLOOD_MAX = 0.2, 3.0, 60.0


class Fault(StrEnum):
    """What happens in the middle of a drill."""

    KILL = "kill"
    HANG = "hang"
    FLOOD = "flood"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a service must hold to pass."""

    #: Share of the requests that were sent when they were due.
    held: float = 0.99
    #: Failures, other than those that were under way on a server when it was struck.
    failed: int = 0
    #: Seconds that 99 % of the right answers took at most.
    p99: float = 0.5
    #: Seconds from a fault's end until all is well again.
    recovery: float = 5.0
    #: During a flood: right answers a second, as a share of the best second of the drill.
    goodput: float = 0.9
    #: Seconds in which health and console answer during a flood (95 % of the looks).
    probe: float = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """A load drill. Times are seconds, rates requests a second."""

    rate: float
    length: float
    visitors: int
    seed: int = 1
    poisson: bool = False
    timeout: float = 10.0
    kill: bool = False
    hang: bool = False
    #: How many times the rate comes during a flood; 1 is no flood.
    flood: float = 1.0
    paths: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        self._check("--rate", self.rate * max(1.0, self.flood), 0.1, MAX_RATE, "requests a second")
        self._check("--for", self.length, 1, MAX_LENGTH, "seconds")
        self._check("--visitors", self.visitors, 1, MAX_VISITORS, "visitors")
        self._check("--flood", self.flood, 1, MAX_FLOOD, "times the rate")
        self._check("--timeout", self.timeout, 0.1, 120, "seconds")
        self._check("a drill", self.planned, 1, MAX_REQUESTS, "requests")
        for path in self.paths:
            Step("GET", path)

    def _check(self, what: str, value: float, least: float, most: float, unit: str) -> None:
        if not least <= value <= most:
            raise BadInput(f"{what}: {value:g} {unit}; it is {least:g} to {most:,g}")

    @property
    def faults(self) -> list[tuple[float, Fault]]:
        """What happens when: evenly spread over the drill; one alone comes in the middle."""
        asked = [
            fault
            for fault, wanted in (
                (Fault.KILL, self.kill),
                (Fault.HANG, self.hang),
                (Fault.FLOOD, self.flood > 1),
            )
            if wanted
        ]
        step = self.length / (len(asked) + 1)
        return [(step * place, fault) for place, fault in enumerate(asked, 1)]

    @property
    def flooded(self) -> tuple[float, float] | None:
        """When the flood begins and ends; None if there is none."""
        began = next((at for at, fault in self.faults if fault is Fault.FLOOD), None)
        if began is None:
            return None
        lasts = min(_FLOOD_MAX, max(_FLOOD_MIN, self.length * _FLOOD_SHARE))
        return began, min(began + lasts, self.length)

    @property
    def stages(self) -> list[Stage]:
        """The visitors' requests, and on top of them the flood's."""
        made = [Stage(0.0, self.length, self.rate)]
        if self.flooded is not None:
            made.append(Stage(*self.flooded, self.rate * (self.flood - 1), crowd=True))
        return made

    @property
    def planned(self) -> int:
        """How many requests that are, about."""
        return round(sum((stage.until - stage.since) * stage.rate for stage in self.stages))

    def command(self, target: str) -> str:
        """The command that does the same again."""
        words = ["billow", "drill", "load", "--rate", _told_rate(self.rate)]
        words += ["--for", f"{self.length:g}s", "--visitors", str(self.visitors)]
        words += ["--seed", str(self.seed), *(["--poisson"] if self.poisson else [])]
        words += ["--timeout", f"{self.timeout:g}s", "--latency", f"{self.bounds.p99 * 1000:g}ms"]
        words += [f"--{name}-server" for name in ("kill", "hang") if getattr(self, name)]
        words += ["--flood", f"{self.flood:g}x"] if self.flood > 1 else []
        words += [word for path in self.paths for word in ("--path", path)]
        words += [word for name, _ in self.headers for word in ("--header", f"{name}: …")]
        words += [word for name, _ in self.cookies for word in ("--cookie", f"{name}=…")]
        return shlex.join([*words, target])


def read_rate(text: str) -> float:
    """Requests a second: `10000/min`, `167/s`, or `167`.

    Raises:
        BadInput: it is no rate.
    """
    found = _RATE.fullmatch(text.strip().lower())
    if found is None:
        raise BadInput(f"{text!r} is no rate; write 10000/min, 167/s or 600000/h")
    return float(found[1]) / _PER[found[2] or "s"]


def read_times(text: str) -> float:
    """How many times: `10x`, `10`.

    Raises:
        BadInput: it is no number.
    """
    try:
        return float(text.strip().lower().removesuffix("x"))
    except ValueError:
        raise BadInput(f"{text!r} is no number of times; write 10x") from None


def read_pairs(texts: Sequence[str], mark: str, what: str) -> tuple[tuple[str, str], ...]:
    """Names with their values, such as `NAME=VALUE`.

    Raises:
        BadInput: one of them has no name, or could not be sent in a header.
    """
    pairs = []
    for text in texts:
        name, _, value = (part.strip() for part in text.partition(mark))
        if not name or not value or not text.isprintable() or not text.isascii():
            raise BadInput(f"{what} {text!r}: write NAME{mark}VALUE")
        pairs.append((name, value))
    return tuple(pairs)


def _told_rate(rate: float) -> str:
    a_minute = rate * 60
    return f"{a_minute:g}/min" if abs(a_minute - round(a_minute)) < 1e-6 else f"{rate:g}/s"
