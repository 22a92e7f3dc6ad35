"""Rows of uploads in parts, read and written as part of a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from billow.drivers.embedded.blobs import Blob
from billow.errors import Conflict, NotFound
from billow.ports.uploads import Multipart

#: What `to_upload` reads.
COLUMNS = "id, store, key, size, part_size, name, type, owner, metadata, created, completed"


def to_upload(row: tuple[Any, ...]) -> Multipart:
    """An upload from its columns."""
    id_, store, key, size, part_size, name, type_, owner, metadata, created, completed = row
    told = json.loads(metadata)
    return Multipart(id_, store, key, size, part_size, name, type_, owner, told, created, completed)


def record_part(connection: sqlite3.Connection, id: str, number: int, blob: Blob) -> Sequence[str]:
    """Write a part's row; returns the files that it replaces."""
    found = connection.execute("select completed from uploads where id = ?", (id,)).fetchone()
    if found is None:
        raise NotFound(f"there is no upload {id}")
    if found[0] is not None:
        raise Conflict(f"upload {id} is completed")
    gone = connection.execute(
        "delete from upload_parts where upload = ? and number = ? returning blob", (id, number)
    ).fetchall()
    connection.execute(
        "insert into upload_parts values(?, ?, ?, ?, ?)",
        (id, number, blob.size, blob.sha256, blob.id),
    )
    return [old for (old,) in gone]


def settle(connection: sqlite3.Connection, id: str, at: float, blob: str) -> None:
    """Note that an upload became the object with this blob; doing so again changes nothing."""
    changed = connection.execute(
        "update uploads set completed = ?1, blob = ?2 "
        "where id = ?3 and (completed is null or blob = ?2)",
        (at, blob, id),
    )
    if changed.rowcount != 1:
        raise Conflict(f"upload {id} was completed or given up meanwhile")
    drop_parts(connection, id)


def drop_parts(connection: sqlite3.Connection, id: str) -> Sequence[str]:
    """Forget an upload's parts; returns the files that held them."""
    gone = connection.execute("delete from upload_parts where upload = ? returning blob", (id,))
    return [blob for (blob,) in gone.fetchall()]
