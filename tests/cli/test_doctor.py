"""The doctor: each point, and what it says when something is amiss."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import shutil
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from billow import doctor
from billow.doctor import Check, examine
from billow.drivers.embedded.database import SCHEMA
from billow.home import open_home
from tests.cli.conftest import Billow

POINTS = [
    "python", "sqlite", "libraries", "fast extras", "disk", "room", "data folder", "locks",
    "write-ahead log", "flush", "port", "open files", "machine", "chromium",
]  # fmt: skip


def looked_at(folder: Path, port: int = 0) -> dict[str, Check]:
    return {check.name: check for check in examine(folder, port)}


def test_a_healthy_machine(tmp_path: Path) -> None:
    before = list(tmp_path.iterdir())
    checks = looked_at(tmp_path / "not" / "yet")
    assert list(checks) == POINTS
    assert [check for check in checks.values() if check.state == "fail"] == []
    assert list(tmp_path.iterdir()) == before


def test_what_is_amiss_comes_with_a_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 0))
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 30, 0))
    monkeypatch.setattr(doctor, "_version", lambda name: None)
    monkeypatch.setattr(doctor, "_filesystem", lambda path: "nfs4")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(fcntl, "flock", lambda file, how: None)
    monkeypatch.setattr(resource, "getrlimit", lambda what: (100, 100))
    monkeypatch.setattr(os, "sysconf", lambda name: 1)
    monkeypatch.setattr(doctor, "SLOW_FLUSH", -1)
    checks = looked_at(tmp_path)
    fine = {name for name, check in checks.items() if check.state == "ok"}
    assert fine == {"data folder", "write-ahead log", "port"}
    failing = {name for name, check in checks.items() if check.state == "fail"}
    assert failing == {"python", "sqlite", "libraries", "disk", "room", "locks"}
    assert all(check.cure for check in checks.values() if check.state != "ok")


def test_data_of_another_version(tmp_path: Path) -> None:
    open_home(tmp_path)
    assert looked_at(tmp_path)["core.db"] == Check("core.db", "ok", f"data of version {SCHEMA}")
    with contextlib.closing(sqlite3.connect(tmp_path / "core.db")) as db:
        db.execute("pragma user_version=1")
    check = looked_at(tmp_path)["core.db"]
    assert (check.state, check.found) == ("fail", "data of version 1")
    assert f"reads version {SCHEMA}" in check.cure
    assert looked_at(tmp_path)["ops.db"].state == "ok"
    (tmp_path / "core.db").write_bytes(b"no database at all, but long enough" * 100)
    assert "not a database" in looked_at(tmp_path)["core.db"].found


def test_memory_is_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_filesystem", lambda path: "tmpfs")
    assert looked_at(tmp_path)["disk"].state == "warn"


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    checks = looked_at(tmp_path / "file")
    assert checks["data folder"].state == "fail"
    assert "flush" not in checks


def test_a_disk_that_fails_while_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    assert looked_at(tmp_path)["flush"].state == "fail"


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert looked_at(tmp_path, port)["port"].state == "warn"
        assert {c.name: c for c in examine(tmp_path, port, own=True)}["port"].state == "ok"


def test_the_verb(billow: Billow, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLOW_PORT", "0")
    ran = billow("doctor", "--json")
    assert ran.status == 0
    checks: dict[str, Any] = {check["name"]: check for check in ran.document["checks"]}
    assert list(checks) == [*POINTS, "app"]
    assert checks["app"]["found"] == "demo (app.py); functions: divide, measure"
    assert "ok   python" in billow("doctor").out


def test_the_verb_with_a_broken_app(
    billow: Billow, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "app.py").write_text("1 / 0")
    ran = billow("doctor")
    assert ran.status == 1
    assert "ZeroDivisionError" in ran.out
    assert "cure: mend the app" in ran.out
    (here / "app.py").unlink()
    assert billow("doctor", "--json").status == 0
