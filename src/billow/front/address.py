"""Who really asks: through proxies whose word is taken."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache


class Trusted:
    """The networks whose `X-Forwarded-*` is taken.

    Raises:
        ValueError: one of `networks` is none.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(text, strict=False) for text in networks]
        self.trusts = lru_cache(1000)(self._trusts)

    def visitor(self, peer: str, forwarded: bytes | None) -> str:
        """The visitor's address: the last in `X-Forwarded-For` that no trusted proxy has."""
        if forwarded is None or not self.trusts(peer):
            return peer
        visitor = peer
        for told in reversed(forwarded.decode("latin-1").split(",")):
            address = told.strip().strip("[]")
            if not _is_address(address):
                return visitor
            visitor = address
            if not self.trusts(address):
                break
        return visitor

    def scheme(self, peer: str, own: str, forwarded: bytes | None) -> str:
        """`http` or `https`, as the visitor uses it."""
        told = (forwarded or b"").strip().lower()
        return told.decode() if told in (b"http", b"https") and self.trusts(peer) else own

    def _trusts(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


@lru_cache(1000)
def is_here(address: str) -> bool:
    """Whether an address is this machine's own."""
    return _is_address(address) and ipaddress.ip_address(address).is_loopback


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
