"""Who asks how often: one bucket of turns for each address and each account."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import NamedTuple

#: Seconds' worth of turns that may be taken at once.
BURST = 2.0

#: Buckets and credentials that are remembered; beyond that, those longest unused are forgotten.
REMEMBERED = 20_000

#: Seconds for which a server's word about a session or token is taken.
TRUST = 60.0

_COOKIE = re.compile(rb"(?:^|;[ \t]*)(?:__Host-)?billow=([!-:<-~]{1,200})")


class Rate:
    """A bucket of turns for each key: `rate` turns a second, twice as many at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._full = max(1.0, rate * BURST)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """Take a turn; returns 0, or the seconds until there is one."""
        turns, then = self._buckets.get(key, (self._full, now))
        turns = min(self._full, turns + (now - then) * self._rate)
        wait = 0.0 if turns >= 1 else (1 - turns) / self._rate
        self._buckets[key] = (turns if wait else turns - 1, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return wait


class _Word(NamedTuple):
    """Whose a session or token is, by a server's word, and until when that is taken."""

    owner: str
    until: float


class Known:
    """Sessions and tokens that a server has recognised of late."""

    def __init__(self) -> None:
        self._owners: OrderedDict[bytes, _Word] = OrderedDict()

    def owner(self, credential: bytes, now: float) -> str:
        """Whose it is; empty if no server has said so of late."""
        word = self._owners.get(credential)
        return word.owner if word is not None and now < word.until else ""

    def learn(self, credential: bytes, owner: str, now: float) -> None:
        """Take a server's word; an empty `owner` says that it is nobody's."""
        if not owner:
            self._owners.pop(credential, None)
            return
        self._owners[credential] = _Word(owner, now + TRUST)
        if len(self._owners) > REMEMBERED:
            self._owners.popitem(last=False)


def credential_of(fields: dict[bytes, bytes]) -> bytes:
    """The session or token that comes with a request; empty if none does."""
    shown = fields.get(b"authorization")
    if shown is not None:
        return b"a" + shown
    found = _COOKIE.search(fields.get(b"cookie", b""))
    return b"" if found is None else b"c" + found[1]
