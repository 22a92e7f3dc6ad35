"""What layers, restrictions and changes amount to: published cases, and what always holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from billow.errors import BadInput, DeclarationError
from billow.ops.rota.changes import Change, check_change, clashes
from billow.ops.rota.ical import calendar
from billow.ops.rota.rota import Rota, read_rota
from billow.ops.rota.schedule import (
    Shift,
    gaps,
    health,
    load,
    next_on_call,
    on_call,
    shifts,
)

HOUR, DAY, WEEK = 3600.0, 86400.0, 7 * 86400.0
#: A Monday, 00:00 UTC.
MONDAY = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
#: Nobody is on call in it by itself: its one layer is kept to a minute of the week.
EMPTY = Rota("web", ["z"], only="Sun 23:58-23:59")


def change(
    kind: str, start: float, end: float, person: str, other: str = "", priority: int = 0
) -> Change:
    """A change on Monday; hours of the day."""
    span = (MONDAY + start * HOUR, MONDAY + end * HOUR)
    return Change(f"{kind}{start}{person}", "web", kind, *span, person, other, priority)


def monday(rota: Rota, *changes: Change) -> list[tuple[float, float, str]]:
    """Who is on call on Monday: hours and people."""
    found = shifts(rota, changes, MONDAY, MONDAY + DAY)
    return [
        ((each.start - MONDAY) / HOUR, (each.end - MONDAY) / HOUR, "+".join(each.people))
        for each in found
    ]


def at(day: int, hour: float) -> float:
    """A moment in the week of MONDAY."""
    return MONDAY + day * DAY + hour * HOUR


# Rotation


def test_people_follow_each_other_and_begin_again() -> None:
    rota = Rota("web", ["ana", "ben", "cho"], start="2024-01-01 00:00")
    weeks = [on_call(rota, (), MONDAY + i * WEEK)[0] for i in range(-1, 5)]
    assert weeks == ["cho", "ana", "ben", "cho", "ana", "ben"]


def test_one_person_is_always_on_call() -> None:
    rota = Rota("web", ["ana"], turn="1 day")
    assert {on_call(rota, (), MONDAY + i * HOUR) for i in range(100)} == {("ana",)}
    assert next_on_call(rota, (), MONDAY) == ()


def test_the_next_person_is_told() -> None:
    rota = Rota("web", ["ana", "ben"], start="2024-01-01 00:00")
    assert next_on_call(rota, (), MONDAY) == ("ben",)


def test_a_later_layer_hides_an_earlier_one_where_it_holds() -> None:
    rota = Rota("web", ["ana"]).layer(["ben"], only="Mon 09:00-17:00")
    assert monday(rota)[0][1:] == (9.0, "ana")
    assert monday(rota)[1] == (9.0, 17.0, "ben")
    assert monday(rota)[2][0::2] == (17.0, "ana")


# Restrictions


def test_overnight_on_weekdays_covers_saturday_morning_but_not_monday_morning() -> None:
    rota = Rota("web", ["ana"], only="Mon-Fri 20:00-08:00")
    assert on_call(rota, (), at(5, 3)) == ("ana",)
    assert on_call(rota, (), at(5, 8)) == ()
    assert on_call(rota, (), at(0, 3)) == ()
    assert on_call(rota, (), at(0, 20)) == ("ana",)


def test_start_equal_to_end_is_a_whole_day() -> None:
    rota = Rota("web", ["ana"], only="Mon-Fri 08:00-08:00")
    assert gaps(rota, (), at(0, 8), at(5, 8)) == []
    assert on_call(rota, (), at(5, 8)) == ()


def test_a_restriction_leaves_a_gap_and_does_not_shift_the_turns() -> None:
    rota = Rota("web", ["ana", "ben"], turn="1 day", start="2024-01-01 00:00", only="09:00-17:00")
    assert on_call(rota, (), at(0, 10)) == ("ana",)
    assert on_call(rota, (), at(0, 17)) == ()
    assert on_call(rota, (), at(1, 9)) == ("ben",)


def test_restrictions_are_local_time() -> None:
    rota = Rota("web", ["ana"], zone="America/Chicago", only="09:00-17:00")
    assert on_call(rota, (), at(0, 14)) == ()
    assert on_call(rota, (), at(0, 15)) == ("ana",)


# Changes


def test_an_override_hides_every_layer() -> None:
    rota = Rota("web", ["ana"], start="2024-01-01 00:00").layer(["ben"])
    assert (10.0, 11.0, "cho") in monday(rota, change("override", 10, 11, "cho"))


def test_the_worked_day_of_overrides_with_priorities() -> None:
    changes = [
        change("override", 10, 15, "A"),
        change("override", 11, 13, "B"),
        change("override", 12, 14, "C", priority=1),
        change("override", 14, 15, "D", priority=1),
        change("override", 16, 19, "E"),
        change("override", 20, 24, "F"),
    ]
    assert monday(EMPTY, *changes) == [
        (10, 11, "A"), (11, 12, "A+B"), (12, 14, "C"), (14, 15, "D"), (16, 19, "E"), (20, 24, "F"),
    ]  # fmt: skip
    found = gaps(EMPTY, changes, MONDAY, MONDAY + DAY)
    hours = [((a - MONDAY) / HOUR, (b - MONDAY) / HOUR) for a, b in found]
    assert hours == [(0, 10), (15, 16), (19, 20)]


def test_half_an_hour_splits_the_hour() -> None:
    rota = Rota("web", ["ana"], only="Mon 10:00-11:00")
    split = monday(rota, change("override", 10, 10.5, "ben"))
    assert split == [(10, 10.5, "ben"), (10.5, 11, "ana")]


def test_replacing_somebody_who_is_not_on_call_has_no_effect() -> None:
    rota = Rota("web", ["ana"], only="Mon 10:00-11:00")
    assert monday(rota, change("replace", 0, 24, "cho", "ben")) == [(10, 11, "ana")]
    assert monday(rota, change("replace", 0, 24, "cho", "ana")) == [(10, 11, "cho")]


def test_people_are_added_and_removed() -> None:
    rota = Rota("web", ["ana"], only="Mon 10:00-12:00")
    added = monday(rota, change("add", 11, 13, "ben"))
    assert added == [(10, 11, "ana"), (11, 12, "ana+ben"), (12, 13, "ben")]
    assert monday(rota, change("remove", 11, 13, "ana")) == [(10, 11, "ana")]


def test_a_swap_changes_nothing_until_it_is_taken_and_then_splits_at_both_ends() -> None:
    rota = Rota("web", ["ana"], only="Mon 10:00-14:00")
    assert monday(rota, change("swap", 11, 12, "", "ana")) == [(10, 14, "ana")]
    taken = change("swap", 11, 12, "ben", "ana")
    assert monday(rota, taken) == [(10, 11, "ana"), (11, 12, "ben"), (12, 14, "ana")]


def test_a_temporary_schedule_stands_for_all_layers_in_its_time() -> None:
    rota = Rota("web", ["ana"], start="2024-01-01 00:00", only="Mon 08:00-18:00")
    changes = (change("temporary", 10, 12, "ben"), change("temporary", 12, 14, ""))
    assert monday(rota, *changes) == [(8, 10, "ana"), (10, 12, "ben"), (14, 18, "ana")]


def test_shifts_that_ended_before_are_left_out_and_the_rest_keep_their_begin() -> None:
    rota = Rota("web", ["ana"], only="07:00-09:00, 09:00-12:00")
    [shift, *_] = shifts(rota, (), at(0, 10), at(0, 11))
    assert shift.start == at(0, 9) or shift.start == at(0, 7)
    assert all(each.end > at(0, 10) for each in shifts(rota, (), at(0, 10), at(1, 0)))
    week = Rota("web", ["ana", "ben"], start="2024-01-01 07:00")
    past = change("override", 8, 9, "cho")
    [now] = shifts(week, (past,), at(0, 10), at(0, 11))
    assert now.start == at(0, 9), "what began before the window is seen as it was"


@pytest.mark.parametrize(
    "wrong",
    [
        change("holiday", 1, 2, "ana"),
        change("override", 2, 2, "ana"),
        change("replace", 1, 2, "ana"),
        change("override", 1, 2, ""),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(wrong: Change) -> None:
    with pytest.raises(BadInput):
        check_change(wrong)


def test_two_overrides_of_one_person_at_one_time_clash() -> None:
    first = change("override", 1, 3, "ana")
    assert clashes(first, change("override", 2, 4, "ana"))
    assert not clashes(first, change("override", 3, 4, "ana"))
    assert not clashes(first, change("override", 2, 4, "ben"))


# Health and declarations


def test_health_tells_gaps_and_how_the_load_is_shared() -> None:
    fair = health(Rota("web", ["ana", "ben"]), (), MONDAY)
    assert (fair.gaps, fair.coverage, fair.score) == ([], 1.0, 100)
    assert fair.load == {"ana": 26 * WEEK, "ben": 26 * WEEK}
    odd = health(Rota("web", ["ana", "ana", "ben"], only="09:00-21:00"), (), MONDAY)
    assert len(odd.gaps) in (30, 31)
    assert odd.coverage == pytest.approx(0.5)
    assert odd.score < 50


def test_a_rota_survives_being_written_down() -> None:
    week = Rota("web", ["ana", "ben"], zone="Europe/Paris")
    rota = week.layer(["cho"], "1 day", only="Sat 10:00-12:00")
    assert read_rota(rota.spec()) == rota


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "Web"},
        {"people": []},
        {"people": ["a b"]},
        {"zone": "Mars/Olympus"},
        {"turn": "often"},
        {"start": "tomorrow"},
        {"only": "Mon-Xyz 09:00-10:00"},
        {"only": "25:00-26:00"},
    ],
)
def test_a_declaration_that_cannot_work_is_refused(arguments: dict[str, object]) -> None:
    whole: dict[str, object] = {"name": "web", "people": ["ana"]}
    with pytest.raises(DeclarationError):
        Rota(**{**whole, **arguments})  # type: ignore[arg-type]


def test_the_calendar_can_be_read_back() -> None:
    found = [
        Shift(MONDAY, MONDAY + DAY, ("ana", "Zoë;, with\\a very long name " + "ü" * 60), "layer 1"),
        Shift(MONDAY + DAY, MONDAY + 2 * DAY, ("ben",), "layer 1"),
    ]
    text = calendar("web", found, MONDAY)
    assert max(len(line) for line in text.split(b"\r\n")) <= 75
    events = list(Calendar.from_ical(text).walk("VEVENT"))
    assert [event.start.timestamp() for event in events] == [MONDAY, MONDAY + DAY]  # type: ignore[attr-defined]
    assert events[0].end.timestamp() == MONDAY + DAY  # type: ignore[attr-defined]
    assert str(events[0]["SUMMARY"]) == f"{', '.join(found[0].people)} on call: web"
    assert len({str(event["UID"]) for event in events}) == 2
    mine = Calendar.from_ical(calendar("web", found, MONDAY, person="ben"))
    assert len(list(mine.walk("VEVENT"))) == 1


# What always holds

#: Shortly before the clocks change in Chicago.
SPRING = datetime(2024, 3, 8, tzinfo=UTC).timestamp()
PEOPLE = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4)
ROTAS = st.builds(
    lambda people, turn, zone, only, over: Rota(
        "web", people, turn, zone, "2024-01-01 02:30", only
    ).layer(over, "1 day", only="Tue-Wed 22:00-06:00"),
    PEOPLE,
    st.sampled_from(["1 day", "12 hours", "7 hours", "1 week"]),
    st.sampled_from(["UTC", "America/Chicago", "Australia/Lord_Howe"]),
    st.sampled_from(["", "Mon-Fri 20:00-08:00", "02:15-02:45", "Sat-Sun 00:00-24:00"]),
    PEOPLE,
)
CHANGES = st.lists(
    st.builds(
        lambda n, kind, start, length, person, other, priority: Change(
            str(n), "web", kind, SPRING + start, SPRING + start + length, person, other, priority
        ),
        st.integers(),
        st.sampled_from(["override", "replace", "add", "remove", "swap", "temporary"]),
        st.integers(0, 14 * 24).map(lambda n: n * HOUR / 2),
        st.integers(1, 60).map(lambda n: n * HOUR / 2),
        st.sampled_from("abcde"),
        st.sampled_from("abcd"),
        st.integers(0, 2),
    ),
    max_size=5,
)


@settings(max_examples=40)
@given(rota=ROTAS, changes=CHANGES)
def test_shifts_are_in_order_and_agree_with_every_moment(rota: Rota, changes: list[Change]) -> None:
    until = SPRING + 9 * DAY
    found = shifts(rota, changes, SPRING, until)
    assert all(each.start < each.end and each.people for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    for step in range(0, 9 * 24, 5):
        moment = SPRING + step * HOUR + 60
        held = [each.people for each in found if each.start <= moment < each.end]
        assert on_call(rota, changes, moment) == (held[0] if held else ())
    for each in found:
        if each.start >= SPRING:
            assert on_call(rota, changes, each.start) == each.people
    missing = sum(end - start for start, end in gaps(rota, changes, SPRING, until))
    covered = sum(min(e.end, until) - max(e.start, SPRING) for e in found)
    assert covered + missing == pytest.approx(9 * DAY)
    single = all(len(each.people) == 1 for each in found)
    if single:
        assert sum(load(rota, changes, SPRING, until).values()) == pytest.approx(covered)


def days(rota: Rota, first: str, count: int) -> list[str]:
    """Who is on call at noon on days from the first on; `-` is nobody."""
    begin = datetime.fromisoformat(f"{first} 12:00+00:00").timestamp()
    return [(on_call(rota, [], begin + day * 86400) or ("-",))[0] for day in range(count)]


WORKDAYS = {"only": "Mon-Fri 09:00-17:00", "start": "2026-01-05 09:00", "allowed_days": True}


def test_turns_of_allowed_days_go_on_over_a_weekend() -> None:
    rota = Rota("web", ["a", "b", "c"], turn="1 day", **WORKDAYS)  # type: ignore[arg-type]
    assert days(rota, "2026-01-05", 10) == ["a", "b", "c", "a", "b", "-", "-", "c", "a", "b"]
    assert days(rota, "2026-01-01", 4) == ["b", "c", "-", "-"]
    two = Rota("web", ["a", "b"], turn="2 days", **WORKDAYS)  # type: ignore[arg-type]
    assert days(two, "2026-01-05", 9) == ["a", "a", "b", "b", "a", "-", "-", "a", "b"]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    options = {**WORKDAYS, "only": "Mon-Fri 20:00-08:00"}
    rota = Rota("web", ["a", "b"], turn="1 day", **options)  # type: ignore[arg-type]
    friday = datetime.fromisoformat("2026-01-09 20:00+00:00").timestamp()
    found = shifts(rota, [], friday, friday + 4 * 86400)
    assert [(each.start, each.people) for each in found][:2] == [
        (friday, ("a",)),
        (friday + 3 * 86400, ("b",)),
    ]
    assert found[0].length == 12 * 3600


def test_allowed_days_survive_being_written_down_and_are_checked() -> None:
    rota = Rota("web", ["a"], turn="1 day", **WORKDAYS)  # type: ignore[arg-type]
    assert read_rota(rota.spec()) == rota
    both = Rota("web", ["a"]).layer(["b"], "1 day", only="Sat-Sun 00:00-00:00", allowed_days=True)
    assert read_rota(both.spec()) == both
    for wrong in ({"only": ""}, {"turn": "1 month"}, {"turn": "12 hours"}):
        options = {"turn": "1 day", **WORKDAYS, **wrong}
        with pytest.raises(DeclarationError, match="allowed_days needs"):
            Rota("web", ["a"], **options)  # type: ignore[arg-type]


@given(st.integers(-400, 400), st.integers(1, 5))
def test_every_allowed_day_is_the_next_ones(first: int, people: int) -> None:
    """Walking through the days one by one comes to the same."""
    names = [f"p{number}" for number in range(people)]
    rota = Rota("web", names, turn="1 day", **WORKDAYS)  # type: ignore[arg-type]
    begin = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=first)
    found = [one for one in days(rota, begin.date().isoformat(), 15) if one != "-"]
    places = [names.index(one) for one in found]
    assert all((later - earlier) % people == 1 % people for earlier, later in pairwise(places))
