"""SQLite: one file, any number of readers and one writer at a time, between all processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from billow.errors import Unavailable
from billow.sql.backend import Raw
from billow.sql.errors import ConstraintBroken
from billow.sql.pool import Pool
from billow.sql.text import statements

#: Pages in the write-ahead log (4 KiB each) after which a committing writer tidies it up.
_CHECKPOINT_PAGES = 2000


class Sqlite:
    """A file and its connections.

    Args:
        file: made if it is not there.
        readers: connections for reading at most; for writing there is one.
        patience: how long to wait for a connection, and for another process's writing, seconds.
        durable: whether a commit is flushed to the disk before it returns.
    """

    kind = "sqlite"
    begin: tuple[str, ...] = ("begin immediate",)
    begin_migration: tuple[str, ...] = ("begin immediate",)

    def __init__(self, file: Path, readers: int, patience: float, *, durable: bool = True) -> None:
        self._file = file
        self._patience = patience
        self._durable = durable
        self._readers = Pool(readers, lambda: self._new(write=False))
        self._writers = Pool(1, lambda: self._new(write=True))
        try:
            connection = self._connect(write=True)
            connection.execute("pragma journal_mode=wal")
            connection.close()
        except sqlite3.Error as problem:
            raise Unavailable(f"{file} cannot be used: {problem}") from problem

    def text(self, sql: str, /) -> str:
        """SQLite reads `:name` itself."""
        return sql

    def borrow(self, *, write: bool) -> Raw:
        """A connection that nobody else has."""
        pool = self._writers if write else self._readers
        return pool.take(self._patience)

    def give_back(self, raw: Raw, *, write: bool, broken: bool) -> None:
        """Let others have it."""
        pool = self._writers if write else self._readers
        if broken:
            pool.drop(raw)
        else:
            pool.give_back(raw)

    def script(self, raw: Raw, sql: str) -> None:
        """Run several statements."""
        for statement in statements(sql):
            raw.execute(statement)

    def translate(self, problem: Exception) -> Exception:
        """What an error of SQLite's means."""
        if isinstance(problem, sqlite3.IntegrityError):
            return ConstraintBroken(str(problem))
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        if isinstance(problem, sqlite3.OperationalError) and code in _LATER:
            return Unavailable(f"the database cannot do this now: {problem}", retry_after=1)
        return problem

    def close(self) -> None:
        """Close what nobody has."""
        self._readers.close()
        self._writers.close()

    def _new(self, *, write: bool) -> Raw:
        try:
            return self._connect(write=write)
        except sqlite3.Error as problem:
            raise self.translate(problem) from problem

    def _connect(self, *, write: bool) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file,
            isolation_level=None,
            timeout=self._patience,
            cached_statements=256,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        full = "FULL" if self._durable else "OFF"
        connection.execute(f"pragma synchronous={full}")
        connection.execute("pragma foreign_keys=on")
        connection.execute(f"pragma wal_autocheckpoint={_CHECKPOINT_PAGES}")
        if not write:
            connection.execute("pragma query_only=on")
        return connection


#: Busy, locked, read-only file, I/O error, cannot open, full.
_LATER = {5, 6, 8, 10, 14, 13}
