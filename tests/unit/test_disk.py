"""The disk: nothing new is taken when it is nearly full, and then what is held back is used."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from billow.drivers.embedded.blobs import Blobs
from billow.drivers.embedded.disk import RESERVE, Disk
from billow.errors import DiskFull
from billow.flow.perform import perform
from billow.flow.surroundings import Surroundings
from billow.flow.task import Task
from billow.flow.work import NO_ROOM, is_final
from billow.home import disk_room, open_home
from billow.job import Failure
from billow.options import Retry
from billow.ports.ledger import Submission
from billow.units import GiB, MiB


class Room:
    """How much a disk of 8 GiB has left, as a test says; what is held back takes its part."""

    def __init__(self, folder: Path, free: int) -> None:
        self._reserve = folder / RESERVE
        self.free = free

    def __call__(self, _: object) -> SimpleNamespace:
        held = self._reserve.stat().st_size if self._reserve.exists() else 0
        free = self.free - held
        return SimpleNamespace(f_bavail=free, f_bfree=free, f_blocks=8 * GiB, f_frsize=1)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room(tmp_path, 1 * GiB)
    monkeypatch.setattr("billow.drivers.embedded.disk.os.statvfs", made)
    return made


def test_something_new_is_taken_as_long_as_enough_is_left(tmp_path: Path, room: Room) -> None:
    disk = Disk(tmp_path)
    assert (disk.floor, disk.held) == (16 * MiB, 32 * MiB)
    disk.check(1 * GiB - disk.floor)
    with pytest.raises(DiskFull):
        disk.check(1 * GiB - disk.floor + 1)
    room.free = disk.floor - 1
    with pytest.raises(DiskFull, match=r"is full, 16\.0 MiB left; nothing new") as told:
        disk.check()
    problem = told.value.problem()
    assert (problem["status"], problem["free"], problem["retry_after"]) == (507, room.free, 30)
    assert os.path.ismount(problem["disk"])


def test_a_small_disk_keeps_less_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SimpleNamespace(f_bavail=100 * MiB, f_blocks=256 * MiB, f_frsize=1)
    monkeypatch.setattr("billow.drivers.embedded.disk.os.statvfs", lambda _: small)
    disk = Disk(tmp_path)
    assert (disk.floor, disk.held) == (4 * MiB, 8 * MiB)


def test_what_is_held_back_is_used_and_held_back_again(tmp_path: Path, room: Room) -> None:
    disk, reserve = Disk(tmp_path), tmp_path / RESERVE
    assert disk.look() == ""
    assert reserve.stat().st_size == disk.held
    room.free = disk.held + disk.floor // 2
    assert disk.look() == ""
    room.free -= 1
    assert disk.look() == "released"
    assert reserve.stat().st_size == 0
    # It is there for what goes on already, and for nothing new.
    assert disk.free() > disk.floor
    with pytest.raises(DiskFull):
        disk.check()
    assert disk.is_full
    room.free = 2 * (disk.floor + disk.held)
    assert disk.look() == ""
    disk.check()
    assert not disk.is_full
    room.free += 1
    assert disk.look() == "held back"
    assert reserve.stat().st_size == disk.held
    assert disk.look() == ""


def test_settings_say_how_much_is_left_and_held_back(
    tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_DISK_FLOOR", "200 MiB")
    monkeypatch.setenv("BILLOW_DISK_RESERVE", "0")
    assert disk_room() == (200 * MiB, 0)
    home = open_home(tmp_path)
    room.free = 200 * MiB
    home.ledger.submit([Submission("f")])
    room.free -= 1
    with pytest.raises(DiskFull):
        home.ledger.submit([Submission("f")])
    home.close()


def test_a_setting_that_was_changed_counts_from_the_next_start(tmp_path: Path, room: Room) -> None:
    for held in (4 * MiB, 8 * MiB, 2 * MiB, 0):
        disk = Disk(tmp_path, held=held)
        assert disk.look() == ""
        assert (tmp_path / RESERVE).stat().st_size == held
        disk.check(1 * GiB - disk.floor - held)
    room.free = 0
    assert disk.look() == ""


def test_a_disk_that_cannot_hold_anything_back_stays_as_it_was(
    tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, offset: int, size: int) -> None:
        os.write(fd, b"x")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    assert Disk(tmp_path).look() == ""
    assert (tmp_path / RESERVE).stat().st_size == 0


def test_blobs_jobs_and_copies_are_refused_and_what_is_there_goes_on(
    tmp_path: Path, room: Room
) -> None:
    home = open_home(tmp_path)
    home.ledger.submit([Submission("f")])
    room.free = 15 * MiB
    with pytest.raises(DiskFull):
        home.ledger.submit([Submission("f")])
    with pytest.raises(DiskFull):
        home.objects.put("s", [b"abc"], key="a")
    with pytest.raises(DiskFull):
        home.objects.stage([b"abc"])
    assert len(home.ledger.exchange("f", "w", [], 5, 60).leases) == 1
    home.tables.put("t", "k", {})
    home.close()


def test_a_file_that_does_not_fit_any_more_leaves_nothing(tmp_path: Path, room: Room) -> None:
    disk = Disk(tmp_path)
    blobs = Blobs(tmp_path / "objects", disk)

    def growing() -> Iterator[bytes]:
        for _ in range(3):
            room.free -= 500 * MiB
            yield b"x"

    with pytest.raises(DiskFull):
        blobs.write(growing(), None, None)
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


def test_that_the_disk_has_no_room_ends_no_job(tmp_path: Path, room: Room) -> None:
    import billow  # noqa: PLC0415 - only here

    app = billow.App("a")

    @app.function()
    def write() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    @app.function()
    def store() -> None:
        raise DiskFull("the disk / is full")

    around = Surroundings(open_home(tmp_path).objects.stage, tmp_path / "tries" / "w")
    kinds = []
    for function, free in ((write, 15 * MiB), (write, 1 * GiB), (store, 1 * GiB)):
        room.free = free
        task = Task("id", "{}", "", None, None, "local", 0, 0, 0.0, 1, "w")
        failure = perform(function, task, around=around).failure
        assert failure is not None
        kinds.append(failure.kind)
    assert kinds == [NO_ROOM, "raised", NO_ROOM]
    assert not is_final(Failure(NO_ROOM, ""), 99, Retry(attempts=1))
