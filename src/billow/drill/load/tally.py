"""What came of the requests, counted by the half second in which they were due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from billow.drill.load.histogram import Histogram

#: Seconds of a slot.
SLOT = 0.5
#: Failures that are kept one by one, of each generator; more are only counted.
MAX_FAILURES = 1000


class Kind(StrEnum):
    """What came of a request. All but the first are failures."""

    OK = "ok"
    #: No connection could be made.
    CONNECT = "connect"
    #: The connection ended before the answer did.
    RESET = "reset"
    #: No answer in time.
    TIMEOUT = "timeout"
    #: Status 503: refused, because there is too much to do.
    SHED = "shed"
    #: Status 429: refused, because this client asks too much.
    LIMITED = "limited"
    #: Any other status from 500 up.
    ERROR = "5xx"
    #: A status, body or format that is not the right one.
    WRONG = "wrong"
    #: Never asked: as many requests as are allowed were under way.
    UNSENT = "unsent"


#: Refusals that a service under too much load is meant to give.
REFUSALS = (Kind.SHED, Kind.LIMITED)


@dataclass(slots=True)
class Tally:
    """Counts of the requests of a slot."""

    #: Requests that were due.
    planned: int = 0
    #: Those that were sent more than a moment late.
    late: int = 0
    #: Requests that were sent again after their connection broke, and that is no failure.
    retried: int = 0
    #: Right answers that took longer than the drill allows for the slowest percent.
    slow: int = 0
    #: Bytes of bodies.
    received: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    #: Latencies of right answers.
    times: Histogram = field(default_factory=Histogram)

    @property
    def ok(self) -> int:
        """Right answers."""
        return self.kinds[Kind.OK]

    @property
    def failed(self) -> int:
        """All others."""
        return self.kinds.total() - self.ok

    @property
    def refused(self) -> int:
        """Refusals because of too much load."""
        return sum(self.kinds[kind] for kind in REFUSALS)

    def merge(self, other: Tally) -> None:
        """Add another's counts."""
        self.planned += other.planned
        self.late += other.late
        self.retried += other.retried
        self.slow += other.slow
        self.received += other.received
        self.kinds.update(other.kinds)
        self.times.merge(other.times)

    def document(self) -> dict[str, Any]:
        """All of it, as JSON says it."""
        numbers = [self.planned, self.late, self.retried, self.slow, self.received]
        return {"n": numbers, "k": dict(self.kinds), "t": self.times.document()}

    @classmethod
    def read(cls, told: dict[str, Any]) -> Tally:
        """What `document` told."""
        planned, late, retried, slow, received = told["n"]
        kinds, times = Counter(told["k"]), Histogram.read(told["t"])
        return cls(planned, late, retried, slow, received, kinds, times)


@dataclass(frozen=True, slots=True)
class Lost:
    """A request that failed. Times are seconds since the drill began."""

    kind: str
    #: When it was sent, and when it had failed.
    sent: float
    ended: float
    request: str
    why: str = ""
    crowd: bool = False

    def document(self) -> dict[str, Any]:
        """All of it, as JSON says it."""
        return asdict(self)


class Slots:
    """Tallies by slot, of the visitors and of a flood's crowd apart."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[int, bool], Tally] = {}

    def at(self, due: float, *, crowd: bool = False) -> Tally:
        """The tally that a request belongs to."""
        key = (int(due / SLOT), crowd)
        if key not in self._tallies:
            self._tallies[key] = Tally()
        return self._tallies[key]

    def find(self, slot: int, *, crowd: bool | None = None) -> Tally:
        """A slot's tally: of visitors or crowd, or of both."""
        wanted = (False, True) if crowd is None else (crowd,)
        return total(self._tallies[slot, of] for of in wanted if (slot, of) in self._tallies)

    def between(self, since: float, until: float, *, crowd: bool | None = None) -> Tally:
        """All that was due from `since` until `until`."""
        return total(
            tally
            for (slot, of), tally in self._tallies.items()
            if since <= slot * SLOT < until and crowd in (None, of)
        )

    @property
    def size(self) -> int:
        """The number of slots from the beginning to the last one used."""
        return max((slot for slot, _ in self._tallies), default=-1) + 1

    def merge(self, other: Slots) -> None:
        """Add another's counts."""
        for key, tally in other._tallies.items():
            self._tallies.setdefault(key, Tally()).merge(tally)

    def document(self) -> list[list[Any]]:
        """All of it, as JSON says it."""
        return [[slot, int(of), tally.document()] for (slot, of), tally in self]

    def __iter__(self) -> Iterator[tuple[tuple[int, bool], Tally]]:
        return iter(sorted(self._tallies.items()))

    @classmethod
    def read(cls, told: Iterable[list[Any]]) -> Slots:
        """What `document` told."""
        made = cls()
        for slot, of, tally in told:
            made._tallies[slot, bool(of)] = Tally.read(tally)
        return made


def total(tallies: Iterable[Tally]) -> Tally:
    """One tally of all."""
    made = Tally()
    for tally in tallies:
        made.merge(tally)
    return made
