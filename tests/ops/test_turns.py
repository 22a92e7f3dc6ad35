"""Handoffs across changes of the clocks: the table of published cases, and what always holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billow.errors import DeclarationError
from billow.ops.rota.turns import Rotation, Turn, read_step
from billow.ops.rota.zone import instant, wall_at

CHICAGO, LORD_HOWE, APIA = "America/Chicago", "Australia/Lord_Howe", "Pacific/Apia"


def rotation(zone: str, start: str, step: str) -> Rotation:
    return Rotation(datetime.fromisoformat(start), read_step(step), ZoneInfo(zone))


def following(turns: Rotation, at: str, count: int) -> list[Turn]:
    """The turn at a UTC time, and those after it."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    return list(islice(turns.turns(moment, moment + 400 * 86400), count))


#: Zone, start of the rotation, step, a UTC time in the first turn asked for, handoffs from there.
GOLDEN = [
    (CHICAGO, "2020-10-01 01:30", "1 day", "2020-11-01 06:30",
     ["2020-11-01 01:30 -0500", "2020-11-02 01:30 -0600"]),
    (CHICAGO, "2020-03-01 02:30", "1 day", "2020-03-07 08:30",
     ["2020-03-07 02:30 -0600", "2020-03-08 03:00 -0500", "2020-03-09 02:30 -0500"]),
    (CHICAGO, "2020-03-01 02:30", "1 hour", "2020-03-08 06:30",
     ["2020-03-08 00:30 -0600", "2020-03-08 01:30 -0600", "2020-03-08 03:00 -0500",
      "2020-03-08 03:30 -0500", "2020-03-08 04:30 -0500"]),
    (CHICAGO, "2020-03-01 02:00", "1 hour", "2020-03-08 07:00",
     ["2020-03-08 01:00 -0600", "2020-03-08 03:00 -0500", "2020-03-08 04:00 -0500"]),
    (CHICAGO, "2020-10-01 02:00", "1 hour", "2020-11-01 06:00",
     ["2020-11-01 01:00 -0500", "2020-11-01 02:00 -0600"]),
    (LORD_HOWE, "2020-09-01 02:15", "1 day", "2020-10-02 15:45",
     ["2020-10-03 02:15 +1030", "2020-10-04 02:30 +1100", "2020-10-05 02:15 +1100"]),
    (LORD_HOWE, "2021-03-01 02:30", "1 hour", "2021-04-03 14:30",
     ["2021-04-04 01:30 +1100", "2021-04-04 02:30 +1030"]),
    (CHICAGO, "2024-10-01 00:00", "1 week", "2024-10-29 05:00",
     ["2024-10-29 05:00 +0000", "2024-11-05 06:00 +0000"]),
    (CHICAGO, "2024-10-01 00:00", "1 week", "2025-03-04 06:00",
     ["2025-03-04 06:00 +0000", "2025-03-11 05:00 +0000"]),
    (APIA, "2011-12-01 08:00", "1 day", "2011-12-29 18:00",
     ["2011-12-29 18:00 +0000", "2011-12-30 10:00 +0000", "2011-12-30 18:00 +0000"]),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "start", "step", "at", "handoffs"), GOLDEN)
def test_handoffs_where_the_clocks_change(
    zone: str, start: str, step: str, at: str, handoffs: list[str]
) -> None:
    turns = following(rotation(zone, start, step), at, len(handoffs))
    expected = [datetime.strptime(text, "%Y-%m-%d %H:%M %z").timestamp() for text in handoffs]
    assert [turn.start for turn in turns] == expected
    assert [turn.end for turn in turns[:-1]] == expected[1:]


def test_nobody_is_passed_over_when_two_handoffs_fall_together() -> None:
    turns = following(rotation(CHICAGO, "2020-03-01 02:00", "1 hour"), "2020-03-08 06:00", 5)
    assert [turn.place - turns[0].place for turn in turns] == [0, 1, 2, 3, 4]
    before = following(rotation(CHICAGO, "2020-06-01 02:00", "1 hour"), "2020-03-08 06:00", 5)
    assert [turn.place - before[0].place for turn in before] == [0, 1, 2, 3, 4]


