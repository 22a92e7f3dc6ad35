"""Signed uploads in SQLite and files: parts are files of their own until they become an object."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

from billow.clock import Clock
from billow.drivers.embedded.blobs import Blobs
from billow.drivers.embedded.database import Database
from billow.drivers.embedded.group import GroupCommit
from billow.drivers.embedded.objects import SqliteObjects
from billow.drivers.embedded.records import is_used
from billow.drivers.embedded.uploads_keys import KeyFile
from billow.drivers.embedded.uploads_rows import (
    COLUMNS,
    drop_parts,
    record_part,
    settle,
    to_upload,
)
from billow.errors import BadInput, Conflict, NotFound
from billow.ids import new_id
from billow.names import check_key, clean_name
from billow.ports.objects import ObjectInfo, Stored
from billow.ports.uploads import (
    LIFETIME,
    Multipart,
    Named,
    Part,
    SigningKey,
    check_named,
    check_sizes,
)
from billow.units import MiB

T = TypeVar("T")

_BLOCK = 1 * MiB


class _Piece(NamedTuple):
    """A part and the file that holds it."""

    part: Part
    blob: str


class SqliteUploads:
    """Where signed uploads go; parts lie in `folder`/parts."""

    def __init__(
        self,
        database: Database,
        group: GroupCommit,
        blobs: Blobs,
        objects: SqliteObjects,
        folder: Path,
        clock: Clock,
    ) -> None:
        self._database = database
        self._group = group
        self._blobs = blobs
        self._objects = objects
        self._folder = folder
        self._clock = clock
        self._keys = KeyFile(folder, clock)
        self._lock = threading.Lock()
        self._opened: Blobs | None = None

    def signing_keys(self) -> list[SigningKey]:
        """The key that signs, then those whose signatures still count."""
        return self._keys.keys()

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
        blob = self._blobs.write(data, limit, None)
        info = ObjectInfo(
            store,
            check_key(key),
            blob.size,
            blob.sha256,
            type,
            clean_name(name) if name else "",
            owner,
            dict(metadata or {}),
            self._clock.now(),
        )
        return self._arrive(info, blob.id, lambda _: None)

    def _arrive(
        self, info: ObjectInfo, blob: str, work: Callable[[sqlite3.Connection], None]
    ) -> Stored:
        """Record what arrived and do `work` in the same step; an object there keeps its bytes."""

        def place(connection: sqlite3.Connection) -> str:
            work(connection)
            found = connection.execute(
                "select blob, sha256 from objects where store = ? and key = ?",
                (info.store, info.key),
            ).fetchone()
            if found is not None and found[1] != info.sha256:
                raise Conflict(f"there is another object {info.key!r} already")
            return blob if found is None else str(found[0])

        try:
            return self._objects.arrive(info, place)
        finally:
            if not is_used(self._database.reader, blob):
                self._blobs.remove(blob)

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
        upload = Multipart(
            new_id(),
            store,
            check_key(key),
            size,
            part_size,
            clean_name(name) if name else "",
            type,
            owner,
            dict(metadata or {}),
            self._clock.now(),
        )
        self._change(
            lambda connection: connection.execute(
                "insert into uploads values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, null)",
                (
                    upload.id,
                    upload.store,
                    upload.key,
                    upload.size,
                    upload.part_size,
                    upload.name,
                    upload.type,
                    upload.owner,
                    json.dumps(dict(upload.metadata)),
                    upload.created,
                ),
            )
        )
        return upload

    def get(self, id: str) -> Multipart | None:
        """An upload."""
        found = self._select("id = ?", id)
        return found[0] if found else None

    def unfinished(self, owner: str) -> list[Multipart]:
        """The unfinished uploads of an owner, newest first."""
        test = "owner = ? and completed is null order by created desc, id desc"
        return self._select(test, owner)

    def put_part(
        self, id: str, number: int, data: Iterable[bytes] | BinaryIO, sha256: str | None = None
    ) -> Part:
        """Store a part: first its bytes, then its row."""
        length = self._need_open(id).length(number)
        blob = self._parts.write(data, length, sha256)
        kept = False
        try:
            if blob.size != length:
                raise BadInput(f"part {number} has {length} bytes, but {blob.size} came")
            gone = self._change(lambda c: record_part(c, id, number, blob))
            kept = True
        finally:
            if not kept:
                self._parts.remove(blob.id)
        for old in gone:
            self._parts.remove(old)
        return Part(number, blob.size, blob.sha256)

    def parts(self, id: str) -> Sequence[Part]:
        """The parts that are there, by number."""
        return [piece.part for piece in self._pieces(id)]

    def complete(self, id: str, named: Sequence[Named]) -> Stored:
        """Make the parts one object."""
        upload = self._need(id)
        if upload.completed is not None:
            return self._completed(upload)
        pieces = self._pieces(id)
        check_named(upload, (piece.part for piece in pieces), named)
        blob = self._blobs.write(self._joined(pieces), upload.size, None)
        info = ObjectInfo(
            upload.store,
            upload.key,
            blob.size,
            blob.sha256,
            upload.type,
            upload.name,
            upload.owner,
            upload.metadata,
            self._clock.now(),
        )
        stored = self._arrive(info, blob.id, lambda c: settle(c, id, info.created, blob.id))
        for piece in pieces:
            self._parts.remove(piece.blob)
        return stored

    def _completed(self, upload: Multipart) -> Stored:
        info = self._objects.head(upload.store, upload.key)
        if info is None:
            raise NotFound(f"what upload {upload.id} became is not kept any more")
        return Stored(info, [])

    def _joined(self, pieces: Iterable[_Piece]) -> Iterator[bytes]:
        """The bytes of parts one after the other, each checked against what was acknowledged."""
        for part, blob in pieces:
            digest = hashlib.sha256()
            try:
                file = self._parts.path(blob).open("rb")
            except FileNotFoundError:
                raise Conflict(f"part {part.number} was replaced meanwhile") from None
            with file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    yield block
            if digest.hexdigest() != part.sha256:
                raise Conflict(f"part {part.number} was damaged; upload it again", part=part.number)

    def abort(self, id: str) -> bool:
        """Give up an unfinished upload with its parts."""
        return self._forget("id = ? and completed is null", id) == 1

    def sweep(self, age: float = LIFETIME) -> int:
        """Forget old uploads, and files of parts that nothing refers to."""
        gone = self._forget("created < ?", self._clock.now() - age)
        for path in self._parts.older_than(age):
            used = "select 1 from upload_parts where blob = ? limit 1"
            if self._look(used, path.name) == []:
                path.unlink(missing_ok=True)
        return gone

    def _forget(self, where: str, value: str | float) -> int:
        def work(connection: sqlite3.Connection) -> tuple[int, list[str]]:
            gone = connection.execute(
                f"delete from uploads where {where} returning id",  # noqa: S608
                (value,),
            ).fetchall()
            blobs = [blob for (id_,) in gone for blob in drop_parts(connection, id_)]
            return len(gone), blobs

        count, blobs = self._change(work)
        for blob in blobs:
            self._parts.remove(blob)
        return count

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

    def _pieces(self, id: str) -> Sequence[_Piece]:
        rows = self._look(
            "select number, size, sha256, blob from upload_parts where upload = ? order by number",
            id,
        )
        return [_Piece(Part(number, size, sha256), blob) for number, size, sha256, blob in rows]

    def _select(self, where: str, value: str) -> list[Multipart]:
        rows = self._look(f"select {COLUMNS} from uploads where {where}", value)  # noqa: S608
        return [to_upload(row) for row in rows]

    @property
    def _parts(self) -> Blobs:
        self._prepare()
        assert self._opened is not None
        return self._opened

    def _look(self, query: str, value: str) -> Any:
        self._prepare()
        return self._database.reader.execute(query, (value,)).fetchall()

    def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._prepare()
        return self._group.run(work)

    def _prepare(self) -> None:
        """Make tables and folder at the first use: most services never need them."""
        with self._lock:
            if self._opened is not None:
                return
            text = resources.files(__package__).joinpath("uploads.sql").read_text()
            with self._database.write() as connection:
                for statement in text.split(";\n"):
                    connection.execute(statement)
            self._opened = Blobs(self._folder / "parts", self._blobs.disk)
