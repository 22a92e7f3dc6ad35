"""The fleets: what decides their size, what their workers hold, what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billow.flow.breakers import Breaker, Breakers
from billow.options import Fleet
from billow.pool import NAME as POOL
from billow.ports.journal import Entry
from billow.web.pages import now
from billow.web.pages.asked import Asked

_LOG = ("scale.", "worker.", "alarm.")
_ROWS = 25


@dataclass(frozen=True, slots=True)
class FleetView:
    """One function's fleet, or the web servers."""

    name: str
    fleet: Fleet
    #: What the keeper put on the board; empty if it never did.
    board: dict[str, Any]
    decisions: list[Entry]
    #: The open breaker that keeps its jobs back; None if there is none.
    breaker: Breaker | None = None

    @property
    def workers(self) -> list[dict[str, Any]]:
        """Its workers, oldest first."""
        workers: list[dict[str, Any]] = self.board.get("workers", [])
        return workers

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """Its policy's alarms."""
        alarms: list[dict[str, Any]] = self.board.get("alarms", [])
        return alarms


def build(asked: Asked) -> dict[str, Any]:
    """What the page shows."""
    journal = asked.home.journal
    declared = [(each.name, each.fleet, each.calls) for each in asked.app.functions.values()]
    if asked.app.web.options is not None:
        declared.append((POOL, asked.app.web.options.fleet, ""))
    breakers = {each.name: each for each in Breakers(asked.home).all()}
    fleets = [
        FleetView(
            name,
            fleet,
            journal.board(f"fleet.{name}").get(f"fleet.{name}", {}),
            now.events_of(asked.home, name, _LOG)[:_ROWS],
            breakers.get(calls),
        )
        for name, fleet, calls in declared
    ]
    board = journal.board("process.")
    return {
        "fleets": fleets,
        "processes": {key.removeprefix("process."): state for key, state in board.items()},
        "service": (journal.shown("service") or ({}, 0.0))[0],
        "silence": now.keeper_silence(asked.home, asked.home.clock.now()),
    }
