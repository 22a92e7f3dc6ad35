"""The life of a result: kept, archived, restored, whatever stops in between."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import billow
from billow.drivers.memory.cold import MemoryCold
from billow.flow.client import Client
from billow.flow.retention import ARCHIVE, PLAN, THAW, jobs_with_files, plan_changed, standing
from billow.flow.whereabouts import FileState, whereabouts
from billow.home import Home
from billow.job import Status
from billow.ports.cold import WAITS, Tier
from billow.testing import memory_home
from tests.chores.world import KEEP, MINUTE, OWNER, POINTS, World, at_each_point, make_app, stop_at


@pytest.fixture
def world() -> World:
    return World(memory_home())


def states(world: World) -> set[FileState]:
    return {whereabouts(world.home, file).state for file in world.files()}


def kinds(world: World) -> list[str]:
    return [entry.kind for entry in world.home.journal.read(limit=1000)]


def test_on_the_free_plan_files_are_archived_when_their_time_has_come(world: World) -> None:
    world.complete()
    world.pass_time(KEEP - 1)
    assert world.all_tiers() == {"hot"}
    world.pass_time(1)
    assert world.all_tiers() == {"cold"}
    assert states(world) == {FileState.COLD}
    assert "files.archived" in kinds(world)


def test_on_the_premium_plan_files_stay(world: World) -> None:
    world.set_plan("premium")
    world.complete()
    world.pass_time(3 * KEEP)
    assert world.all_tiers() == {"hot"}
    assert world.home.ledger.totals().get((ARCHIVE, Status.COMPLETED)) is None


def test_who_upgraded_meanwhile_is_not_archived(world: World) -> None:
    world.complete()
    world.pass_time(KEEP - 60)
    world.set_plan("premium")
    world.pass_time(2 * KEEP)
    assert world.all_tiers() == {"hot"}
    [archiving] = world.home.ledger.find(function=ARCHIVE).jobs
    assert archiving.result == {"kept": "premium"}


def test_an_upgrade_restores_everything(world: World) -> None:
    for _ in range(3):
        world.complete()
    world.pass_time(KEEP)
    assert world.all_tiers() == {"cold"}
    world.set_plan("premium")
    world.run()
    assert states(world) == {FileState.RESTORING}
    [file, *_] = world.files()
    assert whereabouts(world.home, file).ready == world.clock.now() + WAITS[Tier.EXPEDITED]
    world.pass_time(WAITS[Tier.EXPEDITED])
    assert world.all_tiers() == {"hot"}
    assert states(world) == {FileState.HOT}
    assert kinds(world).count("files.restored") == 6
    told = [json.loads(m.body) for m in world.home.queues.receive("gas-restored", 10)]
    assert {each["key"] for each in told} == {file.key for file in world.files()}
    assert {(each["owner"], each["store"]) for each in told} == {(OWNER, "gas-results")}


def test_a_restored_file_is_what_it_was(world: World) -> None:
    job = world.complete()
    before = [world.home.objects.head(file.store, file.key) for file in world.files()]
    world.pass_time(KEEP)
    world.set_plan("premium")
    world.pass_time(KEEP)
    for file, old in zip(job.files.values(), before, strict=True):
        new = world.home.objects.head(file.store, file.key)
        assert old is not None
        assert new is not None
        assert (new.name, new.type, new.owner) == (old.name, old.type, old.owner)
        assert (new.size, new.sha256) == (old.size, old.sha256)


def test_nobody_can_use_up_the_keys_of_chores(world: World) -> None:
    client = Client(world.home, world.app)
    accepted = client.submit("annotate", name="a.vcf", owner=OWNER, delay=1)
    for key in (f"archive:{accepted.id}:1", "plan:event1"):
        client.submit("annotate", key=key, owner=OWNER, delay=10 * KEEP)
    world.pass_time(1)
    world.jobs.append(client.job(accepted.id))
    world.pass_time(KEEP)
    assert world.all_tiers() == {"cold"}
    world.set_plan("premium")
    world.pass_time(KEEP)
    assert world.all_tiers() == {"hot"}


def test_chores_are_the_services_own_jobs(world: World) -> None:
    world.complete()
    world.set_plan("premium")
    world.pass_time(KEEP)
    mine = world.home.ledger.find(owner=OWNER).jobs
    assert {job.function for job in mine} == {"annotate"}


def test_others_are_not_restored(world: World) -> None:
    mine, other = world.complete(), world.complete("ben")
    world.pass_time(KEEP)
    world.set_plan("premium")
    world.pass_time(KEEP)
    assert {world.tiers(file) for file in mine.files.values()} == {"hot"}
    assert {world.tiers(file) for file in other.files.values()} == {"cold"}


def test_without_a_handler_nothing_is_restored() -> None:
    world = World(memory_home(), make_app(restores=False))
    world.complete()
    world.pass_time(KEEP)
    world.set_plan("premium")
    world.pass_time(KEEP)
    assert world.all_tiers() == {"cold"}


def test_a_downgrade_gives_the_full_time_anew(world: World) -> None:
    world.set_plan("premium")
    world.complete()
    world.pass_time(2 * KEEP)
    world.set_plan("free")
    world.pass_time(KEEP - 1)
    assert world.all_tiers() == {"hot"}
    world.pass_time(1)
    assert world.all_tiers() == {"cold"}


def test_up_and_down_again_gives_the_full_time_anew(world: World) -> None:
    world.complete()
    world.pass_time(10 * MINUTE)
    world.set_plan("premium")
    world.pass_time(10 * MINUTE)
    world.set_plan("free")
    world.pass_time(KEEP - 1)
    assert world.all_tiers() == {"hot"}
    world.pass_time(1)
    assert world.all_tiers() == {"cold"}


def test_a_job_that_completes_around_a_downgrade_is_archived_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its plan was looked up before the downgrade, its outcome recorded after."""
    world.set_plan("premium")
    world.run()
    monkeypatch.setattr("billow.chores.plan.jobs_with_files", lambda *_: [])
    world.complete()
    world.set_plan("free")
    world.run()
    monkeypatch.undo()
    world.pass_time(KEEP + 5 * MINUTE)
    assert world.all_tiers() == {"hot"}
    world.pass_time(10 * MINUTE)
    assert world.all_tiers() == {"cold"}


