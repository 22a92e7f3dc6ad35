"""The database of an app: declared without I/O, opened by each process that uses it."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from asyncio import _get_running_loop
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from billow.errors import Conflict, DeclarationError, Unavailable
from billow.sql.backend import Backend
from billow.sql.connection import Connection
from billow.sql.loans import Loan, Loans
from billow.sql.migrations import migrate, read_migrations
from billow.sql.sqlite import Sqlite
from billow.units import Duration, seconds

#: The file in the service's folder, where the setting `sql_url` names nothing else.
FILE = "app.db"


class Database:
    """Made by `app.sql(...)`. It can be used wherever the service runs, and in tests.

    Calls block: an `async` function makes them in a thread.
    """

    def __init__(
        self, migrations: Path | None, pool: int, patience: Duration, held: Duration
    ) -> None:
        if pool < 1:
            raise DeclarationError(f"app.sql(pool={pool}): at least 1 connection")
        if seconds(patience) <= 0:
            raise DeclarationError("app.sql(patience=...): must be longer than 0 s")
        self._migrations = migrations
        self._pool = pool
        self._patience = seconds(patience)
        self._loans = Loans(seconds(held))
        self._url: str | None = None
        self._folder: Callable[[], Path | None] | None = None
        self._lock = threading.Lock()
        self._backend: tuple[int, Backend] | None = None
        self._scratch: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return "<Database>"

    def attach(self, folder: Callable[[], Path | None], url: str | None = None) -> None:
        """Say where it is. Billow does this when the service starts.

        Args:
            folder: gives the service's folder; None is a new one, gone with the process.
            url: the address of a PostgreSQL database, if the setting `sql_url` does not count.
        """
        self.close()
        self._folder, self._url = folder, url

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for reading, for as long as the block lasts. Each statement sees the latest.

        Raises:
            Unavailable: all connections are in use, or the database does not answer.
        """
        return self._borrowed(write=False)

    def write(self) -> AbstractContextManager[Connection]:
        """A connection in a transaction: committed at the end, undone if the block raises.

        What is committed is on the disk. The block should be short: SQLite has one writer at a
        time.

        Raises:
            Unavailable: as for `read`, or somebody else wrote for too long.
        """
        return self._borrowed(write=True)

    def prepare(self, *, post: bool = False) -> list[str]:
        """Open it and apply the migrations that have not been; returns their names.

        Args:
            post: those as well that must wait for the code before them to be gone.
        """
        return self._migrate(self._ready(), post=post)

    @property
    def out(self) -> list[Loan]:
        """The connections that are in use now, and where they were taken."""
        return self._loans.out()

    def close(self) -> None:
        """Close the connections of this process. It may be used again afterwards."""
        with self._lock:
            held, self._backend = self._backend, None
            scratch, self._scratch = self._scratch, None
        if held is not None and held[0] == os.getpid():
            held[1].close()
        if scratch is not None:
            scratch()

    def _borrowed(self, *, write: bool) -> AbstractContextManager[Connection]:
        return _Borrowed(self, write=write)

    def _none_free(self) -> Unavailable:
        if not self._loans.out():
            return Unavailable("the database does not answer", retry_after=5)
        return Unavailable(
            f"no connection to the database was free for {self._patience:g} s; they are with: "
            f"{self._loans.tell()}",
            retry_after=1,
        )

    def _ready(self) -> Backend:
        held = self._backend
        if held is not None and held[0] == os.getpid():
            return held[1]
        with self._lock:
            if self._backend is None or self._backend[0] != os.getpid():
                backend = self._connect()
                try:
                    self._migrate(backend, post=False)
                except BaseException:
                    backend.close()
                    raise
                self._backend = os.getpid(), backend
            return self._backend[1]

    def _connect(self) -> Backend:
        if self._folder is None:
            raise Conflict(
                "the database can be used only inside of the running service, or after "
                "billow.testing.memory_home(app)"
            )
        folder = self._folder()
        url = _setting() if self._url is None and folder is not None else self._url
        if url:
            from billow.sql.postgres import Postgres  # noqa: PLC0415 - needs the extra `postgres`

            return Postgres(url, self._pool, self._patience)
        if folder is not None:
            return Sqlite(folder / FILE, self._pool, self._patience)
        made = tempfile.mkdtemp(prefix="billow-sql-")
        self._scratch = weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return Sqlite(Path(made) / FILE, self._pool, self._patience, durable=False)

    def _migrate(self, backend: Backend, *, post: bool) -> list[str]:
        if self._migrations is None:
            return []
        return migrate(backend, read_migrations(self._migrations, backend.kind), post=post)


def _setting() -> str:
    from billow.settings import in_force  # noqa: PLC0415 - an app is declared without settings

    secret = in_force("sql_url").value
    return secret.reveal() if secret else ""


def _undone(raw: object) -> bool:
    """Undo a transaction; false if the connection cannot be used any more."""
    try:
        raw.execute("rollback")  # type: ignore[attr-defined]
    except Exception:
        return False
    return True


class _Borrowed:
    """The block of `read` and `write`; a class, because one is entered for every row looked up."""

    __slots__ = ("_backend", "_connection", "_database", "_number", "_raw", "_write")

    def __init__(self, database: Database, *, write: bool) -> None:
        self._database = database
        self._write = write
        self._number = 0

    def __del__(self) -> None:
        """A block that is never left ends with its last trace."""
        if self._number:
            self._end(fine=False)

    def __enter__(self) -> Connection:
        database, write = self._database, self._write
        _check_thread()
        backend = self._backend = database._ready()
        try:
            raw = self._raw = backend.borrow(write=write)
        except TimeoutError:
            raise database._none_free() from None
        connection = self._connection = Connection(raw, backend.text, backend.translate)
        self._number = database._loans.begin(write=write)
        if write:
            try:
                for statement in backend.begin:
                    connection.run(statement)
            except BaseException:
                self._end(fine=False)
                raise
        return connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        fine = kind is None
        try:
            if fine and self._write:
                fine = False
                self._connection.run("commit")
                fine = True
        finally:
            self._end(fine=fine)

    def _end(self, *, fine: bool) -> None:
        number, self._number = self._number, 0
        self._connection.end()
        fine = fine or not self._write or _undone(self._raw)
        self._database._loans.end(number)
        self._backend.give_back(self._raw, write=self._write, broken=not fine)


def _check_thread() -> None:
    """Raises Conflict in an event loop, which waiting for a database would stop."""
    if _get_running_loop() is not None:
        raise Conflict("a database is used from a thread: `await request.run(work)`")
