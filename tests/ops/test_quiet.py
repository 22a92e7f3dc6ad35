"""Light incidents wait for the morning; bad ones do not."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

import billow
from billow.ops.rota.only import over_at, read_only
from tests.ops.world import World

HOUR = 3600.0
#: The world's clock starts on a Tuesday at 22:13:20 UTC, 23:13:20 in Paris.
ROTA = billow.Rota("web", ["ana", "ben", "cho"], zone="Europe/Paris", start="2023-11-13 00:00")
NIGHT = billow.Page(ROTA, quiet="22:00-07:00")
#: Seconds from the start to 07:00 in Paris.
MORNING = 7 * HOUR + 46 * 60 + 40


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_a_light_incident_waits_for_the_morning(severity: str) -> None:
    world = World(NIGHT)
    world.trigger(severity=severity)
    world.pass_time(MORNING - 1)
    assert world.pages() == []
    assert world.log() == ["triggered", "deferred"]
    world.pass_time(1)
    assert world.pages() == [(MORNING, "ana")]


def test_a_bad_one_pages_at_once() -> None:
    world = World(NIGHT)
    world.trigger(severity="error")
    assert world.pages() == [(0, "ana")]


def test_one_that_becomes_worse_in_the_night_pages_then() -> None:
    world = World(NIGHT)
    world.trigger(severity="warning")
    world.pass_time(HOUR)
    world.trigger(severity="critical")
    assert world.pages() == [(HOUR, "ana")]


def test_a_light_one_that_becomes_bad_climbs_from_then_on_and_pages_nobody_twice() -> None:
    world = World(billow.Page(ROTA))
    world.trigger(severity="warning")
    world.pass_time(HOUR)
    world.trigger(severity="error")
    world.pass_time(6 * 60)
    assert world.pages() == [(0, "ana"), (HOUR, "ana"), (HOUR + 300, "ben")]


def test_what_remedies_have_still_counts_for_one_that_becomes_worse() -> None:
    world = World(billow.Page(ROTA, after="10 min", quiet="22:00-07:00"))
    world.trigger(severity="warning")
    world.pass_time(60)
    world.trigger(severity="error")
    world.pass_time(600)
    assert world.pages() == [(600, "ana")]


def test_one_that_is_over_by_the_morning_pages_nobody() -> None:
    world = World(NIGHT)
    world.trigger(severity="warning")
    world.pass_time(HOUR)
    world.resolve()
    world.pass_time(24 * HOUR)
    assert world.pages() == []


def test_by_day_it_pages_and_its_reminders_leave_out_the_night() -> None:
    world = World(NIGHT)
    world.pass_time(MORNING + 12 * HOUR)
    world.trigger(severity="warning")
    world.pass_time(14 * HOUR)
    assert [round((at - MORNING) / HOUR, 1) for at, _ in world.pages()] == [12.0, 24.0]


@pytest.mark.parametrize(
    ("at", "over"),
    [
        ("2026-01-09 21:59", None),
        ("2026-01-09 22:00", "2026-01-12 07:00"),
        ("2026-01-10 12:00", "2026-01-12 07:00"),
        ("2026-01-12 06:59", "2026-01-12 07:00"),
        ("2026-01-12 07:00", None),
        # The clocks go forward in this night.
        ("2026-03-28 23:00", "2026-03-30 07:00"),
    ],
)
def test_quiet_times_join(at: str, over: str | None) -> None:
    zone = ZoneInfo("Europe/Paris")
    quiet = read_only("22:00-07:00, Sat-Sun 00:00-00:00")

    def moment(text: str) -> float:
        return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()

    assert over_at(quiet, zone, moment(at)) == (None if over is None else moment(over))


def test_a_week_that_is_all_quiet_ends_some_time() -> None:
    found = over_at(read_only("00:00-00:00"), ZoneInfo("UTC"), 0.0)
    assert found is not None
    assert found > 0
