"""Tables of items by key, with conditional writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

#: Expectation of a conditional write: the item must not exist.
ABSENT = 0


class Item(NamedTuple):
    """An item as it was at `version`; each write adds one to the version, starting at 1."""

    key: str
    value: dict[str, Any]
    version: int


class Tables(Protocol):
    """All tables of a service; a table exists once something was put into it."""

    def names(self) -> list[str]:
        """All tables, sorted."""
        ...

    def put(self, table: str, key: str, value: Mapping[str, Any], expect: int | None = None) -> int:
        """Write an item; returns its new version. Durable when it returns.

        `expect` is the version it must have now (`ABSENT`: none); None writes in any case.

        Raises:
            Conflict: it is not at that version.
            BadInput: the value is not plain JSON or over 400 KiB, the key over 1 KiB.
        """
        ...

    def add(self, table: str, key: str, field: str, amount: int) -> int:
        """Add to a number in an item (0 if absent) and return the sum; no increment is lost."""
        ...

    def get(self, table: str, key: str) -> Item | None:
        """An item by key."""
        ...

    def delete(self, table: str, key: str, expect: int | None = None) -> bool:
        """Delete an item; False if there was none.

        Raises:
            Conflict: it is not at the version `expect`.
        """
        ...

    def query(
        self, table: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[Item]:
        """Items whose key begins with `prefix`, by key, from the first greater than `after`."""
        ...

    def count(self, table: str) -> int:
        """Number of items."""
        ...
