"""Who does the work, by turns: a worker, a web server, a web pool; as they are, and bare."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bench.jobs.place import ROOT
from bench.jobs.processes import descendants
from billow.home import open_home
from billow.ports.ledger import Submission

APP = '''
import billow

app = billow.App("ops")
{web}

@app.function()
def nothing() -> None:
    """Nothing."""
'''
_POOL = "app.web(billow.Web(min=1, max=1))"

#: What a job of a request goes back to.
_ORIGIN = "01kb4y1m2n3p4q5r6s7t8v9w0x"
_ASK = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\r\n"
_CONNECTIONS = 8
_PATIENCE = 60.0


class Contender(Protocol):
    """Does pieces of work."""

    def turn(self, pieces: int) -> None:
        """Do so many."""
        ...

    def used(self) -> float:
        """Seconds of CPU that its processes have used."""
        ...

    def close(self) -> None:
        """End."""
        ...


class _Started:
    """A process in a folder of its own."""

    def __init__(self, web: str = "") -> None:
        self._place = tempfile.TemporaryDirectory()
        self.folder = Path(self._place.name)
        (self.folder / "logs").mkdir()
        self.app = str(self.folder / "app.py")
        Path(self.app).write_text(APP.format(web=web))

    def start(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        """End it, and all that it has started."""
        family = descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            for pid in family:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.wait()
            self._place.cleanup()


class Worker(_Started):
    """A worker, its parent and its child: jobs that do nothing."""

    def __init__(self, *, bare: bool) -> None:
        super().__init__()
        self._home = open_home(self.folder)
        where = ("--app", self.app, "--folder", str(self.folder), "--id", "w")
        module = ("bench.ops.bare", "worker") if bare else ("billow.worker",)
        self.start([*module, *where, "--function", "nothing"])

    def turn(self, pieces: int) -> None:
        """Have them done."""
        asked = Submission("nothing", origin=_ORIGIN)
        for at in range(0, pieces, 1000):
            self._home.ledger.submit([asked] * min(1000, pieces - at))
        while (counts := self._home.ledger.counts("nothing")).visible or counts.in_flight:
            time.sleep(0.005)

    def used(self) -> float:
        """Both of them."""
        return sum(map(cpu_time, descendants(self.process.pid)))


class Server(_Started):
    """A web server by itself: `/healthz`, on eight connections."""

    pool = False

    def __init__(self, *, bare: bool) -> None:
        super().__init__(_POOL if self.pool else "")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.start(self._command(str(port), bare=bare))
        _wait_until_up(port)
        self._connections = [
            socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(_CONNECTIONS)
        ]

    def _command(self, port: str, *, bare: bool) -> list[str]:
        module = ["bench.ops.bare", "web"] if bare else ["billow.web"]
        return [*module, "--app", self.app, "--folder", str(self.folder), "--port", port]

    def turn(self, pieces: int) -> None:
        """Have them answered."""
        for _ in range(0, pieces, _CONNECTIONS):
            for each in self._connections:
                each.sendall(_ASK)
            for each in self._connections:
                _read_answer(each)

    def used(self) -> float:
        """All that answer: the server, or the front and its server."""
        family = descendants(self.process.pid)
        return sum(map(cpu_time, family - {self.process.pid} if self.pool else family))

    def close(self) -> None:
        """End it."""
        for each in self._connections:
            each.close()
        super().close()


class Pool(Server):
    """A front with one server behind it."""

    pool = True

    def _command(self, port: str, *, bare: bool) -> list[str]:
        if bare:
            return ["bench.ops.bare", "service", self.app, str(self.folder), port]
        up = ["billow.cli.main", "up", self.app, "--plain"]
        return [*up, "--folder", str(self.folder), "--port", port]


def cpu_time(pid: int) -> float:
    """Seconds of CPU that a running process has used, to the nanosecond."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)
    except OSError:
        return 0.0


def _read_answer(connection: socket.socket) -> None:
    answer = connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"answered {answer[:200]!r}")
    while not answer.endswith(b"}"):
        answer += connection.recv(65536)


def _wait_until_up(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(_ASK)
                return _read_answer(connection)
        except (OSError, RuntimeError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
