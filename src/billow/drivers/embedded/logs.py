"""Lines in a SQLite file of their own, with a full-text index where SQLite has one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from billow.clock import Clock
from billow.drivers.embedded.database import Database
from billow.ports.logs import (
    SLOT,
    Count,
    Counted,
    Found,
    Line,
    Wanted,
    has_words,
    words_of,
)

#: Lines that are counted at most where each must be looked at.
COUNTED = 50_000
#: Lines that are forgotten in one transaction, so that writers never wait long.
CHUNK = 2000
#: Lines stored around a moment may be out of order by so many.
_SLACK = 2000

_COLUMNS = "l.at, l.level, l.process, l.source, l.event, l.job, l.request, l.trace, l.fields, l.seq"
_INSERT = (
    "insert into lines(at, level, process, source, event, job, request, trace, fields) "
    "values(?, ?, ?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, ''), ?)"
)
_INDEX = (
    "create virtual table if not exists words using fts5(text, content='', detail=none, "
    "columnsize=0, tokenize='unicode61 remove_diacritics 0')"
)


class SqliteLogs:
    """Lines of all processes of a service."""

    def __init__(self, path: Path, clock: Clock, *, indexed: bool = True) -> None:
        self._database = Database(path, "logs.sql", durable=False)
        self._clock = clock
        self._indexed = indexed and self._make_index()

    def write(self, lines: Sequence[Line]) -> None:
        """Store lines."""
        if not lines:
            return
        slots = Counter((int(line.at) // SLOT * SLOT, line.level) for line in lines)
        with self._database.write() as connection:
            first = _last(connection) + 1
            connection.executemany(_INSERT, [line[:9] for line in lines])
            connection.executemany(
                "insert into slots values(?, ?, ?) "
                "on conflict do update set count = count + excluded.count",
                [(*slot, count) for slot, count in slots.items()],
            )
            if self._indexed:
                texts = enumerate((_text(line.event, line.fields) for line in lines), first)
                connection.executemany("insert into words(rowid, text) values(?, ?)", texts)

    def find(
        self,
        wanted: Wanted,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Found:
        """Lines that match."""
        query = _Query(wanted, self._indexed, self._bounds(wanted))
        if after is not None:
            query.add("l.seq > ?", after)
        elif before is not None:
            query.add("l.seq < ?", before)
        order = f"order by {query.order} {'asc' if after is not None else 'desc'} limit ?"
        sql = f"select {_COLUMNS} {query.text} {order}"
        rows = self._reader().execute(sql, (*query.values, limit + 1)).fetchall()
        found = [Line(*row[:5], *(text or "" for text in row[5:8]), *row[8:]) for row in rows]
        return Found(found[:limit], found[limit - 1].seq if len(found) > limit else None)

    def count(self, wanted: Wanted, since: float, until: float, step: float) -> Counted:
        """How many lines match in each step."""
        if wanted == Wanted(since=wanted.since, until=wanted.until, level=wanted.level):
            return Counted(self._count_slots(wanted, since, until, step), True)
        inside = Wanted(
            **{
                **{name: getattr(wanted, name) for name in Wanted.__slots__},
                "since": max(since, wanted.since or since),
                "until": min(until, wanted.until or until),
            }
        )
        query = _Query(inside, self._indexed, self._bounds(inside))
        rows = self._reader().execute(
            f"select cast((at - ?) / ? as integer) as place, level, count(*) from (select l.at, "  # noqa: S608
            f"l.level {query.text} order by {query.order} desc limit ?) group by place, level",
            (since, step, *query.values, COUNTED),
        )
        counts = [Count(since + place * step, level, count) for place, level, count in rows]
        return Counted(counts, sum(each.lines for each in counts) < COUNTED)

    def last(self) -> int:
        """The greatest seq there is."""
        return _last(self._database.reader)

    def trim(self, keep: float, size: int) -> int:
        """Forget old lines, a chunk at a time."""
        reader = self._database.reader
        oldest = self._clock.now() - keep
        gone = 0
        while reader.execute("select 1 from lines where at < ? limit 1", (oldest,)).fetchone():
            gone += self._forget("at < ?", oldest)
        first, last, used = self._extent()
        if used > size:
            # Lines take about the same; a tenth more, so that it is not done again at once.
            until = first + round((last - first + 1) * min(1.0, 1.1 - size / used))
            while reader.execute("select 1 from lines where seq < ? limit 1", (until,)).fetchone():
                gone += self._forget("seq < ?", until)
        return gone

    def close(self) -> None:
        """Close the calling thread's connections."""
        self._database.close()

    def _forget(self, which: str, bound: float) -> int:
        with self._database.write() as connection:
            rows = connection.execute(
                f"select seq, event, fields, at from lines where {which} order by seq limit ?",  # noqa: S608
                (bound, CHUNK),
            ).fetchall()
            connection.executemany("delete from lines where seq = ?", [row[:1] for row in rows])
            if self._indexed:
                connection.executemany(
                    "insert into words(words, rowid, text) values('delete', ?, ?)",
                    [(seq, _text(event, fields)) for seq, event, fields, _ in rows],
                )
            connection.execute(
                "delete from slots where at < coalesce((select min(at) from lines), ?) - ?",
                (self._clock.now(), SLOT),
            )
        return len(rows)

    def _extent(self) -> tuple[int, int, int]:
        """The first and the last seq, and the bytes in use."""
        reader = self._database.reader
        first, last = reader.execute("select min(seq), max(seq) from lines").fetchone()
        pages, free, page = (
            reader.execute(f"pragma {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return first or 0, last or 0, (pages - free) * page

    def _count_slots(self, wanted: Wanted, since: float, until: float, step: float) -> list[Count]:
        rows = self._database.reader.execute(
            "select cast((at - ?1) / ?4 as integer) as place, level, sum(count) from slots "
            "where at >= ?1 and at < ?2 and level >= ?3 group by place, level",
            (since, until, wanted.level, step),
        )
        return [Count(since + place * step, level, count) for place, level, count in rows]

    def _bounds(self, wanted: Wanted) -> tuple[int | None, int | None]:
        """Between which seqs lines of the wanted time are: they come nearly in order."""
        execute = self._reader().execute
        since, until = None, None
        if wanted.since is not None:
            sql = "select min(seq) from (select seq from lines where at >= ? order by at limit ?)"
            since = execute(sql, (wanted.since, _SLACK)).fetchone()[0]
            since = self.last() + 1 if since is None else since
        if wanted.until is not None:
            sql = (
                "select max(seq) from (select seq from lines where at < ? order by at desc limit ?)"
            )
            until = execute(sql, (wanted.until, _SLACK)).fetchone()[0] or 0
        return since, until

    def _reader(self) -> sqlite3.Connection:
        reader = self._database.reader
        if not self._indexed:
            reader.create_function("has_words", 2, _has_words, deterministic=True)
        return reader

    def _make_index(self) -> bool:
        try:
            self._database.reader.execute(_INDEX)
        except sqlite3.OperationalError as problem:
            if "no such module" not in str(problem):
                raise
            return False
        return True


class _Query:
    """The part of a query that says which lines are meant."""

    def __init__(
        self, wanted: Wanted, indexed: bool, bounds: tuple[int | None, int | None]
    ) -> None:
        self._conditions: list[str] = []
        self.values: list[Any] = []
        words = words_of(wanted.text)
        self._searched = bool(words) and indexed
        #: What lines are ordered by.
        self.order = "words.rowid" if self._searched else "l.seq"
        if self._searched:
            self.add("words match ?", " AND ".join(f'"{word}"*' for word in words))
        elif words:
            self.add("has_words(l.event || ' ' || l.fields, ?)", " ".join(words))
        for name in ("job", "request", "trace", "source"):
            if value := getattr(wanted, name):
                self.add(f"l.{name} = ?", value)
        if wanted.level >= 30:
            self._conditions.append("l.level >= 30")  # as the index has it
        if wanted.level:
            self.add("l.level >= ?", wanted.level)
        self._add_process(wanted.process)
        for limit, bound, column in zip(
            (wanted.since, wanted.until), bounds, (">= ?", "< ?"), strict=True
        ):
            if limit is not None:
                self.add(f"l.at {column}", limit)
                self.add(f"{self.order} {column[0]}= ?", bound)

    @property
    def text(self) -> str:
        """From which tables, and which rows of them."""
        tables = "words cross join lines l on l.seq = words.rowid" if self._searched else "lines l"
        where = f"where {' and '.join(self._conditions)}" if self._conditions else ""
        return f"from {tables} {where}"

    def add(self, condition: str, value: Any) -> None:
        """Another condition."""
        self._conditions.append(condition)
        self.values.append(value)

    def _add_process(self, process: str) -> None:
        if process:
            self._conditions.append(
                "(l.process = ? or (substr(l.process, 1, ?) = ? "
                "and substr(l.process, ?) not glob '*[^0-9a-z]*' and length(l.process) >= ?))"
            )
            start = len(process) + 1
            self.values += [process, start, f"{process}-", start + 1, start + 1]


def _last(connection: sqlite3.Connection) -> int:
    row = connection.execute("select seq from sqlite_sequence where name = 'lines'").fetchone()
    return row[0] if row else 0


def _text(event: str, fields: str) -> str:
    return f"{event} {fields}"


def _has_words(text: str, wanted: str) -> bool:
    return has_words(text, wanted.split())
