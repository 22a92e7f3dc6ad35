"""How people are called: what alarms and remedies need of whoever keeps incidents and a rota."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias

#: How bad it is, as PagerDuty's Events API has it.
Severity: TypeAlias = Literal["critical", "error", "warning", "info"]


class Pager(Protocol):
    """Opens and closes incidents. Both are safe to repeat: the same key is the same incident."""

    def trigger(
        self,
        service: str,
        key: str,
        summary: str,
        severity: Severity,
        source: str,
        details: Mapping[str, Any],
    ) -> object:
        """Something is wrong; durable when it returns.

        Args:
            service: whose people are called.
            key: tells incidents of a service apart; while one is open, another trigger adds to it.
            summary: what is wrong, in one line.
            severity: how bad.
            source: what noticed it, such as an alarm's name.
            details: more for those who are called; JSON values.
        """
        ...

    def resolve(self, service: str, key: str) -> object:
        """It is well again; nothing happens if there is no such open incident."""
        ...
