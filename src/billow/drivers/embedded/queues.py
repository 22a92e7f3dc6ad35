"""Queues in SQLite, with the semantics of SQS."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence

from billow.clock import Clock
from billow.drivers.embedded.database import Database
from billow.drivers.embedded.group import GroupCommit
from billow.drivers.embedded.queue_names import note_queue
from billow.errors import BadInput, NotFound
from billow.ports.ledger import Counts
from billow.ports.queues import (
    MAX_BATCH,
    MAX_DELAY,
    MAX_VISIBILITY,
    MAX_WAIT,
    Message,
    QueueOptions,
)
from billow.ports.rules import check_bodies, check_options, check_range
from billow.ports.wake import Wake, queue_channel

_DEFAULT = QueueOptions()
_RECEIPT = re.compile(r"[0-9]{1,18}\.[0-9]{1,18}")
#: Without a wake-up a receiver looks again after so many seconds, for messages that became visible.
_LOOK_AGAIN = 1.0


class SqliteQueues:
    """All queues of a service, in one table."""

    def __init__(self, database: Database, group: GroupCommit, wake: Wake, clock: Clock) -> None:
        self._database = database
        self._group = group
        self._wake = wake
        self._clock = clock

    def create(self, name: str, options: QueueOptions | None = None) -> None:
        """Make a queue, or change its options."""
        wanted = options or _DEFAULT
        check_options(name, wanted)
        row = (
            name,
            wanted.visibility,
            wanted.delay,
            wanted.max_receives,
            wanted.dead_letter,
            wanted.retention,
        )
        self._group.run(
            lambda connection: connection.execute(
                "insert or replace into queues values(?, ?, ?, ?, ?, ?)", row
            )
        )

    def names(self) -> list[str]:
        """All queues, sorted."""
        rows = self._database.reader.execute("select name from queues order by name")
        return [name for (name,) in rows]

    def options(self, name: str) -> QueueOptions:
        """A queue's options."""
        options = _options(self._database.reader, name)
        if options is None and name not in self.names():
            raise NotFound(f"there is no queue {name!r}")
        return options or _DEFAULT

    def send(self, name: str, bodies: Sequence[str], delay: float | None = None) -> list[str]:
        """Send messages."""
        check_bodies(bodies)
        if delay is not None:
            check_range("delay", delay, 0, MAX_DELAY)
        now = self._clock.now()

        def work(connection: sqlite3.Connection) -> list[str]:
            note_queue(connection, name)
            hidden = (_options(connection, name) or _DEFAULT).delay if delay is None else delay
            insert = "insert into messages(queue, body, due, sent) values(?, ?, ?, ?)"
            return [
                str(connection.execute(insert, (name, body, now + hidden, now)).lastrowid)
                for body in bodies
            ]

        ids = self._group.run(work)
        if not delay:
            self._wake.notify(queue_channel(name), len(ids))
        return ids

    def receive(
        self, name: str, limit: int = 1, visibility: float | None = None, wait: float = 0.0
    ) -> list[Message]:
        """Receive messages, waiting for one if there is none."""
        check_range("limit", limit, 1, MAX_BATCH)
        check_range("wait", wait, 0, MAX_WAIT)
        if visibility is not None:
            check_range("visibility", visibility, 0, MAX_VISIBILITY)
        if (messages := self._receive(name, limit, visibility)) or wait <= 0:
            return messages
        deadline = time.monotonic() + wait
        with self._wake.waiter(queue_channel(name)) as waiter:
            while True:
                if messages := self._receive(name, limit, visibility):
                    return messages
                left = deadline - time.monotonic()
                if left <= 0:
                    return []
                waiter.wait(min(left, _LOOK_AGAIN))

    def _receive(self, name: str, limit: int, visibility: float | None) -> list[Message]:
        now = self._clock.now()
        due = "select 1 from messages where queue = ? and due <= ? limit 1"
        if self._database.reader.execute(due, (name, now)).fetchone() is None:
            return []
        moved: list[str] = []
        with self._database.write(durable=False) as connection:
            options = _options(connection, name) or _DEFAULT
            _expire(connection, name, now - options.retention)
            if options.max_receives is not None and options.dead_letter is not None:
                moved = _bury(connection, name, options.dead_letter, options.max_receives, now)
            hidden = options.visibility if visibility is None else visibility
            rows = connection.execute(
                "update messages set due = ?, receives = receives + 1, turn = turn + 1 "
                "where seq in (select seq "
                "from messages where queue = ? and due <= ? order by due, seq limit ?) "
                "returning seq, body, receives, sent, turn",
                (now + hidden, name, now, limit),
            ).fetchall()
        for target in moved:
            self._wake.notify(queue_channel(target))
        return [
            Message(str(seq), body, f"{seq}.{turn}", receives, sent)
            for seq, body, receives, sent, turn in sorted(rows)
        ]

    def delete(self, name: str, receipts: Sequence[str]) -> list[bool]:
        """Delete received messages."""
        keys = [_parse_receipt(receipt) for receipt in receipts]

        def work(connection: sqlite3.Connection) -> list[bool]:
            return [
                connection.execute(
                    "delete from messages where seq = ? and turn = ? and queue = ?",
                    (*key, name),
                ).rowcount
                == 1
                for key in keys
            ]

        return self._group.run(work)

    def extend(self, name: str, receipts: Sequence[str], visibility: float) -> list[bool]:
        """Keep messages hidden, or show them at once."""
        check_range("visibility", visibility, 0, MAX_VISIBILITY)
        keys = [_parse_receipt(receipt) for receipt in receipts]
        due = self._clock.now() + visibility
        with self._database.write(durable=False) as connection:
            done = [
                connection.execute(
                    "update messages set due = ? where seq = ? and turn = ? and queue = ?",
                    (due, *key, name),
                ).rowcount
                == 1
                for key in keys
            ]
        if visibility == 0:
            self._wake.notify(queue_channel(name), sum(done))
        return done

    def counts(self, name: str) -> Counts:
        """The queue's messages."""
        now = self._clock.now()
        visible, in_flight, delayed, oldest = self._database.reader.execute(
            "select count(*) filter (where due <= ?1), "
            "count(*) filter (where due > ?1 and receives > 0), "
            "count(*) filter (where due > ?1 and receives = 0), "
            "min(sent) filter (where due <= ?1) from messages where queue = ?2 and sent >= ?3",
            (now, name, self._oldest_kept(name)),
        ).fetchone()
        age = 0.0 if oldest is None else max(0.0, now - oldest)
        return Counts(visible, in_flight, delayed, age)

    def _oldest_kept(self, name: str) -> float:
        """Messages sent before this time have vanished."""
        options = _options(self._database.reader, name) or _DEFAULT
        return self._clock.now() - options.retention

    def peek(self, name: str, limit: int = 10) -> list[Message]:
        """The oldest messages, without receiving them."""
        rows = self._database.reader.execute(
            "select seq, body, receives, sent from messages where queue = ? and sent >= ? "
            "order by seq limit ?",
            (name, self._oldest_kept(name), limit),
        )
        return [Message(str(seq), body, "", receives, sent) for seq, body, receives, sent in rows]

    def redrive(self, dead_letter: str, target: str, limit: int | None = None) -> int:
        """Move messages from a dead-letter queue back."""
        if dead_letter == target:
            raise BadInput(f"{target!r} cannot be redriven to itself")
        now = self._clock.now()

        def work(connection: sqlite3.Connection) -> int:
            note_queue(connection, target)
            return connection.execute(
                "update messages set queue = ?, due = ?, receives = 0, turn = turn + 1 "
                "where seq in (select seq "
                "from messages where queue = ? and due <= ? order by seq limit ?)",
                (target, now, dead_letter, now, -1 if limit is None else limit),
            ).rowcount

        count = self._group.run(work)
        self._wake.notify(queue_channel(target), count)
        return count

    def purge(self, name: str) -> int:
        """Delete all messages of a queue."""
        return self._group.run(
            lambda connection: (
                connection.execute("delete from messages where queue = ?", (name,)).rowcount
            )
        )

    def sweep(self) -> int:
        """Delete what is past its queue's retention."""
        found = self._database.reader.execute("select distinct queue from messages").fetchall()
        return sum(self._sweep(name) for (name,) in found)

    def _sweep(self, name: str) -> int:
        reader, gone = self._database.reader, 0
        before = self._clock.now() - (_options(reader, name) or _DEFAULT).retention
        old = "select 1 from messages where queue = ? and due <= ? and sent < ? limit 1"
        while reader.execute(old, (name, before, before)).fetchone() is not None:
            with self._database.write(durable=False) as connection:
                gone += _expire(connection, name, before)
        return gone


