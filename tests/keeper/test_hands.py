"""What remedies do to fleets, by way of the keeper's own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import pytest

from billow.app import App
from billow.errors import NotFound
from billow.fleet.fixed import Fixed
from billow.keeper.hands import Hands
from billow.keeper.operations import is_maintained
from billow.ops.action import Action
from billow.ops.incidents.desk import Desk
from billow.ops.remedies.guard import Evidence
from billow.options import Fleet
from billow.ports.incidents import Mute
from billow.ports.ledger import Submission
from billow.testing import memory_home
from tests.fleet.simulation import SimulatedFleet

T = TypeVar("T")


@contextmanager
def serving(hands: Hands) -> Iterator[None]:
    """A thread that does what the keeper's does."""
    over = threading.Event()

    def serve() -> None:
        while not over.wait(0.001):
            hands.serve()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


class Noted:
    """Means that only tell."""

    def look(self, action: Action) -> str:
        return "much comes in"

    def act(self, action: Action, alarm: str, reason: str) -> str:
        return f"shed for {alarm}: {reason}"

    def lift(self, action: Action, alarm: str) -> bool:
        return alarm == "slow"


class Scene:
    """A fleet of three with hands on it."""

    def __init__(self) -> None:
        self.fleet = SimulatedFleet(Fleet(min=3, max=4, scale=Fixed(3)))
        self.home = memory_home(clock=self.fleet.clock)
        self.means = Noted()
        self.hands = Hands(
            self.home, lambda: {"f": self.fleet.controller}, {"shed load": self.means}
        )
        self.fleet.run(3)

    def tell(self, **facts: object) -> str:
        """Let the first worker say something of itself."""
        name = next(iter(self.fleet.machines.machines))
        now = self.fleet.clock.now()
        for id_, machine in self.fleet.machines.machines.items():
            self.fleet.machines.machines[id_] = replace(machine, heard=now, rss=1000)
        told = replace(self.fleet.machines.machines[name], **facts)  # type: ignore[arg-type]
        self.fleet.machines.machines[name] = told
        return name

    def do(self, work: Callable[[], T]) -> T:
        with serving(self.hands):
            return work()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_silent_worker_is_sick_and_replaced(scene: Scene) -> None:
    action = Action("restart", "f")
    name = scene.tell(heard=scene.fleet.clock.now() - 30)
    seen = scene.do(lambda: scene.hands.look(action))
    assert (seen.member, seen.sign) == (name, f"{name} has been silent for 30 s")
    assert seen.pool is not None
    assert (len(seen.pool.members), seen.pool.least) == (3, 3)
    told = scene.do(lambda: scene.hands.act(action, seen, "busy", "slow"))
    assert told == f"{name} is drained and replaced"
    scene.fleet.run(2)
    assert name not in scene.fleet.machines.machines
    assert len(scene.fleet.machines.machines) == 3


def test_no_worker_is_sick(scene: Scene) -> None:
    scene.tell()
    seen = scene.do(lambda: scene.hands.look(Action("restart", "f")))
    assert (seen.sign, seen.member) == ("", "")


def test_the_largest_worker_is_recycled(scene: Scene) -> None:
    name = scene.tell(rss=5 * 1024 * 1024)
    seen = scene.do(lambda: scene.hands.look(Action("recycle", "f")))
    assert seen.sign == f"{name} says that it holds 5.0 MiB"
    assert seen.pool is not None
    assert seen.pool.least == 0
    scene.fleet.machines.boot = 3
    told = scene.do(lambda: scene.hands.act(Action("recycle", "f"), seen, "leak", "leaks"))
    assert told == f"{name} leaves once another is in service"
    scene.fleet.run(2)
    assert name in scene.fleet.machines.machines
    scene.fleet.run(5)
    assert name not in scene.fleet.machines.machines
    assert len(scene.fleet.machines.machines) == 3


def test_a_worker_that_left_meanwhile_is_not_replaced(scene: Scene) -> None:
    with pytest.raises(NotFound, match="has left already"):
        scene.do(lambda: scene.hands.act(Action("restart", "f"), Evidence(0, "", "gone"), "a", ""))
    with pytest.raises(NotFound, match="no fleet 'g'; there are: f"):
        scene.do(lambda: scene.hands.look(Action("restart", "g")))


def test_one_more_worker_within_the_bounds(scene: Scene) -> None:
    scene.fleet.burst(20)
    scene.fleet.run(1)
    action = Action("scale out", "f")
    seen = scene.do(lambda: scene.hands.look(action))
    assert "jobs wait for 3 workers" in seen.sign
    assert scene.do(lambda: scene.hands.act(action, seen, "busy", "slow")) == "4 workers are wanted"
    assert scene.do(lambda: scene.hands.look(action)).sign == ""


def test_jobs_of_workers_that_are_gone_are_given_back(scene: Scene) -> None:
    ledger = scene.home.ledger
    ledger.submit([Submission("f"), Submission("f")])
    here = scene.tell()
    ledger.exchange("f", "f-gone", [], 1, 3600)
    ledger.exchange("f", here, [], 1, 3600)
    action = Action("requeue", "f")
    seen = scene.do(lambda: scene.hands.look(action))
    assert seen.sign == "1 jobs are held by workers that left"
    assert (
        scene.do(lambda: scene.hands.act(action, seen, "backlog", "stuck"))
        == "1 jobs were given back"
    )
    assert ledger.counts("f").visible == 1


def test_what_takes_no_member_has_means_of_its_own(scene: Scene) -> None:
    action = Action("shed load")
    seen = scene.hands.look(action)
    assert (seen.at, seen.sign) == (scene.fleet.clock.now(), "much comes in")
    assert scene.hands.act(action, seen, "slow", "5 s") == "shed for slow: 5 s"
    assert scene.hands.lift(action, "slow")
    assert not scene.hands.lift(Action("free disk"), "slow")


def test_maintenance_is_what_the_pagers_windows_say(scene: Scene) -> None:
    desk = Desk(scene.home, App("shop"))
    now = scene.fleet.clock.now()
    mute = Mute("m", "maintenance", '{"service": "shop"}', now - 5, now + 5, "", "", now)
    desk.change(lambda room: room.books.mutes.put(mute))
    assert is_maintained(desk, "shop")
    assert not is_maintained(desk, "other")
    scene.fleet.clock.advance(5)
    assert not is_maintained(desk, "shop")
