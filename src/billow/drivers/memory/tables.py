"""Tables in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from billow.errors import BadInput, Conflict
from billow.ports.rules import check_item, check_item_key
from billow.ports.tables import Item

_Rows = dict[str, tuple[str, int]]


class MemoryTables:
    """Items as JSON text with their versions, so that nobody changes them from outside."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._tables: dict[str, _Rows] = {}

    def names(self) -> list[str]:
        """All tables, sorted."""
        with self._lock:
            return sorted(self._tables)

    def put(self, table: str, key: str, value: Mapping[str, Any], expect: int | None = None) -> int:
        """Write an item; returns its new version."""
        check_item_key(key)
        text = check_item(value)
        with self._lock:
            self._check_version(table, key, expect)
            return self.put_text(table, key, text)

    def put_text(self, table: str, key: str, text: str) -> int:
        """Write an item that is JSON text already; returns its new version."""
        with self._lock:
            rows = self._tables.setdefault(table, {})
            version = rows[key][1] + 1 if key in rows else 1
            rows[key] = (text, version)
            return version

    def add(self, table: str, key: str, field: str, amount: int) -> int:
        """Add to a number in an item and return the sum."""
        with self._lock:
            item = self.get(table, key)
            value = item.value if item else {}
            old = value.get(field, 0)
            if isinstance(old, bool) or not isinstance(old, int):
                raise BadInput(f"{field!r} of {key!r} in {table!r} is not a whole number")
            value[field] = old + amount
            self.put(table, key, value)
            return old + amount

    def get(self, table: str, key: str) -> Item | None:
        """An item by key."""
        with self._lock:
            row = self._tables.get(table, {}).get(key)
        return _item(key, *row) if row else None

    def delete(self, table: str, key: str, expect: int | None = None) -> bool:
        """Delete an item; False if there was none."""
        with self._lock:
            self._check_version(table, key, expect)
            return self._tables.get(table, {}).pop(key, None) is not None

    def query(
        self, table: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[Item]:
        """Items whose key begins with `prefix`, by key, from the first greater than `after`."""
        with self._lock:
            rows = self._tables.get(table, {})
            keys = sorted(
                key for key in rows if key.startswith(prefix) and (after is None or key > after)
            )
            return [_item(key, *rows[key]) for key in keys[:limit]]

    def count(self, table: str) -> int:
        """Number of items."""
        with self._lock:
            return len(self._tables.get(table, {}))

    def _check_version(self, table: str, key: str, expect: int | None) -> None:
        version = self._tables.get(table, {}).get(key, ("", 0))[1]
        if expect is not None and version != expect:
            raise Conflict(f"{key!r} in {table!r} is at version {version}, not {expect}")


def _item(key: str, text: str, version: int) -> Item:
    return Item(key, json.loads(text), version)
