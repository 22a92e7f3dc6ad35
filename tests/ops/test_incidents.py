"""Whom an incident pages, and when: every row of the table of events, in virtual time."""

from __future__ import annotations

import pytest

import billow
from billow.errors import BadInput
from billow.ops.incidents.room import has
from tests.ops.world import ON_CALL, ROTA, World

MIN, HOUR = 60.0, 3600.0


def test_a_new_incident_pages_whoever_is_on_call_at_once() -> None:
    world = World()
    world.trigger()
    assert world.pages() == [(0.0, ON_CALL)]
    assert world.log() == ["triggered", "paged", "told"]
    assert world.state() == "triggered"


def test_a_further_sign_counts_and_pages_nobody() -> None:
    world = World()
    world.trigger()
    world.trigger()
    assert world.pages() == [(0.0, ON_CALL)]
    assert world.desk.get(1).signs == 2
    assert world.desk.latest() == [world.desk.get(1)]


def test_the_same_key_of_another_service_is_another_incident() -> None:
    world = World()
    assert world.trigger("k").number == 1
    assert world.trigger("k", service="other").number == 2
    assert world.trigger("K").number == 3


def test_when_it_gets_worse_the_present_level_is_paged_again() -> None:
    world = World()
    world.trigger(severity="warning")
    world.trigger(severity="critical")
    assert world.pages() == [(0.0, ON_CALL)] * 2
    world.trigger(severity="info")
    assert world.desk.get(1).severity == "critical"
    assert len(world.pages()) == 2


def test_remedies_have_their_time_first() -> None:
    world = World(billow.Page(ROTA, after="5 min"))
    world.trigger()
    world.pass_time(5 * MIN - 1)
    assert world.pages() == []
    world.pass_time(1)
    assert world.pages() == [(300.0, ON_CALL)]


def test_what_is_resolved_before_anything_was_sent_sends_nothing_ever() -> None:
    world = World(billow.Page(ROTA, after="5 min"))
    world.trigger()
    world.pass_time(4 * MIN)
    world.resolve()
    world.pass_time(HOUR)
    assert world.wire.sent == []


def test_what_is_shown_in_a_line_is_a_line() -> None:
    made = World().trigger(summary="a\nb\x1b[31m \x00 c", source="x\r\ny")
    assert (made.summary, made.source) == ("a b [31m c", "x y")


def test_an_unknown_severity_is_refused() -> None:
    with pytest.raises(BadInput):
        World().trigger(severity="bad")


def test_levels_follow_each_other_then_rounds_then_everyone() -> None:
    world = World(billow.Page(ROTA, repeat=1))
    world.trigger()
    world.pass_time(25 * MIN)
    first = [(0.0, "ana"), (300.0, "ben"), (900.0, "ana"), (900.0, "ben"), (900.0, "cho")]
    assert sorted(world.pages())[:5] == first
    assert world.pages()[5] == (1500.0, "ana")
    world.pass_time(25 * MIN)
    assert has(world.desk.get(1), "exhausted")
    last = [(at, who) for at, who in world.pages() if at == 3000.0]
    assert sorted(last) == [(3000.0, "ana"), (3000.0, "ben"), (3000.0, "cho")]
    world.pass_time(30 * MIN)
    assert sorted(world.pages())[-3:] == [(4800.0, "ana"), (4800.0, "ben"), (4800.0, "cho")]
    assert world.log().count("exhausted") == 1


def test_an_answer_one_second_before_keeps_the_next_level_asleep() -> None:
    world = World(billow.Page(ROTA, levels=[("ana", "30 min"), ("ben", "60 min")]))
    world.trigger()
    world.pass_time(30 * MIN - 1)
    world.desk.acknowledge(1, "ana")
    world.pass_time(10 * MIN)
    assert world.counts() == {"ana": 1}


def test_a_level_without_anybody_is_passed_over_at_once() -> None:
    rota = billow.Rota("web", ["ana"], only="Sun 00:00-01:00")
    world = World(billow.Page(rota, levels=[("on call", 300), ("ana", 300)]))
    world.trigger()
    assert world.pages() == [(0.0, "ana")]
    assert "skipped" in world.log()


def test_when_nobody_is_on_call_the_team_is_paged_and_it_is_said() -> None:
    rota = billow.Rota("web", ["ana", "ben"], only="Sun 00:00-01:00")
    world = World(billow.Page(rota, levels=[("on call", 300)]))
    world.trigger()
    assert world.counts() == {"ana": 1, "ben": 1}
    assert has(world.desk.get(1), "nobody_on_call")
    assert "nobody_on_call" in world.log()


def test_when_the_team_cannot_be_reached_anybody_is() -> None:
    world = World()
    world.fallback = lambda person: []  # type: ignore[method-assign]
    world.restart()
    world.add("dan")
    world.trigger()
    assert world.counts() == {"dan": 1}


def test_when_nobody_at_all_can_be_reached_it_is_tried_again() -> None:
    world = World()
    world.fallback = lambda person: []  # type: ignore[method-assign]
    world.restart()
    world.trigger()
    assert "unreachable" in world.log()
    world.add("ana")
    world.pass_time(5 * MIN)
    assert world.counts() == {"ana": 1}


def test_somebody_who_stands_in_a_level_twice_is_paged_once() -> None:
    world = World(billow.Page(ROTA, levels=[("everyone", 300)]))
    world.trigger()
    assert world.counts() == {"ana": 1, "ben": 1, "cho": 1}
    assert world.log().count("paged") == 1


def test_an_incident_keeps_its_policy_but_asks_the_rota_anew() -> None:
    world = World(billow.Page(ROTA, levels=[("on call", 300), ("on call", 300)]))
    world.trigger()
    world.app.policies["shop"] = billow.Page(
        billow.Rota("web", ["dan"]), levels=[("dan", 60)], after=999
    )
    world.restart()
    world.pass_time(5 * MIN)
    assert world.pages()[1] == (300.0, "dan")


def test_a_light_incident_never_climbs_but_is_told_again() -> None:
    world = World()
    world.trigger(severity="warning")
    world.pass_time(4 * HOUR)
    assert world.pages() == [(0.0, "ana"), (4 * HOUR, "ana")]


def test_a_light_incident_resolves_by_itself_if_its_policy_says_so() -> None:
    world = World(billow.Page(ROTA, resolve="1 h"))
    world.trigger("light", severity="warning")
    world.trigger("heavy", severity="error")
    world.pass_time(30 * MIN)
    world.trigger("light", severity="warning")
    world.pass_time(59 * MIN)
    assert world.state(1) == "triggered"
    world.pass_time(MIN)
    assert (world.state(1), world.state(2)) == ("resolved", "triggered")


def test_a_persons_later_contacts_are_used_when_they_do_not_answer() -> None:
    world = World(billow.Page(ROTA, levels=[("ana", "30 min")]))
    world.add("ana", "mail")
    world.add("ana", "sms", wait=180)
    world.trigger()
    world.pass_time(10 * MIN)
    kinds = [(at - world.start, parcel.contact.kind) for at, parcel, _ in world.wire.sent]
    assert kinds == [(0.0, "mail"), (180.0, "sms")]


def test_contacts_that_are_not_verified_or_are_off_are_not_used() -> None:
    world = World(billow.Page(ROTA, levels=[("ana", 300), ("ben", 300)]))
    world.fallback = lambda person: []  # type: ignore[method-assign]
    world.restart()
    world.add("ana", verified=False)
    world.add("ben")
    world.trigger()
    assert world.counts() == {"ben": 1}
