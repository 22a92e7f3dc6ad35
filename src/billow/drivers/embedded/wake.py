"""Wake-ups through named pipes: a waiting room is a folder, a waiter a pipe in it.

A notifier that wants to wake a waiter first renames its pipe from `w-…` to `r-…`: only one
notifier can, so two jobs that arrive together wake two workers and not the same one twice.
"""

from __future__ import annotations

import errno
import os
import select
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from billow.ids import new_id

_WAITING = "w-"
_RUNG = "r-"


class FifoWaiter:
    """A pipe in a channel's folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = new_id()
        self._waiting = f"{folder}/{_WAITING}{name}"
        self._rung = f"{folder}/{_RUNG}{name}"
        os.mkfifo(self._rung, 0o600)
        # Opened for writing too, so that it never reads as ended.
        self._fd = os.open(self._rung, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        os.rename(self._rung, self._waiting)

    def fileno(self) -> int:
        """Readable at a wake-up."""
        return self._fd

    def wait(self, timeout: float) -> bool:
        """Return True at a wake-up, False after `timeout` seconds."""
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        rung = bool(poller.poll(max(0.0, timeout) * 1000))
        if rung:
            self.clear()
        return rung

    def clear(self) -> None:
        """Forget wake-ups and wait anew."""
        try:
            while os.read(self._fd, 512):
                pass
        except BlockingIOError:
            pass
        with suppress(FileNotFoundError):
            os.rename(self._rung, self._waiting)

    def close(self) -> None:
        """Leave the waiting room."""
        if self._fd < 0:
            return
        for path in (self._waiting, self._rung):
            _unlink(path)
        os.close(self._fd)
        self._fd = -1

    def __enter__(self) -> FifoWaiter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class FifoWake:
    """All channels below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def notify(self, channel: str, count: int | None = None) -> int:
        """Wake up to `count` waiters; returns how many were woken.

        What it is about is written down already, and waiters look again by themselves: so trouble
        such as too many open files wakes nobody, and is not raised.
        """
        folder = f"{self._folder}/{channel}"
        try:
            names = os.listdir(folder)
        except OSError:
            return 0
        woken = 0
        for name in names:
            if count is not None and woken >= count:
                break
            if name.startswith(_WAITING) and _ring(folder, name[len(_WAITING) :]):
                woken += 1
        return woken

    def waiter(self, channel: str) -> FifoWaiter:
        """Enter a channel's waiting room."""
        return FifoWaiter(self._folder / channel)


def _ring(folder: str, name: str) -> bool:
    """Wake one waiter, if nobody else does and its process is alive."""
    waiting, rung = f"{folder}/{_WAITING}{name}", f"{folder}/{_RUNG}{name}"
    try:
        os.rename(waiting, rung)
        fd = os.open(rung, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as problem:
        with suppress(OSError):
            if problem.errno == errno.ENXIO:  # nobody reads: its process died
                os.unlink(rung)
            else:
                os.rename(rung, waiting)
        return False
    try:
        os.write(fd, b"!")
    except (BlockingIOError, BrokenPipeError):
        pass
    finally:
        os.close(fd)
    return True


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
