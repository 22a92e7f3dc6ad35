"""The lines that the front tells, put into the log of all."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from billow.errors import Unavailable
from billow.ops.logs.clean import Cleaner
from billow.ports.logs import Line, Logs


def keep_lines(told: dict[str, Any], process: str, logs: Logs, cleaner: Cleaner) -> None:
    """Store what a process told, cleaned; a store that cannot take it is told nothing."""
    lines = [
        Line(each["at"], each["level"], process, each["source"], cleaner.text(each["event"]))
        for each in told["lines"]
    ]
    if told["dropped"]:
        event = f"{told['dropped']} lines were dropped: there was no room for them"
        lines.append(Line(lines[-1].at, logging.WARNING, process, "billow.logs", event))
    with contextlib.suppress(Unavailable):
        logs.write(lines)
