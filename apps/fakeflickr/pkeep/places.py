"""Where pkeep's files are: links, under pkeep's names, to what the service keeps anyway."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

#: In the fingerprint of every file; another one gives all files new names.
SALT = "1.0"
#: Seconds after which a file that nobody asked for is let go.
KEEP = 3600.0


class Places:
    """The two trees below pkeep's folder.

    `cache/<id % 100>/<id>.<size>.<fingerprint>.jpg`, and
    `originals/<id % 10>/<id // 10 % 10>/<id>.jpg`. Both hold hard links: they take no room, and
    stay whole should the service let its own file go.
    """

    def __init__(self, folder: Path) -> None:
        self._cache = folder / "cache"
        self._originals = folder / "originals"

    def rendition(self, id: int, size: int, instructions: str) -> Path:
        """Where a rendition is, if it is there."""
        stamp = hashlib.md5((SALT + instructions).encode(), usedforsecurity=False)
        name = f"{id:06d}.{size}.{stamp.hexdigest()[:6]}.jpg"
        return self._cache / f"{id % 100:02d}" / name

    def original(self, id: int) -> Path:
        """Where an original is, if it is there."""
        return self._originals / str(id % 10) / str(id // 10 % 10) / f"{id}.jpg"

    def link(self, path: Path, to: Path) -> None:
        """Have `path` be the file `to`, whatever was there before.

        Raises:
            OSError: there is no such file, or it cannot be linked.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        draft.hardlink_to(to)
        draft.replace(path)
        # Two names of one file, and `replace` does nothing.
        draft.unlink(missing_ok=True)

    def forget(self, id: int) -> int:
        """Remove all there is of a photo; how many files that were."""
        made = [*(self._cache / f"{id % 100:02d}").glob(f"{id:06d}.*"), self.original(id)]
        return sum(_gone(path) for path in made)

    def tidy(self, used_before: float, recent: set[Path]) -> int:
        """Remove files that were linked before a time and not asked for lately; how many."""
        gone = 0
        for tree in (self._cache, self._originals):
            for path in tree.rglob("*.jpg"):
                if path not in recent and _changed(path) < used_before:
                    gone += _gone(path)
        return gone

    def begin(self, code: str) -> None:
        """Forget renditions that other code made; `code` names that of today."""
        stamp = self._cache / ".code"
        with contextlib.suppress(OSError):
            if stamp.read_text() == code:
                return
        for path in self._cache.rglob("*.jpg"):
            _gone(path)
        self._cache.mkdir(parents=True, exist_ok=True)
        stamp.write_text(code)


def _gone(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _changed(path: Path) -> float:
    """When a file got its latest name; never, if it has just vanished."""
    try:
        return path.stat().st_ctime
    except OSError:
        return float("inf")
