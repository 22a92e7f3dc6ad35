"""Writing down what a fleet does, without ever standing in its way."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from billow.errors import Unavailable
from billow.ports.journal import Journal

_log = logging.getLogger("billow.fleet")


def tell(journal: Journal, kind: str, subject: str, reason: str, facts: Mapping[str, Any]) -> None:
    """Write an event; if the journal cannot take it (a full disk), it goes to the log instead."""
    try:
        journal.write(kind, subject, reason, facts)
    except Unavailable as problem:
        _log.warning("%s %s: %s (not in the journal: %s)", kind, subject, reason, problem)
