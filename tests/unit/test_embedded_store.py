"""The embedded home's own ways: versions of its files, and how far lists look."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from functools import partial
from pathlib import Path

import pytest

from billow.drivers.embedded.database import SCHEMA, Database
from billow.drivers.embedded.group import GroupCommit
from billow.drivers.embedded.listing import find_page
from billow.errors import Unavailable
from billow.home import open_home
from billow.ids import new_id
from billow.job import Status
from billow.ports.ledger import Completed, Submission
from billow.ports.wake import jobs_channel
from tests.contract.homes import PATIENCE, until

_STEPS = 100


def _stamp(path: Path, version: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"pragma user_version={version}")
    connection.close()


@pytest.mark.parametrize("name", ["core.db", "ops.db"])
@pytest.mark.parametrize(("version", "whose"), [(1, "an older"), (SCHEMA + 1, "a newer")])
def test_data_of_another_version_is_refused_and_left_as_it_is(
    tmp_path: Path, name: str, version: int, whose: str
) -> None:
    open_home(tmp_path)
    _stamp(tmp_path / name, version)
    with pytest.raises(Unavailable) as caught:
        open_home(tmp_path)
    told = str(caught.value)
    assert name in told
    assert f"{whose} Billow" in told
    assert f"version {version}," in told
    assert f"reads version {SCHEMA};" in told
    assert "empty folder by --folder" in told
    _stamp(tmp_path / name, SCHEMA)
    open_home(tmp_path)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.CANCELLED])
def test_ended_jobs_are_found_without_walking_past_those_that_wait(
    tmp_path: Path, status: Status
) -> None:
    home = open_home(tmp_path)
    home.ledger.submit([Submission("f", "{}") for _ in range(3)])
    leases = home.ledger.exchange("f", "w", [], 3, 60).leases
    done = [Completed(lease.seq, lease.token, "null", 1.0, 2.0) for lease in leases]
    home.ledger.exchange("f", "w", done, 0, 60)
    for _ in range(5):
        home.ledger.submit([Submission("f", "{}") for _ in range(1000)])

    reader = Database(tmp_path / "core.db", "schema.sql", durable=True).reader
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    reader.set_progress_handler(step, _STEPS)
    page = find_page(
        reader,
        function="f",
        status=status,
        owner=None,
        dead=None,
        text=None,
        before=None,
        after=None,
        limit=10,
        results=True,
    )
    assert len(page.jobs) == (3 if status is Status.COMPLETED else 0)
    assert steps * _STEPS < 1000


class _Impatient(threading.Event):
    """Ctrl-C comes to the thread called `impatient` right when it is its turn."""

    def wait(self, timeout: float | None = None) -> bool:
        super().wait(timeout)
        if threading.current_thread().name == "impatient":
            raise KeyboardInterrupt
        return True


def _waits(group: GroupCommit, count: int) -> bool:
    return len(group._waiting) == count


def test_whoever_waits_behind_an_interrupted_thread_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_home(tmp_path)
    group = GroupCommit(Database(tmp_path / "core.db", "schema.sql", durable=True))
    begun, go = threading.Event(), threading.Event()
    monkeypatch.setattr("billow.drivers.embedded.group.threading.Event", _Impatient)
    done: list[str] = []

    def first(_: sqlite3.Connection) -> None:
        begun.set()
        assert go.wait(PATIENCE)

    def run(name: str) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            group.run(first if name == "first" else lambda _: None)
            done.append(name)

    threads = [
        threading.Thread(target=run, args=(name,), name=name, daemon=True)
        for name in ("first", "impatient", "patient")
    ]
    for place, thread in enumerate(threads):
        thread.start()
        assert begun.wait(PATIENCE)
        until(partial(_waits, group, place), "the thread to wait")
    go.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(done) == ["first", "patient"]


def test_a_file_that_vanishes_while_unused_bytes_are_swept_does_no_harm(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    unused = tmp_path / "objects" / "arriving" / new_id()
    unused.write_bytes(b"left behind")
    os.utime(unused, (1, 1))
    vanished = tmp_path / "objects" / "arriving" / new_id()
    vanished.symlink_to("nowhere")
    assert home.objects.sweep() == 1
    assert not unused.exists()


def test_what_is_accepted_is_acknowledged_though_nobody_can_be_woken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_home(tmp_path)
    with home.wake.waiter(jobs_channel("f")) as waiter:
        home.ledger.submit([Submission("f", "{}")])
        assert waiter.wait(PATIENCE)

        def too_many(*_: object) -> int:
            raise OSError(errno.EMFILE, "Too many open files")

        with monkeypatch.context() as patch:
            patch.setattr("billow.drivers.embedded.wake.os.open", too_many)
            assert home.ledger.submit([Submission("f", "{}")])[0].new
        with monkeypatch.context() as patch:
            patch.setattr("billow.drivers.embedded.wake.os.listdir", too_many)
            assert home.ledger.submit([Submission("f", "{}")])[0].new
        assert not waiter.wait(0)
        home.ledger.submit([Submission("f", "{}")])
        assert waiter.wait(PATIENCE)
