"""One SQLite file, shared by threads and processes.

Write-ahead log; a durable transaction is flushed to the disk before it returns
(`synchronous=FULL`), a relaxed one survives the death of processes but not a power cut.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from billow.drivers.embedded.disk import full
from billow.errors import Unavailable

#: How long a writer waits for its turn, seconds.
BUSY_TIMEOUT = 30.0
#: Pages in the write-ahead log (4 KiB each) after which a committing writer tidies it up.
CHECKPOINT_PAGES = 2000
#: What `user_version` says of files that this code can read; raise it when a schema changes.
SCHEMA = 2


class Database:
    """Connections to one file: for each thread one that is durable and one that is relaxed.

    Args:
        path: the file.
        schema: the module's resource that makes its tables.
        durable: whether any transaction is flushed.
        added: columns that files of this version may lack: table, name, and kind.
    """

    def __init__(
        self, path: Path, schema: str, *, durable: bool, added: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        self.path = path
        self._durable = durable
        self._added = added
        self._local = threading.local()
        try:
            self._prepare(schema)
        except (sqlite3.Error, OSError) as problem:
            raise Unavailable(f"{path} cannot be used: {problem}") from problem

    def _prepare(self, schema: str) -> None:
        text = resources.files(__package__).joinpath(schema).read_text()
        connection = self._connect("FULL")
        try:
            version = connection.execute("pragma user_version").fetchone()[0]
            if version not in (0, SCHEMA):
                raise _other_version(self.path, version)
            connection.execute("pragma journal_mode=wal")
            if version == 0:
                stamp = f"pragma user_version={SCHEMA}"
                connection.executescript(f"begin immediate; {text}; {stamp}; commit")
            for table, column, kind in self._added:
                _add_column(connection, table, column, kind)
        finally:
            connection.close()

    def _connect(self, synchronous: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            isolation_level=None,
            timeout=BUSY_TIMEOUT,
            cached_statements=256,
            check_same_thread=False,
        )
        connection.execute(f"pragma synchronous={synchronous}")
        connection.execute(f"pragma wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute("pragma cache_size=-8000")
        return connection

    def _own(self, name: str, synchronous: str) -> sqlite3.Connection:
        """The calling thread's connection; a forked child never uses its parent's."""
        held = getattr(self._local, name, None)
        if held is None or held[0] != os.getpid():
            held = (os.getpid(), self._connect(synchronous))
            setattr(self._local, name, held)
        connection: sqlite3.Connection = held[1]
        return connection

    @property
    def reader(self) -> sqlite3.Connection:
        """A connection for reading outside of a transaction."""
        return self._own("relaxed", "NORMAL")

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed at the end, rolled back if the block raises.

        Raises:
            DiskFull: there is no room on the disk.
            Unavailable: the file cannot be written.
        """
        strict = durable and self._durable
        connection = self._own("strict", "FULL") if strict else self.reader
        try:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise full(self.path.parent) from problem
            raise Unavailable(
                f"the store cannot take this now: {problem}", retry_after=5
            ) from problem

    def close(self) -> None:
        """Close this thread's connections."""
        for name in ("strict", "relaxed"):
            held = getattr(self._local, name, None)
            if held is not None and held[0] == os.getpid():
                held[1].close()
            setattr(self._local, name, None)


def _add_column(connection: sqlite3.Connection, table: str, column: str, kind: str) -> None:
    columns = {row[1] for row in connection.execute(f"pragma table_info({table})")}
    if columns and column not in columns:
        with contextlib.suppress(sqlite3.OperationalError):  # another process was faster
            connection.execute(f"alter table {table} add column {column} {kind}")


def _other_version(path: Path, version: int) -> Unavailable:
    way = "an older" if version < SCHEMA else "a newer"
    return Unavailable(
        f"{path} was made by {way} Billow: it has data of version {version}, this Billow reads "
        f"version {SCHEMA}; go on with the Billow that made it, or name an empty folder by --folder"
    )
