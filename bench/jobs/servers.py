"""A private Redis server for one measurement."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


class NoServerError(Exception):
    """The Redis server is not installed, or does not start."""


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis server on a free loopback port, as long as the block; yields its address.

    Every write is appended to a file that is synced once a second: the setting Redis advises to
    those who want durability.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise NoServerError("redis-server not found; install it (Debian: apt install redis-server)")
    port = _free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    durable = ["--appendonly", "yes", "--appendfsync", "everysec"]
    with open(folder / "redis.log", "wb") as log:
        server = subprocess.Popen([program, *options, *durable], stdout=log, stderr=log)
    try:
        _wait_for(port, server)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


def redis_version() -> str:
    """The version of the Redis server."""
    said = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.partition("v=")[2].split()[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise NoServerError("redis-server did not start")
