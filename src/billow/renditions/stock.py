"""What is in the cache, by last use, and what has to go to make room."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from billow.clock import Clock
from billow.renditions.files import ARRIVING, Kept, all_kept, place_of, remove

#: A file's last use is written on the disk at most so often, seconds.
_MARK_EVERY = 3600.0


class Stock:
    """Keeps the cache below a number of bytes. It is the files that count; this only remembers.

    Args:
        root: the cache's folder.
        limit: bytes that all files may have together.
        clock: the time.
    """

    def __init__(self, root: Path, limit: int, clock: Clock) -> None:
        self._root = root
        self._limit = limit
        self._clock = clock
        #: By collection, number and name: least recently used first.
        self._kept: dict[tuple[str, int, str], Kept] = {}
        #: Bytes of all files.
        self.size = 0
        #: Files that had to go since the start.
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, exists: Callable[[str, int], bool]) -> None:
        """`scan`, while nobody writes: what was never finished goes, too."""
        shutil.rmtree(self._root / ARRIVING, ignore_errors=True)
        self.scan(exists)

    def scan(self, exists: Callable[[str, int], bool]) -> None:
        """Go by what is on the disk; what has no original any more goes.

        Args:
            exists: tells, by collection and number, whether there is such an original.
        """
        self._kept.clear()
        self.size = 0
        gone: dict[tuple[str, int], bool] = {}
        for kept in sorted(all_kept(self._root), key=lambda each: each.used):
            about = (kept.collection, kept.id)
            if about not in gone:
                gone[about] = not exists(*about)
            if not gone[about]:
                self._note(kept)
        for (collection, id_), is_gone in gone.items():
            if is_gone:
                shutil.rmtree(place_of(self._root, collection, id_), ignore_errors=True)
        self._make_room()

    def added(self, collection: str, id: int, name: str, size: int) -> None:
        """Note a new file, and make room for it."""
        self._note(Kept(collection, id, name, size, self._clock.now()))
        self._make_room()

    def used(self, collection: str, id: int, name: str) -> None:
        """Note that a file was asked for."""
        known = self._kept.pop((collection, id, name), None)
        if known is None:
            return
        now = self._clock.now()
        if now - known.used >= _MARK_EVERY:
            self._mark(known, now)
            known = known._replace(used=now)
        self._kept[collection, id, name] = known

    def _note(self, kept: Kept) -> None:
        before = self._kept.pop(kept[:3], None)
        self.size += kept.size - (before.size if before else 0)
        self._kept[kept[:3]] = kept

    def _make_room(self) -> None:
        while self.size > self._limit and self._kept:
            key = next(iter(self._kept))
            kept = self._kept.pop(key)
            self.size -= kept.size
            if remove(self._root, kept):
                self.evicted += 1

    def _mark(self, kept: Kept, now: float) -> None:
        """Have the file itself remember, for the next start; its other time stays."""
        path = place_of(self._root, kept.collection, kept.id) / kept.name
        with contextlib.suppress(OSError):
            os.utime(path, (now, path.stat().st_mtime))
