"""Processes that never outlive their keeper: a lifeline, a process group and a log for each."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from billow.errors import Unavailable


class Lifeline:
    """A pipe whose writing end only the keeper holds: at its end of file, the keeper is gone."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()

    def close(self) -> None:
        """Let go of it: everything that holds the reading end is told to leave."""
        os.close(self._writer)
        os.close(self.reader)


class Child:
    """A process that was started.

    Args:
        command: what to run.
        log: where its output goes; what was there is kept as `<log>.old`.
        environment: variables beside this process's own.
        fds: descriptors it inherits.

    Raises:
        Unavailable: it cannot be started; the message says why.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        fds: Sequence[int] = (),
    ) -> None:
        self.log = log
        try:
            self._process = _start(command, log, environment or {}, fds)
        except OSError as problem:
            reason = problem.strerror or str(problem)
            raise Unavailable(f"{command[0]} cannot be started: {reason}") from problem
        self.pid = self._process.pid
        self._pidfd = _open_pidfd(self.pid)

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        status = self._process.poll()
        if status is not None and self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        return status

    def fileno(self) -> int | None:
        """A descriptor that becomes readable when it ends, if the system has such a thing."""
        return self._pidfd

    def terminate(self) -> None:
        """Ask it to leave; its own children are its own business."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it at once, with everything in its process group."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The last line of its log that is not empty, shortened; empty if there is none."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 4096))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def _start(
    command: Sequence[str], log: Path, environment: Mapping[str, str], fds: Sequence[int]
) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_name(log.name + ".old"))
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            pass_fds=fds,
            # Ctrl-C in the terminal reaches the keeper alone, which then lets the others go.
            process_group=0,
        )


def _open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
