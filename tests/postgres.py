"""A PostgreSQL of the tests' own: a private cluster, started once, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def programs() -> Path | None:
    """Where Debian's newest PostgreSQL is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def cluster(place: Path) -> Iterator[str]:
    """A server that listens in a folder only, and forgets everything; its address."""
    folder = Path(tempfile.mkdtemp(prefix="billow-pg-", dir="/tmp"))
    change: list[str] = []
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        change = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    data = folder / "data"
    server = None
    try:
        make = [*change, f"{place}/initdb", "-D", str(data), "-A", "trust", "-U", "billow", "-N"]
        make += ["--no-instructions", "--locale=C.UTF-8"]
        subprocess.run(make, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        server = subprocess.Popen(
            [
                *change, place / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=",
                "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=60",
            ],
            cwd=folder,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while subprocess.run([place / "pg_isready", "-q", "-h", folder], check=False).returncode:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"postgresql://billow@/postgres?host={folder}"
    finally:
        if server is not None:
            server.terminate()
            server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    place = programs()
    if place is None:
        pytest.skip("there is no PostgreSQL on this machine (apt-get install postgresql)")
    if os.geteuid() == 0 and not any(each.pw_name == "postgres" for each in pwd.getpwall()):
        pytest.skip("there is no user to run PostgreSQL as (apt-get install postgresql)")
    with cluster(place) as url:
        yield url
