"""Servers of a measurement: started in sessions of their own, watched, ended by their ids."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bench.jobs.processes import descendants
from billow.usage import cpu_time

#: Seconds in which a server must answer.
START_LIMIT = 60.0


class Broken(Exception):
    """A server does not start."""


def free_port() -> int:
    """A port of loopback that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    commands: Sequence[Sequence[str]],
    port: int,
    folder: Path,
    environment: Mapping[str, str],
    here: Path,
) -> Iterator[list[int]]:
    """The servers while they run; their processes' ids, once `port` answers.

    Raises:
        Broken: it does not answer in time.
    """
    started: list[subprocess.Popen[bytes]] = []
    try:
        with (folder / "servers.log").open("ab") as log:
            for command in commands:
                started += [_start(command, log, {**os.environ, **environment}, here)]
        _wait_until_up(port, folder)
        yield [process.pid for process in started]
    finally:
        for process in started:
            end(process)


def _start(
    command: Sequence[str], log: IO[bytes], environment: Mapping[str, str], here: Path
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=here,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a server and all that it has started."""
    family = descendants(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    for pid in family | {process.pid}:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def used(pids: Sequence[int]) -> float:
    """Seconds of CPU of these processes and of all that they have started and that still run."""
    return sum(cpu_time(each) for pid in pids for each in descendants(pid))


def busy() -> float:
    """Seconds of CPU that everything on this machine has used."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def _wait_until_up(port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                answer.read()
            time.sleep(1.0)  # the others of a pool are up as well
            return
        except OSError:
            time.sleep(0.05)
    raise Broken(f"no answer at port {port}; see {folder / 'servers.log'}")
