"""What the peers on Redis have in common: a client that counts and clears."""

# The peer is installed in an environment of its own, where the type checker does not look.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from typing import Any

import redis

from bench.jobs import place


class RedisStore:
    """A view of the measurement's Redis server that is no part of any queue."""

    def __init__(self) -> None:
        self.client: Any = redis.Redis.from_url(place.redis_url())

    def clear(self) -> None:
        """Delete every key."""
        self.client.flushall()

    def keys_but(self, *bookkeeping: str) -> int:
        """The number of keys, not counting those that are not results. Takes microseconds."""
        results: int = self.client.dbsize() - self.client.exists(*bookkeeping)
        return max(0, results)

    def count(self, pattern: str) -> int:
        """The number of keys that match a pattern, by looking at all of them."""
        return sum(1 for _ in self.client.scan_iter(pattern, count=5000))
