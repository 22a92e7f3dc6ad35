"""The fleets: what decides their size, what their workers hold, what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billow.function import Function
from billow.ports.journal import Entry
from billow.web.pages import now
from billow.web.pages.asked import Asked

_LOG = ("scale.", "worker.", "alarm.")
_ROWS = 25


@dataclass(frozen=True, slots=True)
class FleetView:
    """One function's fleet."""

    function: Function
    #: What the keeper put on the board; empty if it never did.
    board: dict[str, Any]
    decisions: list[Entry]

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
    fleets = [
        FleetView(
            function,
            journal.board(f"fleet.{function.name}").get(f"fleet.{function.name}", {}),
            now.events_of(asked.home, function.name, _LOG)[:_ROWS],
        )
        for function in asked.app.functions.values()
    ]
    board = journal.board("process.")
    return {
        "fleets": fleets,
        "processes": {key.removeprefix("process."): state for key, state in board.items()},
        "service": (journal.shown("service") or ({}, 0.0))[0],
        "silence": now.keeper_silence(asked.home, asked.home.clock.now()),
    }