def test_a_downgrade_while_files_are_being_restored_archives_them_again(world: World) -> None:
    world.complete()
    world.pass_time(KEEP)
    world.set_plan("premium")
    world.run()
    world.set_plan("free")
    world.pass_time(KEEP - 1)
    assert world.all_tiers() == {"hot"}
    world.pass_time(KEEP)
    assert world.all_tiers() == {"cold"}


def test_a_plan_may_delete() -> None:
    world = World(memory_home(), make_app(then="delete"))
    world.complete()
    world.pass_time(KEEP)
    assert world.all_tiers() == {"neither"}
    assert states(world) == {FileState.GONE}
    assert kinds(world) == ["files.deleted"]


def test_an_app_without_plans_keeps_everything() -> None:
    app = billow.App("plain")

    @app.function()
    def annotate(text: str) -> billow.Outputs:
        return billow.Outputs({".txt": text})

    world = World(memory_home(), app)
    world.complete()
    assert world.home.ledger.next_due(ARCHIVE) is None
    assert standing(world.home, app, OWNER) is None


def test_a_plan_that_is_not_declared_any_more_takes_nothing_away(world: World) -> None:
    world.complete()
    world.set_plan("gold")
    world.pass_time(2 * KEEP)
    assert world.all_tiers() == {"hot"}


def test_time_passes_faster_at_speed() -> None:
    world = World(replace(memory_home(), speed=60.0))
    world.complete()
    world.pass_time(29, step=1)
    assert world.all_tiers() == {"hot"}
    world.pass_time(1, step=1)
    assert world.all_tiers() == {"cold"}
    world.set_plan("premium")
    world.pass_time(3, step=1)
    assert world.all_tiers() == {"hot"}


def test_when_the_fast_lane_is_full_the_slow_one_is_taken(world: World) -> None:
    cold = world.home.cold
    assert isinstance(cold, MemoryCold)
    cold._expedited = 1
    world.complete()
    world.pass_time(KEEP)
    world.set_plan("premium")
    world.pass_time(WAITS[Tier.EXPEDITED])
    assert world.all_tiers() == {"hot", "cold"}
    world.pass_time(WAITS[Tier.STANDARD], step=600)
    assert world.all_tiers() == {"hot"}


