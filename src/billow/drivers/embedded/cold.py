"""The cold tier in a folder of its own: compressed files, and a catalogue in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from billow.clock import Clock
from billow.drivers.embedded.blobs import Blob, Blobs
from billow.drivers.embedded.database import Database
from billow.drivers.embedded.disk import Disk
from billow.drivers.embedded.packing import Check, Packer, file_blocks, unpack
from billow.errors import NotFound, Unavailable
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

_CATALOGUE = "catalogue.db"
_COLUMNS = ", ".join(Frozen._fields)


class SqliteCold:
    """All files of a service that are cold. Nothing is made before the first use."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        expedited: int = EXPEDITED_AT_ONCE,
        disk: Disk | None = None,
    ) -> None:
        self._disk = disk
        self._folder = folder
        self._clock = clock
        self._expedited = expedited

    @cached_property
    def _blobs(self) -> Blobs:
        try:
            return Blobs(self._folder / "packed", self._disk)
        except OSError as problem:
            raise Unavailable(f"{self._folder} cannot be used: {problem.strerror}") from problem

    @cached_property
    def _catalogue(self) -> Database:
        _ = self._blobs  # makes the folder
        return Database(self._folder / _CATALOGUE, "cold.sql", durable=True)

    @property
    def _is_there(self) -> bool:
        """Whether anything was ever archived; looking makes nothing."""
        return "_catalogue" in vars(self) or (self._folder / _CATALOGUE).exists()

    def close(self) -> None:
        """Close the calling thread's connections, if it ever opened any."""
        if "_catalogue" in vars(self):
            self._catalogue.close()

    def put(self, info: ObjectInfo, data: Iterable[bytes] | BinaryIO) -> Frozen:
        """Keep a copy of an object: first its bytes, then its row."""
        renewed = self._renew(info)
        if renewed is not None:
            return renewed
        blob = self._blobs.write(Packer(data, info.size, info.sha256), None, None)
        try:
            replaced = self._record(info, blob)
        except BaseException:
            self._blobs.remove(blob.id)
            raise
        if replaced is not None:
            self._blobs.remove(replaced)
        return self._need(info.store, info.key)

    def _renew(self, info: ObjectInfo) -> Frozen | None:
        """Make the copy that is there the caller's, if it is of the same content."""
        with self._catalogue.write() as connection:
            row = connection.execute(
                "update files set claim = ?, ready = null, tier = null "  # noqa: S608
                "where store = ? and key = ? and sha256 = ? and damaged is null "
                f"returning {_COLUMNS}",
                (new_id(), info.store, info.key, info.sha256),
            ).fetchone()
        return None if row is None else Frozen(*row)

    def _record(self, info: ObjectInfo, blob: Blob) -> str | None:
        """Write a row; the blob of the one that it replaces."""
        place = (info.store, info.key)
        facts = (info.size, info.sha256, info.type, info.name, info.owner)
        with self._catalogue.write() as connection:
            old = connection.execute(
                "select blob from files where store = ? and key = ?", place
            ).fetchone()
            connection.execute(
                "insert or replace into files values(?,?,?,?,?,?,?,?,?,null,null,?,?,?,null)",
                (*place, *facts, new_id(), self._clock.now(), blob.size, blob.id, blob.sha256),
            )
        return None if old is None else old[0]

    def verify(self, store: str, key: str) -> Frozen:
        """Read all of a file back."""
        frozen = self._need(store, key)
        for _ in self._checked(frozen):
            pass
        return frozen

    def _checked(self, frozen: Frozen) -> Iterator[bytes]:
        """A file's content; what is wrong with it is noted when it shows."""
        blob, packed_sha256 = self._packing(frozen)
        stored, content = Check(frozen.packed, packed_sha256), Check(frozen.size, frozen.sha256)

        def packed() -> Iterator[bytes]:
            for block in file_blocks(self._blobs.path(blob)):
                stored.saw(block)
                yield block

        try:
            for block in unpack(packed(), frozen.size):
                content.saw(block)
                yield block
            stored.finish(f"the archived copy of {frozen.name or frozen.key}")
            content.finish(f"the archived {frozen.name or frozen.key}")
        except Damaged:
            self._note_damage(frozen)
            raise

    def _packing(self, frozen: Frozen) -> tuple[str, str]:
        row = self._catalogue.reader.execute(
            "select blob, packed_sha256 from files where store = ? and key = ? and claim = ?",
            (frozen.store, frozen.key, frozen.claim),
        ).fetchone()
        if row is None:
            raise NotFound(f"{frozen.store}/{frozen.key} is not archived any more")
        return row[0], row[1]

    def _note_damage(self, frozen: Frozen) -> None:
        with self._catalogue.write() as connection:
            connection.execute(
                "update files set damaged = ? where store = ? and key = ? and claim = ?",
                (self._clock.now(), frozen.store, frozen.key, frozen.claim),
            )

    def head(self, store: str, key: str) -> Frozen | None:
        """A file's facts."""
        if not self._is_there:
            return None
        row = self._catalogue.reader.execute(
            f"select {_COLUMNS} from files where store = ? and key = ?",  # noqa: S608
            (store, key),
        ).fetchone()
        return None if row is None else Frozen(*row)

    def _need(self, store: str, key: str) -> Frozen:
        frozen = self.head(store, key)
        if frozen is None:
            raise NotFound(f"{store}/{key} is not archived")
        return frozen

    def overdue(self, before: float, limit: int = 100) -> list[Frozen]:
        """Files that should long be back."""
        if not self._is_there:
            return []
        rows = self._catalogue.reader.execute(
            f"select {_COLUMNS} from files where tier is not null and ready < ? "  # noqa: S608
            "and damaged is null order by ready limit ?",
            (before, max(0, limit)),
        )
        return [Frozen(*row) for row in rows]

    def list(
        self, store: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[Frozen]:
        """Files by key."""
        if not self._is_there:
            return []
        rows = self._catalogue.reader.execute(
            f"select {_COLUMNS} from files where store = ? and key >= ? and key > ? "  # noqa: S608
            "order by key limit ?",
            (store, prefix, after or "", max(0, limit)),
        )
        found = []
        for row in rows:
            frozen = Frozen(*row)
            if not frozen.key.startswith(prefix):
                break
            found.append(frozen)
        return found

    def ask(self, store: str, key: str, tier: Tier, speed: float = 1.0) -> Frozen:
        """Ask for a file."""
        now = self._clock.now()
        ready = now + WAITS[tier] / speed
        with self._catalogue.write() as connection:
            row = connection.execute(
                "select ready from files where store = ? and key = ?", (store, key)
            ).fetchone()
            if row is None:
                raise NotFound(f"{store}/{key} is not archived")
            if row[0] is None or row[0] > ready:
                if tier is Tier.EXPEDITED:
                    self._check_capacity(connection, now)
                connection.execute(
                    "update files set ready = ?, tier = ? where store = ? and key = ?",
                    (ready, tier.value, store, key),
                )
        return self._need(store, key)

    def _check_capacity(self, connection: sqlite3.Connection, now: float) -> None:
        waiting: tuple[Any, ...] = connection.execute(
            "select count(*) from files where tier = ? and ready > ?", (Tier.EXPEDITED.value, now)
        ).fetchone()
        if waiting[0] >= self._expedited:
            raise NoCapacity(
                f"{waiting[0]} expedited retrievals are waiting; ask for the standard tier"
            )

    def read(self, store: str, key: str) -> Iterable[bytes]:
        """The file as it was, read twice: once to be sure of it."""
        frozen = self._need(store, key)
        if frozen.ready is None or frozen.ready > self._clock.now():
            raise NotReady(f"{frozen.name or key} cannot be read from the archive yet")
        for _ in self._checked(frozen):
            pass
        return self._checked(frozen)

    def delete(self, store: str, key: str, claim: str) -> bool:
        """Delete a file: first its row, then its bytes."""
        with self._catalogue.write() as connection:
            row = connection.execute(
                "delete from files where store = ? and key = ? and claim = ? returning blob",
                (store, key, claim),
            ).fetchone()
        if row is None:
            return False
        self._blobs.remove(row[0])
        return True

    def sweep(self, grace: float = 3600.0) -> int:
        """Remove bytes that belong to no file."""
        if not self._is_there:
            return 0
        gone = 0
        for path in self._blobs.older_than(grace):
            used = self._catalogue.reader.execute(
                "select 1 from files where blob = ?", (path.name,)
            ).fetchone()
            if used is None:
                path.unlink(missing_ok=True)
                gone += 1
        return gone
