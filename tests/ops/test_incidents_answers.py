"""What people answer to an incident, and what comes back."""

from __future__ import annotations

import pytest

import billow
from billow.errors import BadInput, Conflict, NotFound
from billow.ops.incidents.room import has
from tests.ops.world import ROTA, World

MIN, HOUR = 60.0, 3600.0


def test_an_acknowledgement_takes_back_what_waits_for_everyone() -> None:
    world = World(billow.Page(ROTA, levels=[("everyone", 300)]))
    world.add("ben", "sms", wait=60)
    world.trigger()
    world.desk.acknowledge(1, "ana")
    world.pass_time(10 * MIN)
    assert "ben" not in world.counts()
    assert world.state() == "acked"


def test_acknowledging_twice_or_too_late_changes_nothing() -> None:
    world = World()
    world.trigger()
    first = world.desk.acknowledge(1, "ana")
    assert world.desk.acknowledge(1, "ben") == first
    world.resolve()
    ended = world.desk.get(1)
    assert world.desk.acknowledge(1, "ben") == ended
    with pytest.raises(NotFound):
        world.desk.acknowledge(9, "ana")


def test_a_forgotten_acknowledgement_pages_the_acker_and_whoever_is_on_call() -> None:
    world = World()
    world.trigger()
    world.desk.acknowledge(1, "cho")
    world.pass_time(30 * MIN)
    assert world.state() == "triggered"
    assert sorted(world.pages()) == [(0.0, "ana"), (1800.0, "ana"), (1800.0, "cho")]
    assert "forgotten" in world.log()


def test_several_people_must_each_answer_if_the_policy_says_so() -> None:
    world = World(billow.Page(ROTA, levels=[("everyone", 300)], all_answer=True))
    world.trigger()
    world.desk.acknowledge(1, "ana")
    world.desk.acknowledge(1, "ben")
    assert world.state() == "triggered"
    world.desk.acknowledge(1, "cho")
    assert (world.state(), world.desk.get(1).acked_by) == ("acked", "ana,ben,cho")


def test_resolving_tells_those_who_were_paged_and_nobody_else() -> None:
    world = World()
    world.trigger()
    world.pass_time(5 * MIN)
    world.resolve()
    world.pass_time(HOUR)
    assert sorted(world.wire.people("resolved")) == ["ana", "ben"]
    assert world.counts() == {"ana": 1, "ben": 1}


def test_resolving_an_unknown_key_does_nothing() -> None:
    world = World()
    assert world.resolve("never heard of") is None
    world.trigger()
    world.resolve()
    assert world.resolve() is None
    assert world.log().count("resolved") == 1


def test_a_person_may_resolve() -> None:
    world = World()
    world.trigger()
    world.desk.close(1, "ben")
    assert world.state() == "resolved"
    assert world.desk.close(1, "cho") == world.desk.get(1)


def test_a_snoozed_incident_pages_nobody_and_begins_anew() -> None:
    world = World()
    world.trigger()
    world.desk.snooze(1, HOUR, "ana")
    world.trigger()
    world.pass_time(HOUR - 1)
    assert world.counts() == {"ana": 1}
    world.pass_time(1)
    assert world.pages()[-1] == (HOUR, "ana")
    world.resolve()
    with pytest.raises(Conflict):
        world.desk.snooze(1, HOUR, "ana")


def test_notes_are_written_down() -> None:
    world = World()
    world.trigger()
    world.desk.note(1, "  the disk is full ", "ana")
    note = world.desk.events(1)[-1]
    assert (note.kind, note.who, note.text) == ("note", "ana", "the disk is full")
    with pytest.raises(BadInput):
        world.desk.note(1, "  ", "ana")


def test_what_comes_back_soon_is_the_same_incident() -> None:
    world = World()
    world.trigger()
    world.resolve()
    world.pass_time(5 * MIN - 1)
    assert world.trigger().number == 1
    assert world.counts() == {"ana": 2}
    assert "reopened" in world.log()


def test_what_comes_back_later_is_a_new_incident() -> None:
    world = World()
    world.trigger()
    world.resolve()
    world.pass_time(5 * MIN)
    assert world.trigger().number == 2


def test_what_comes_and_goes_stays_open_until_it_is_calm_and_pages_no_more() -> None:
    world = World()
    for _ in range(2):
        world.trigger()
        world.resolve()
    assert has(world.desk.get(1), "flapping")
    assert world.state() == "triggered"
    pages = len(world.pages())
    world.desk.acknowledge(1, "ana")
    for _ in range(10):
        world.trigger()
        world.pass_time(MIN)
        world.resolve()
        world.pass_time(MIN)
    assert len(world.pages()) == pages
    world.pass_time(14 * MIN)
    assert world.state() == "resolved"
    assert not has(world.desk.get(1), "flapping")


def test_flapping_that_ends_in_trouble_is_trouble() -> None:
    world = World()
    for _ in range(2):
        world.trigger()
        world.resolve()
    world.trigger()
    world.pass_time(15 * MIN)
    assert world.state() == "triggered"
    assert not has(world.desk.get(1), "flapping")
    assert "steady" in world.log()
