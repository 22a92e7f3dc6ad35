"""What a scaling policy is: a pure function of what was observed, its own memory, and the time.

Live control, tests and the simulator run the same lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Traffic:
    """What comes to the web servers, over the last few seconds."""

    #: Requests a second.
    requests: float = 0.0
    #: Seconds that 95 of 100 answers took at most; None if there were none.
    p95: float | None = None
    #: Share of one core that a server used on average; None if it is not known.
    cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """A fleet and its queue at one moment."""

    #: Messages that could be taken now; taken and not finished.
    visible: int
    in_flight: int
    #: The size decided on last, which the fleet has or is on its way to.
    wanted: int
    #: Messages that are not yet due.
    delayed: int = 0
    #: Seconds that the oldest visible message has been waiting.
    oldest: float = 0.0
    #: Workers by what they do. A starting worker counts as capacity, a draining one does not.
    starting: int = 0
    idle: int = 0
    busy: int = 0
    draining: int = 0
    #: Whether launches or terminations that were decided on are not complete yet.
    changing: bool = False
    #: When the latest launch or termination that was decided on was complete (`now`'s clock).
    settled_at: float | None = None
    #: False if the queue could not be read; its numbers are the last known ones then.
    known: bool = True
    #: What comes to the servers, if this is a fleet of web servers.
    traffic: Traffic | None = None


class AlarmView(NamedTuple):
    """An alarm of a policy, for people to see."""

    name: str
    #: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    state: str
    #: The datapoint it was decided on, the bound, and how they compare, such as `>=`.
    value: float | None
    threshold: float
    comparison: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy wants, and why."""

    #: Workers wanted; the controller clips it to the fleet's bounds.
    wanted: int
    #: In words, with the numbers it was decided on.
    reason: str
    alarms: tuple[AlarmView, ...] = ()


class Policy(Protocol):
    """Decides how many workers a fleet should have. Implementations are frozen values."""

    def start(self) -> Any:
        """The memory to begin with: any value; a policy never changes it in place."""
        ...

    def decide(self, seen: Observation, memory: Any, now: float) -> tuple[Decision, Any]:
        """The size wanted at `now` (UNIX seconds) and the memory for the next call."""
        ...
