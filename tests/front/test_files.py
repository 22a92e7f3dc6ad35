"""Which files the front opens, and for how long they stay open."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from billow.front.files import KEPT, Files
from billow.front.pieces import SMALL
from billow.handover import FilePart

TOKEN = "secret"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    (tmp_path / "cache").mkdir()
    made = Files(TOKEN, [os.path.realpath(tmp_path / "cache")])
    yield made
    made.sweep()
    made.sweep()


@pytest.fixture
def picture(tmp_path: Path, files: Files) -> Path:
    path = tmp_path / "cache" / "picture"
    path.write_bytes(b"a picture")
    return path


def part(path: Path | str, token: str = TOKEN) -> FilePart:
    return FilePart(token, 0, 9, str(path))


def changed(path: Path) -> int:
    return path.stat().st_mtime_ns


def taken(fd: int | None) -> bytes:
    """What an open file holds; it is closed."""
    assert fd is not None
    try:
        return os.pread(fd, 100, 0)
    finally:
        os.close(fd)


def is_open(path: Path) -> bool:
    links = [os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return any(link.startswith(str(path)) for link in links)


def test_a_file_is_opened_and_not_kept_unless_its_time_of_change_is_known(
    files: Files, picture: Path
) -> None:
    assert taken(files.open(part(picture))) == b"a picture"
    assert not is_open(picture)
    assert taken(files.open(part(picture), changed(picture))) == b"a picture"
    assert is_open(picture)


def test_another_file_in_its_place_is_not_opened(files: Files, picture: Path) -> None:
    assert files.open(part(picture), changed(picture) + 1) is None
    assert not is_open(picture)
    then = changed(picture)
    assert taken(files.open(part(picture), then)) == b"a picture"
    picture.with_name("new").write_bytes(b"another")
    os.utime(picture.with_name("new"), ns=(0, then + 5))
    os.replace(picture.with_name("new"), picture)
    assert taken(files.open(part(picture), then)) == b"a picture"  # the one that was meant
    assert taken(files.open(part(picture), then + 5)) == b"another"


def test_what_is_deleted_frees_its_place_after_two_sweeps(files: Files, picture: Path) -> None:
    then = changed(picture)
    assert taken(files.open(part(picture), then)) == b"a picture"
    picture.unlink()
    files.sweep()
    assert taken(files.open(part(picture), then)) == b"a picture"
    files.sweep()
    assert files.open(part(picture), then) is None
    assert not is_open(picture)


def test_what_is_in_use_outlives_the_sweeps(files: Files, picture: Path) -> None:
    fd = files.open(part(picture), changed(picture))
    files.sweep()
    files.sweep()
    assert taken(fd) == b"a picture"


def test_large_files_and_many_are_not_kept(files: Files, picture: Path) -> None:
    picture.write_bytes(b"x" * (SMALL + 1))
    taken(files.open(part(picture), changed(picture)))
    assert not is_open(picture)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(KEPT + 10):
        path = picture.with_name(f"p{number}")
        path.write_bytes(b"a picture")
        assert taken(files.open(part(path), changed(path))) == b"a picture"
    assert len(os.listdir("/proc/self/fd")) == before + KEPT


def test_where_too_many_are_open_none_is_opened(files: Files, picture: Path) -> None:
    then = changed(picture)
    assert taken(files.open(part(picture), then)) == b"a picture"
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        assert files.open(part(picture), then) is None
        assert files.open(part(picture)) is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_nothing_else_is_opened(files: Files, picture: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (tmp_path / "cache" / "link").symlink_to(secret)
    (tmp_path / "cache" / "folder").symlink_to(tmp_path)
    (tmp_path / "cache2").mkdir()
    (tmp_path / "cache2" / "picture").write_bytes(b"secret")
    for path in (
        secret,
        tmp_path / "cache" / ".." / "secret",
        tmp_path / "cache" / "link",
        tmp_path / "cache" / "folder" / "secret",
        tmp_path / "cache2" / "picture",
        f"{tmp_path}/cache/..",
        "secret",
        "",
    ):
        assert files.open(part(path)) is None
        assert files.open(part(path), changed(secret)) is None
    assert files.open(part(picture, "guess")) is None
    assert files.open(part(picture, "guess"), changed(picture)) is None
    taken(files.open(part(picture), changed(picture)))
    assert files.open(part(picture, "guess"), changed(picture)) is None
