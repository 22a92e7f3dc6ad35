"""Back-off: whoever tries something often has to wait longer and longer before the next try."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from typing import NamedTuple

from billow.ports.accounts import Books, Throttle


class Limit(NamedTuple):
    """After `free` tries each one must wait twice as long as the one before, up to `longest` s.

    The count is forgotten `window` seconds after the last try could be made.
    """

    kind: str
    free: int
    first: float = 1.0
    longest: float = 900.0
    window: float = 3600.0

    def rest(self, tries: int) -> float:
        """Seconds from the `tries`-th try to the next."""
        over = tries - self.free
        return 0.0 if over < 0 else min(self.longest, self.first * 2.0 ** min(over, 60))


class Counted(NamedTuple):
    """A limit, and whose tries it counts."""

    limit: Limit
    whose: str

    @property
    def key(self) -> str:
        """What is kept in place of addresses and names."""
        return hashlib.sha256(f"{self.limit.kind}\0{self.whose}".encode()).hexdigest()


def charge(books: Books, counted: Sequence[Counted], now: float) -> float:
    """Count a try beforehand, so that many at the same time are counted too.

    Returns:
        0, or how many seconds are left before the next try; then nothing was counted.
    """
    held = [(each, books.throttles.get(each.key)) for each in counted]
    left = max((one.until - now for _, one in held if one is not None), default=0.0)
    if left > 0:
        return left
    for each, one in held:
        tries = 1 if one is None or one.forget <= now else one.tries + 1
        until = now + each.limit.rest(tries)
        books.throttles.put(Throttle(each.key, tries, until, until + each.limit.window))
    return 0.0


def refund(books: Books, counted: Sequence[Counted]) -> None:
    """Take back one try that was counted; a wait that others have caused stays."""
    for each in counted:
        one = books.throttles.get(each.key)
        if one is not None:
            tries = max(0, one.tries - 1)
            until = one.until if each.limit.rest(tries) else 0.0
            books.throttles.put(one._replace(tries=tries, until=until))


def forgive(books: Books, counted: Sequence[Counted]) -> None:
    """Forget all tries that were counted."""
    for each in counted:
        books.throttles.remove(each.key)


def network(address: str) -> str:
    """Whom an address belongs to: itself, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
