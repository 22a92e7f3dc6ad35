"""Who has which connection, since when, and from which line of the app."""

from __future__ import annotations

import itertools
import logging
import math
import sys
import threading
import time
from types import FrameType
from typing import NamedTuple

#: Modules that stand between an app and its loan.
_OURS = ("billow.sql.", "contextlib")

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


class _Note(NamedTuple):
    """What is noted of a loan at once; it is put into words if somebody asks."""

    file: str
    line: int
    write: bool
    since: float
    thread: int

    def tell(self) -> Loan:
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        where, kind = f"{self.file}:{self.line}", "write" if self.write else "read"
        return Loan(where, kind, self.since, names.get(self.thread, str(self.thread)))


class Loans:
    """Every connection that is out. One that is out for long is told, with where it was taken.

    Args:
        long: seconds after which a loan is long.
    """

    def __init__(self, long: float) -> None:
        self._long = long
        self._lock = threading.Lock()
        self._out: dict[int, _Note] = {}
        self._told: set[int] = set()
        self._numbers = itertools.count(1)
        #: When one of them can be out for long.
        self._due = math.inf

    def begin(self, *, write: bool) -> int:
        """Note that the caller's caller takes a connection; returns the loan's number."""
        frame, now = _caller(), time.monotonic()
        number = next(self._numbers)
        self._out[number] = _Note(
            frame.f_code.co_filename, frame.f_lineno, write, now, threading.get_ident()
        )
        if now + self._long < self._due:
            with self._lock:
                self._due = min(self._due, now + self._long)
        if now > self._due:
            self.tell_overdue()
        return number

    def end(self, number: int) -> None:
        """Note that it is back."""
        if time.monotonic() > self._due:
            self.tell_overdue()
        del self._out[number]
        self._told.discard(number)

    def out(self) -> list[Loan]:
        """What is out, the longest first."""
        return sorted((note.tell() for note in list(self._out.values())), key=lambda x: x.since)

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
            fresh = [(n, note) for n, note in list(self._out.items()) if n not in self._told]
            late = [(n, note.tell()) for n, note in fresh if now > note.since + self._long]
            self._told.update(n for n, _ in late)
            rest = (note.since + self._long for n, note in fresh if n not in self._told)
            self._due = min(rest, default=math.inf)
        for _, loan in late:
            fields = {"where": loan.where, "kind": loan.kind, "thread": loan.thread}
            _log.warning("a connection is held for long", extra={"fields": fields})


def _caller() -> FrameType:
    """The line of the app that is being run."""
    frame = sys._getframe(3)  # above this function, `begin`, and the block's `__enter__`
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        frame = frame.f_back
    return frame