def test_weekly_daily_and_24_hourly_handoffs_are_the_same() -> None:
    daily = following(rotation(CHICAGO, "2020-03-01 02:30", "1 day"), "2020-03-01 09:00", 30)
    hours = following(rotation(CHICAGO, "2020-03-01 02:30", "24 hours"), "2020-03-01 09:00", 30)
    weekly = following(rotation(CHICAGO, "2020-03-01 02:30", "1 week"), "2020-03-01 09:00", 4)
    assert daily == hours
    assert [turn.start for turn in weekly] == [turn.start for turn in daily[::7]][:4]


def test_months_are_counted_from_the_start_and_end_where_the_month_ends() -> None:
    turns = following(rotation("UTC", "2024-01-31 09:00", "1 month"), "2024-01-31 09:00", 4)
    days = [datetime.fromtimestamp(turn.start, UTC).strftime("%m-%d") for turn in turns]
    assert days == ["01-31", "02-29", "03-31", "04-30"]


def test_hours_that_do_not_divide_a_day_are_elapsed_time() -> None:
    turns = following(rotation(CHICAGO, "2020-03-07 20:00", "5 hours"), "2020-03-08 02:00", 3)
    assert [turn.end - turn.start for turn in turns] == [5 * 3600.0] * 3


def test_a_ten_hour_step_aligns_before_its_start() -> None:
    [turn] = following(rotation("UTC", "2024-01-02 12:00", "10 hours"), "2024-01-01 06:00", 1)
    assert datetime.fromtimestamp(turn.start, UTC).isoformat() == "2024-01-01T06:00:00+00:00"
    assert turn.place == -3


def test_exactly_at_a_handoff_it_is_the_next_persons_turn() -> None:
    turns = rotation("UTC", "2024-01-01 09:00", "1 day")
    at = datetime(2024, 1, 5, 9, tzinfo=UTC).timestamp()
    assert turns.turn(at).place == 4
    assert turns.turn(at - 1).place == 3


@pytest.mark.parametrize("text", ["", "soon", "0 weeks", "30 s", "-1 day"])
def test_a_length_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(DeclarationError):
        read_step(text)


ZONES = st.sampled_from([CHICAGO, LORD_HOWE, APIA, "UTC", "Europe/Paris", "Africa/Casablanca"])
STEPS = st.sampled_from(["1 hour", "30 min", "7 hours", "12 hours", "1 day", "1 week", "1 month"])
WALLS = st.datetimes(datetime(2010, 1, 1), datetime(2026, 1, 1), timezones=st.none())


@settings(max_examples=60)
@given(zone=ZONES, step=STEPS, start=WALLS, at=st.integers(1_262_304_000, 1_767_225_600))
def test_turns_follow_each_other_and_hold_the_moment(
    zone: str, step: str, start: datetime, at: int
) -> None:
    turns = Rotation(start.replace(second=0, microsecond=0), read_step(step), ZoneInfo(zone))
    found = list(islice(turns.turns(at, at + 40 * 86400), 30))
    assert found[0].start <= at < found[0].end
    for one, other in pairwise(found):
        assert one.start < one.end == other.start
        assert other.place == one.place + 1
        assert turns.turn(other.start) == other


@settings(max_examples=60)
@given(zone=ZONES, wall=WALLS)
def test_a_wall_time_is_its_moment_or_the_end_of_its_gap(zone: str, wall: datetime) -> None:
    place = ZoneInfo(zone)
    wall = wall.replace(second=0, microsecond=0)
    shown = wall_at(instant(wall, place).timestamp(), place)
    assert shown >= wall
    if shown > wall:
        just_before = instant(wall, place) - timedelta(seconds=1)
        assert wall_at(just_before.timestamp(), place) < wall
