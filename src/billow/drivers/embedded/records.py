"""Rows of objects, written as part of a transaction."""

from __future__ import annotations

import json
import sqlite3

from billow.ports.objects import ObjectInfo


def record_object(connection: sqlite3.Connection, info: ObjectInfo, blob: str) -> str | None:
    """Write an object's row; returns the blob it replaced, if nothing refers to that any more."""
    old = connection.execute(
        "select blob from objects where store = ? and key = ?", (info.store, info.key)
    ).fetchone()
    connection.execute(
        "insert or replace into objects values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            info.store,
            info.key,
            blob,
            info.size,
            info.sha256,
            info.type,
            info.name,
            info.owner,
            json.dumps(dict(info.metadata), ensure_ascii=False),
            info.created,
        ),
    )
    if old is None or is_used(connection, old[0]):
        return None
    replaced: str = old[0]
    return replaced


def is_used(connection: sqlite3.Connection, blob: str) -> bool:
    """Whether an object refers to a blob."""
    found = connection.execute("select 1 from objects where blob = ? limit 1", (blob,)).fetchone()
    return found is not None
