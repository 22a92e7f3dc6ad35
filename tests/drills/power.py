"""A service on a disk whose power can be cut, for tests that run as root.

An ext4 image lies in an XFS that can clone files. The service writes to the mounted ext4; a cut is
a clone of the image: it holds what was flushed to the disk, and nothing that was only in memory.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

#: What the drill needs beside root.
TOOLS = ("mkfs.xfs", "mkfs.ext4", "mount", "umount")


class Cut(NamedTuple):
    """A cut lies somewhere between two moments, UNIX seconds."""

    began: float
    ended: float
    image: Path


def missing() -> str:
    """Why power cannot be cut here; empty if it can."""
    if os.geteuid() != 0:
        return "cutting the power needs root"
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if lacking:
        return f"cutting the power needs {', '.join(lacking)} (Debian: apt install xfsprogs)"
    if not Path("/dev/loop-control").exists():
        return "cutting the power needs loop devices"
    return ""


class Disk:
    """A disk mounted at `place`."""

    def __init__(self, folder: Path, size_mb: int = 256) -> None:
        self._stack = ExitStack()
        self._outer = folder / "outer"
        self._cuts = 0
        self.place = folder / "disk"
        try:
            outer = _image(folder / "outer.img", 12 * size_mb, "mkfs.xfs", "-q", "-m", "reflink=1")
            self._stack.enter_context(mounted(outer, self._outer))
            inner = _image(self._outer / "inner.img", size_mb, "mkfs.ext4", "-qF")
            self._stack.enter_context(mounted(inner, self.place))
        except BaseException:
            self._stack.close()
            raise
        self._inner = inner

    def cut(self) -> Cut:
        """Take the disk as a power cut now would leave it; the service goes on."""
        self._cuts += 1
        image = self._outer / f"cut-{self._cuts}.img"
        began = time.time()
        _run("cp", "--reflink=always", str(self._inner), str(image))
        return Cut(began, time.time(), image)

    def close(self) -> None:
        """Take everything down."""
        self._stack.close()


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """An image's files below `place`."""
    place.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", str(image), str(place))
    try:
        yield place
    finally:
        _unmount(place)


def _unmount(place: Path) -> None:
    """Take it down; whoever still holds a file of it is told, and it is gone all the same."""
    deadline = time.monotonic() + 5
    while True:
        with contextlib.suppress(subprocess.CalledProcessError):
            return _run("umount", str(place))
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    held = sorted(str(file) for file in _open_files() if file.is_relative_to(place))
    _run("umount", "--lazy", str(place))
    raise AssertionError(f"{place} could not be taken down; this process has open: {held}")


def _open_files() -> Iterator[Path]:
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            yield entry.readlink()


def _image(path: Path, size_mb: int, *make: str) -> Path:
    with path.open("wb") as file:
        file.truncate(size_mb << 20)
    _run(*make, str(path))
    return path


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
