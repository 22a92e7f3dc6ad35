"""The child as its parent sees it: a process of its own group at the end of four pipes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence

from billow.worker.cause import Ending, ending_of
from billow.worker.protocol import TICKET, Frame, FrameReader
from billow.worker.settings import Settings

#: Where the child finds its ends of the pipes: above what other code is likely to use.
_CHILD_FDS = (240, 241, 242, 243, 244)
_F_SETPIPE_SZ = 1031
_PIPE_SIZE = 1 << 20
_BLOCK = 1 << 16


class ChildProcess:
    """A running child. Nothing here blocks.

    Args:
        settings: whose child it is.
        module: what it runs.
        watch: is given the pipe of what is printed and logged, to read and close; without it
            that goes to the worker's log file alone.
    """

    def __init__(
        self,
        settings: Settings,
        module: str = "billow.worker.child",
        watch: Callable[[int], None] | None = None,
    ) -> None:
        child_jobs, self._jobs = os.pipe()
        self._tickets_left, self._tickets = os.pipe()
        self._results, child_results = os.pipe()
        self._bell, child_bell = os.pipe()
        for fd in (self._jobs, self._tickets_left, self._results, self._bell):
            os.set_blocking(fd, False)
        _widen(self._jobs)
        _widen(self._results)
        self._reader = FrameReader()
        self._mute = False
        self._unsent = bytearray()
        self._reaped: Ending | None = None
        given = [child_jobs, self._tickets_left, child_results, child_bell]
        if watch is not None:
            lines, child_lines = os.pipe()
            _widen(lines)
            given.append(child_lines)
        self.pid = _spawn(settings, module, given)
        for fd in (child_jobs, child_results, child_bell):
            os.close(fd)
        if watch is not None:
            os.close(child_lines)
            watch(lines)

    @property
    def outlets(self) -> list[int]:
        """Readable when it is worth collecting; empty once the child can send no more."""
        if self._mute:
            return []
        return [self._bell, self._results] if self._reader.partial else [self._bell]

    @property
    def inlet(self) -> int:
        """Writable when `flush` can go on."""
        return self._jobs

    @property
    def unsent(self) -> bool:
        """Whether frames wait for the child to read others first."""
        return bool(self._unsent)

    @property
    def garbled(self) -> bool:
        """Whether something came that the child did not mean to send."""
        return self._reader.lost

    def hand_over(self, serials: Iterable[int], frames: Iterable[bytes]) -> None:
        """Give jobs to the child. Tickets go first: no ticket at a frame means taken back."""
        os.write(self._tickets, b"".join([TICKET.pack(serial) for serial in serials]))
        self._unsent += b"".join(frames)
        self.flush()

    def flush(self) -> None:
        """Send as much as the pipe takes."""
        try:
            while self._unsent:
                sent = os.write(self._jobs, self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()  # the child is gone; its end will be noticed

    def take_back(self) -> list[int]:
        """Take back all jobs that were not begun; their serial numbers."""
        tickets, _ = _read_all(self._tickets_left)
        return [serial for (serial,) in TICKET.iter_unpack(tickets)]

    def collect(self) -> list[Frame]:
        """The frames that came since the last time."""
        _, self._mute = _read_all(self._bell)
        return self._reader.feed(_read_all(self._results)[0])

    def kill(self) -> None:
        """Kill the child and every process it started."""
        if self._reaped is None:
            _kill_group(self.pid)

    def hang_up(self) -> None:
        """Ask the child to leave when it is done with what it has."""
        if self._jobs >= 0:
            os.close(self._jobs)
            self._jobs = -1
            self._unsent.clear()

    def ending(self) -> Ending | None:
        """How the child ended; None while it runs. What it started is killed with it."""
        if self._reaped is None:
            answer = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if answer is not None:
                _kill_group(self.pid)  # before its number can be given to another
                os.waitid(os.P_PID, self.pid, os.WEXITED)
                self._reaped = ending_of(answer)
        return self._reaped

    def close(self) -> None:
        """Close the pipes."""
        self.hang_up()
        for fd in (self._tickets, self._tickets_left, self._results, self._bell):
            os.close(fd)


def _spawn(settings: Settings, module: str, given: Sequence[int]) -> int:
    numbers = _CHILD_FDS[: len(given)]
    own = [sys.executable, "-m", module, settings.app, settings.function]
    place = [settings.folder, settings.id, str(settings.speed), str(os.getpid())]
    # Where this process has many files open, an end may have a number that is to be another one's.
    apart = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _CHILD_FDS[-1] + 1) for fd in given]
    try:
        return os.posix_spawn(
            sys.executable,
            [*own, *place, *map(str, numbers)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                *((os.POSIX_SPAWN_DUP2, *pair) for pair in zip(apart, numbers, strict=True)),
            ],
            setpgroup=0,
        )
    finally:
        for fd in apart:
            os.close(fd)


def _widen(fd: int) -> None:
    """Let a pipe hold more, where the system allows it."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, _F_SETPIPE_SZ, _PIPE_SIZE)


def _read_all(fd: int) -> tuple[bytes, bool]:
    """What can be read now, and whether that was the last."""
    pieces = []
    try:
        while piece := os.read(fd, _BLOCK):
            pieces.append(piece)
            if len(piece) < _BLOCK:
                return b"".join(pieces), False
    except BlockingIOError:
        return b"".join(pieces), False
    return b"".join(pieces), True


def _kill_group(pid: int) -> None:
    """Kill a process and its group, which the author's code may have made it leave."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
