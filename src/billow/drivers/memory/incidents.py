"""Incidents in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from billow.drivers.memory.accounts import MemoryShelf
from billow.ports.incidents import SHELVES, Books

T = TypeVar("T")


class MemoryIncidents:
    """All incidents of a service."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._shelves = [MemoryShelf[Any](name, kind) for name, kind in SHELVES.items()]

    def change(self, work: Callable[[Books], T], *, durable: bool = True) -> T:  # noqa: ARG002
        """Run work in one step."""
        with self._lock:
            for shelf in self._shelves:
                shelf.begin()
            try:
                return work(Books(*self._shelves))
            except BaseException:
                for shelf in self._shelves:
                    shelf.undo()
                raise

    def look(self, work: Callable[[Books], T]) -> T:
        """Run work that reads."""
        with self._lock:
            return work(Books(*self._shelves))