def _parse_receipt(receipt: str) -> tuple[int, int]:
    """The (seq, turn) that a receipt names; for what never was one, a pair that never exists."""
    if not _RECEIPT.fullmatch(receipt):
        return (-1, -1)
    seq, _, turn = receipt.partition(".")
    return int(seq), int(turn)


def _options(connection: sqlite3.Connection, name: str) -> QueueOptions | None:
    row = connection.execute(
        "select visibility, delay, max_receives, dead_letter, retention from queues where name = ?",
        (name,),
    ).fetchone()
    return None if row is None else QueueOptions(*row)


def _expire(connection: sqlite3.Connection, name: str, before: float) -> int:
    return connection.execute(
        "delete from messages where queue = ? and seq in (select seq from messages "
        "where queue = ? and due <= ? and sent < ? limit 1000)",
        (name, name, before, before),
    ).rowcount


def _bury(
    connection: sqlite3.Connection, name: str, dead_letter: str, max_receives: int, now: float
) -> list[str]:
    """Move messages that were received too often; returns the queue they went to, if any did."""
    moved = connection.execute(
        "update messages set queue = ?, due = ?, receives = 0, turn = turn + 1 "
        "where queue = ? and due <= ? and receives >= ?",
        (dead_letter, now, name, now, max_receives),
    ).rowcount
    if not moved:
        return []
    note_queue(connection, dead_letter)
    return [dead_letter]
