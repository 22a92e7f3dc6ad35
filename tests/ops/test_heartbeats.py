"""Heartbeats, in virtual time; and the auditor."""

from __future__ import annotations

import pytest

from billow.errors import BadInput, Conflict, NotFound
from billow.ops.incidents import heartbeats
from billow.ops.pager.audit import audit
from billow.ports.incidents import Heartbeat
from tests.ops.world import World

MIN = 60.0


def expecting(every: float = 10 * MIN) -> World:
    world = World()
    made = Heartbeat("backup", "hash", "shop", "error", every, world.clock.now())
    world.desk.change(lambda room: heartbeats.add(room, made))
    return world


def beat(world: World) -> None:
    world.desk.change(lambda room: heartbeats.beat(room, "hash"))
    world.work()


def test_a_heartbeat_that_does_not_come_opens_an_incident_and_the_next_ends_it() -> None:
    world = expecting()
    world.pass_time(9 * MIN)
    beat(world)
    world.pass_time(10 * MIN - 1)
    assert world.desk.latest() == []
    world.pass_time(1)
    [incident] = world.desk.open()
    assert incident.summary == "no heartbeat of backup for 10 min"
    assert world.pages() == [(19 * MIN, "ana")]
    beat(world)
    assert world.state() == "resolved"
    assert world.wire.people("resolved") == ["ana"]


def test_one_that_never_came_is_missed_too() -> None:
    world = expecting()
    world.pass_time(10 * MIN)
    assert len(world.desk.open()) == 1


def test_one_that_is_removed_is_not_missed() -> None:
    world = expecting()
    world.desk.change(lambda room: heartbeats.remove(room, "backup"))
    world.pass_time(20 * MIN)
    assert world.desk.latest() == []
    with pytest.raises(NotFound):
        beat(world)


def test_what_cannot_be_is_refused() -> None:
    world = expecting()
    again = Heartbeat("backup", "other", "shop", "error", 60.0, 0.0)
    with pytest.raises(Conflict):
        world.desk.change(lambda room: heartbeats.add(room, again))
    for wrong in (again._replace(name="x", every=1.0), again._replace(name="x", severity="bad")):
        with pytest.raises(BadInput):
            world.desk.change(lambda room, made=wrong: heartbeats.add(room, made))  # type: ignore[misc]


def test_the_auditor_finds_and_mends_an_incident_that_nothing_would_happen_to() -> None:
    world = World()
    world.trigger()
    world.home.incidents.change(lambda books: books.timers.remove("1/page"))
    found = world.desk.change(audit)
    assert [each.kind for each in found] == ["lost"]
    assert world.desk.change(audit) == []
    assert "mended" in world.log()


def test_the_auditor_finds_what_is_late() -> None:
    world = World()
    world.desk.trigger("shop", "k", "slow", "error", "alarm", {})
    world.clock.advance(61)
    assert [each.kind for each in world.desk.change(audit)] == ["late"]


def test_the_auditor_finds_a_message_that_is_neither_sent_nor_failed() -> None:
    world = World()
    world.desk.trigger("shop", "k", "slow", "error", "alarm", {})
    world.loop.fire()
    world.loop._claim()
    world.pass_time(0)
    world.clock.advance(361)
    assert "unsent" in [each.kind for each in world.desk.change(audit)]
