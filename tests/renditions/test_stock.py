"""The cache's files, and what has to go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.rendition import Wanted
from billow.renditions.files import ARRIVING, Kept, all_kept, keep, path_of, place_of, remove
from billow.renditions.stock import Stock


def wanted(id: int, name: str = "image.jpg") -> Wanted:
    return Wanted("photos", "image", id, {}, "", name, "image/jpeg")


def put(root: Path, id: int, size: int = 10, at: float = 1.7e9) -> Path:
    path = path_of(root, wanted(id))
    keep(root, path, b"x" * size)
    os.utime(path, (at, at))
    return path


def ids(root: Path) -> list[int]:
    return sorted(kept.id for kept in all_kept(root))


def stock(root: Path, limit: int = 100) -> Stock:
    made = Stock(root, limit, VirtualClock())
    made.scan(lambda *_: True)
    return made


def test_a_file_is_kept_whole(tmp_path: Path) -> None:
    path = path_of(tmp_path, wanted(1234))
    keep(tmp_path, path, b"one")
    keep(tmp_path, path, b"two")
    assert path == tmp_path / "photos" / "34" / "1234" / "image.jpg"
    assert path.read_bytes() == b"two"
    assert list((tmp_path / ARRIVING).iterdir()) == []


def test_a_file_that_cannot_be_kept_leaves_nothing(tmp_path: Path) -> None:
    path = path_of(tmp_path, wanted(1))
    path.mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        keep(tmp_path, path, b"one")
    assert list((tmp_path / ARRIVING).iterdir()) == []


def test_a_file_is_removed_and_its_folder_with_the_last(tmp_path: Path) -> None:
    put(tmp_path, 1)
    (kept,) = all_kept(tmp_path)
    assert remove(tmp_path, kept)
    assert not remove(tmp_path, kept)
    assert not place_of(tmp_path, "photos", 1).exists()


def test_the_least_recently_used_goes(tmp_path: Path) -> None:
    for id_ in range(1, 11):
        put(tmp_path, id_, at=1.6e9 + id_)
    kept = stock(tmp_path)
    kept.used("photos", 1, "image.jpg")
    put(tmp_path, 11)
    kept.added("photos", 11, "image.jpg", 10)
    assert ids(tmp_path) == [1, *range(3, 12)]
    assert (kept.size, len(kept), kept.evicted) == (100, 10, 1)


def test_the_last_use_outlives_a_restart(tmp_path: Path) -> None:
    for id_ in (1, 2):
        put(tmp_path, id_, at=1.6e9 + id_)
    stock(tmp_path).used("photos", 1, "image.jpg")
    stock(tmp_path, limit=10)
    assert ids(tmp_path) == [1]


def test_a_start_takes_what_is_there_and_tidies_up(tmp_path: Path) -> None:
    for id_ in (1, 2, 3):
        put(tmp_path, id_)
    half = tmp_path / ARRIVING / "half"
    half.write_bytes(b"x")
    made = Stock(tmp_path, 100, VirtualClock())
    made.scan(lambda *about: True)
    assert half.exists(), "somebody may be writing it"
    made.begin(lambda *about: about != ("photos", 2))
    assert ids(tmp_path) == [1, 3]
    assert not half.exists()
    assert (made.size, len(made)) == (20, 2)


def test_what_was_removed_by_others_does_no_harm(tmp_path: Path) -> None:
    for id_ in (1, 2):
        put(tmp_path, id_)
    made = stock(tmp_path)
    assert remove(tmp_path, Kept("photos", 1, "image.jpg", 10, 0.0))
    made.used("photos", 1, "image.jpg")
    made.used("photos", 99, "image.jpg")
    for id_ in range(3, 13):
        put(tmp_path, id_)
        made.added("photos", id_, "image.jpg", 10)
    assert ids(tmp_path) == list(range(3, 13))
    assert made.evicted == 1


def test_the_same_file_made_again_counts_once(tmp_path: Path) -> None:
    put(tmp_path, 1, size=10)
    made = stock(tmp_path)
    made.added("photos", 1, "image.jpg", 30)
    assert (made.size, len(made)) == (30, 1)


def test_an_empty_cache_is_empty(tmp_path: Path) -> None:
    assert len(stock(tmp_path / "cache")) == 0
