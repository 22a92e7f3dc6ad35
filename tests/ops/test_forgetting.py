"""What is forgotten of incidents, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.home import Home, open_home
from billow.ops.incidents.forgetting import KEEP, KEEP_NOTICES, forget
from billow.ops.pager.roster import Roster
from billow.testing import memory_home
from tests.ops.world import World

DAY = 86400.0


@pytest.fixture(params=["memory", "embedded"])
def world(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> World:
    memory = request.param == "memory"
    home = memory_home(clock=clock) if memory else open_home(tmp_path / "home", clock=clock)
    return World(clock=clock, home=home)


def notices(home: Home) -> int:
    return len(home.incidents.look(lambda books: books.notices.find()))


def test_messages_are_kept_for_three_months_after_they_were_sent(world: World) -> None:
    world.trigger()
    world.resolve()
    sent = notices(world.home)
    assert sent > 0
    world.clock.advance(KEEP_NOTICES)
    assert forget(world.home) == 0
    world.clock.advance(1)
    assert forget(world.home) == sent
    assert notices(world.home) == 0
    assert world.log()[0] == "triggered"


def test_what_waits_to_be_sent_is_never_forgotten(world: World) -> None:
    world.wire.answer = lambda _: pytest.fail("nothing is to be sent")
    world.desk.trigger("shop", "k", "it is slow", "error", "alarm", {})
    world.loop.fire()
    waiting = notices(world.home)
    assert waiting > 0
    world.clock.advance(2 * KEEP)
    assert forget(world.home) == 0
    assert notices(world.home) == waiting


def test_incidents_go_with_all_that_is_theirs_and_open_ones_stay(world: World) -> None:
    world.trigger("open")
    world.trigger("old")
    world.resolve("old")
    world.clock.advance(KEEP)
    world.trigger("last")
    world.resolve("last")
    world.clock.advance(1)
    forget(world.home)
    assert [each.number for each in world.desk.latest()] == [3, 1]
    assert world.desk.events(2) == []
    assert world.desk.events(1) != []
    slots = world.home.incidents.look(lambda books: books.slots.find())
    assert sorted(slot.incident for slot in slots) == [1, 3]
    world.trigger("old")
    assert [each.number for each in world.desk.latest()] == [4, 3, 1]


def test_numbers_go_on_even_if_all_is_old(world: World) -> None:
    world.trigger("a")
    world.resolve("a")
    world.trigger("b")
    world.resolve("b")
    world.clock.advance(2 * KEEP)
    forget(world.home)
    assert [each.number for each in world.desk.latest()] == [2]
    assert world.trigger("c").number == 3


def test_silences_and_changes_of_rotas_go_long_after_their_end(world: World) -> None:
    roster, now = Roster(world.home), world.clock.now()
    roster.add_mute("silence", {}, now, now + DAY, "quiet", "ana")
    roster.add_mute("silence", {}, now, now + 2 * KEEP, "quiet", "ana")
    world.clock.advance(KEEP + DAY + 1)
    forget(world.home)
    kept = world.home.incidents.look(lambda books: books.mutes.find())
    assert [mute.end for mute in kept] == [now + 2 * KEEP]
