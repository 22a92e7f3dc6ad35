"""A team is told of gaps in its rota, and of people who cannot be reached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow
from billow.errors import Conflict
from billow.ops.pager.holes import (
    IN_A_ROW,
    SHORTEST,
    WEEK,
    _beyond,
    out_of_reach,
    tell_of_holes,
    unreachable,
)
from billow.ops.pager.roster import Roster
from billow.ops.pager.watch import Watch
from billow.ops.rota.changes import Change
from billow.ports.mail import Handover, Verdict
from tests.ops.world import World

DAY = 86400.0
#: The world's clock starts on a Tuesday at 22:13:20 UTC.
ROTA = billow.Rota("web", ["ana", "ben"], turn="1 week", start="2023-11-13 00:00")
OFFICE = billow.Rota("office", ["ana", "ben"], turn="1 week", only="Mon-Fri 09:00-17:00")


def told(world: World, rota: billow.Rota = ROTA) -> list[str]:
    """What is sent now, to whom."""
    before = len(world.wire.sent)
    world.desk.change(lambda room: tell_of_holes(room, [rota]))
    world.work()
    return [f"{p.kind} {p.contact.person}" for _, p, _ in world.wire.sent[before:]]


def change(world: World, kind: str, begin: float, end: float, person: str = "") -> None:
    now = world.clock.now()
    made = Change("", "web", kind, now + begin, now + end, person, "", 0, "cho", now)
    Roster(world.home).add_change(made)


@pytest.fixture
def world() -> World:
    return World(billow.Page(ROTA))


def test_a_gap_that_a_change_makes_is_told_to_all_once(world: World) -> None:
    assert told(world) == []
    change(world, "temporary", 20 * DAY, 21 * DAY)
    assert told(world) == ["gap ana", "gap ben"]
    subject = world.wire.sent[-1][2].subject
    assert subject.startswith("shop: nobody is on call for web from ")
    assert "page everybody" in world.wire.sent[-1][2].text
    for _ in range(30):
        world.clock.advance(DAY)
        assert told(world) == []


def test_what_is_further_away_or_very_short_is_not(world: World) -> None:
    change(world, "temporary", 31 * DAY, 32 * DAY)
    change(world, "temporary", 2 * DAY, 2 * DAY + SHORTEST - 1)
    assert told(world) == []
    world.clock.advance(2 * DAY)
    assert told(world) == ["gap ana", "gap ben"]


def test_gaps_that_a_rota_has_by_itself_are_told_once_after_each_edit() -> None:
    world = World(billow.Page(OFFICE))
    assert told(world, OFFICE) == ["gap ana", "gap ben"]
    assert "times more within 30 days" in world.wire.sent[-1][2].text
    world.clock.advance(10 * DAY)
    assert told(world, OFFICE) == []
    longer = billow.Rota("office", ["ana", "ben"], turn="1 week", only="Mon-Fri 08:00-17:00")
    assert told(world, longer) == ["gap ana", "gap ben"]


def test_who_comes_on_call_and_has_no_contact_is_told_to_the_others_once_a_week(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "fallback", lambda _: [])
    world.restart()
    world.add("ana")
    world.add("ben", verified=False)
    assert told(world) == ["unreachable ana"]
    assert "ben is on call for web" in world.wire.sent[-1][2].subject
    assert told(world) == []
    world.clock.advance(WEEK)
    assert told(world) == ["unreachable ana"]
    world.add("ben")
    world.clock.advance(WEEK)
    assert told(world) == []


def test_whoever_is_switched_off_is_never_paged_and_a_hole_in_the_rota(world: World) -> None:
    mail, hook = world.add("ana"), world.add("ana", "webhook", wait=60.0)
    roster = Roster(world.home)
    roster.switch_contact(mail, "on leave")
    world.trigger("a")
    world.pass_time(60)
    assert [p.contact.id for _, p, _ in world.wire.sent if p.contact.person == "ana"] == [hook]
    world.resolve("a")
    world.wire.sent.clear()
    roster.switch_contact(hook, "on leave")
    world.trigger("b")
    world.pass_time(DAY)
    assert world.wire.people()
    assert "ana" not in world.wire.people()
    with pytest.raises(Conflict, match="no contact that is used"):
        world.desk.page_now("ana", "cho")
    assert told(world) == ["unreachable ben"]
    why = "their contacts are switched off"
    missed = world.desk.look(lambda room: unreachable(room, ROTA))
    assert [(each.person, each.why) for each in missed] == [("ana", why)]
    roster.switch_contact(mail, "")
    assert world.desk.look(lambda room: unreachable(room, ROTA)) == []
    kinds = [entry.kind for entry in world.home.journal.read(kinds=["contact."])]
    assert kinds == ["contact.off", "contact.off", "contact.on"]


def test_a_page_that_waits_for_a_contact_that_is_switched_off_is_not_sent(world: World) -> None:
    id_ = world.add("ana", wait=300.0)
    world.trigger()
    Roster(world.home).switch_contact(id_, "lost phone")
    world.pass_time(DAY)
    assert "ana" not in world.wire.people()
    [notice] = world.home.incidents.look(lambda books: books.notices.find(contact=id_))
    assert (notice.state, notice.detail) == ("cancelled", "the contact is not used any more")


def test_contacts_to_which_nothing_arrives_do_not_count(world: World) -> None:
    world.add("ben", "sms")
    refused = Handover(Verdict.NEVER, "no such number")
    world.wire.answer = lambda parcel: (
        refused if parcel.contact.kind == "sms" else Handover(Verdict.SENT, "")
    )
    for _ in range(IN_A_ROW):
        assert told(world) == []
        world.desk.page_now("ben", "cho")
        world.clock.advance(3600)
        world.work()
    assert told(world) == ["unreachable ana"]
    assert world.desk.look(lambda room: out_of_reach(room, "ben")) == "no contact that works"
    world.wire.answer = lambda _: Handover(Verdict.SENT, "")
    world.desk.page_now("ben", "cho")
    world.clock.advance(3600)
    world.work()
    assert world.desk.look(lambda room: out_of_reach(room, "ben")) == ""


def test_the_pager_looks_once_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    monkeypatch.setattr(
        "billow.ops.pager.watch.tell_of_holes", lambda room, _: looks.append(room.now)
    )
    watch = Watch(world.desk, world.app)
    for _ in range(120):
        watch.look()
        world.clock.advance(60)
    assert len(looks) == 2


hours = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=5)


@given(hours, hours)
def test_what_is_beyond_is_in_the_one_and_not_in_the_other(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    every = [(float(start), float(start + length)) for start, length in one]
    meant = [(float(start), float(start + length)) for start, length in other]
    found = _beyond(every, meant)
    for hour in range(60):
        middle = hour + 0.5
        inside = [any(a < middle < b for a, b in spans) for spans in (found, every, meant)]
        assert inside[0] == (inside[1] and not inside[2])
