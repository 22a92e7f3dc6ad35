"""Objects in memory."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NamedTuple

from billow.clock import Clock
from billow.errors import BadInput, NotFound, TooLarge, Unavailable
from billow.ids import new_id
from billow.names import check_key, clean_name
from billow.ports.ledger import Keep, Ledger, Submission
from billow.ports.objects import ArrivalRule, Copy, ObjectInfo, Staged, Stored

#: Bytes that are read or handed on at once.
_BLOCK = 1024 * 1024


class _Row(NamedTuple):
    info: ObjectInfo
    data: bytes
    #: Names this content.
    version: str


class MemoryObjects:
    """All objects of a service that lives in one process."""

    def __init__(
        self, lock: threading.RLock, clock: Clock, ledger: Ledger, arrivals: ArrivalRule | None
    ) -> None:
        self._lock = lock
        self._clock = clock
        self._ledger = ledger
        self._arrivals = arrivals or _nothing
        self._rows: dict[tuple[str, str], _Row] = {}
        self._staged: dict[str, bytes] = {}

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
        """Store an object, with the copies and jobs that its arrival sets off."""
        name = clean_name(name) if name or key is None else ""
        key = f"{new_id()}/{name}" if key is None else check_key(key)
        body = _read_all([self._take(data)] if isinstance(data, Staged) else data, limit)
        digest = hashlib.sha256(body).hexdigest()
        if sha256 is not None and sha256.lower() != digest:
            raise BadInput(f"the bytes have the SHA-256 {digest}, not {sha256}")
        info = ObjectInfo(
            store,
            key,
            len(body),
            digest,
            type,
            name,
            owner,
            dict(metadata or {}),
            self._clock.now(),
        )
        return self._arrive(_Row(info, body, new_id()), once=True)

    def stage(self, data: Iterable[bytes] | BinaryIO, limit: int | None = None) -> Staged:
        """Keep bytes without an object."""
        body = _read_all(data, limit)
        staged = Staged(new_id(), len(body), hashlib.sha256(body).hexdigest())
        with self._lock:
            self._staged[staged.blob] = body
        return staged

    def unstage(self, staged: Staged) -> None:
        """Forget bytes that were staged."""
        with self._lock:
            self._staged.pop(staged.blob, None)

    def _take(self, staged: Staged) -> bytes:
        with self._lock:
            data = self._staged.pop(staged.blob, None)
        if data is None:
            raise Unavailable("what was sent first waited too long for the rest; send it again")
        return data

    def keep(self, effect: Keep) -> None:
        """Make staged bytes an object."""
        store, key, blob, size, sha256, type_, name, owner = effect
        info = ObjectInfo(store, key, size, sha256, type_, name, owner, {}, self._clock.now())
        with self._lock:
            self._rows[store, key] = _Row(info, self._staged.pop(blob), blob)

    def head(self, store: str, key: str) -> ObjectInfo | None:
        """An object's facts."""
        with self._lock:
            row = self._rows.get((store, key))
        return row.info if row else None

    def read(self, store: str, key: str, start: int = 0, end: int | None = None) -> Iterable[bytes]:
        """The bytes from `start` to before `end`, in blocks."""
        data = self._need(store, key).data
        end = len(data) if end is None else end
        if not 0 <= start <= end <= len(data):
            raise BadInput(f"the range {start}..{end} lies outside of the {len(data)} bytes")
        return (data[at : min(at + _BLOCK, end)] for at in range(start, end, _BLOCK))

    def path(self, store: str, key: str) -> Path | None:
        """The object as a local file that must not be changed."""
        with self._lock:
            row = self._rows.get((store, key))
            if row is None:
                return None
            path = self._folder / row.info.sha256
            if not path.exists():
                path.write_bytes(row.data)
                path.chmod(0o444)
            return path

    def stores(self) -> list[str]:
        """Stores that hold something, sorted."""
        with self._lock:
            return sorted({store for store, _ in self._rows})

    def usage(self) -> dict[str, tuple[int, int]]:
        """Objects and bytes of each store."""
        every = {store: self.list(store, limit=10**9) for store in self.stores()}
        return {store: (len(kept), sum(o.size for o in kept)) for store, kept in every.items()}

    def owned(self, owner: str, limit: int = 100) -> list[ObjectInfo]:
        """Some objects of an owner."""
        with self._lock:
            theirs = (row.info for row in self._rows.values() if row.info.owner == owner)
            return [*itertools.islice(theirs, max(0, limit))]

    def list(
        self, store: str, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> list[ObjectInfo]:
        """Objects whose key begins with `prefix`, by key, from the first greater than `after`."""
        with self._lock:
            infos = [
                row.info
                for (where, key), row in self._rows.items()
                if where == store and key.startswith(prefix) and (after is None or key > after)
            ]
        return sorted(infos, key=lambda info: info.key)[:limit]

    def copy(self, store: str, key: str, to_store: str, to_key: str | None = None) -> Stored:
        """Copy an object with its metadata; an arrival in `to_store`."""
        to_key = key if to_key is None else check_key(to_key)
        with self._lock:
            source = self._need(store, key)
            copied = replace(source.info, store=to_store, key=to_key)
            return self._arrive(_Row(copied, source.data, source.version))

    def version(self, store: str, key: str) -> str | None:
        """Names an object's present content."""
        with self._lock:
            row = self._rows.get((store, key))
            return row.version if row else None

    def delete(self, store: str, key: str, version: str | None = None) -> bool:
        """Delete an object; False if there was none."""
        with self._lock:
            if version is not None and self.version(store, key) != version:
                return False
            return self._rows.pop((store, key), None) is not None

    def sweep(self, grace: float = 3600.0) -> int:
        """Remove local files that no object refers to and that are older than `grace` seconds."""
        with self._lock:
            used = {row.info.sha256 for row in self._rows.values()}
            before = time.time() - grace
            old = [
                entry.path
                for entry in os.scandir(self._folder)
                if entry.name not in used and entry.stat().st_mtime <= before
            ]
            for path in old:
                os.unlink(path)
            return len(old)

    @cached_property
    def _folder(self) -> Path:
        """Where objects are laid out as files for those who ask for a path."""
        folder = tempfile.mkdtemp(prefix="billow-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def _need(self, store: str, key: str) -> _Row:
        with self._lock:
            try:
                return self._rows[store, key]
            except KeyError:
                raise NotFound(f"there is no object {key!r} in {store!r}") from None

    def _arrive(self, row: _Row, *, once: bool = False) -> Stored:
        """Record an object with everything its arrival sets off, all or nothing."""
        rows, submissions = [row], list[Submission]()
        seen = {row.info.store}
        for arrived in rows:
            for step in self._arrivals(arrived.info):
                if isinstance(step, Submission):
                    submissions.append(step)
                elif step.store not in seen:
                    seen.add(step.store)
                    rows.append(_copied(arrived, step))
        with self._lock:
            jobs = self._ledger.submit(submissions)
            if not once or not jobs or any(job.new for job in jobs):
                self._rows.update(((r.info.store, r.info.key), r) for r in rows)
            return Stored(row.info, jobs)


def _nothing(_: ObjectInfo) -> list[Copy | Submission]:
    return []


def _copied(row: _Row, copy: Copy) -> _Row:
    return row._replace(info=replace(row.info, store=copy.store))


def _read_all(data: Iterable[bytes] | BinaryIO, limit: int | None) -> bytes:
    parts, size = list[bytes](), 0
    for block in _blocks(data):
        size += len(block)
        if limit is not None and size > limit:
            raise TooLarge(f"more than the {limit} bytes allowed", limit=limit)
        parts.append(block)
    return b"".join(parts)


def _blocks(data: Iterable[bytes] | BinaryIO) -> Iterator[bytes]:
    if isinstance(data, Iterable) and not hasattr(data, "read"):
        yield from data
        return
    while block := data.read(_BLOCK):
        yield block
