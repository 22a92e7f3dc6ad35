"""Accepting jobs as part of a transaction, and counting those there are."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

from billow.drivers.embedded.effects import apply_all
from billow.drivers.embedded.rows import PENDING, Tally
from billow.errors import Conflict
from billow.ids import new_ids
from billow.origin import current
from billow.ports.ledger import Accepted, Check, Load, Publish, Submission
from billow.ports.steps import AcceptRule

_INSERT = (
    "insert into jobs(id, function, owner, due, name, args, upload, created, origin) "
    "values(?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def insert_jobs(
    connection: sqlite3.Connection, submissions: Sequence[Submission], now: float, tally: Tally
) -> list[Accepted]:
    """Write jobs down; one whose idempotency key is known is the job that key made before.

    Raises:
        Conflict: an idempotency key was used before with another digest.
    """
    ids = new_ids(len(submissions))
    at_hand = str(current())
    accepted = []
    execute = connection.execute
    for id_, asked in zip(ids, submissions, strict=True):
        function, args, name, upload, owner, key, _, delay, origin = asked
        known = None if key is None else _claim_key(connection, asked, id_, now)
        if known is not None:
            accepted.append(known)
            continue
        row = (id_, function, owner, now + delay, name, args, upload, now, origin or at_hand)
        cursor = execute(_INSERT, row)
        accepted.append(Accepted(id_, cursor.lastrowid or 0, True))
        tally.add(function, PENDING)
    return accepted


def _claim_key(
    connection: sqlite3.Connection, asked: Submission, id_: str, now: float
) -> Accepted | None:
    """Note the idempotency key for a new job, or find the job it made before."""
    row = connection.execute(
        "select job, digest from idempotency where owner = ? and key = ?", (asked.owner, asked.key)
    ).fetchone()
    if row is None:
        connection.execute(
            "insert into idempotency values(?, ?, ?, ?, ?)",
            (asked.owner, asked.key, asked.digest, id_, now),
        )
        return None
    job, digest = row
    if digest != asked.digest:
        raise Conflict(f"the idempotency key {asked.key!r} was used before for another request")
    seq = connection.execute("select seq from jobs where id = ?", (job,)).fetchone()
    return Accepted(job, seq[0] if seq else 0, False)


def follow_up(
    connection: sqlite3.Connection,
    submissions: Sequence[Submission],
    accepted: Sequence[Accepted],
    rule: AcceptRule,
    now: float,
) -> None:
    """Write down what the acceptance of jobs sets off."""
    sent: dict[str, int] = {}
    for asked, answer in zip(submissions, accepted, strict=True):
        if answer.new:
            apply_all(connection, rule(answer.id, asked, now), now, sent)


def queues_of(
    submissions: Sequence[Submission], accepted: Sequence[Accepted], rule: AcceptRule
) -> Counter[str]:
    """The queues that it sent messages to, and how many."""
    effects = (
        effect
        for asked, answer in zip(submissions, accepted, strict=True)
        if answer.new
        for effect in rule(answer.id, asked, 0.0)
    )
    return Counter(effect.queue for effect in effects if isinstance(effect, Publish))


def look_at(connection: sqlite3.Connection, check: Check | None) -> None:
    """Have a check look at what the transaction has done so far.

    Raises:
        Exception: what the check raises.
    """
    if check is not None:
        check(lambda owner, since: count_jobs(connection, owner, since))


def count_jobs(connection: sqlite3.Connection, owner: str, since: float) -> Load:
    """An owner's jobs, without those of the service itself."""
    row = connection.execute(
        "select (select count(*) from jobs where owner = :owner and created >= :since "
        "          and function not like 'billow.%'), "
        "       (select count(*) from jobs where owner = :owner and due is not null "
        "          and function not like 'billow.%')",
        {"owner": owner, "since": since},
    ).fetchone()
    return Load(*row)
