"""Lists of jobs: a query walks an index from where the page begins until the page is full."""

from __future__ import annotations

import sqlite3
from typing import Any

from billow.drivers.embedded.rows import CODES, JOB_COLUMNS, to_job
from billow.job import Status
from billow.ports.ledger import Page

#: The most jobs on a page.
MAX_PAGE = 1000
#: Up to this many waiting jobs are sorted; of more, the newest of all jobs surely hold a page.
_FEW = 5000

_WITHOUT_RESULT = JOB_COLUMNS.replace(" result,", " null,")


def find_page(  # noqa: PLR0913 - what a caller may ask for
    connection: sqlite3.Connection,
    *,
    function: str | None,
    status: Status | None,
    owner: str | None,
    dead: bool | None,
    text: str | None,
    before: int | None,
    after: int | None,
    limit: int,
    results: bool,
) -> Page:
    """Jobs that match, newest first; with `after`, the first ones that came since, newest first."""
    limit = max(1, min(limit, MAX_PAGE))
    if dead:
        status = Status.FAILED
    where, values = _conditions(function, status, owner, dead, text, before, after)
    order = "asc" if after is not None and before is None else "desc"
    index = _index(connection, function, status)
    columns = JOB_COLUMNS if results else _WITHOUT_RESULT
    rows = connection.execute(
        f"select {columns} from jobs {index} where {where} "  # noqa: S608 - constants, bound values
        f"order by seq {order} limit ?",
        (*values, limit + 1),
    ).fetchall()
    more = len(rows) > limit
    jobs = [to_job(row) for row in rows[:limit]]
    if order == "asc":
        jobs.reverse()
        return Page(jobs, jobs[0].seq if more else None)
    return Page(jobs, jobs[-1].seq if more else None)


def _conditions(
    function: str | None,
    status: Status | None,
    owner: str | None,
    dead: bool | None,
    text: str | None,
    before: int | None,
    after: int | None,
) -> tuple[str, list[Any]]:
    parts: list[tuple[str, Any]] = []
    if function is not None:
        parts.append(("function = ?", function))
    if status is not None:
        # The number stands in the text, so that SQLite sees that a partial index applies.
        parts.append((f"state = {CODES[status]} and ?", 1))
        if status in (Status.PENDING, Status.RUNNING):
            parts.append(("due is not null and ?", 1))
        if status.final:
            parts.append(("state > 1 and ?", 1))
    if owner is not None:
        parts.append(("owner = ?", owner))
    if dead is not None:
        parts.append(("dead = ?", int(dead)))
    if text:
        parts.append(("instr(lower(name), lower(?)) > 0", text))
    if before is not None:
        parts.append(("seq < ?", before))
    if after is not None:
        parts.append(("seq > ?", after))
    where = " and ".join(part for part, _ in parts) or "true"
    return where, [value for _, value in parts]


def _index(connection: sqlite3.Connection, function: str | None, status: Status | None) -> str:
    """The index to walk, where SQLite's own choice would depend on statistics it does not have."""
    if status is Status.RUNNING:
        return "indexed by jobs_running"
    if status is not None and status.final:
        return "indexed by jobs_ended"
    if status is Status.PENDING and _waiting(connection, function) <= _FEW:
        return "indexed by jobs_live"
    return "not indexed"


def _waiting(connection: sqlite3.Connection, function: str | None) -> int:
    row = connection.execute(
        "select coalesce(sum(count), 0) from tallies "
        "where state = 0 and function = ifnull(?, function)",
        (function,),
    ).fetchone()
    count: int = row[0]
    return count
