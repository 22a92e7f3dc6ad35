"""Accounts in memory."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from billow.errors import Conflict
from billow.ports.accounts import SHELVES, UNIQUE, Books, Key, Usage
from billow.ports.ledger import Submission

R = TypeVar("R")
T = TypeVar("T")

#: What an owner uses, with the jobs since a time.
CountUsage = Callable[[str, float], Usage]


class MemoryShelf(Generic[R]):
    """Records by key, and what undoes the changes made in a step."""

    def __init__(self, name: str, record: type[Any]) -> None:
        self._name = name
        self._fields: tuple[str, ...] = record._fields
        self._unique = UNIQUE.get(name)
        self._records: dict[Key, Any] = {}
        self._before: dict[Key, Any] = {}

    def begin(self) -> None:
        """From here on changes can be undone."""
        self._before = {}

    def undo(self) -> None:
        """Take back the changes since `begin`."""
        for key, record in self._before.items():
            if record is None:
                self._records.pop(key, None)
            else:
                self._records[key] = record

    def get(self, key: Key) -> R | None:
        """A record by key."""
        return self._records.get(key)

    def add(self, record: R) -> None:
        """Add a record whose key is not taken."""
        key = self._key(record)
        if key in self._records:
            raise Conflict(f"{self._name}: another record has this {self._fields[0]}")
        self.put(record)

    def put(self, record: R) -> None:
        """Add or replace a record."""
        key = self._key(record)
        if self._unique is not None:
            value = getattr(record, self._unique)
            twins = (k for k, each in self._records.items() if getattr(each, self._unique) == value)
            if any(twin != key for twin in twins):
                raise Conflict(f"{self._name}: another record has this {self._unique}")
        self._note(key)
        self._records[key] = record

    def remove(self, key: Key) -> bool:
        """Remove a record."""
        self._note(key)
        return self._records.pop(key, None) is not None

    def find(
        self, *, after: Key | None = None, limit: int = 1000, **equal: str | float | None
    ) -> list[R]:
        """Records with these values, by key."""
        keys: Iterable[Any] = sorted(self._records)
        found = [
            self._records[key]
            for key in keys
            if (after is None or key > after)
            and all(self._value(key, field) == value for field, value in equal.items())
        ]
        return found[: max(0, limit)]

    def last(self) -> R | None:
        """The record with the greatest key."""
        keys: Iterable[Any] = self._records
        greatest = max(keys, default=None)
        return None if greatest is None else self._records[greatest]

    def until(self, field: str, time: float, limit: int = 1000) -> list[R]:
        """Records up to a time, the earliest first."""
        values = [(self._value(key, field), key) for key in self._records]
        found = sorted((value, key) for value, key in values if value is not None and value <= time)
        return [self._records[key] for _, key in found[: max(0, limit)]]

    def remove_before(self, field: str, time: float) -> int:
        """Remove what is older."""
        values = [(key, self._value(key, field)) for key in self._records]
        old = [key for key, value in values if value is not None and value < time]
        return sum(self.remove(key) for key in old)

    def _key(self, record: Any) -> Key:
        key: Key = record[0]
        return key

    def _value(self, key: Key, field: str) -> Any:
        if field not in self._fields:
            raise TypeError(f"{self._name} has no field {field!r}")
        return getattr(self._records[key], field)

    def _note(self, key: Key) -> None:
        self._before.setdefault(key, self._records.get(key))


class MemoryAccounts:
    """All accounts of a service."""

    def __init__(
        self,
        lock: threading.RLock,
        submit: Callable[[Submission], None],
        usage: CountUsage,
    ) -> None:
        self._lock = lock
        self._submit = submit
        self._usage = usage
        self._key = secrets.token_bytes(32)
        self._shelves = {name: MemoryShelf[Any](name, kind) for name, kind in SHELVES.items()}

    def key(self) -> bytes:
        """The home's key."""
        return self._key

    def change(self, work: Callable[[Books], T], *, durable: bool = True) -> T:  # noqa: ARG002
        """Run work in one step."""
        asked: list[Submission] = []
        with self._lock:
            for shelf in self._shelves.values():
                shelf.begin()
            try:
                result = work(self._books(asked.append))
                for each in asked:
                    self._submit(each)
            except BaseException:
                for shelf in self._shelves.values():
                    shelf.undo()
                raise
            return result

    def look(self, work: Callable[[Books], T]) -> T:
        """Run work that reads."""
        with self._lock:
            return work(self._books(_refuse))

    def _books(self, submit: Callable[[Submission], None]) -> Books:
        return Books(**self._shelves, submit=submit, usage=self._usage)


def _refuse(asked: Submission) -> None:
    raise TypeError(f"work that only reads cannot submit a job of {asked.function}")
