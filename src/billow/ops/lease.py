"""The right to control something, held by one process at a time and for a while."""

from __future__ import annotations

from billow.clock import Clock
from billow.errors import Conflict, Unavailable
from billow.ports.tables import ABSENT, Tables

TABLE = "control-leases"


class Lease:
    """Held by whoever renews it in time; a second process never believes that it holds it too.

    Args:
        tables: where it is kept.
        name: what it is the right to.
        holder: who wants it.
        clock: real time.
        length: seconds after which it is free, if its holder does not renew it.
    """

    def __init__(
        self, tables: Tables, name: str, holder: str, clock: Clock, length: float = 15.0
    ) -> None:
        self._tables = tables
        self._name = name
        self._holder = holder
        self._clock = clock
        self._length = length
        self._until = 0.0

    def held(self) -> bool:
        """Take or renew it; False if another has it, or the store cannot tell."""
        now = self._clock.now()
        if now < self._until - self._length / 2 <= now + self._length:
            return True
        try:
            self._take(now)
        except (Conflict, Unavailable):
            self._until = 0.0
        return now < self._until

    def release(self) -> None:
        """Let go of it, so that another need not wait."""
        if self._until:
            self._until = 0.0
            item = self._tables.get(TABLE, self._name)
            if item is not None and item.value["holder"] == self._holder:
                self._tables.delete(TABLE, self._name, item.version)

    def _take(self, now: float) -> None:
        item = self._tables.get(TABLE, self._name)
        self._until = 0.0
        others = item is not None and item.value["holder"] != self._holder
        # A lease that reaches far into the future was left from before the clock was set back.
        if item is not None and others and now < item.value["until"] <= now + self._length:
            return
        until = now + self._length
        expect = ABSENT if item is None else item.version
        self._tables.put(TABLE, self._name, {"holder": self._holder, "until": until}, expect)
        self._until = until
