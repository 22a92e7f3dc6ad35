"""PostgreSQL, for several machines: psycopg and its pool."""

from __future__ import annotations

from typing import Any

from billow.errors import SettingError, Unavailable
from billow.sql.backend import Raw
from billow.sql.errors import ConstraintBroken
from billow.sql.text import pyformat

try:
    import psycopg
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool, PoolTimeout
except ModuleNotFoundError as missing:
    raise SettingError(
        f"a database at postgresql:// needs {missing.name}; "
        "install it by `pip install billow[postgres]`"
    ) from None

#: What two processes that migrate at the same time agree on.
_LOCK = 4_770_001


class Postgres:
    """A database of a server, and this process's connections to it.

    Args:
        url: `postgresql://user:password@host:port/name`.
        readers: connections for reading at most; for writing there are half as many.
        patience: how long to wait for a connection, and for a lock, seconds.
    """

    kind = "postgres"
    begin: tuple[str, ...] = ("begin",)
    begin_migration: tuple[str, ...] = ("begin", f"select pg_advisory_xact_lock({_LOCK})")

    def __init__(self, url: str, readers: int, patience: float) -> None:
        waits = f"-c lock_timeout={int(patience * 1000)} -c idle_in_transaction_session_timeout=60s"
        self._patience = patience
        self._pools = {
            write: ConnectionPool(
                url,
                kwargs={
                    "autocommit": True,
                    "row_factory": dict_row,
                    "connect_timeout": max(2, int(patience)),
                    "options": waits if write else f"{waits} -c default_transaction_read_only=on",
                },
                min_size=1,
                max_size=max(1, readers // 2) if write else readers,
                check=ConnectionPool.check_connection,
                max_idle=300.0,
                max_lifetime=3600.0,
                timeout=patience,
                open=False,
                name="write" if write else "read",
            )
            for write in (False, True)
        }
        self._check(url, waits)
        for pool in self._pools.values():
            pool.open(wait=True, timeout=max(10.0, patience))

    def text(self, sql: str, /) -> str:
        """Psycopg's style of parameters."""
        return pyformat(sql)

    def borrow(self, *, write: bool) -> Raw:
        """A connection that nobody else has."""
        pool = self._pools[write]
        try:
            raw: Raw = pool.getconn()
        except PoolTimeout:
            raise TimeoutError from None
        return raw

    def give_back(self, raw: Any, *, write: bool, broken: bool) -> None:
        """Let others have it."""
        if broken:
            raw.close()
        self._pools[write].putconn(raw)

    def script(self, raw: Raw, sql: str) -> None:
        """Run several statements."""
        raw.execute(sql)

    def translate(self, problem: Exception) -> Exception:
        """What an error of psycopg's means."""
        if isinstance(problem, psycopg.IntegrityError):
            return ConstraintBroken(str(problem).splitlines()[0])
        if isinstance(problem, psycopg.OperationalError):
            told = (str(problem).splitlines() or ["no answer"])[0]
            return Unavailable(f"the database cannot do this now: {told}", retry_after=1)
        return problem

    def close(self) -> None:
        """Close what nobody has."""
        for pool in self._pools.values():
            pool.close(timeout=2.0)

    def _check(self, url: str, options: str) -> None:
        """Raises Unavailable if there is no such database; a pool alone would only try on."""
        try:
            psycopg.connect(url, connect_timeout=5, options=options).close()
        except psycopg.OperationalError as problem:
            told = str(problem).strip().splitlines()[-1]
            raise Unavailable(f"the database of BILLOW_SQL_URL cannot be used: {told}") from None
