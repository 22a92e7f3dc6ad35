"""The archive is read again, a little at a time: what has rotted is told, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.flow.scrub import Scrub
from billow.flow.whereabouts import FileState, whereabouts
from billow.home import Home
from billow.ports.cold import Damaged, Frozen
from tests.chores.test_service import packed_files
from tests.chores.world import KEEP, World
from tests.contract.homes import open_driver


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Six archived files."""
    made = World(open_driver("embedded", tmp_path / "home", VirtualClock()))
    for _ in range(3):
        made.complete()
    made.pass_time(KEEP)
    assert made.all_tiers() == {"cold"}
    return made


def rot(home: Home) -> None:
    """Flip a bit in one file."""
    assert home.folder is not None
    path = sorted(packed_files(home.folder))[2]
    data = path.read_bytes()
    path.write_bytes(data[:15] + bytes([data[15] ^ 4]) + data[16:])


def told(home: Home) -> list[str]:
    return [entry.subject for entry in home.journal.read(kinds=["cold.damaged"])]


def test_what_is_sound_is_not_told_of(world: World) -> None:
    assert Scrub(world.home, world.app).round() == 0
    assert told(world.home) == []
    assert world.all_tiers() == {"cold"}


def test_bit_rot_is_found_told_once_and_shown(world: World) -> None:
    rot(world.home)
    assert Scrub(world.home, world.app).round() == 1
    [key] = told(world.home)
    [file] = [file for file in world.files() if file.key == key]
    assert whereabouts(world.home, file).state is FileState.DAMAGED
    assert [e.subject for e in world.home.journal.read(kinds=["alarm.alarm"])] == ["archive"]
    assert Scrub(world.home, world.app).round() == 0
    assert len(told(world.home)) == 1


def test_each_round_goes_on_where_the_last_one_ended(world: World) -> None:
    seen: list[str] = []
    verify = world.home.cold.verify

    def watched(store: str, key: str) -> Frozen:
        seen.append(key)
        return verify(store, key)

    world.home.cold.verify = watched  # type: ignore[method-assign]
    for _ in range(7):  # a new one each time, as after a restart
        Scrub(world.home, world.app, per_round=1).round()
    assert len(set(seen)) == 6
    assert seen[:6] == sorted(seen[:6])
    for _ in range(2):
        Scrub(world.home, world.app, per_round=1).round()
    assert seen[6] == seen[0]


def test_what_is_on_its_way_back_is_not_taken_for_damaged(world: World) -> None:
    cold = world.home.cold

    def gone(store: str, key: str) -> Frozen:
        frozen = cold.head(store, key)
        assert frozen is not None
        cold.delete(store, key, frozen.claim)
        raise Damaged("its bytes are not there")

    cold.verify = gone  # type: ignore[method-assign]
    assert Scrub(world.home, world.app).round() == 0
    assert told(world.home) == []


def test_an_empty_archive_costs_nothing(tmp_path: Path) -> None:
    world = World(open_driver("embedded", tmp_path / "home", VirtualClock()))
    assert Scrub(world.home, world.app).round() == 0
    assert not (tmp_path / "home" / "cold").exists()
