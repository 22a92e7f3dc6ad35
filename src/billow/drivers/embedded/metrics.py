"""Metrics in a SQLite file of their own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from billow.clock import Clock
from billow.drivers.embedded.database import Database
from billow.ops.recorder import Measured
from billow.ops.summary import Summary
from billow.ports.metrics import KEPT, MetricInfo, level

_UPSERT = """
insert into points values(?, ?, ?, ?, ?, ?, ?, ?)
on conflict do update set count = count + excluded.count, total = total + excluded.total,
  low = min(low, excluded.low), high = max(high, excluded.high), buckets = excluded.buckets
"""


class SqliteMetrics:
    """Measured values over time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._ids: dict[str, int] = {}

    @cached_property
    def _database(self) -> Database:
        """Opened when first needed: most commands measure nothing."""
        return Database(self._path, "metrics.sql", durable=False)

    def write(self, at: float, measured: Sequence[Measured]) -> None:
        """Add what a process measured."""
        with self._database.write() as connection:
            rows = [
                self._row(connection, step, int(at // step * step), one)
                for one in measured
                for step in KEPT
            ]
            connection.executemany(_UPSERT, rows)

    def summaries(self, name: str, since: float, until: float, step: float) -> list[Summary | None]:
        """A metric in steps."""
        detail = level(self._clock.now() - since, since, step)
        made: list[Summary | None] = [None] * round((until - since) / step)
        rows = self._database.reader.execute(
            "select at, count, total, low, high, buckets from points where step = ? "
            "and metric = (select id from metrics where name = ?) and at >= ? and at < ?",
            (detail, name, since, until),
        )
        for at, count, total, low, high, buckets in rows:
            place = int((at - since) // step)
            if place < len(made):
                one, before = Summary(count, total, low, high, _unpack(buckets)), made[place]
                made[place] = one if before is None else before + one
        return made

    def kind(self, name: str) -> str:
        """What kind of metric it is."""
        row = self._database.reader.execute(
            "select kind from metrics where name = ?", (name,)
        ).fetchone()
        return "gauge" if row is None else str(row[0])

    def known(self, prefix: str = "") -> list[MetricInfo]:
        """The metrics that were measured."""
        rows = self._database.reader.execute("select name, kind, unit from metrics order by name")
        return [MetricInfo(*row) for row in rows if row[0].startswith(prefix)]

    def trim(self) -> int:
        """Forget what is too old."""
        gone, now = 0, self._clock.now()
        with self._database.write() as connection:
            for step, kept in KEPT.items():
                gone += connection.execute(
                    "delete from points where step = ? and at < ?", (step, now - kept)
                ).rowcount
        return gone

    def close(self) -> None:
        """Close the calling thread's connections, if it ever opened any."""
        if "_database" in vars(self):
            self._database.close()

    def _row(
        self, connection: sqlite3.Connection, step: int, at: int, one: Measured
    ) -> tuple[object, ...]:
        metric = self._id(connection, one)
        count, total, low, high, buckets = (
            one.summary.count, one.summary.total, one.summary.low, one.summary.high,
            one.summary.buckets,
        )  # fmt: skip
        if buckets:
            row = connection.execute(
                "select buckets from points where step = ? and metric = ? and at = ?",
                (step, metric, at),
            ).fetchone()
            if row is not None:
                merged = _unpack(row[0])
                for bucket, seen in buckets.items():
                    merged[bucket] = merged.get(bucket, 0) + seen
                buckets = merged
        return step, metric, at, count, total, low, high, json.dumps([*buckets.items()])

    def _id(self, connection: sqlite3.Connection, one: Measured) -> int:
        if one.name not in self._ids:
            connection.execute(
                "insert or ignore into metrics(name, kind, unit) values(?, ?, ?)", one[:3]
            )
            row = connection.execute("select id from metrics where name = ?", (one.name,))
            self._ids[one.name] = row.fetchone()[0]
        return self._ids[one.name]


def _unpack(buckets: str) -> dict[int, int]:
    return dict(json.loads(buckets))
