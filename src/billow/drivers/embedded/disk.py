"""The disk that a service is on: nothing new is taken when it is nearly full, and some held back.

What is held back is a file. When the disk is full all the same, because of somebody else's files,
it is emptied: alarms, incidents and what is under way still have something to be written to.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from billow.errors import DiskFull
from billow.units import MiB, human_size

#: The file that holds room back; empty while that is in use.
RESERVE = "reserve"
#: Bytes that must be left for anything new to be taken, and bytes that are held back, unless told
#: otherwise: at most, and as a share of the disk.
_FLOOR, _FLOOR_SHARE = 16 * MiB, 1 / 64
_HELD, _HELD_SHARE = 32 * MiB, 1 / 32


class Disk:
    """The disk that a folder is on.

    Args:
        folder: the service's.
        floor: bytes that must be left for anything new to be taken; None is what is usual.
        held: bytes that are held back; None likewise.
    """

    def __init__(self, folder: Path, floor: int | None = None, held: int | None = None) -> None:
        self._folder = folder
        self._reserve = folder / RESERVE
        whole = _whole(folder)
        #: Bytes that must be left, and that are held back.
        self.floor = int(min(_FLOOR, whole * _FLOOR_SHARE)) if floor is None else floor
        self.held = int(min(_HELD, whole * _HELD_SHARE)) if held is None else held

    def check(self, size: int = 0) -> None:
        """Raises DiskFull if there is no room to take `size` bytes of something new."""
        free = self.free()
        if free - size < self.floor + self._in_use():
            raise full(self._folder, free)

    @property
    def is_full(self) -> bool:
        """Whether nothing new is taken."""
        return self.free() < self.floor + self._in_use()

    def free(self) -> int:
        """Bytes that are left."""
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize

    def look(self) -> str:
        """Use what is held back, or hold it back again; what was done, or nothing.

        Only the service's keeper may call it.
        """
        free, size = self.free(), self._size()
        if size and free < self.floor / 2:
            os.truncate(self._reserve, 0)
            return "released"
        if size != self.held and free > 2 * (self.floor + self.held):
            self._hold_back()
            return "held back" if size == 0 else ""
        return ""

    def _size(self) -> int | None:
        """Bytes that are held back; None if that was never tried."""
        try:
            return self._reserve.stat().st_size
        except FileNotFoundError:
            return None

    def _in_use(self) -> int:
        """Bytes of what should be held back and is not."""
        return self.held if self._size() == 0 else 0

    def _hold_back(self) -> None:
        fd = os.open(self._reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.truncate(fd, 0)
            if self.held:
                os.posix_fallocate(fd, 0, self.held)
        except OSError:
            os.truncate(fd, 0)
        finally:
            os.close(fd)


def full(folder: Path, free: int | None = None) -> DiskFull:
    """What to raise where the disk of a folder has no room."""
    disk = _mount(folder)
    left = 0 if free is None else free
    return DiskFull(
        f"the disk {disk} is full, {human_size(left)} left; nothing new is taken until it has room",
        disk=disk,
        free=left,
        retry_after=30,
    )


def is_full(problem: OSError) -> bool:
    """Whether an error says that a disk has no room."""
    return problem.errno in (errno.ENOSPC, errno.EDQUOT)


def _whole(folder: Path) -> int:
    with contextlib.suppress(OSError):
        found = os.statvfs(folder)
        return found.f_blocks * found.f_frsize
    return 0


def _mount(folder: Path) -> str:
    """Where the disk of a folder is mounted."""
    place = folder.absolute()
    with contextlib.suppress(OSError):
        while not os.path.ismount(place):
            place = place.parent
    return str(place)
