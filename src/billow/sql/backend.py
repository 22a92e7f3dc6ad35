"""What a kind of database must be able to do."""

from __future__ import annotations

from typing import Any, Protocol


class Raw(Protocol):
    """A connection as sqlite3 and psycopg make them, in autocommit mode."""

    def execute(self, sql: Any, values: Any = ..., /) -> Any:
        """Run a statement; returns a cursor whose rows are dictionaries."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Backend(Protocol):
    """A kind of database, with bounded pools of connections. Waiting is bounded as well."""

    #: In names of migrations: `0001_start.<kind>.sql`.
    kind: str
    #: Statements that begin a write transaction, and one of a migration.
    begin: tuple[str, ...]
    begin_migration: tuple[str, ...]

    def text(self, sql: str, /) -> str:
        """The text of a statement as the driver takes it."""
        ...

    def borrow(self, *, write: bool) -> Raw:
        """A connection that nobody else has.

        Raises:
            TimeoutError: all were in use for as long as may be waited.
            Unavailable: the database does not answer.
        """
        ...

    def give_back(self, raw: Raw, *, write: bool, broken: bool) -> None:
        """Let others have a connection; a broken one is replaced."""
        ...

    def script(self, raw: Raw, sql: str) -> None:
        """Run several statements."""
        ...

    def translate(self, problem: Exception) -> Exception:
        """The error of Billow that one of the driver's means; itself if there is none."""
        ...

    def close(self) -> None:
        """Close the connections that nobody has."""
        ...
