"""What is sent of incidents: throttled, bundled, tried again."""

from __future__ import annotations

import pytest

import billow
from tests.ops.world import LATER, NEVER, NEXT, OK, ROTA, World

MIN, HOUR = 60.0, 3600.0


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
