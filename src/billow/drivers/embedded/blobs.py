"""Bytes on the disk, under names of our own: written, flushed, renamed, and the folder flushed."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from billow.drivers.embedded.disk import Disk, full, is_full
from billow.errors import BadInput, Error, TooLarge, Unavailable
from billow.ids import is_id, new_id
from billow.units import MiB, human_size

_BLOCK = 1 * MiB
#: Seconds within which bytes that were staged must become an object: well before they are swept.
_STAGED = 1800.0
#: Errors that are the store's; others come from where the bytes came from.
_DISK_TROUBLE = {errno.EIO, errno.EROFS, errno.EACCES, errno.EFBIG}


class Blob(NamedTuple):
    """Durable bytes that no object refers to yet."""

    id: str
    size: int
    sha256: str


class Blobs:
    """Files below one folder, spread over 256 folders by the end of their id.

    Args:
        folder: the folder.
        disk: is asked whether there is room, if given.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self._folder = folder
        self.disk = disk
        self._arriving = folder / "arriving"
        self._arriving.mkdir(parents=True, exist_ok=True)

    def path(self, blob: str) -> Path:
        """Where a blob is."""
        return self._folder / blob[-2:] / blob

    def write(
        self, data: Iterable[bytes] | BinaryIO, limit: int | None, sha256: str | None
    ) -> Blob:
        """Write bytes durably; nothing remains if that fails.

        Raises:
            TooLarge: more than `limit` bytes came.
            BadInput: they do not have the given SHA-256.
            DiskFull: there is no room on the disk.
            Unavailable: it cannot be written.
        """
        if self.disk is not None:
            data = self._as_room_allows(data, self.disk)
        blob = new_id()
        arriving = self._arriving / blob
        try:
            size, digest = _write_file(arriving, data, limit)
            _check_digest(digest, sha256)
            self._keep(arriving, blob)
        except BaseException as problem:
            arriving.unlink(missing_ok=True)
            if isinstance(problem, OSError) and is_full(problem):
                raise full(self._folder) from problem
            if isinstance(problem, OSError) and problem.errno in _DISK_TROUBLE:
                raise Unavailable(
                    f"the file cannot be stored now: {problem.strerror}", retry_after=30
                ) from problem
            raise
        return Blob(blob, size, digest)

    @staticmethod
    def _as_room_allows(data: Iterable[bytes] | BinaryIO, disk: Disk) -> Iterator[bytes]:
        """The data in blocks, as long as there is room for each."""
        disk.check()
        for block in _blocks(data):
            disk.check(len(block))
            yield block

    def take(self, blob: Blob, limit: int | None, sha256: str | None) -> Blob:
        """A blob that was written before, held against the same; it is gone if it fails.

        Raises:
            TooLarge, BadInput: as `write`.
            Unavailable: it was written too long ago, and may be swept away at any time.
        """
        try:
            if limit is not None and blob.size > limit:
                raise TooLarge(f"larger than the allowed {human_size(limit)}", limit=limit)
            _check_digest(blob.sha256, sha256)
            if not time.time() - _STAGED < _written(self.path(blob.id)) < math.inf:
                raise Unavailable("what was sent first waited too long for the rest; send it again")
        except Error:
            self.remove(blob.id)
            raise
        return blob

    def _keep(self, arriving: Path, blob: str) -> None:
        path = self.path(blob)
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            _flush_folder(self._folder)
        arriving.rename(path)
        _flush_folder(path.parent)

    def remove(self, blob: str) -> None:
        """Remove a blob that nothing refers to."""
        self.path(blob).unlink(missing_ok=True)

    def older_than(self, grace: float) -> Iterator[Path]:
        """Files last written more than `grace` seconds ago, unfinished ones included."""
        limit = time.time() - grace
        for folder in self._folder.iterdir():
            if not folder.is_dir():
                continue
            for path in folder.iterdir():
                if is_id(path.name) and _written(path) < limit:
                    yield path


def _check_digest(found: str, announced: str | None) -> None:
    """Raises BadInput if bytes do not have the SHA-256 that was announced."""
    if announced is not None and found != announced.lower():
        raise BadInput(f"the bytes have SHA-256 {found}, not the announced {announced}")


def _written(path: Path) -> float:
    """When a file was last written; never, if it was moved or removed just now."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _write_file(path: Path, data: Iterable[bytes] | BinaryIO, limit: int | None) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    with path.open("xb") as file:
        for block in _blocks(data):
            size += len(block)
            if limit is not None and size > limit:
                raise TooLarge(f"larger than the allowed {human_size(limit)}", limit=limit)
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _blocks(data: Iterable[bytes] | BinaryIO) -> Iterable[bytes]:
    read = getattr(data, "read", None)
    return iter(lambda: read(_BLOCK), b"") if read is not None else data


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
