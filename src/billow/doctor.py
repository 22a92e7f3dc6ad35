"""What a machine must offer for a service to run well, looked at point by point."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import os
import platform
import resource
import shutil
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from billow.drivers.embedded.database import SCHEMA
from billow.units import GiB, MiB, human_size, human_time

State = Literal["ok", "warn", "fail"]

#: Python that Billow is written for; SQLite with RETURNING and partial indexes on expressions.
PYTHON = (3, 11)
SQLITE = (3, 35)
#: Below so much room the doctor warns, and below so much it fails.
ROOM_WARN = 1 * GiB
ROOM_FAIL = 64 * MiB
#: A flush to the disk that takes longer makes acceptance slow, seconds.
SLOW_FLUSH = 0.05
OPEN_FILES = 1024

_CORE = ("click", "jinja2", "prometheus-client", "python-multipart", "rich", "starlette", "uvicorn")
_FAST = ("httptools", "uvloop")
_NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"}


class Check(NamedTuple):
    """One point: how it stands, what was found, and what to do if it is not ok."""

    name: str
    state: State
    found: str
    cure: str = ""


def examine(folder: Path, port: int, own: bool = False) -> Iterator[Check]:
    """All points, one by one; `own` says that a service of this folder holds the port."""
    yield from (_python(), _sqlite(), _libraries(), _fast())
    yield from _data(folder)
    yield from (_port(port, own), _files(), _machine(), _browser())


def _python() -> Check:
    found = platform.python_version()
    if sys.version_info[:2] < PYTHON:
        return Check("python", "fail", found, "install Python 3.11 or newer")
    return Check("python", "ok", found)


def _sqlite() -> Check:
    found = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info[:2] < SQLITE:
        return Check("sqlite", "fail", found, "use a Python that comes with SQLite 3.35 or newer")
    return Check("sqlite", "ok", found)


def _libraries() -> Check:
    versions = {name: _version(name) for name in _CORE}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        return Check("libraries", "fail", f"missing: {', '.join(missing)}", "pip install billow")
    return Check("libraries", "ok", ", ".join(f"{n} {v}" for n, v in versions.items()))


def _fast() -> Check:
    missing = [name for name in _FAST if _version(name) is None]
    if missing:
        found = f"without {', '.join(missing)}; the web server is slower"
        return Check("fast extras", "warn", found, "pip install 'billow[fast]'")
    return Check("fast extras", "ok", ", ".join(_FAST))


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _data(folder: Path) -> Iterator[Check]:
    """The points about the disk; the ones that write do it in a scratch folder of their own."""
    base = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    yield _disk_kind(base)
    yield _room(base)
    try:
        scratch = tempfile.TemporaryDirectory(prefix=".billow-doctor-", dir=base)
    except OSError as problem:
        cure = "give it a folder it may write to, by --folder"
        yield Check("data folder", "fail", f"{base}: {problem.strerror}", cure)
        return
    with scratch as made:
        yield Check("data folder", "ok", f"{folder} can be written")
        yield from (_version_of(path) for path in sorted(folder.glob("*.db")))
        yield _guarded("locks", _locks, Path(made))
        yield _guarded("write-ahead log", _wal, Path(made))
        yield _guarded("flush", _flush, Path(made))


def _version_of(path: Path) -> Check:
    """Whether this Billow can read what is in a data folder already."""
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
            version = db.execute("pragma user_version").fetchone()[0]
    except sqlite3.Error as problem:
        return Check(path.name, "fail", str(problem), "name another folder by --folder")
    found = f"data of version {version}"
    if version not in (0, SCHEMA):
        cure = f"this Billow reads version {SCHEMA}; go on with the Billow that made it, or name "
        return Check(path.name, "fail", found, f"{cure}another folder by --folder")
    return Check(path.name, "ok", found)


def _guarded(name: str, look: Callable[[Path], Check], scratch: Path) -> Check:
    try:
        return look(scratch)
    except (OSError, sqlite3.Error) as problem:
        return Check(name, "fail", str(problem), "keep the data folder on a local disk")


def _disk_kind(base: Path) -> Check:
    kind = _filesystem(base)
    if kind in _NETWORK_DISKS:
        cure = "keep the data folder on a local disk; SQLite is not safe on network disks"
        return Check("disk", "fail", kind, cure)
    if kind == "tmpfs":
        return Check("disk", "warn", kind, "this is memory: a restart of the machine loses it")
    return Check("disk", "ok", kind or "unknown kind")


def _filesystem(path: Path) -> str:
    """The kind of file system that `path` is on, as the kernel names it."""
    best = ("", "")
    try:
        mounts = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    for line in mounts:
        _, at, kind, *_ = line.split(" ")
        if path.is_relative_to(at) and len(at) >= len(best[0]):
            best = (at, kind)
    return best[1]


def _room(base: Path) -> Check:
    free = shutil.disk_usage(base).free
    state: State = "fail" if free < ROOM_FAIL else "warn" if free < ROOM_WARN else "ok"
    return Check("room", state, f"{human_size(free)} free", "" if state == "ok" else "make room")


def _locks(scratch: Path) -> Check:
    """A lock that one descriptor holds must keep another out."""
    path = scratch / "lock"
    with path.open("w") as one, path.open("w") as other:
        fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Check("locks", "ok", "file locks hold")
    return Check("locks", "fail", "file locks do not hold", "keep the data folder on a local disk")


def _wal(scratch: Path) -> Check:
    """One connection must see what another wrote, by the log and its shared memory."""
    path = scratch / "wal.db"
    one, other = sqlite3.connect(path), sqlite3.connect(path)
    try:
        mode = one.execute("pragma journal_mode=wal").fetchone()[0]
        one.execute("create table t (x)")
        one.execute("insert into t values (1)")
        one.commit()
        seen = other.execute("select count(*) from t").fetchone()[0]
    finally:
        one.close()
        other.close()
    if (mode, seen) != ("wal", 1):
        cure = "keep the data folder on a local disk"
        return Check("write-ahead log", "fail", f"SQLite uses mode {mode!r}", cure)
    return Check("write-ahead log", "ok", "works between connections")


def _flush(scratch: Path) -> Check:
    """How long the disk takes to say that 4 KiB are safe: the middle one of nine."""
    times = []
    with (scratch / "flush").open("wb", buffering=0) as file:
        for _ in range(9):
            began = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    took = sorted(times)[len(times) // 2]
    found = f"{human_time(took)} a flush" if took >= 0.001 else f"{took * 1e6:.0f} µs a flush"
    if took > SLOW_FLUSH:
        cure = "a faster disk; each acceptance waits for a flush, shared by those of the moment"
        return Check("flush", "warn", found, cure)
    return Check("flush", "ok", found)


def _port(port: int, own: bool) -> Check:
    if own:
        return Check("port", "ok", f"{port}: the service of this folder listens there")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            cure = "choose another by --port or BILLOW_PORT; 0 takes any free one"
            return Check("port", "warn", f"{port}: {problem.strerror}", cure)
    return Check("port", "ok", f"{port} is free")


def _files() -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        cure = f"raise it: ulimit -n {OPEN_FILES}"
        return Check("open files", "warn", f"at most {soft} a process", cure)
    return Check("open files", "ok", f"at most {soft} a process")


def _machine() -> Check:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = f"{os.cpu_count()} cores, {human_size(memory)} of memory, {platform.platform()}"
    if memory < 512 * MiB:
        return Check("machine", "warn", found, "each worker needs about 45 MiB; keep fleets small")
    return Check("machine", "ok", found)


def _browser() -> Check:
    found = shutil.which("chromium")
    if found is None:
        cure = "only the project's own browser tests need it: apt-get install chromium"
        return Check("chromium", "warn", "not installed", cure)
    return Check("chromium", "ok", found)
