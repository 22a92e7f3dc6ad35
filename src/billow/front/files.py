"""The files that servers have the front send: opened only where they may be."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache

from billow.front.pieces import SMALL
from billow.handover import FilePart

#: Files that stay open for those who ask for the same a moment later.
KEPT = 256


class Files:
    """Opens files.

    Args:
        token: by which servers prove that they are the service's.
        folders: real paths of those that files may be sent from.
    """

    def __init__(self, token: str, folders: Iterable[str]) -> None:
        self._token = token
        self._folders = tuple(folders)
        self._place = lru_cache(4096)(self._find_place)
        #: By path and time of change: those opened since the last sweep, and before it.
        self._new: dict[tuple[str, int], int] = {}
        self._old: dict[tuple[str, int], int] = {}

    def open(self, part: FilePart, changed: int | None = None) -> int | None:
        """A descriptor, which the caller closes; None if there is no such file, or it may not be.

        Args:
            part: what of which file.
            changed: when it was last changed, ns since 1970, if it must be as it was then.
        """
        if part.token != self._token:
            return None
        try:
            return self._open(part.path) if changed is None else self._same(part.path, changed)
        except OSError:  # not there, a link, or too many are open
            return None

    def sweep(self) -> None:
        """Close what was opened before the last sweep, so that what is deleted frees its place."""
        old, self._old, self._new = self._old, self._new, {}
        for fd in old.values():
            os.close(fd)

    def _same(self, path: str, changed: int) -> int | None:
        key = path, changed
        kept = self._new.get(key) or self._old.get(key)
        if kept is not None:
            return os.dup(kept)
        fd = self._open(path)
        if fd is None:
            return None
        facts = os.fstat(fd)
        if facts.st_mtime_ns != changed:
            os.close(fd)
            return None
        if facts.st_size <= SMALL and len(self._new) + len(self._old) < KEPT:
            self._new[key] = fd
            return os.dup(fd)
        return fd

    def _open(self, path: str) -> int | None:
        folder, _, name = path.rpartition("/")
        place = self._place(folder)
        if not place or name in ("", ".", ".."):
            return None
        return os.open(f"{place}/{name}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

    def _find_place(self, folder: str) -> str:
        """Where a folder really is; empty if nothing may be sent from there."""
        real = os.path.realpath(folder)
        below = any(f"{real}/".startswith(f"{allowed}/") for allowed in self._folders)
        return real if below else ""
