"""How a web process logs on stderr: one JSON object a line, which no input can forge."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from billow.ops.logs.clean import Cleaner
from billow.origin import current


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; `extra={"fields": {...}}` adds fields.

    Args:
        cleaner: takes secrets out.
    """

    def __init__(self, cleaner: Cleaner | None = None) -> None:
        super().__init__()
        self._cleaner = cleaner or Cleaner()

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if (request := current().request) and "request" not in line:
            line["request"] = request
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(self._cleaner.facts(line))
