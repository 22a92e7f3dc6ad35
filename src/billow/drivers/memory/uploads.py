"""Signed uploads in memory."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO

from billow.clock import Clock
from billow.drivers.memory.objects import MemoryObjects
from billow.errors import BadInput, Conflict, NotFound, TooLarge
from billow.ids import new_id
from billow.names import check_key, clean_name
from billow.ports.objects import Stored
from billow.ports.uploads import (
    LIFETIME,
    Multipart,
    Named,
    Part,
    SigningKey,
    check_named,
    check_sizes,
)


class MemoryUploads:
    """Where signed uploads go in a home that lives in one process."""

    def __init__(self, lock: threading.RLock, clock: Clock, objects: MemoryObjects) -> None:
        self._lock = lock
        self._clock = clock
        self._objects = objects
        self._key = SigningKey("BILLOWMEMORY", secrets.token_hex(32), clock.now())
        self._uploads: dict[str, Multipart] = {}
        self._data: dict[str, dict[int, bytes]] = {}

    def signing_keys(self) -> list[SigningKey]:
        """The one key."""
        return [self._key]

    def address(self, store: str) -> str:
        """Where forms are posted: the service itself."""
        return f"/store/{store}"

    def put_once(
        self,
        store: str,
        data: Iterable[bytes] | BinaryIO,
        *,
        key: str,
        name: str = "",
        type: str = "application/octet-stream",
        owner: str = "local",
        metadata: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Stored:
        """Store an object whose key is new, or that has the same bytes already."""
        body = _read_all(data, limit)
        with self._lock:
            found = self._objects.head(store, key)
            if found is not None and found.sha256 != hashlib.sha256(body).hexdigest():
                raise Conflict(f"there is another object {key!r} already")
            return self._objects.put(
                store, [body], key=key, name=name, type=type, owner=owner, metadata=metadata
            )

    def create(
        self,
        store: str,
        key: str,
        *,
        size: int,
        part_size: int,
        name: str = "",
        type: str = "application/octet-stream",
        owner: str = "local",
        metadata: Mapping[str, str] | None = None,
    ) -> Multipart:
        """Begin an upload in parts."""
        check_sizes(size, part_size)
        safe = clean_name(name) if name else ""
        told, now = dict(metadata or {}), self._clock.now()
        upload = Multipart(
            new_id(), store, check_key(key), size, part_size, safe, type, owner, told, now
        )
        with self._lock:
            self._uploads[upload.id] = upload
            self._data[upload.id] = {}
        return upload

    def get(self, id: str) -> Multipart | None:
        """An upload."""
        with self._lock:
            return self._uploads.get(id)

    def unfinished(self, owner: str) -> list[Multipart]:
        """The unfinished uploads of an owner, newest first."""
        with self._lock:
            found = [u for u in self._uploads.values() if u.owner == owner and u.completed is None]
        return sorted(found, key=lambda upload: (upload.created, upload.id), reverse=True)

    def put_part(
        self, id: str, number: int, data: Iterable[bytes] | BinaryIO, sha256: str | None = None
    ) -> Part:
        """Store a part, or replace it."""
        length = self._need_open(id).length(number)
        body = _read_all(data, length)
        part = _part(number, body)
        if part.size != length:
            raise BadInput(f"part {number} has {length} bytes, but {part.size} came")
        if sha256 is not None and part.sha256 != sha256.lower():
            raise BadInput(f"the bytes have SHA-256 {part.sha256}, not the announced {sha256}")
        with self._lock:
            self._need_open(id)
            self._data[id][number] = body
        return part

    def parts(self, id: str) -> Sequence[Part]:
        """The parts that are there, by number."""
        with self._lock:
            return [_part(number, body) for number, body in sorted(self._held(id).items())]

    def complete(self, id: str, named: Sequence[Named]) -> Stored:
        """Make the parts one object."""
        with self._lock:
            upload = self._need(id)
            if upload.completed is not None:
                return self._completed(upload)
            parts = check_named(upload, self.parts(id), named)
            stored = self.put_once(
                upload.store,
                [self._data[id][part.number] for part in parts],
                key=upload.key,
                name=upload.name,
                type=upload.type,
                owner=upload.owner,
                metadata=upload.metadata,
            )
            self._uploads[id] = replace(upload, completed=self._clock.now())
            self._data[id] = {}
            return stored

    def _completed(self, upload: Multipart) -> Stored:
        info = self._objects.head(upload.store, upload.key)
        if info is None:
            raise NotFound(f"what upload {upload.id} became is not kept any more")
        return Stored(info, [])

    def abort(self, id: str) -> bool:
        """Give up an unfinished upload with its parts."""
        with self._lock:
            upload = self._uploads.get(id)
            if upload is None or upload.completed is not None:
                return False
            self._forget(id)
            return True

    def sweep(self, age: float = LIFETIME) -> int:
        """Forget uploads that were begun more than `age` seconds ago."""
        before = self._clock.now() - age
        with self._lock:
            old = [upload.id for upload in self._uploads.values() if upload.created < before]
            for id_ in old:
                self._forget(id_)
            return len(old)

    def _forget(self, id: str) -> None:
        del self._uploads[id], self._data[id]

    def _held(self, id: str) -> dict[int, bytes]:
        return self._data.get(id, {})

    def _need(self, id: str) -> Multipart:
        upload = self.get(id)
        if upload is None:
            raise NotFound(f"there is no upload {id[:80]!r}")
        return upload

    def _need_open(self, id: str) -> Multipart:
        upload = self._need(id)
        if upload.completed is not None:
            raise Conflict(f"upload {id} is completed")
        return upload


def _part(number: int, body: bytes) -> Part:
    return Part(number, len(body), hashlib.sha256(body).hexdigest())


def _read_all(data: Iterable[bytes] | BinaryIO, limit: int | None) -> bytes:
    read = getattr(data, "read", None)
    blocks = iter(lambda: read(1 << 20), b"") if read is not None else data
    body = bytearray()
    for block in blocks:
        body += block
        if limit is not None and len(body) > limit:
            raise TooLarge(f"more than the {limit} bytes allowed", limit=limit)
    return bytes(body)
