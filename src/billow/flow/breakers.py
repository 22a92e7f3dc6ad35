"""Breakers on what jobs call: while one is open jobs wait, and now and then one tries it.

Jobs that wait use up no tries. A breaker is a row in a table, so that all workers see the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from billow.errors import Conflict, NotFound, Unavailable
from billow.home import Home
from billow.ports.tables import ABSENT

TABLE = "breakers"

#: Seconds until the first try of whether it works again; doubles up to the last.
FIRST_REST, LONGEST_REST = 15.0, 300.0
#: Seconds between two notes that calls work, and between two that they fail, of one worker.
NOTE_WORKED, NOTE_FAILED = 5.0, 1.0
#: Seconds after which failures are no part of a row of them any more.
FORGET = 600.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """One that is open. Times are UNIX seconds."""

    name: str
    reason: str
    opened: float
    #: When a job may try again, and the rest before that.
    until: float
    rest: float
    #: The worker whose job tries, and until when that counts; empty if nobody tries.
    probe: str = ""
    probe_until: float = 0.0
    #: How often it was tried in vain.
    failed: int = 0
    version: int = 0

    def tries(self, now: float) -> bool:
        """Whether a job is trying."""
        return bool(self.probe) and now < self.probe_until

    def may_try(self, now: float) -> bool:
        """Whether one may try now: its time has come, and nobody does."""
        return now >= self.until and not self.tries(now)


class Row(NamedTuple):
    """Failures of calls, one after the other, without one that worked in between."""

    length: int
    #: When the first and the last failed, UNIX seconds.
    since: float
    at: float
    #: How the last one failed.
    why: str


class Breakers:
    """The breakers of a service; all methods are safe between processes."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def all(self) -> list[Breaker]:
        """Those that are open, by name."""
        found = self._home.tables.query(TABLE, limit=1000)
        return [_breaker(item.key, item.value, item.version) for item in found]

    def get(self, name: str) -> Breaker | None:
        """A breaker if it is open."""
        item = self._home.tables.get(TABLE, name)
        return None if item is None else _breaker(name, item.value, item.version)

    def open(self, name: str, reason: str) -> bool:
        """Let no job call it; durable when it returns. False if it is open already.

        Raises:
            Unavailable: the store cannot be written.
        """
        now = self._home.clock.now()
        made = Breaker(name, reason, now, now + FIRST_REST, FIRST_REST)
        try:
            self._home.tables.put(TABLE, name, _facts(made), expect=ABSENT)
        except Conflict:
            return False
        self._home.journal.write("breaker.opened", name, reason)
        return True

    def close(self, name: str, reason: str) -> None:
        """Let jobs call it again.

        Raises:
            NotFound: it is not open.
        """
        if not self._home.tables.delete(TABLE, name):
            raise NotFound(f"the breaker of {name!r} is not open")
        self._home.journal.write("breaker.closed", name, reason)

    def claim(self, breaker: Breaker, worker: str, limit: float) -> bool:
        """Have a worker's next job try, for `limit` seconds at most; False if another does."""
        now = self._home.clock.now()
        trying = replace(breaker, probe=worker, probe_until=now + limit)
        return breaker.may_try(now) and self._put(trying)

    def settle(self, name: str, worker: str, works: bool | None, why: str = "") -> None:
        """Note what came of a worker's try; None if that says nothing about what it called."""
        breaker, now = self.get(name), self._home.clock.now()
        if breaker is None or breaker.probe != worker:
            return
        if works:
            try:
                gone = self._home.tables.delete(TABLE, name, breaker.version)
            except Conflict:
                return
            if gone:
                shut = f"it works again, after {breaker.failed} tries in vain"
                self._home.journal.write("breaker.closed", name, shut)
            return
        ended = replace(breaker, probe="", probe_until=0.0)
        if works is None:
            self._put(ended)
            return
        rest = min(LONGEST_REST, 2 * breaker.rest)
        ended = replace(ended, rest=rest, until=now + rest, failed=breaker.failed + 1)
        if self._put(ended):
            self._home.journal.write("breaker.tried", name, why)

    def check(self, name: str) -> None:
        """Raises Unavailable while it is open and its time to try has not come."""
        breaker, now = self.get(name), self._home.clock.now()
        if breaker is not None and now < breaker.until:
            told = f"{name} cannot be used now: {breaker.reason}"
            raise Unavailable(told, retry_after=max(1, round(breaker.until - now)))

    def _put(self, breaker: Breaker) -> bool:
        try:
            facts = _facts(breaker)
            self._home.tables.put(TABLE, breaker.name, facts, expect=breaker.version)
        except Conflict:
            return False
        return True


def note_worked(home: Home, name: str) -> None:
    """Note that a call worked."""
    home.journal.show(f"calls.{name}.worked", {"at": home.clock.now()})


def note_failed(home: Home, name: str, times: int, why: str) -> None:
    """Note that calls failed, `times` in a row."""
    now, row = home.clock.now(), failures(home, name)
    if row is not None and now - row.at < FORGET:
        length, since = row.length + times, row.since
    else:
        length, since = times, now
    facts = {"length": length, "since": since, "at": now, "why": why}
    home.journal.show(f"calls.{name}.failed", facts)


def failures(home: Home, name: str) -> Row | None:
    """The row of failures that calls are in; None if the last one known worked."""
    failed = home.journal.shown(f"calls.{name}.failed")
    if failed is None:
        return None
    worked = home.journal.shown(f"calls.{name}.worked")
    row = Row(**failed[0])
    return row if worked is None or worked[0]["at"] < row.since else None


def _breaker(name: str, facts: dict[str, Any], version: int) -> Breaker:
    return Breaker(name, **facts, version=version)


def _facts(breaker: Breaker) -> dict[str, Any]:
    names = ("reason", "opened", "until", "rest", "probe", "probe_until", "failed")
    return {name: getattr(breaker, name) for name in names}
