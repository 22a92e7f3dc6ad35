"""What becomes of an incident: every row of the table of events, in virtual time."""

from __future__ import annotations

import pytest

import billow
from billow.errors import BadInput, Conflict, NotFound
from billow.ops.incidents.room import has
from billow.ops.pager.roster import Roster
from billow.ports.incidents import Mute
from tests.ops.world import LATER, NEVER, NEXT, OK, ON_CALL, ROTA, World

MIN, HOUR = 60.0, 3600.0


def muted(world: World, start: float, end: float, kind: str = "silence", **match: str) -> Mute:
    now = world.clock.now()
    return Roster(world.home).add_mute(kind, match, now + start, now + end, "", "ana")


# Triggering


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


def test_an_unknown_severity_is_refused() -> None:
    with pytest.raises(BadInput):
        World().trigger(severity="bad")


# Escalation


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


# Answers


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


# Coming back, and flapping


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


# Silences, maintenance, inhibition


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


# Sending


def test_mail_comes_once_a_minute_and_what_waits_is_bundled() -> None:
    world = World(billow.Page(ROTA, levels=[("ana", "1 h")]))
    world.add("ana", "mail")
    for number in range(5):
        world.trigger(f"k{number}")
    world.pass_time(5 * MIN)
    sizes = [(at - world.start, len(parcel.incidents)) for at, parcel, _ in world.wire.sent]
    assert sizes == [(0.0, 1), (60.0, 4)]
    assert world.wire.sent[1][2].subject == "4 alerts of shop"


def test_the_first_page_of_a_critical_incident_waits_for_no_throttle() -> None:
    world = World(billow.Page(ROTA, levels=[("ana", "1 h")]))
    world.add("ana", "mail")
    world.trigger("a")
    world.trigger("b", severity="critical")
    assert world.pages() == [(0.0, "ana"), (0.0, "ana")]


def test_a_throttle_holds_as_many_as_it_should() -> None:
    world = World(billow.Page(ROTA, levels=[("ana", "1 d")]))
    world.add("ana", "voice")
    for number in range(60):
        world.trigger(f"k{number}")
        world.pass_time(90)
    times = [at for at, _ in world.pages()]
    for limit, span in ((1, MIN), (3, 15 * MIN), (7, HOUR), (15, 3 * HOUR)):
        assert all(sum(a <= t < a + span for t in times) <= limit for a in times)
    world.pass_time(3 * HOUR)
    told = {i.number for _, parcel, _ in world.wire.sent for i in parcel.incidents}
    assert told == set(range(1, 61)), "none was dropped"


def test_what_is_closed_before_it_is_sent_is_not_sent() -> None:
    world = World()
    world.desk.trigger("shop", "k", "slow", "error", "alarm", {})
    world.loop.fire()
    world.desk.resolve("shop", "k")
    world.pass_time(HOUR)
    assert world.wire.sent == []


def test_a_busy_way_out_is_tried_again_under_the_same_id() -> None:
    world = World()
    tried: list[str] = []

    def answer(parcel: object) -> object:
        tried.append(parcel.id)  # type: ignore[attr-defined]
        return OK if len(tried) == 3 else LATER

    world.wire.answer = answer  # type: ignore[assignment]
    world.trigger()
    world.pass_time(MIN)
    assert len(set(tried)) == 1
    assert world.pages() == [(15.0, "ana")]


def test_when_the_way_to_a_person_is_closed_the_next_level_follows_at_once() -> None:
    world = World()
    world.wire.answer = lambda parcel: NEVER if parcel.contact.person == "ana" else OK
    world.trigger()
    assert world.pages() == [(0.0, NEXT)]
    assert "unsent" in world.log()


def test_a_message_fails_after_five_minutes() -> None:
    world = World()
    world.wire.answer = lambda parcel: LATER if parcel.contact.person == "ana" else OK
    world.trigger()
    world.pass_time(6 * MIN)
    states = {each.person: each.state for each in world.desk.notices(1)}
    assert states["ana"] == "failed"


def test_followers_are_told_of_everything() -> None:
    world = World()
    world.add("*", "pagerduty")
    world.trigger()
    world.desk.acknowledge(1, "ana")
    world.work()
    world.resolve()
    kinds = [p.kind for _, p, _ in world.wire.sent if p.contact.kind == "pagerduty"]
    assert kinds == ["page", "acknowledged", "resolved"]


def test_page_me_now_reaches_every_contact() -> None:
    world = World()
    world.add("ana", "mail", wait=600)
    world.add("ana", "sms")
    world.desk.page_now("ana", "ana")
    world.work()
    assert sorted(p.contact.kind for _, p, _ in world.wire.sent) == ["mail", "sms"]
    assert {p.kind for _, p, _ in world.wire.sent} == {"test"}
    assert world.desk.latest() == []


def test_a_pager_that_died_half_way_through_sending_sends_again_the_same() -> None:
    world = World()
    seen: list[str] = []

    class Dead(BaseException):
        pass

    def die(parcel: object) -> object:
        seen.append(parcel.id)  # type: ignore[attr-defined]
        raise Dead

    world.wire.answer = die  # type: ignore[assignment]
    with pytest.raises(Dead):
        world.trigger()
    world.wire.answer = lambda parcel: OK
    world.restart()
    world.work()
    assert [parcel.id for _, parcel, _ in world.wire.sent] == seen
    assert world.counts() == {"ana": 1}
