"""Incidents in SQLite, in the durable database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from importlib import resources
from typing import Any, TypeVar

from billow.drivers.embedded.accounts import SqliteShelf
from billow.drivers.embedded.database import Database
from billow.drivers.embedded.group import GroupCommit
from billow.ports.incidents import SHELVES, Books

T = TypeVar("T")


class SqliteIncidents:
    """All incidents of a service."""

    def __init__(self, database: Database, group: GroupCommit) -> None:
        self._database = database
        self._group = group
        self._ready = False
        self._lock = threading.Lock()

    def change(self, work: Callable[[Books], T], *, durable: bool = True) -> T:
        """Run work in one transaction."""
        self._prepare()
        if durable:
            return self._group.run(lambda connection: work(_books(connection)))
        with self._database.write(durable=False) as connection:
            return work(_books(connection))

    def look(self, work: Callable[[Books], T]) -> T:
        """Run work that reads."""
        self._prepare()
        connection = self._database.reader
        connection.execute("begin")
        try:
            return work(_books(connection))
        finally:
            connection.execute("rollback")

    def _prepare(self) -> None:
        """Make the tables where there are none yet; at the first use."""
        if self._ready:
            return
        with self._lock:
            if not self._ready and not self._has_tables():
                text = resources.files(__package__).joinpath("incidents.sql").read_text()
                with self._database.write() as connection:
                    for statement in text.split(";\n"):
                        connection.execute(statement)
            self._ready = True

    def _has_tables(self) -> bool:
        last = list(SHELVES)[-1]
        found = self._database.reader.execute(
            "select 1 from sqlite_master where type = 'table' and name = ?", (last,)
        )
        return found.fetchone() is not None


def _books(connection: sqlite3.Connection) -> Books:
    return Books(*(SqliteShelf[Any](connection, name, kind) for name, kind in SHELVES.items()))
