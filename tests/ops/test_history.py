"""Edited rotas: the past stays as it was, the future follows the new version."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.clock import VirtualClock
from billow.home import Home
from billow.ops.pager.rotas import KEPT, keep_versions, versions
from billow.ops.rota.changes import Change
from billow.ops.rota.history import Version, shifts_by
from billow.ops.rota.rota import Rota
from billow.ops.rota.schedule import shifts
from billow.testing import memory_home

DAY, HOUR = 86400.0, 3600.0
#: Monday, 2026-01-05 00:00 UTC.
MONDAY = 1767571200.0


def rota(*people: str, **more: str) -> Rota:
    return Rota("web", people, turn="1 day", start="2026-01-05 00:00", **more)  # type: ignore[arg-type]


def told(past: list[Version], since: float, until: float, *changes: Change) -> list[str]:
    """Shifts as `day-day who`, in days from Monday."""
    return [
        f"{(each.start - MONDAY) / DAY:g}-{(each.end - MONDAY) / DAY:g} {'+'.join(each.people)}"
        for each in shifts_by(past, changes, since, until)
    ]


OLD, NEW = rota("ana", "ben"), rota("cho", "dan", "ana")


def test_the_past_stays_and_who_is_on_call_by_both_goes_on_without_a_cut() -> None:
    past = [Version(0.0, OLD), Version(MONDAY + 2.5 * DAY, NEW)]
    assert told(past, MONDAY, MONDAY + 5 * DAY) == [
        *("0-1 ana", "1-2 ben", "2-3 ana", "3-4 cho"),
        "4-5 dan",
    ]


def test_whoever_is_not_any_more_leaves_at_the_edit() -> None:
    past = [Version(0.0, OLD), Version(MONDAY + 1.5 * DAY, rota("cho"))]
    assert told(past, MONDAY, MONDAY + 3 * DAY) == ["0-1 ana", "1-1.5 ben", "1.5-2 cho", "2-3 cho"]


def test_a_window_after_the_edit_knows_the_new_one_alone() -> None:
    past = [Version(0.0, OLD), Version(MONDAY, NEW)]
    span = MONDAY + 10 * DAY, MONDAY + 20 * DAY
    assert shifts_by(past, [], *span) == shifts(NEW, [], *span)


def test_what_was_before_the_first_version_is_shown_by_it() -> None:
    past = [Version(MONDAY, OLD)]
    assert told(past, MONDAY - DAY, MONDAY) == ["-1-0 ben"]


def test_changes_count_in_either() -> None:
    past = [Version(0.0, OLD), Version(MONDAY + 1.5 * DAY, rota("cho"))]
    span = (MONDAY + 1.25 * DAY, MONDAY + 1.75 * DAY)
    override = Change("c", "web", "override", *span, "eve", "", 0, "", 0.0)
    assert told(past, MONDAY + DAY, MONDAY + 2 * DAY, override) == [
        *("1-1.25 ben", "1.25-1.75 eve"),
        "1.75-2 cho",
    ]


edits = st.lists(
    st.tuples(st.integers(1, 500), st.lists(st.sampled_from("abcde"), min_size=1, max_size=4)),
    max_size=5,
)


@given(edits, st.integers(0, 400), st.integers(1, 200))
def test_every_moment_is_by_the_version_in_force(
    made: list[tuple[int, list[str]]], first: int, length: int
) -> None:
    past, at = [Version(0.0, OLD)], MONDAY
    for hours, people in made:
        at += hours * HOUR
        past.append(Version(at, rota(*people)))
    since, until = MONDAY + first * HOUR, MONDAY + (first + length) * HOUR
    found = shifts_by(past, [], since, until)
    for place in range(length):
        moment = since + place * HOUR + 60
        version = max((one for one in past if one.since <= moment), key=lambda one: one.since)
        [by_rule] = shifts(version.rota, [], moment, moment + 1)
        [shown] = [one for one in found if one.start <= moment < one.end]
        assert shown.people == by_rule.people
    assert all(one.end <= two.start for one, two in pairwise(found))


@pytest.fixture
def home() -> Home:
    return memory_home(clock=VirtualClock(MONDAY))


def test_an_edit_is_kept_once_with_when_it_came_into_force(home: Home) -> None:
    assert versions(home, OLD) == [(0.0, OLD)]
    assert keep_versions(home, [OLD]) == []
    assert keep_versions(home, [OLD]) == []
    home.clock.advance(DAY)  # type: ignore[attr-defined]
    # Known to whoever looks before the pager runs with it.
    assert [one.since for one in versions(home, NEW)] == [0.0, MONDAY + DAY]
    assert keep_versions(home, [NEW]) == ["web"]
    home.clock.advance(DAY)  # type: ignore[attr-defined]
    assert keep_versions(home, [NEW]) == []
    assert [(one.since, one.rota.team) for one in versions(home, NEW)] == [
        (0.0, OLD.team),
        (MONDAY + DAY, NEW.team),
    ]
    assert [entry.kind for entry in home.journal.read()] == ["rota.edited"]


def test_a_clock_that_was_set_back_keeps_the_order(home: Home) -> None:
    for people in ("ana", "ben"):
        keep_versions(home, [rota(people)])
    home.clock.advance(-DAY)  # type: ignore[attr-defined]
    keep_versions(home, [rota("cho")])
    found = versions(home, rota("cho"))
    assert [one.rota.team for one in found] == [("ana",), ("ben",), ("cho",)]
    assert found == sorted(found, key=lambda one: one.since)


def test_of_very_many_versions_the_last_are_kept(home: Home) -> None:
    for number in range(KEPT + 5):
        home.clock.advance(60)  # type: ignore[attr-defined]
        keep_versions(home, [rota(f"p{number}")])
    found = versions(home, rota(f"p{KEPT + 4}"))
    assert len(found) == KEPT
    assert found[-1].rota.team == (f"p{KEPT + 4}",)
