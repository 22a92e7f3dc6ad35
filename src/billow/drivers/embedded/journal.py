"""The journal in a SQLite file of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from billow.clock import Clock
from billow.drivers.embedded.database import Database
from billow.ports.journal import Entry, Point


class SqliteJournal:
    """Events, series, and a board of present states."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._ids: dict[str, int] = {}

    def write(
        self,
        kind: str,
        subject: str,
        reason: str,
        data: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> int:
        """Write down an event."""
        when = self._clock.now() if at is None else at
        text = json.dumps(dict(data or {}), ensure_ascii=False)
        with self._database.write() as connection:
            cursor = connection.execute(
                "insert into events(at, kind, subject, reason, data) values(?, ?, ?, ?, ?)",
                (when, kind, subject, reason, text),
            )
        return cursor.lastrowid or 0

    def read(
        self,
        after: int = 0,
        *,
        since: float | None = None,
        kinds: Sequence[str] = (),
        subject: str | None = None,
        limit: int = 100,
        newest: bool = False,
    ) -> list[Entry]:
        """Events that match."""
        parts, values = ["seq > ?"], [after]
        wanted: list[Any] = list(values)
        if since is not None:
            parts.append("at >= ?")
            wanted.append(since)
        if subject is not None:
            parts.append("subject = ?")
            wanted.append(subject)
        if kinds:
            parts.append(
                "(" + " or ".join("instr(kind, ?) = 1 and (kind = ? or ?)" for _ in kinds) + ")"
            )
            for kind in kinds:
                wanted += [kind, kind, kind.endswith(".")]
        order = "desc" if newest else "asc"
        rows = self._database.reader.execute(
            "select seq, at, kind, subject, reason, data from events "  # noqa: S608 - constants
            f"where {' and '.join(parts)} order by seq {order} limit ?",
            (*wanted, limit),
        )
        return [
            Entry(seq, at, kind, about, reason, json.loads(data))
            for seq, at, kind, about, reason, data in rows
        ]

    def sample(self, values: Mapping[str, float], at: float | None = None) -> None:
        """Add a value to each series named."""
        when = self._clock.now() if at is None else at
        with self._database.write() as connection:
            for name in values:
                if name not in self._ids:
                    connection.execute("insert or ignore into series(name) values(?)", (name,))
                    row = connection.execute("select id from series where name = ?", (name,))
                    self._ids[name] = row.fetchone()[0]
            connection.executemany(
                "insert or replace into samples values(?, ?, ?)",
                [(self._ids[name], when, value) for name, value in values.items()],
            )

    def series(self, name: str, since: float, until: float, step: float) -> list[Point]:
        """A series in steps."""
        rows = self._database.reader.execute(
            "select cast((at - ?1) / ?4 as integer) as place, avg(value), min(value), max(value) "
            "from samples where series = (select id from series where name = ?3) "
            "and at >= ?1 and at < ?2 group by place order by place",
            (since, until, name, step),
        )
        return [Point(since + place * step, mean, low, high) for place, mean, low, high in rows]

    def show(self, key: str, state: Mapping[str, Any]) -> None:
        """Put a present state on the board."""
        text = json.dumps(dict(state), ensure_ascii=False)
        with self._database.write() as connection:
            connection.execute(
                "insert or replace into board values(?, ?, ?)", (key, self._clock.now(), text)
            )

    def shown(self, key: str) -> tuple[dict[str, Any], float] | None:
        """A state on the board, and when it was put there."""
        row = self._database.reader.execute(
            "select state, at from board where key = ?", (key,)
        ).fetchone()
        return None if row is None else (json.loads(row[0]), row[1])

    def board(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """All states on the board whose key begins with `prefix`."""
        rows = self._database.reader.execute("select key, state from board order by key")
        return {key: json.loads(state) for key, state in rows if key.startswith(prefix)}

    def trim(self, keep: float) -> int:
        """Forget what is older than `keep` seconds."""
        before = self._clock.now() - keep
        with self._database.write() as connection:
            events = connection.execute("delete from events where at < ?", (before,)).rowcount
            samples = connection.execute("delete from samples where at < ?", (before,)).rowcount
        return events + samples
