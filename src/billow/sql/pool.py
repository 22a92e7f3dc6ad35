"""Connections that are lent: a bounded number, each to one borrower at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from billow.sql.backend import Raw


class Pool:
    """Connections of one sort.

    A list's `pop` and `append` are all it takes while a connection is free, as almost always.

    Args:
        most: connections there may be.
        make: makes one.
    """

    def __init__(self, most: int, make: Callable[[], Raw]) -> None:
        self._most = most
        self._make = make
        self._idle: list[Raw] = []
        self._made = 0
        self._waiting = 0
        self._freed = threading.Condition()
        self._closed = False

    def take(self, patience: float) -> Raw:
        """A connection that nobody else has.

        Args:
            patience: seconds to wait for one; 0 does not wait.

        Raises:
            TimeoutError: all were in use for as long.
        """
        try:
            return self._idle.pop()
        except IndexError:
            return self._wait(patience)

    def give_back(self, raw: Raw) -> None:
        """Let others have it."""
        if self._closed:
            self.drop(raw)
            return
        self._idle.append(raw)
        if self._waiting:
            with self._freed:
                self._freed.notify()

    def drop(self, raw: Raw) -> None:
        """Close it; another may be made in its place."""
        raw.close()
        with self._freed:
            self._made -= 1
            self._freed.notify()

    def close(self) -> None:
        """Close what nobody has, and the rest when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _wait(self, patience: float) -> Raw:
        deadline = time.monotonic() + patience
        with self._freed:
            self._waiting += 1
            try:
                while True:
                    if self._idle:
                        try:
                            return self._idle.pop()
                        except IndexError:
                            continue  # somebody who came by was faster
                    if self._made < self._most:
                        self._made += 1
                        break
                    left = deadline - time.monotonic()
                    if left <= 0 or not self._freed.wait(left):
                        raise TimeoutError
            finally:
                self._waiting -= 1
        return self._new()

    def _new(self) -> Raw:
        try:
            return self._make()
        except BaseException:
            with self._freed:
                self._made -= 1
                self._freed.notify()
            raise
