"""Incidents that page nobody for a while: silences, maintenance, worse incidents."""

from __future__ import annotations

import billow
from billow.ops.pager.roster import Roster
from billow.ports.incidents import Mute
from tests.ops.world import ROTA, World

MIN, HOUR = 60.0, 3600.0


def muted(world: World, start: float, end: float, kind: str = "silence", **match: str) -> Mute:
    now = world.clock.now()
    return Roster(world.home).add_mute(kind, match, now + start, now + end, "", "ana")


def test_a_silenced_incident_is_seen_and_pages_when_the_silence_ends() -> None:
    world = World()
    muted(world, 0, HOUR, severity="err*")
    world.trigger()
    assert world.desk.get(1).muted.startswith("silence")
    world.pass_time(HOUR)
    assert world.pages() == []
    world.pass_time(MIN)
    assert world.pages() == [(HOUR + MIN, "ana")]
    assert world.desk.get(1).muted == ""


def test_a_silence_that_does_not_match_silences_nothing() -> None:
    world = World()
    muted(world, 0, HOUR, service="other")
    muted(world, 0, HOUR, host="web-?")
    world.trigger("a")
    assert world.counts() == {"ana": 1}
    world.trigger("b", host="web-1")
    assert world.counts() == {"ana": 1}


def test_a_silence_that_is_ended_early_pages_at_once() -> None:
    world = World()
    mute = muted(world, 0, HOUR)
    world.trigger()
    world.pass_time(MIN)
    Roster(world.home).end_mute(mute.id)
    world.work()
    assert world.pages() == [(MIN, "ana")]


def test_two_silences_count_as_long_as_either_lasts() -> None:
    world = World()
    muted(world, 0, 10 * MIN)
    muted(world, 0, 30 * MIN)
    world.trigger()
    world.pass_time(31 * MIN)
    assert world.pages() == [(31 * MIN, "ana")]


def test_maintenance_that_begins_during_an_incident_stops_the_climb() -> None:
    world = World()
    world.trigger()
    muted(world, MIN, HOUR, "maintenance")
    world.pass_time(HOUR)
    assert world.counts() == {"ana": 1}
    world.pass_time(MIN)
    assert world.pages()[-1] == (HOUR + MIN, "ana")


def test_the_end_of_maintenance_makes_no_storm() -> None:
    world = World(billow.Page(ROTA, levels=[("ana", "1 h")]))
    world.add("ana", "mail")
    muted(world, 0, HOUR, "maintenance")
    for number in range(20):
        world.trigger(f"k{number}", severity="critical")
    world.pass_time(HOUR + 30)
    for number in range(10):
        world.resolve(f"k{number}")
    world.pass_time(10 * MIN)
    parcels = [parcel for _, parcel, _ in world.wire.sent]
    assert len(parcels) <= 2
    assert sorted(i.number for parcel in parcels for i in parcel.incidents) == list(range(11, 21))


def test_a_worse_incident_inhibits_and_frees_when_it_is_over() -> None:
    rule = {"while": {"severity": "critical"}, "mute": {"severity": "warning"}, "equal": ["host"]}
    world = World(billow.Page(ROTA, inhibit=[rule]))
    world.trigger("down", severity="critical", host="a")
    world.trigger("slow", severity="warning", host="a")
    world.trigger("other", severity="warning", host="b")
    paged = [parcel.incidents[0].number for _, parcel, _ in world.wire.sent]
    assert paged == [1, 3]
    world.resolve("down")
    world.pass_time(MIN)
    assert world.wire.sent[-1][1].incidents[0].number == 2


def test_what_matches_both_sides_does_not_inhibit_itself() -> None:
    world = World(billow.Page(ROTA, inhibit=[{"while": {}, "mute": {}}]))
    world.trigger("a")
    world.trigger("b")
    assert world.counts() == {"ana": 2}
