"""From Python's `logging` to a shipper."""

from __future__ import annotations

import logging

from billow.ops.logs.shipper import Said, Shipper
from billow.origin import current

_FORMATTER = logging.Formatter()


class ShipHandler(logging.Handler):
    """Hands records to a shipper; `extra={"fields": {...}}` adds facts.

    The facts `job` and `request` say what a line is about; without `request` it is the one at hand.
    """

    def __init__(self, shipper: Shipper) -> None:
        super().__init__()
        self._shipper = shipper

    def emit(self, record: logging.LogRecord) -> None:
        """Note a record."""
        try:
            facts = getattr(record, "fields", None) or {}
            if record.exc_info:
                facts = {**facts, "error": _FORMATTER.formatException(record.exc_info)}
            event = record.getMessage()
        except Exception:
            self.handleError(record)
            return
        said = Said(record.created, record.levelno, record.name, event, facts, current())
        self._shipper.say(said)
