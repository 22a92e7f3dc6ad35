"""Jobs that are over, as part of a transaction: sent round again, or forgotten."""

from __future__ import annotations

import sqlite3

from billow.drivers.embedded.rows import FAILED, PENDING, Tally


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
    tally = Tally()
    for seq, function, state in rows:
        connection.execute("delete from attempts where job = ?", (seq,))
        tally.add(function, state, -1)
    connection.execute(
        "delete from idempotency where owner = ? "
        "and not exists(select 1 from jobs where jobs.id = idempotency.job)",
        (owner,),
    )
    tally.write(connection)
    return len(rows)
