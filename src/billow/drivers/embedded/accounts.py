"""Accounts in SQLite, beside the jobs, so that what follows from a change is in its transaction."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar

from billow.drivers.embedded.accepting import count_jobs
from billow.drivers.embedded.database import Database
from billow.drivers.embedded.group import GroupCommit
from billow.drivers.embedded.ledger import SqliteLedger
from billow.errors import Conflict, Unavailable
from billow.ports.accounts import SHELVES, UNIQUE, Books, Key, Usage
from billow.ports.ledger import Accepted, Submission

R = TypeVar("R")
T = TypeVar("T")

#: The file beside the database that holds the home's key.
KEY_FILE = "accounts.key"
_KEY_BYTES = 32


class SqliteShelf(Generic[R]):
    """A table whose columns are the fields of a record, the key first."""

    def __init__(self, connection: sqlite3.Connection, table: str, record: type[Any]) -> None:
        self._connection = connection
        self._table = table
        self._record = record
        self._fields: tuple[str, ...] = record._fields
        self._marks = ", ".join("?" * len(self._fields))

    def get(self, key: Key) -> R | None:
        """A record by key."""
        found = self._select(f"where {self._fields[0]} = ?", (key,))
        return found[0] if found else None

    def add(self, record: R) -> None:
        """Add a record whose key is not taken."""
        self._write(f"insert into {self._table} values({self._marks})", record)

    def put(self, record: R) -> None:
        """Add or replace a record."""
        changes = ", ".join(f"{field} = excluded.{field}" for field in self._fields[1:])
        self._write(
            f"insert into {self._table} values({self._marks}) "
            f"on conflict({self._fields[0]}) do update set {changes}",
            record,
        )

    def remove(self, key: Key) -> bool:
        """Remove a record."""
        return self._delete(f"{self._fields[0]} = ?", key) == 1

    def find(
        self, *, after: Key | None = None, limit: int = 1000, **equal: str | float | None
    ) -> list[R]:
        """Records with these values, by key."""
        tests = [f"{self._column(field)} is ?" for field in equal]
        values: list[Any] = list(equal.values())
        if after is not None:
            tests.append(f"{self._fields[0]} > ?")
            values.append(after)
        where = f"where {' and '.join(tests)} " if tests else ""
        return self._select(f"{where}order by {self._fields[0]} limit ?", (*values, max(0, limit)))

    def last(self) -> R | None:
        """The record with the greatest key."""
        found = self._select(f"order by {self._fields[0]} desc limit 1", ())
        return found[0] if found else None

    def until(self, field: str, time: float, limit: int = 1000) -> list[R]:
        """Records up to a time, the earliest first."""
        column = self._column(field)
        order = f"order by {column}, {self._fields[0]} limit ?"
        return self._select(f"where {column} <= ? {order}", (time, max(0, limit)))

    def remove_before(self, field: str, time: float) -> int:
        """Remove what is older."""
        return self._delete(f"{self._column(field)} < ?", time)

    def _column(self, field: str) -> str:
        if field not in self._fields:
            raise TypeError(f"{self._table} has no field {field!r}")
        return field

    def _select(self, rest: str, values: tuple[Any, ...]) -> list[R]:
        rows = self._connection.execute(f"select * from {self._table} {rest}", values)  # noqa: S608
        return [self._record(*row) for row in rows]

    def _delete(self, test: str, value: Any) -> int:
        return self._connection.execute(
            f"delete from {self._table} where {test}",  # noqa: S608 - names of our own
            (value,),
        ).rowcount

    def _write(self, statement: str, record: Any) -> None:
        try:
            self._connection.execute(statement, tuple(record))
        except sqlite3.IntegrityError:
            fields = " or ".join(filter(None, (self._fields[0], UNIQUE.get(self._table))))
            raise Conflict(f"{self._table}: another record has this {fields}") from None


class _Jobs:
    """The jobs of one step: written with it, rung when it is durable."""

    def __init__(self, ledger: SqliteLedger, connection: sqlite3.Connection) -> None:
        self._ledger = ledger
        self._connection = connection
        self._asked: list[Submission] = []
        self._accepted: list[Accepted] = []

    def submit(self, asked: Submission) -> None:
        """Accept a job as part of the step."""
        self._accepted += self._ledger.insert(self._connection, [asked])
        self._asked.append(asked)

    def ring(self) -> None:
        """Wake those who wait for them."""
        if self._asked:
            self._ledger.ring(self._asked, self._accepted)


class SqliteAccounts:
    """All accounts of a service."""

    def __init__(
        self, database: Database, group: GroupCommit, ledger: SqliteLedger, folder: Path
    ) -> None:
        self._database = database
        self._group = group
        self._ledger = ledger
        self._key_path = folder / KEY_FILE
        self._key = b""
        self._ready = False
        self._lock = threading.Lock()

    def key(self) -> bytes:
        """The home's key, from a file that only its user can read."""
        if not self._key:
            try:
                self._key = _read_key(self._key_path)
            except OSError as problem:
                raise Unavailable(
                    f"{self._key_path} cannot be used: {problem.strerror}"
                ) from problem
        return self._key

    def change(self, work: Callable[[Books], T], *, durable: bool = True) -> T:
        """Run work in one transaction."""
        self._prepare()

        def step(connection: sqlite3.Connection) -> tuple[T, _Jobs]:
            jobs = _Jobs(self._ledger, connection)
            return work(_books(connection, jobs.submit)), jobs

        if durable:
            result, jobs = self._group.run(step)
        else:
            with self._database.write(durable=False) as connection:
                result, jobs = step(connection)
        jobs.ring()
        return result

    def look(self, work: Callable[[Books], T]) -> T:
        """Run work that reads."""
        self._prepare()
        connection = self._database.reader
        connection.execute("begin")
        try:
            return work(_books(connection, _refuse))
        finally:
            connection.execute("rollback")

    def _prepare(self) -> None:
        """Make the tables where there are none yet; at the first use."""
        if self._ready:
            return
        with self._lock:
            if not self._ready:
                text = resources.files(__package__).joinpath("accounts.sql").read_text()
                with self._database.write() as connection:
                    for statement in text.split(";\n"):
                        connection.execute(statement)
                self._ready = True


def _refuse(asked: Submission) -> None:
    raise TypeError(f"work that only reads cannot submit a job of {asked.function}")


def _books(connection: sqlite3.Connection, submit: Callable[[Submission], None]) -> Books:
    shelves = {name: SqliteShelf[Any](connection, name, kind) for name, kind in SHELVES.items()}

    def usage(owner: str, since: float) -> Usage:
        return _usage(connection, owner, since)

    return Books(**shelves, submit=submit, usage=usage)


def _usage(connection: sqlite3.Connection, owner: str, since: float) -> Usage:
    (size,) = connection.execute(
        "select coalesce(sum(size), 0) from objects where owner = ?", (owner,)
    ).fetchone()
    return Usage(*count_jobs(connection, owner, since), size)


def _read_key(path: Path) -> bytes:
    """The key in `path`; made there if there is none, so that the first of many to try wins."""
    with contextlib.suppress(FileNotFoundError):
        return _whole(path.read_bytes())
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    _flush_folder(path.parent)
    return _whole(path.read_bytes())


def _whole(key: bytes) -> bytes:
    if len(key) != _KEY_BYTES:
        raise OSError(0, f"it has {len(key)} bytes, not {_KEY_BYTES}")
    return key


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
