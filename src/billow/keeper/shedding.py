"""Whether the front has more than it can serve, and whether it is to refuse some of it early."""

from __future__ import annotations

import math
from typing import Any

from billow.home import Home
from billow.ops import controls
from billow.pool import NAME

#: Seconds for which what was refused counts as a sign that too much comes in.
RECENT = 60.0
#: The share of all places in the servers that is taken then.
BUSY = 0.8


class Shedding:
    """Follows what the front reports, and what remedies ask of it.

    Args:
        home: where it is asked for, and where it is told.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._report: dict[str, Any] = {}
        self._refused_at = -math.inf
        #: Whether the least important are refused early.
        self.on = False

    def hear(self, report: dict[str, Any]) -> None:
        """The front tells how things stand."""
        before = self._report.get("refused", {})
        if sum(report["refused"].values()) > sum(before.values()):
            self._refused_at = self._home.clock.now()
        self._report = report

    def strain(self) -> str:
        """In words, what shows that more comes in than can be served; empty if nothing does."""
        told = self._report
        if not told:
            return ""
        if told["waiting"]:
            return f"{told['waiting']} requests wait"
        if self._home.clock.now() - self._refused_at < RECENT:
            return "requests were refused of late"
        serving = [one for one in told["servers"].values() if not one["draining"]]
        out, most = (sum(one[what] for one in serving) for what in ("out", "limit"))
        return f"{out} of {most} places are taken" if out and out >= BUSY * most else ""

    def look(self) -> None:
        """See whether it is to be, and write down when that changes."""
        found = controls.shedding(self._home.journal, self._home.clock.now())
        on = found is not None
        if on != self.on:
            kind, told = (
                ("shed.began", found[1]) if found else ("shed.ended", "all are let in again")
            )
            self._home.journal.write(kind, NAME, told)
        self.on = on
