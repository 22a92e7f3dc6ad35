"""The files of the cache: each under a name that only this content has, so none is ever stale."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from billow.ids import new_id
from billow.rendition import Wanted

#: The cache's folder below the service's, and that of files which are being written.
CACHE = "cache"
ARRIVING = ".arriving"


class Kept(NamedTuple):
    """A rendition in the cache."""

    collection: str
    id: int
    name: str
    #: Bytes.
    size: int
    #: When it was last asked for, about; UNIX seconds.
    used: float


def place_of(root: Path, collection: str, id: int) -> Path:
    """The folder of all that was made of one original.

    They are spread over a hundred folders, as one with very many entries is slow.
    """
    return root / collection / f"{id % 100:02}" / str(id)


def path_of(root: Path, wanted: Wanted) -> Path:
    """Where a rendition is, if it was made."""
    return place_of(root, wanted.collection, wanted.id) / wanted.name


def keep(root: Path, path: Path, data: bytes) -> None:
    """Write a rendition whole: whoever opens `path` finds all of it or nothing.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    draft = root / ARRIVING / new_id()
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            # Else a power cut could leave an empty file under the final name.
            os.fdatasync(file.fileno())
        _move(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _move(draft: Path, path: Path) -> None:
    try:
        draft.replace(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(path)


def all_kept(root: Path, collection: str | None = None) -> Iterator[Kept]:
    """Everything in the cache, in no order; what vanishes meanwhile is left out."""
    for place in sorted(root.glob("*")) if collection is None else [root / collection]:
        if place.name == ARRIVING:
            continue
        for path in place.glob("*/*/*"):
            with contextlib.suppress(OSError, ValueError):
                facts = path.stat()
                used = max(facts.st_atime, facts.st_mtime)
                id_ = int(path.parent.name)
                yield Kept(place.name, id_, path.name, facts.st_size, used)


def remove(root: Path, kept: Kept) -> bool:
    """Remove a rendition; False if it was gone."""
    path = place_of(root, kept.collection, kept.id) / kept.name
    try:
        path.unlink()
    except OSError:
        return False
    with contextlib.suppress(OSError):  # others are in it
        path.parent.rmdir()
    return True
