"""Objects in SQLite and files: rows name blobs, and copies share them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from billow.clock import Clock
from billow.drivers.embedded.blobs import Blob, Blobs
from billow.drivers.embedded.database import Database
from billow.drivers.embedded.group import GroupCommit
from billow.drivers.embedded.ledger import SqliteLedger
from billow.drivers.embedded.records import is_used, record_object
from billow.errors import BadInput, NotFound
from billow.ids import new_id
from billow.names import check_key, clean_name
from billow.ports.ledger import Accepted, Submission
from billow.ports.objects import ArrivalRule, Copy, ObjectInfo, Staged, Stored
from billow.units import MiB

_COLUMNS = "store, key, size, sha256, type, name, owner, metadata, created"
_BLOCK = 1 * MiB


class _Repeated(Exception):
    """An upload that came before: its rows are undone, these are the jobs that it made then."""

    def __init__(self, jobs: list[Accepted]) -> None:
        super().__init__(jobs)
        self.jobs = jobs


class SqliteObjects:
    """All objects of a service."""

    def __init__(
        self,
        database: Database,
        group: GroupCommit,
        blobs: Blobs,
        ledger: SqliteLedger,
        clock: Clock,
        arrivals: ArrivalRule,
    ) -> None:
        self._database = database
        self._group = group
        self._blobs = blobs
        self._ledger = ledger
        self._clock = clock
        self._arrivals = arrivals

    def put(
        self,
        store: str,
        data: Iterable[bytes] | BinaryIO | Staged,
        *,
        key: str | None = None,
        name: str = "",
        type: str = "application/octet-stream",
        owner: str = "local",
        metadata: Mapping[str, str] | None = None,
        limit: int | None = None,
        sha256: str | None = None,
    ) -> Stored:
        """Store an object: first its bytes, then in one step its row, copies and jobs."""
        safe = clean_name(name) if name or key is None else ""
        place = f"{new_id()}/{safe}" if key is None else check_key(key)
        if isinstance(data, Staged):
            blob = self._blobs.take(Blob(*data), limit, sha256)
        else:
            blob = self._blobs.write(data, limit, sha256)
        info = ObjectInfo(
            store=store,
            key=place,
            size=blob.size,
            sha256=blob.sha256,
            type=type,
            name=safe,
            owner=owner,
            metadata=dict(metadata or {}),
            created=self._clock.now(),
        )
        try:
            return self.arrive(info, lambda _: blob.id, once=True)
        except _Repeated as known:
            self._blobs.remove(blob.id)
            return Stored(info, known.jobs)
        except Exception:
            # What interrupts from outside (Ctrl-C) may come while the row is being committed or
            # after, so then the bytes stay; if no row refers to them, they are swept away later.
            self._remove_unused(blob.id)
            raise

    def stage(self, data: Iterable[bytes] | BinaryIO, limit: int | None = None) -> Staged:
        """Make bytes durable without an object."""
        blob = self._blobs.write(data, limit, None)
        return Staged(*blob)

    def unstage(self, staged: Staged) -> None:
        """Forget bytes that were staged."""
        self._remove_unused(staged.blob)

    def _remove_unused(self, blob: str) -> None:
        if not is_used(self._database.reader, blob):
            self._blobs.remove(blob)

    def arrive(
        self, info: ObjectInfo, blob: Callable[[sqlite3.Connection], str], *, once: bool = False
    ) -> Stored:
        """Record an object and all that its arrival sets off, durably; then wake workers.

        With `once`, raises _Repeated if all its jobs exist already.
        """
        asked: list[Submission] = []
        unused: list[str] = []
        check = self._ledger.checks.current

        def work(connection: sqlite3.Connection) -> list[Accepted]:
            asked.clear()
            unused.clear()
            arrived = [info]
            for one in arrived:
                if gone := record_object(connection, one, blob(connection)):
                    unused.append(gone)
                for consequence in self._arrivals(one):
                    if not isinstance(consequence, Copy):
                        asked.append(consequence)
                    elif consequence.store not in {other.store for other in arrived}:
                        arrived.append(_moved(one, consequence.store, one.key))
            jobs = self._ledger.insert(connection, asked, check) if asked else []
            if once and jobs and not any(job.new for job in jobs):
                raise _Repeated(jobs)
            return jobs

        jobs = self._group.run(work)
        for gone in unused:
            self._blobs.remove(gone)
        self._ledger.ring(asked, jobs)
        return Stored(info, jobs)

    def head(self, store: str, key: str) -> ObjectInfo | None:
        """An object's facts."""
        row = self._row(store, key)
        return None if row is None else _to_info(row[:-1])

    def version(self, store: str, key: str) -> str | None:
        """Names an object's present content: its blob."""
        row = self._row(store, key)
        return None if row is None else row[-1]

    def _row(self, store: str, key: str) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._database.reader.execute(
            f"select {_COLUMNS}, blob from objects where store = ? and key = ?",  # noqa: S608
            (store, key),
        ).fetchone()
        return row

    def path(self, store: str, key: str) -> Path | None:
        """The object as a local file."""
        row = self._row(store, key)
        return None if row is None else self._blobs.path(row[-1])

    def read(self, store: str, key: str, start: int = 0, end: int | None = None) -> Iterable[bytes]:
        """The bytes of a range."""
        row = self._row(store, key)
        if row is None:
            raise NotFound(f"there is no object {store}/{key}")
        size = row[2]
        stop = size if end is None else end
        if not 0 <= start <= stop <= size:
            raise BadInput(
                f"the range {start} to {stop} lies outside of the {size} bytes there are"
            )
        try:
            file = self._blobs.path(row[-1]).open("rb")
        except FileNotFoundError:
            raise NotFound(f"there is no object {store}/{key}") from None
        return _read(file, start, stop)

    def usage(self) -> dict[str, tuple[int, int]]:
        """Objects and bytes of each store."""
        rows = self._database.reader.execute(
            "select store, count(*), sum(size) from objects group by store"
        )
        return {store: (count, size) for store, count, size in rows}

    def owned(self, owner: str, limit: int = 100) -> list[ObjectInfo]:
        """Some objects of an owner."""
        rows = self._database.reader.execute(
            f"select {_COLUMNS} from objects where owner = ? limit ?",  # noqa: S608
            (owner, max(0, limit)),
        )
        return [_to_info(row) for row in rows]

    def list(
        self, store: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[ObjectInfo]:
        """Objects by key."""
        rows = self._database.reader.execute(
            f"select {_COLUMNS} from objects where store = ? and key >= ? and key > ? "  # noqa: S608
            "order by key limit ?",
            (store, prefix, after or "", max(0, limit)),
        )
        found = []
        for row in rows:
            if not row[1].startswith(prefix):
                break
            found.append(_to_info(row))
        return found

    def stores(self) -> list[str]:  # type: ignore[valid-type] # `list` is a method here
        """Stores that hold something, sorted."""
        rows = self._database.reader.execute("select distinct store from objects order by 1")
        return [store for (store,) in rows]

    def copy(self, store: str, key: str, to_store: str, to_key: str | None = None) -> Stored:
        """Copy an object; the bytes are shared."""
        info = self.head(store, key)
        if info is None:
            raise NotFound(f"there is no object {store}/{key}")
        target = _moved(info, to_store, check_key(to_key or key))
        return self.arrive(target, lambda connection: _blob_of(connection, store, key))

    def delete(self, store: str, key: str, version: str | None = None) -> bool:
        """Delete an object, and its bytes with the last object that shares them."""

        def work(connection: sqlite3.Connection) -> tuple[bool, str | None]:
            row = connection.execute(
                "delete from objects where store = ?1 and key = ?2 and blob = coalesce(?3, blob) "
                "returning blob",
                (store, key, version),
            ).fetchone()
            if row is None:
                return False, None
            return True, None if is_used(connection, row[0]) else row[0]

        found, unused = self._group.run(work)
        if unused is not None:
            self._blobs.remove(unused)
        return found

    def sweep(self, grace: float = 3600.0) -> int:
        """Remove bytes that no object refers to."""
        gone = 0
        for path in self._blobs.older_than(grace):
            if not is_used(self._database.reader, path.name):
                path.unlink(missing_ok=True)
                gone += 1
        return gone


def _read(opened: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    with opened as file:
        file.seek(start)
        left = stop - start
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            left -= len(block)
            yield block


def _blob_of(connection: sqlite3.Connection, store: str, key: str) -> str:
    row = connection.execute(
        "select blob from objects where store = ? and key = ?", (store, key)
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no object {store}/{key}")
    blob: str = row[0]
    return blob


def _moved(info: ObjectInfo, store: str, key: str) -> ObjectInfo:
    return ObjectInfo(
        store=store,
        key=key,
        size=info.size,
        sha256=info.sha256,
        type=info.type,
        name=info.name,
        owner=info.owner,
        metadata=info.metadata,
        created=info.created,
    )


def _to_info(row: tuple[Any, ...]) -> ObjectInfo:
    store, key, size, sha256, type_, name, owner, metadata, created = row
    return ObjectInfo(store, key, size, sha256, type_, name, owner, json.loads(metadata), created)
