"""Jobs that are ended, sent round again or forgotten, as part of a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from billow.drivers.embedded.database import Database
from billow.drivers.embedded.rows import CANCELLED, FAILED, PENDING, STATUSES, Tally
from billow.job import Job, after

#: Jobs of the service itself that are forgotten at once, and in one transaction.
_MOST, _FEW = 50_000, 500


def cancel_job(connection: sqlite3.Connection, job: Job, now: float) -> None:
    """Cancel a job.

    Raises:
        Conflict: it is final already.
    """
    after(job.status, "cancel")
    connection.execute(
        "update jobs set state = 4, due = null, token = token + 1, finished = ? where seq = ?",
        (now, job.seq),
    )
    tally = Tally()
    tally.move(job.function, STATUSES.index(job.status), CANCELLED)
    tally.write(connection)


def redrive_job(
    connection: sqlite3.Connection, id_: str, args: str | None, now: float
) -> str | None:
    """Send a failed job round again; its function, or None if it has not failed."""
    row = connection.execute(
        "update jobs set state = 0, due = ?, failures = 0, lost = 0, dead = 0, "
        "progress = null, finished = null, args = coalesce(?, args) where id = ? and state = 3 "
        "returning function",
        (now, args, id_),
    ).fetchone()
    if row is None:
        return None
    tally = Tally()
    tally.move(row[0], FAILED, PENDING)
    tally.write(connection)
    function: str = row[0]
    return function


def forget_jobs(connection: sqlite3.Connection, owner: str, limit: int) -> int:
    """Remove final jobs of an owner, with tries and keys; how many went."""
    rows = connection.execute(
        "delete from jobs where seq in (select seq from jobs where owner = ? and due is null "
        "and function not like 'billow.%' limit ?) returning seq, function, state",
        (owner, max(0, limit)),
    ).fetchall()
    connection.execute(
        "delete from idempotency where owner = ? "
        "and not exists(select 1 from jobs where jobs.id = idempotency.job)",
        (owner,),
    )
    return _removed(connection, rows)


def forget_own(database: Database, before: float) -> int:
    """Remove jobs of the service itself that ended before a time and are no dead letters."""
    # Found outside of any transaction, since that may take a while.
    rows = database.reader.execute(
        "select seq from jobs where owner = 'billow' and created < ?1 and function like 'billow.%' "
        "and due is null and dead = 0 and finished < ?1 limit ?2",
        (before, _MOST),
    ).fetchall()
    gone = 0
    for place in range(0, len(rows), _FEW):
        with database.write(durable=False) as connection:
            gone += _remove(connection, rows[place : place + _FEW])
    if gone:
        with database.write(durable=False) as connection:
            connection.execute(
                "delete from idempotency where owner = 'billow' and created < ? "
                "and not exists(select 1 from jobs where jobs.id = idempotency.job)",
                (before,),
            )
    return gone


def _remove(connection: sqlite3.Connection, seqs: Sequence[tuple[int]]) -> int:
    rows: list[tuple[int, str, int]] = []
    for key in seqs:
        rows += connection.execute(
            "delete from jobs where seq = ? and due is null and dead = 0 "
            "returning seq, function, state",
            key,
        ).fetchall()
    return _removed(connection, rows)


def _removed(connection: sqlite3.Connection, rows: Sequence[tuple[int, str, int]]) -> int:
    """Remove the tries of jobs that were removed, and count those no more."""
    tally = Tally()
    for seq, function, state in rows:
        connection.execute("delete from attempts where job = ?", (seq,))
        tally.add(function, state, -1)
    tally.write(connection)
    return len(rows)
