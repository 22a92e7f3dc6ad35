"""Who has which connection, since when, and from which line of the app."""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from typing import NamedTuple

_log = logging.getLogger("billow.sql")


class Loan(NamedTuple):
    """A connection that somebody has."""

    #: File and line that took it.
    where: str
    #: `read` or `write`.
    kind: str
    #: When, on the monotonic clock.
    since: float
    thread: str


class Loans:
    """Every connection that is out. One that is out for long is told, with where it was taken.

    Args:
        long: seconds after which a loan is long.
    """

    def __init__(self, long: float) -> None:
        self._long = long
        self._lock = threading.Lock()
        self._out: dict[int, Loan] = {}
        self._told: set[int] = set()
        self._next = 0
        #: When the next of them can be out for long.
        self._due = math.inf

    def begin(self, *, write: bool) -> int:
        """Note that the caller's caller takes a connection; returns the loan's number."""
        kind = "write" if write else "read"
        loan = Loan(_where(), kind, time.monotonic(), threading.current_thread().name)
        with self._lock:
            self._next += 1
            self._out[self._next] = loan
            number = self._next
            self._due = min(self._due, loan.since + self._long)
        self.tell_overdue()
        return number

    def end(self, number: int) -> None:
        """Note that it is back."""
        self.tell_overdue()
        with self._lock:
            del self._out[number]
            self._told.discard(number)

    def out(self) -> list[Loan]:
        """What is out, the longest first."""
        with self._lock:
            return sorted(self._out.values(), key=lambda loan: loan.since)

    def tell(self) -> str:
        """What is out, for people."""
        now = time.monotonic()
        held = [f"{x.where} ({x.kind}, {now - x.since:.1f} s)" for x in self.out()[:10]]
        return ", ".join(held) or "nobody"

    def tell_overdue(self) -> None:
        """Write into the log, once for each, what is out for long."""
        now = time.monotonic()
        if now <= self._due:
            return
        with self._lock:
            fresh = [(n, loan) for n, loan in self._out.items() if n not in self._told]
            late = [(n, loan) for n, loan in fresh if now > loan.since + self._long]
            self._told.update(n for n, _ in late)
            rest = (loan.since + self._long for n, loan in fresh if n not in self._told)
            self._due = min(rest, default=math.inf)
        for _, loan in late:
            fields = {"where": loan.where, "kind": loan.kind, "thread": loan.thread}
            _log.warning("a connection is held for long", extra={"fields": fields})


def _where() -> str:
    """The line of the app that is being run."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        ("billow.sql.", "contextlib")
    ):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
