"""Ids that sort by the time they were made (ULIDs): 48 bits of milliseconds, 80 random bits."""

from __future__ import annotations

import os
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]

#: Characters of an id.
LENGTH = 26


def encode(value: int) -> str:
    """`value` (130 bits at most) as 26 characters of Crockford's base 32, in lower case."""
    pairs = _PAIRS
    return "".join([pairs[(value >> shift) & 1023] for shift in range(120, -1, -10)])


class IdMaker:
    """Makes ids; within one maker each is greater than the one before, across makers unique."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def make(self, count: int = 1) -> list[str]:
        """`count` new ids, ascending."""
        with self._lock:
            first = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10))
            if first <= self._last:
                first = self._last + 1
            self._last = first + count - 1
        return [encode(first + i) for i in range(count)]


_MAKER = IdMaker()


def new_id() -> str:
    """One new id."""
    return _MAKER.make()[0]


def new_ids(count: int) -> list[str]:
    """`count` new ids, ascending."""
    return _MAKER.make(count)


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return len(text) == LENGTH and all(c in _ALPHABET for c in text)
