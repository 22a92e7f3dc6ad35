"""The access log in the store: by the hour, each line once, whenever the archiver was killed."""

from __future__ import annotations

import calendar
import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.drivers.memory.home import open_memory
from billow.home import Home
from billow.keeper.access import AccessArchive
from billow.names import ACCESS_LOGS

#: 28 November 2026, 13:50 UTC.
BEGIN = float(calendar.timegm((2026, 11, 28, 13, 50, 0)))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(BEGIN)


@pytest.fixture
def home(clock: VirtualClock) -> Home:
    return open_memory(clock=clock)


@pytest.fixture
def open_archive(home: Home, tmp_path: Path) -> Callable[[], AccessArchive]:
    return lambda: AccessArchive(home, tmp_path, 30 * 86400.0)


def kept(home: Home) -> dict[str, list[str]]:
    """The lines in the store by key."""
    return {
        info.key: gzip.decompress(b"".join(home.objects.read(ACCESS_LOGS, info.key)))
        .decode()
        .splitlines()
        for info in home.objects.list(ACCESS_LOGS)
    }


def front(folder: Path, name: str, *texts: str, at: float = BEGIN, form: str = "json") -> Path:
    """A file as the front writes it."""
    file = folder / name
    stamp = {"json": '{{"at":"2026-11-28T13:50:07.123Z","n":"{}"}}'}.get(
        form, '127.0.0.1 - - [28/Nov/2026:13:50:07 +0000] "GET /{} HTTP/1.1" 200 5'
    )
    file.write_text("".join(stamp.format(text) + "\n" for text in texts))
    os.utime(file, (at, at))
    return file


@pytest.mark.parametrize("form", ["json", "combined"])
def test_the_fronts_files_are_put_one_by_one(
    home: Home,
    clock: VirtualClock,
    open_archive: Callable[[], AccessArchive],
    tmp_path: Path,
    form: str,
) -> None:
    full = front(tmp_path, "access.log.1", "a", "b", form=form)
    present = front(tmp_path, "access.log", "c", form=form)
    numbers = full.stat().st_ino, present.stat().st_ino
    archive = open_archive()
    archive.round()
    assert (full.exists(), present.exists(), kept(home)) == (False, True, {})
    clock.advance(60)
    archive.round()
    key = f"2026/11/28/13-{numbers[0]}.log.gz"
    assert {each: len(lines) for each, lines in kept(home).items()} == {key: 2}
    clock.advance(600)
    archive.round()
    assert not present.exists()
    clock.advance(60)
    archive.round()
    assert len(kept(home)[f"2026/11/28/13-{numbers[1]}.log.gz"]) == 1
    assert list(tmp_path.iterdir()) == []


def test_killed_after_putting_it_puts_nothing_twice(
    home: Home,
    clock: VirtualClock,
    open_archive: Callable[[], AccessArchive],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    front(tmp_path, "access.log.3", "a", "b")
    open_archive().round()
    clock.advance(60)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            open_archive().round()
    before = kept(home)
    assert len(before) == 1
    open_archive().round()
    assert kept(home) == before
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_says_no_time_goes_by_its_age(
    home: Home, clock: VirtualClock, open_archive: Callable[[], AccessArchive], tmp_path: Path
) -> None:
    file = tmp_path / "access.log.2"
    file.write_text('{"at": 7}\nrubbish')
    os.utime(file, (BEGIN - 7200, BEGIN - 7200))
    archive = open_archive()
    archive.round()
    archive.round()
    [key] = kept(home)
    assert key.startswith("2026/11/28/11-")


def test_old_ones_are_forgotten(
    home: Home, clock: VirtualClock, open_archive: Callable[[], AccessArchive]
) -> None:
    home.objects.put(ACCESS_LOGS, [b"x"], key="2026/10/28/13.jsonl.gz")
    home.objects.put(ACCESS_LOGS, [b"x"], key="2026/10/31/13.jsonl.gz")
    open_archive().round()
    assert list(home.objects.stores()) == [ACCESS_LOGS]
    assert [info.key for info in home.objects.list(ACCESS_LOGS)] == ["2026/10/31/13.jsonl.gz"]
