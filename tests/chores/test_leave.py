"""What is left of somebody whose account is deleted: nothing, whatever happens meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.accounts.admin import OPERATOR
from billow.accounts.opening import open_accounts
from billow.chores import leave as chore
from billow.clock import VirtualClock
from billow.errors import Conflict
from billow.flow.archive import archive
from billow.flow.leave import LEAVE, SETTLED
from billow.home import Home
from billow.ports.accounts import Account
from billow.ports.ledger import Submission
from billow.ports.objects import ObjectInfo
from billow.ports.uploads import MIN_PART
from billow.webhooks.endpoints import Webhooks
from tests.chores.world import KEEP, OWNER, Stopped, World
from tests.contract.homes import DRIVERS, open_driver

BEN = Account("ben", "ben@x.example", "ben@x.example", "", None, "", "user", 1.0, 0.0)
#: Where the removal can be stopped.
POINTS = [
    "leave: cancelled",
    "leave: jobs forgotten",
    "leave: archive emptied",
    "leave: files removed",
]


@pytest.fixture(params=DRIVERS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """One customer with work in every state, and another one."""
    made = World(open_driver(request.param, tmp_path / "home", VirtualClock()))
    home = made.home
    home.accounts.change(lambda books: books.accounts.put(BEN))
    made.complete()
    made.complete("ben")
    made.pass_time(KEEP)  # those are archived
    made.complete()
    made.complete("ben")
    for owner in (OWNER, "ben"):
        home.objects.put("gas-annotate-uploads", [b"##fileformat"], owner=owner)
        home.uploads.create("s", f"{owner}.vcf", size=10, part_size=MIN_PART, owner=owner)
        Webhooks(home).add(owner, "https://hooks.example.org/")
        home.ledger.submit(
            [Submission("annotate", owner=owner, key=f"k{n}", delay=9e9) for n in range(2)]
        )
    return made


def remains(home: Home, owner: str) -> dict[str, int]:
    """All that there is of somebody."""
    cold = [each for each in home.cold.list("gas-results", limit=1000) if each.owner == owner]
    return {
        "jobs": len(home.ledger.find(owner=owner, limit=1000).jobs),
        "keys": sum(home.ledger.find_key(owner, f"k{n}") is not None for n in range(2)),
        "files": len(home.objects.owned(owner)),
        "archived": len(cold),
        "uploads": len(home.uploads.unfinished(owner)),
        "webhooks": len(Webhooks(home).all(owner)),
    }


NOTHING = dict.fromkeys(("jobs", "keys", "files", "archived", "uploads", "webhooks"), 0)


def delete(world: World) -> None:
    open_accounts(world.home, world.app).admin.delete(OPERATOR, OWNER)


def said(home: Home) -> list[str]:
    log = home.accounts.look(lambda books: books.audit.find(subject=OWNER))
    return [entry.detail for entry in log if entry.action == chore.REMOVED]


def test_everything_goes_and_nothing_of_anybody_else(world: World) -> None:
    before = remains(world.home, "ben")
    assert remains(world.home, OWNER) == before
    assert all(before.values())
    delete(world)
    world.run()
    assert remains(world.home, OWNER) == NOTHING
    assert remains(world.home, "ben") == before
    assert len(said(world.home)) == 1
    assert '"archived":2' in said(world.home)[0]
    totals = world.home.ledger.totals()
    assert sum(n for (function, _), n in totals.items() if function == "annotate") == 4
    world.clock.sleep(SETTLED)
    world.run()
    assert len(said(world.home)) == 1
    assert world.home.ledger.find(dead=True).jobs == []


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_between_any_two_steps_is_made_good(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    stops = [point]

    def stop_once(passed: str) -> None:
        if stops and passed == stops[0]:
            stops.clear()
            raise Stopped(passed)

    monkeypatch.setattr(chore, "passed", stop_once)
    delete(world)
    world.run()
    assert not stops
    assert remains(world.home, OWNER) != NOTHING
    world.pass_time(60)
    assert remains(world.home, OWNER) == NOTHING
    assert len(said(world.home)) == 1


def test_what_a_worker_was_at_is_not_recorded_any_more(world: World) -> None:
    ledger = world.home.ledger
    [running] = ledger.submit([Submission("annotate", owner=OWNER)])
    [lease] = ledger.exchange("annotate", "w1", [], 1, 60.0).leases
    assert lease.id == running.id
    delete(world)
    world.run()
    assert ledger.get(running.id) is None
    assert ledger.held([(lease.seq, lease.token)]) == [False]


def test_what_arrives_afterwards_goes_too(world: World) -> None:
    """An archiver that had read the file makes its copy when everything is gone."""
    job = world.jobs[-2]
    file = next(iter(job.files.values()))
    info = world.home.objects.head(file.store, file.key)
    assert isinstance(info, ObjectInfo)
    data = b"".join(world.home.objects.read(file.store, file.key))
    delete(world)
    world.run()
    world.home.cold.put(info, [data])
    world.home.objects.put("s", [b"late"], owner=OWNER)
    world.clock.sleep(SETTLED)
    world.run()
    assert remains(world.home, OWNER) == NOTHING
    assert len(said(world.home)) == 2


def test_archiving_what_is_gone_is_nothing(world: World) -> None:
    job = world.jobs[-2]
    delete(world)
    world.run()
    assert archive(world.home, world.app, job.id).value == {"nothing": "the job has no files"}


def test_who_has_not_left_loses_nothing(world: World) -> None:
    before = remains(world.home, "ben")
    with pytest.raises(Conflict):
        chore.leave(world.home, world.app, "ben", again=False)
    assert remains(world.home, "ben") == before


def test_the_job_is_accepted_with_the_deletion(world: World) -> None:
    assert world.home.ledger.find(function=LEAVE).jobs == []
    delete(world)
    [job] = world.home.ledger.find(function=LEAVE).jobs
    assert job.args == {"owner": OWNER, "again": False}


def test_the_app_removes_what_it_has_itself(world: World) -> None:
    asked: list[str] = []

    @world.app.left
    def forget(owner: str) -> None:
        asked.append(owner)
        if len(asked) == 1:
            raise Conflict("not now")

    delete(world)
    world.run()
    for _ in range(2):
        world.pass_time(SETTLED)
        world.run()
    assert set(asked) == {OWNER}
    assert len(asked) >= 3
