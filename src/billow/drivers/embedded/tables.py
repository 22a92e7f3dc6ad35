"""Tables of items in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from billow.drivers.embedded.database import Database
from billow.drivers.embedded.group import GroupCommit
from billow.errors import BadInput, Conflict
from billow.ports.rules import check_item, check_item_key
from billow.ports.tables import ABSENT, Item


class SqliteTables:
    """All tables of a service, in one."""

    def __init__(self, database: Database, group: GroupCommit) -> None:
        self._database = database
        self._group = group

    def names(self) -> list[str]:
        """All tables, sorted."""
        rows = self._database.reader.execute('select distinct "table" from items order by 1')
        return [name for (name,) in rows]

    def put(self, table: str, key: str, value: Mapping[str, Any], expect: int | None = None) -> int:
        """Write an item if it is at the expected version."""
        check_item_key(key)
        text = check_item(value)
        return self._group.run(lambda connection: _put(connection, table, key, text, expect))

    def add(self, table: str, key: str, field: str, amount: int) -> int:
        """Add to a number in an item."""
        check_item_key(key)

        def work(connection: sqlite3.Connection) -> int:
            item = _get(connection, table, key)
            value = item.value if item else {}
            number = value.get(field, 0)
            if not isinstance(number, int) or isinstance(number, bool):
                raise BadInput(f"{table}/{key}: {field!r} is not a whole number")
            value[field] = number + amount
            _put(connection, table, key, check_item(value), None)
            total: int = value[field]
            return total

        return self._group.run(work)

    def get(self, table: str, key: str) -> Item | None:
        """An item by key."""
        return _get(self._database.reader, table, key)

    def delete(self, table: str, key: str, expect: int | None = None) -> bool:
        """Delete an item if it is at the expected version."""

        def work(connection: sqlite3.Connection) -> bool:
            _check_version(connection, table, key, expect)
            cursor = connection.execute(
                'delete from items where "table" = ? and key = ?', (table, key)
            )
            return cursor.rowcount == 1

        return self._group.run(work)

    def query(
        self, table: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[Item]:
        """Items by key."""
        rows = self._database.reader.execute(
            'select key, value, version from items where "table" = ? and key >= ? and key > ? '
            "order by key limit ?",
            (table, prefix, after or "", max(0, limit)),
        )
        items = []
        for key, value, version in rows:
            if not key.startswith(prefix):
                break
            items.append(Item(key, json.loads(value), version))
        return items

    def count(self, table: str) -> int:
        """Number of items."""
        row = self._database.reader.execute(
            'select count(*) from items where "table" = ?', (table,)
        ).fetchone()
        count: int = row[0]
        return count


def _get(connection: sqlite3.Connection, table: str, key: str) -> Item | None:
    row = connection.execute(
        'select value, version from items where "table" = ? and key = ?', (table, key)
    ).fetchone()
    return None if row is None else Item(key, json.loads(row[0]), row[1])


def _check_version(
    connection: sqlite3.Connection, table: str, key: str, expect: int | None
) -> None:
    if expect is None:
        return
    item = _get(connection, table, key)
    version = item.version if item else ABSENT
    if version != expect:
        have = f"version {version}" if item else "absent"
        raise Conflict(f"{table}/{key} is {have}, not the expected version {expect}")


def _put(
    connection: sqlite3.Connection, table: str, key: str, text: str, expect: int | None
) -> int:
    _check_version(connection, table, key, expect)
    row = connection.execute(
        "insert into items values(?, ?, ?, 1) on conflict do update "
        "set value = excluded.value, version = version + 1 returning version",
        (table, key, text),
    ).fetchone()
    version: int = row[0]
    return version
