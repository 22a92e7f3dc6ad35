"""One keeper a folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from billow.errors import Conflict, Unavailable


class KeeperLock:
    """Holds `<folder>/keeper.lock` while the keeper runs; it is let go when the process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "keeper.lock"
        self._fd = -1

    def __enter__(self) -> KeeperLock:
        """Take the lock.

        Raises:
            Conflict: another keeper holds it; the message names its process.
            Unavailable: the folder cannot be used.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            folder = self._path.parent
            raise Unavailable(f"{folder} cannot be used: {problem.strerror}") from problem
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(self._fd, 20).decode(errors="replace").strip() or "unknown"
            self._close()
            raise Conflict(
                f"process {pid} runs this service in {self._path.parent} already; "
                "stop it first, or give this one a folder of its own"
            ) from None
        os.ftruncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.ftruncate(self._fd, 0)
        self._close()

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1


def keeper_pid(folder: Path) -> int | None:
    """The process that keeps the service in `folder`, if one does."""
    try:
        fd = os.open(folder / "keeper.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(fd, 20).decode(errors="replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(fd)
    return None
