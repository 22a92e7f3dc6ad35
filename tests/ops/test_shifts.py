"""People are told shortly before their shift."""

from __future__ import annotations

import billow
from billow.ops.pager.shifts import announce
from tests.ops.world import World

HOUR = 3600.0
#: The world's clock starts on a Tuesday at 22:13:20 UTC.
ROTA = billow.Rota("web", ["ana", "ben"], turn="1 day", start="2023-11-14 00:00")


def told(world: World) -> list[str]:
    world.desk.change(lambda room: announce(room, [ROTA]))
    world.work()
    return [f"{p.kind} {p.contact.person}" for _, p, _ in world.wire.sent]


def test_whoever_comes_next_is_told_an_hour_before_and_once() -> None:
    world = World(billow.Page(ROTA))
    assert told(world) == []
    world.clock.advance(HOUR)
    assert told(world) == ["shift ben"]
    assert told(world) == ["shift ben"]
    assert "on call for web from" in world.wire.sent[0][2].subject
    world.clock.advance(24 * HOUR)
    assert told(world) == ["shift ben", "shift ana"]


def test_short_shifts_are_not_told_of() -> None:
    world = World(billow.Page(ROTA))
    often = billow.Rota("web", ["ana", "ben"], turn="1 hour")
    world.clock.advance(HOUR / 2)
    assert world.desk.change(lambda room: announce(room, [often])) == 0
