"""The cold tier in memory, compressed like the one on disks."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from billow.clock import Clock
from billow.errors import NotFound
from billow.ids import new_id
from billow.ports.cold import (
    EXPEDITED_AT_ONCE,
    WAITS,
    Damaged,
    Frozen,
    NoCapacity,
    NotReady,
    Tier,
)
from billow.ports.objects import ObjectInfo

_BLOCK = 1024 * 1024


@dataclass(slots=True)
class ColdRow:
    """A file and its compressed bytes."""

    frozen: Frozen
    packed: bytes
    packed_sha256: str
    tier: Tier | None = None


class MemoryCold:
    """All cold files of a service that lives in one process."""

    def __init__(
        self, lock: threading.RLock, clock: Clock, expedited: int = EXPEDITED_AT_ONCE
    ) -> None:
        self._lock = lock
        self._clock = clock
        self._expedited = expedited
        self.rows: dict[tuple[str, str], ColdRow] = {}

    def put(self, info: ObjectInfo, data: Iterable[bytes] | BinaryIO) -> Frozen:
        """Keep a copy of an object, or renew the claim on the one that is there."""
        place = (info.store, info.key)
        with self._lock:
            known = self.rows.get(place)
            if known and known.frozen.damaged is None and known.frozen.sha256 == info.sha256:
                known.frozen = known.frozen._replace(claim=new_id(), ready=None)
                known.tier = None
                return known.frozen
        body = b"".join(_blocks(data))
        if len(body) != info.size or hashlib.sha256(body).hexdigest() != info.sha256:
            raise Damaged("the file to be archived does not have its checksum")
        packed = zlib.compress(body)
        frozen = Frozen(
            info.store,
            info.key,
            info.size,
            info.sha256,
            info.type,
            info.name,
            info.owner,
            claim=new_id(),
            created=self._clock.now(),
            packed=len(packed),
        )
        with self._lock:
            self.rows[place] = ColdRow(frozen, packed, hashlib.sha256(packed).hexdigest())
        return frozen

    def verify(self, store: str, key: str) -> Frozen:
        """Unpack a file and compare it with its checksums."""
        with self._lock:
            row = self._need(store, key)
            self._content(row)
            return row.frozen

    def _content(self, row: ColdRow) -> bytes:
        try:
            if hashlib.sha256(row.packed).hexdigest() != row.packed_sha256:
                raise Damaged(f"the archived copy of {row.frozen.name} does not have its checksum")
            return zlib.decompress(row.packed)
        except Damaged:
            row.frozen = row.frozen._replace(damaged=self._clock.now())
            raise

    def head(self, store: str, key: str) -> Frozen | None:
        """A file's facts."""
        with self._lock:
            row = self.rows.get((store, key))
            return row.frozen if row else None

    def _need(self, store: str, key: str) -> ColdRow:
        try:
            return self.rows[store, key]
        except KeyError:
            raise NotFound(f"{store}/{key} is not archived") from None

    def overdue(self, before: float, limit: int = 100) -> list[Frozen]:
        """Files that should long be back."""
        with self._lock:
            every = [row.frozen for row in self.rows.values()]
        late = [(one.ready, one) for one in every if one.ready is not None and not one.damaged]
        found = [one for ready, one in sorted(late, key=lambda pair: pair[0]) if ready < before]
        return found[: max(0, limit)]

    def list(
        self, store: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[Frozen]:
        """Files by key."""
        with self._lock:
            found = [
                row.frozen
                for (where, key), row in self.rows.items()
                if where == store and key.startswith(prefix) and (after is None or key > after)
            ]
        return sorted(found, key=lambda frozen: frozen.key)[:limit]

    def ask(self, store: str, key: str, tier: Tier, speed: float = 1.0) -> Frozen:
        """Ask for a file."""
        now = self._clock.now()
        ready = now + WAITS[tier] / speed
        with self._lock:
            row = self._need(store, key)
            if row.frozen.ready is None or row.frozen.ready > ready:
                if tier is Tier.EXPEDITED:
                    self._check_capacity(now)
                row.frozen, row.tier = row.frozen._replace(ready=ready), tier
            return row.frozen

    def _check_capacity(self, now: float) -> None:
        waiting = sum(
            row.tier is Tier.EXPEDITED and (row.frozen.ready or 0) > now
            for row in self.rows.values()
        )
        if waiting >= self._expedited:
            raise NoCapacity(f"{waiting} expedited retrievals are waiting; ask for another tier")

    def read(self, store: str, key: str) -> Iterable[bytes]:
        """The file as it was."""
        with self._lock:
            row = self._need(store, key)
            if row.frozen.ready is None or row.frozen.ready > self._clock.now():
                raise NotReady(f"{key} cannot be read from the archive yet")
            return [self._content(row)]

    def delete(self, store: str, key: str, claim: str) -> bool:
        """Delete a file, if the claim is still its own."""
        with self._lock:
            row = self.rows.get((store, key))
            if row is None or row.frozen.claim != claim:
                return False
            del self.rows[store, key]
            return True

    def sweep(self, grace: float = 3600.0) -> int:
        """Nothing is ever left over here."""
        del grace
        return 0


def _blocks(data: Iterable[bytes] | BinaryIO) -> Iterable[bytes]:
    read = getattr(data, "read", None)
    return iter(lambda: read(_BLOCK), b"") if read is not None else data
