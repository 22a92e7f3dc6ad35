"""How many requests a server may have at the same time, adapted to how long it takes for them."""

from __future__ import annotations

from statistics import median

#: Requests that a server may always have: those that it works on, and the next at hand.
LEAST = 4
START = 4

#: Answers, and seconds, that make a window over which latency is judged.
ANSWERS = 10
WINDOW = 0.25

#: Latency may be so many times the best one before fewer requests are let in, and is of no
#: interest below so many seconds.
TOLERANCE = 2.0
TRIFLE = 0.005

#: The best latency is forgotten slowly, a window at a time, so that it follows the app.
FORGET = 1.002


class Limit:
    """The bound of one server.

    It falls while latency is far above the best seen: then requests only wait inside of the
    server, where nobody can choose among them. It rises while it is reached and latency is good.
    """

    def __init__(self, most: int) -> None:
        self._least = min(LEAST, most)
        self._most = most
        #: Requests at the same time.
        self.now = min(START, most)
        self._best: float | None = None
        self._taken: list[float] = []
        self._reached = False
        self._since = 0.0

    def note(self, taken: float, out: int, now: float) -> None:
        """An answer came after `taken` seconds, when `out` requests were with the server."""
        self._taken.append(taken)
        self._reached = self._reached or out >= self.now
        if len(self._taken) >= ANSWERS and now - self._since >= WINDOW:
            self._judge(median(self._taken))
            self._taken.clear()
            self._reached = False
            self._since = now

    def _judge(self, latency: float) -> None:
        best = latency if self._best is None else min(self._best * FORGET, latency)
        self._best = best
        if latency > TRIFLE and latency > TOLERANCE * best:
            self.now = max(self._least, self.now - 1)
        elif self._reached:
            self.now = min(self._most, self.now + 1)
