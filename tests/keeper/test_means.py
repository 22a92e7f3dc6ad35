"""What remedies do beside fleets: free the disk, shed load, ask for restores again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from billow.app import App
from billow.clock import VirtualClock
from billow.drivers.memory.cold import MemoryCold
from billow.drivers.memory.home import open_memory
from billow.flow.breakers import FIRST_REST, Breakers, note_failed, note_worked
from billow.flow.receivers import name_of
from billow.flow.retention import THAW
from billow.flow.stuck import LATE
from billow.home import Home
from billow.job import Failure, Status
from billow.keeper.breaking import Breaking
from billow.keeper.means import (
    FRESH,
    IN_A_ROW,
    SHED,
    FreeDisk,
    OpenBreaker,
    RetryThaws,
    ShedLoad,
)
from billow.keeper.shedding import Shedding
from billow.ops import controls
from billow.ops.action import Action
from billow.ports.cold import WAITS, Tier
from billow.ports.ledger import Counts, Failed
from billow.renditions.files import CACHE
from tests.chores.world import KEEP, World, make_app
from tests.contract.test_cold import DATA, info

FREE, SHEDDING, THAWS = Action("free disk"), Action("shed load"), Action("retry thaws")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return replace(open_memory(clock=VirtualClock()), folder=tmp_path)


def cached(folder: Path, number: int, size: int, used: float) -> Path:
    path = folder / CACHE / "photos" / f"{number % 100:02}" / str(number) / "small.webp"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (used, used))
    return path


def test_logs_of_earlier_runs_go_first(home: Home, tmp_path: Path) -> None:
    (tmp_path / "web.log.old").write_bytes(b"x" * 1000)
    (tmp_path / "web.log").write_bytes(b"x" * 10)
    kept = cached(tmp_path, 1, 10, 1.0)
    free = FreeDisk(home, tmp_path, lambda: 0.5)
    assert free.act(FREE, "disk", "95 %") == "1,000 bytes were freed"
    assert not (tmp_path / "web.log.old").exists()
    assert (tmp_path / "web.log").exists()
    assert kept.exists()


def test_renditions_go_if_that_is_not_enough_and_originals_never(
    home: Home, tmp_path: Path
) -> None:
    home.objects.put("photos", [b"original"], key="a")
    paths = [cached(tmp_path, number, 100, 1000.0 - number) for number in range(40)]
    fulls = iter([0.95, 0.9, 0.75])
    free = FreeDisk(home, tmp_path, lambda: next(fulls))
    told = free.act(FREE, "disk", "95 %")
    assert told == "3,200 bytes were freed, 3,200 of them of the cache of renditions"
    # Those used least are the last that were made here.
    assert [path.exists() for path in paths] == [number < 8 for number in range(40)]
    assert b"".join(home.objects.read("photos", "a")) == b"original"


@pytest.mark.parametrize(("full", "sign"), [(0.79, ""), (0.93, "the disk is 93% full")])
def test_the_disk_itself_is_the_second_sign(home: Home, full: float, sign: str) -> None:
    assert FreeDisk(home, Path(), lambda: full).look(FREE) == sign
    assert not FreeDisk(home, Path(), lambda: full).lift(FREE, "disk")


def report(**facts: object) -> dict[str, object]:
    servers = {"w1": {"draining": False, "out": 1, "limit": 4}}
    return {"waiting": 0, "refused": {}, "servers": servers, **facts}


@pytest.mark.parametrize(
    ("told", "sign"),
    [
        (report(), ""),
        (report(waiting=3), "3 requests wait"),
        (report(refused={"late": 1}), "requests were refused of late"),
        (report(servers={"w1": {"draining": False, "out": 4, "limit": 4}}), "4 of 4 places"),
        (report(servers={"w1": {"draining": True, "out": 4, "limit": 4}}), ""),
        (report(servers={}), ""),
    ],
)
def test_strain_is_what_the_front_says_itself(
    home: Home, told: dict[str, object], sign: str
) -> None:
    shedding = Shedding(home)
    assert shedding.strain() == ""
    shedding.hear(told)
    means = ShedLoad(home, shedding.strain)
    assert means.look(SHEDDING).startswith(sign)
    assert bool(means.look(SHEDDING)) == bool(sign)


def test_what_was_refused_is_a_sign_for_a_minute(home: Home) -> None:
    shedding = Shedding(home)
    shedding.hear(report(refused={"late": 1}))
    assert shedding.strain()
    home.clock.advance(60)  # type: ignore[attr-defined]
    shedding.hear(report(refused={"late": 1}))
    assert shedding.strain() == ""


def told(home: Home) -> list[tuple[str, str]]:
    return [(entry.kind, entry.reason) for entry in home.journal.read(kinds=["shed."])]


def lift(home: Home) -> None:
    assert ShedLoad(home, str).lift(SHEDDING, "slow")
    assert not ShedLoad(home, str).lift(SHEDDING, "slow")


def wait(home: Home) -> None:
    home.clock.advance(SHED)  # type: ignore[attr-defined]


def switch_off(home: Home) -> None:
    controls.set_mode(home.journal, "off")


@pytest.mark.parametrize("end", [lift, wait, switch_off])
def test_load_is_shed_until_the_alarm_is_over_or_long_enough_or_all_is_off(
    home: Home, end: Callable[[Home], None]
) -> None:
    shedding = Shedding(home)
    ShedLoad(home, str).act(SHEDDING, "slow", "9 s")
    for _ in range(2):
        shedding.look()
    assert shedding.on
    end(home)
    for _ in range(2):
        shedding.look()
    assert not shedding.on
    assert told(home) == [("shed.began", "9 s"), ("shed.ended", "all are let in again")]


def test_of_two_alarms_each_ends_its_own(home: Home) -> None:
    means, shedding = ShedLoad(home, str), Shedding(home)
    for alarm in ("slow", "errors"):
        means.act(SHEDDING, alarm, alarm)
    means.lift(SHEDDING, "slow")
    shedding.look()
    assert shedding.on
    assert controls.lift(home.journal)
    shedding.look()
    assert not shedding.on


class Archive:
    """A world whose files are archived, and were asked for."""

    def __init__(self, *, restores: bool = True) -> None:
        self.world = World(open_memory(clock=VirtualClock()), make_app(restores=restores))
        self.home = self.world.home
        self.world.complete()
        self.world.pass_time(KEEP)
        self.means = RetryThaws(self.home)

    def bury(self) -> None:
        """Have the jobs that bring the files end among the dead letters."""
        self.world.set_plan("premium")
        self.world.run()
        self.home.clock.advance(WAITS[Tier.EXPEDITED])  # type: ignore[attr-defined]
        leases = self.home.ledger.exchange(THAW, "w", [], 10, 60).leases
        failure = Failure("raised", "the disk is gone")
        now = self.home.clock.now()
        gone = [Failed(one.seq, one.token, failure, now, now) for one in leases]
        self.home.ledger.exchange(THAW, "w", gone, 0, 60)


def test_dead_restores_are_sent_round_again() -> None:
    archive = Archive()
    archive.bury()
    assert archive.means.look(THAWS) == "2 restores are among the dead letters"
    assert archive.means.act(THAWS, "restores", "2") == "2 restores were asked for again"
    assert archive.means.look(THAWS) == ""
    archive.world.run()
    assert archive.world.all_tiers() == {"hot"}


def test_files_that_no_job_brings_are_asked_for_again() -> None:
    archive = Archive(restores=False)
    archive.world.set_plan("premium")
    archive.world.run()
    for file in archive.world.files():
        archive.home.cold.ask(file.store, file.key, Tier.EXPEDITED)
    archive.home.clock.advance(WAITS[Tier.EXPEDITED] + LATE)  # type: ignore[attr-defined]
    assert archive.means.look(THAWS) == ""
    archive.home.clock.advance(1)  # type: ignore[attr-defined]
    assert archive.means.look(THAWS) == "2 files are overdue, and no job brings them"
    assert archive.means.act(THAWS, "restores", "2") == "2 restores were asked for again"
    assert archive.means.look(THAWS) == ""
    archive.world.run()
    assert archive.world.all_tiers() == {"hot"}


def test_a_damaged_copy_is_not_asked_for_again() -> None:
    archive = Archive()
    archive.bury()
    cold = archive.home.cold
    assert isinstance(cold, MemoryCold)
    for row in cold.rows.values():
        row.frozen = row.frozen._replace(damaged=1.0, ready=1.0)
    assert archive.means.look(THAWS) == ""
    assert archive.means.act(THAWS, "restores", "2") == "0 restores were asked for again"
    assert len(archive.home.ledger.find(function=THAW, status=Status.FAILED).jobs) == 2


def test_nothing_is_stuck_where_nothing_is_archived(home: Home) -> None:
    assert RetryThaws(home).look(THAWS) == ""
    home.cold.put(info(), [DATA])
    assert RetryThaws(home).look(THAWS) == ""


MAPS = Action("open breaker", "maps")


def fail(home: Home, times: int) -> None:
    for _ in range(times):
        note_failed(home, "maps", 1, "no answer")
        home.clock.advance(1)  # type: ignore[attr-defined]


def test_calls_that_fail_one_after_the_other_open_a_breaker(home: Home) -> None:
    means = OpenBreaker(home)
    assert means.look(MAPS) == ""
    fail(home, IN_A_ROW - 1)
    assert means.look(MAPS) == ""
    fail(home, 1)
    assert means.look(MAPS) == "5 calls failed in a row, and none worked since: no answer"
    assert means.act(MAPS, "locate errors", "80 %") == "the breaker of maps is open"
    assert [one.reason for one in Breakers(home).all()] == ["locate errors: 80 %"]
    assert means.look(MAPS) == ""
    assert means.act(MAPS, "locate errors", "80 %") == "the breaker of maps was open already"
    assert not means.lift(MAPS, "locate errors")
    assert len(Breakers(home).all()) == 1


@pytest.mark.parametrize("after", ["worked", "long ago"])
def test_what_works_or_has_not_failed_of_late_opens_none(home: Home, after: str) -> None:
    fail(home, IN_A_ROW)
    if after == "worked":
        note_worked(home, "maps")
    else:
        home.clock.advance(FRESH)  # type: ignore[attr-defined]
    assert OpenBreaker(home).look(MAPS) == ""


def nothing() -> None:
    """Nothing."""


def test_jobs_that_are_kept_back_are_no_reason_for_workers(home: Home) -> None:
    app = App("shop")
    locate = app.function(calls="maps", name="locate")(nothing)
    count = app.function(name="count")(nothing)
    breaking, counts = Breaking(home, ["maps"]), Counts(visible=7, delayed=1, oldest=50.0)
    breaking.look()
    assert breaking.seen(locate, counts) == counts
    Breakers(home).open("maps", "down")
    home.clock.advance(1)  # type: ignore[attr-defined]
    breaking.look()
    assert breaking.seen(locate, counts) == Counts(visible=0, delayed=8)
    assert breaking.seen(count, counts) == counts
    assert breaking.seen(locate, None) is None
    home.clock.advance(FIRST_REST)  # type: ignore[attr-defined]
    assert breaking.seen(locate, counts) == Counts(visible=1, delayed=7, oldest=50.0)
    measured = {one.name: one.summary.high for one in home.recorder.take()}
    assert (measured["breaker.open"], measured["breaker.maps.open"]) == (1, 1)


def test_breakers_of_endpoints_are_counted_apart(home: Home) -> None:
    Breakers(home).open("maps", "down")
    Breakers(home).open(name_of("hooks.example.org", "e1"), "down")
    Breaking(home, ["maps"]).look()
    measured = {one.name: one.summary.high for one in home.recorder.take()}
    assert (measured["breaker.open"], measured["breaker.webhooks.open"]) == (1, 1)
