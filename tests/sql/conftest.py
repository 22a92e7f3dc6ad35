"""The same tests over SQLite and over PostgreSQL: a private cluster, started once."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from billow.sql import Database
from billow.units import Duration

MIGRATIONS = Path(__file__).parent / "migrations"

#: Makes a database; several of them are what several processes have.
Open: TypeAlias = Callable[..., Database]


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


@pytest.fixture(params=["sqlite", "postgres"])
def open_sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    url = ""
    if request.param == "postgres":
        import psycopg  # noqa: PLC0415 - only where there is a server

        url = request.getfixturevalue("postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop schema public cascade; create schema public")
    with ExitStack() as stack:

        def make(
            migrations: Path | None = MIGRATIONS,
            pool: int = 4,
            patience: Duration = "5 s",
            held: Duration = "10 s",
        ) -> Database:
            made = Database(migrations, pool, patience, held)
            made.attach(lambda: tmp_path, url)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def db(open_sql: Open) -> Database:
    return open_sql()
