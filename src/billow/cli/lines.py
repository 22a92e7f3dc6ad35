"""What a running service tells to programs: JSON lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billow.cli.out import lines
from billow.ports.journal import Entry


class JsonView:
    """A `billow.keeper.View`: each event, and when the service answers, a line each."""

    def starting(self, service: Mapping[str, Any]) -> None:
        """Tell nothing: the first event does."""

    def started(self, service: Mapping[str, Any]) -> None:
        """Tell where the service is, now that it answers."""
        lines([{"kind": "up", **service}])

    def happened(self, entry: Entry) -> None:
        """Tell the event."""
        lines([entry._asdict()])

    def progressed(self, fleets: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell nothing: `billow fleet --json` does."""

    def stopping(self, reason: str) -> None:
        """Tell nothing: the events do."""

    def stopped(self) -> None:
        """Tell nothing: the last event did."""
