"""What the front logs, on its way to the log of all: by the line to the keeper, which stores it.

The front itself has nothing to do with the store, so nothing about it can hold the front up.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

#: Lines that wait for the keeper at most; older ones are dropped, and counted.
ROOM = 200
#: Characters of a line.
LONGEST = 3000


class Lines(logging.Handler):
    """Gathers what is logged until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter())
        self._waiting: deque[dict[str, Any]] = deque()
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Note a record."""
        try:
            event = self.format(record)[:LONGEST]
        except Exception:
            self.handleError(record)
            return
        line = {"at": record.created, "level": record.levelno, "source": record.name}
        self._waiting.append({**line, "event": event})
        if len(self._waiting) > ROOM:
            self._waiting.popleft()
            self._dropped += 1

    def take(self) -> dict[str, Any]:
        """What was noted since the last time, for the keeper; empty if nothing was."""
        if not self._waiting:
            return {}
        taken = {"lines": list(self._waiting), "dropped": self._dropped}
        self._waiting.clear()
        self._dropped = 0
        return taken
