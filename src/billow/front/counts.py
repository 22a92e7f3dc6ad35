"""What the front counts: requests, how long they take, and what it refused."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import Any

#: Upper ends of the latencies' classes, seconds; each a quarter above the one before.
EDGES = tuple(0.0005 * 1.25**n for n in range(60))

#: Seconds over which traffic is told.
SPAN = 5


class Counts:
    """Counters since the start, and the traffic of the last seconds."""

    def __init__(self, now: float) -> None:
        #: Answers by status; refused requests by reason; requests that were tried again.
        self.answers: dict[int, int] = {}
        self.refused: dict[str, int] = {}
        self.retried = 0
        self._second = int(now)
        self._came = 0
        self._taken = [0] * (len(EDGES) + 1)
        self._past: deque[tuple[int, list[int]]] = deque(maxlen=SPAN)

    def came(self, now: float) -> None:
        """A request has come."""
        if int(now) != self._second:
            self._turn(int(now))
        self._came += 1

    def answered(self, status: int) -> None:
        """One was answered."""
        self.answers[status] = self.answers.get(status, 0) + 1

    def took(self, taken: float) -> None:
        """A server took so many seconds until it answered."""
        self._taken[bisect_left(EDGES, taken)] += 1

    def refuse(self, why: str) -> None:
        """One was refused."""
        self.refused[why] = self.refused.get(why, 0) + 1

    def traffic(self, now: float) -> dict[str, Any]:
        """Requests a second and the 95th percentile of latency over the last whole seconds."""
        self._turn(int(now))
        if not self._past:
            return {"requests": 0.0, "p95": None}
        requests = sum(came for came, _ in self._past) / len(self._past)
        sums = [sum(column) for column in zip(*(taken for _, taken in self._past), strict=True)]
        return {"requests": round(requests, 2), "p95": _quantile(sums, 0.95)}

    def _turn(self, second: int) -> None:
        """Begin a new second; those without any request count as well."""
        for _ in range(min(second - self._second, SPAN)):
            self._past.append((self._came, self._taken))
            self._came, self._taken = 0, [0] * (len(EDGES) + 1)
        self._second = max(second, self._second)


def _quantile(sums: list[int], share: float) -> float | None:
    total, seen = sum(sums), 0
    for count, edge in zip(sums, (*EDGES, EDGES[-1]), strict=True):
        seen += count
        if count and seen >= share * total:
            return round(edge, 5)
    return None