def test_the_same_event_counts_once(world: World) -> None:
    world.complete()
    for _ in range(3):
        plan_changed(world.home, OWNER, "free", "premium", "e1")
    assert len(world.home.ledger.find(function=PLAN).jobs) == 1


def test_an_overtaken_change_has_no_consequences(world: World) -> None:
    world.complete()
    world.pass_time(KEEP)
    world.set_plan("premium")
    world.set_plan("free")
    world.run()
    assert world.home.ledger.find(function=THAW).jobs == []
    assert world.all_tiers() == {"cold"}


def test_jobs_with_files_are_found_each_once(world: World) -> None:
    made = [world.complete().id for _ in range(3)]
    world.complete("ana2")
    assert sorted(jobs_with_files(world.home, world.app, OWNER)) == sorted(made)


# Stopped at every point


@pytest.mark.parametrize("point", POINTS)
def test_whatever_is_stopped_nothing_is_lost_and_all_ends_well(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    world.complete()
    seen = stop_at(monkeypatch, point)
    world.pass_time(KEEP)
    assert "neither" not in world.all_tiers()
    world.set_plan("premium")
    world.pass_time(WAITS[Tier.EXPEDITED])
    assert "neither" not in world.all_tiers()
    assert point in seen
    monkeypatch.undo()
    world.redrive()
    world.pass_time(10 * MINUTE)
    assert world.all_tiers() == {"hot"}


@pytest.mark.parametrize("point", POINTS[:4])
def test_a_stopped_archiver_is_continued(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    world.complete()
    stop_at(monkeypatch, point)
    world.pass_time(KEEP)
    assert "neither" not in world.all_tiers()
    assert world.all_tiers() != {"cold"} or point == "archive: deleted"
    monkeypatch.undo()
    world.pass_time(MINUTE)
    assert world.all_tiers() == {"cold"}


@pytest.mark.parametrize("point", POINTS[:4])
@pytest.mark.parametrize("restores", [True, False])
def test_an_upgrade_during_archiving_ends_thawed(
    monkeypatch: pytest.MonkeyPatch, point: str, restores: bool
) -> None:
    world = World(memory_home(), make_app(restores=restores))
    world.complete()
    done: list[str] = []

    def upgrade(here: str) -> None:
        if here == point and not done:
            done.append(here)
            world.set_plan("premium")
            world.run()

    at_each_point(monkeypatch, upgrade)
    world.pass_time(KEEP)
    assert done == [point]
    world.pass_time(10 * MINUTE)
    assert world.all_tiers() == {"hot"}


def test_a_file_that_is_nowhere_is_reported(world: World) -> None:
    job = world.complete()
    file = job.files[".annot.vcf"]
    world.home.objects.delete(file.store, file.key)
    world.pass_time(KEEP + 30 * MINUTE)
    [dead] = world.home.ledger.find(dead=True).jobs
    assert dead.failure is not None
    assert "in neither tier" in dead.failure.message
    assert "files.missing" in kinds(world)


# Damage


def spoil(home: Home) -> None:
    cold = home.cold
    assert isinstance(cold, MemoryCold)
    for row in cold.rows.values():
        row.packed = row.packed[:-1] + bytes([row.packed[-1] ^ 1])


def test_a_damaged_copy_is_reported_and_never_served(world: World) -> None:
    world.complete()
    world.pass_time(KEEP)
    spoil(world.home)
    world.set_plan("premium")
    world.pass_time(KEEP)
    assert states(world) == {FileState.DAMAGED}
    assert not any(world.hot(file) for file in world.files())
    assert kinds(world).count("cold.damaged") == 2
    alarms = world.home.journal.read(kinds=["alarm."], limit=100)
    assert {alarm.subject for alarm in alarms} == {"archive"}
    assert len(world.home.ledger.find(dead=True).jobs) == 2
    assert world.home.queues.receive("gas-restored", 10) == []


def test_a_copy_that_is_damaged_at_once_is_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.complete()
    spoiled: list[str] = []

    def act(point: str) -> None:
        if point == "archive: copied" and not spoiled:
            spoiled.append(point)
            spoil(world.home)

    at_each_point(monkeypatch, act)
    world.pass_time(KEEP)
    assert world.all_tiers() == {"hot"}
    world.pass_time(MINUTE)
    assert world.all_tiers() == {"cold"}
    assert "cold.damaged" in kinds(world)
