"""A queue is known from its first message on, also when it is empty again."""

from __future__ import annotations

import sqlite3

from billow.ports.queues import QueueOptions

_DEFAULT = QueueOptions()


def note_queue(connection: sqlite3.Connection, name: str) -> None:
    """Make a queue with default options known, unless it is."""
    connection.execute(
        "insert or ignore into queues(name, visibility, delay, retention) values(?, ?, ?, ?)",
        (name, _DEFAULT.visibility, _DEFAULT.delay, _DEFAULT.retention),
    )
