"""Breakers on what jobs call: opened, tried by one, closed by what works."""

from __future__ import annotations

from functools import partial

import pytest

from billow.clock import VirtualClock
from billow.errors import NotFound, Unavailable
from billow.flow.breakers import (
    FIRST_REST,
    FORGET,
    LONGEST_REST,
    Breaker,
    Breakers,
    failures,
    note_failed,
    note_worked,
)
from billow.home import Home
from tests.contract.homes import in_threads


@pytest.fixture
def breakers(home: Home) -> Breakers:
    return Breakers(home)


def there(breakers: Breakers) -> Breaker:
    found = breakers.get("geo")
    assert found is not None
    return found


def told(home: Home) -> list[tuple[str, str, str]]:
    return [(one.kind, one.subject, one.reason) for one in home.journal.read(kinds=["breaker."])]


def test_it_is_opened_once_and_closed_by_hand(home: Home, breakers: Breakers) -> None:
    assert breakers.all() == []
    assert breakers.open("geo", "it does not answer")
    assert not breakers.open("geo", "again")
    assert [one.reason for one in breakers.all()] == ["it does not answer"]
    breakers.close("geo", "mended")
    with pytest.raises(NotFound, match="the breaker of 'geo' is not open"):
        breakers.close("geo", "again")
    assert told(home) == [
        ("breaker.opened", "geo", "it does not answer"),
        ("breaker.closed", "geo", "mended"),
    ]


def test_one_worker_tries_when_its_time_has_come(breakers: Breakers, clock: VirtualClock) -> None:
    breakers.open("geo", "down")
    assert not breakers.claim(there(breakers), "a", 60)
    clock.advance(FIRST_REST)
    seen = there(breakers)
    claimed: list[bool] = []

    def claim(number: int) -> None:
        claimed.append(breakers.claim(seen, f"w{number}", 60))

    in_threads([partial(claim, number) for number in range(4)])
    assert sorted(claimed) == [False, False, False, True]
    assert there(breakers).tries(clock.now())
    clock.advance(60)  # it never came back
    assert breakers.claim(there(breakers), "late", 60)
    breakers.settle("geo", "w0", works=True)
    assert there(breakers).probe == "late"


def test_what_works_closes_it(home: Home, breakers: Breakers, clock: VirtualClock) -> None:
    breakers.open("geo", "down")
    clock.advance(FIRST_REST)
    breakers.claim(there(breakers), "a", 60)
    breakers.settle("geo", "a", works=True)
    assert breakers.get("geo") is None
    assert told(home)[-1] == ("breaker.closed", "geo", "it works again, after 0 tries in vain")


def test_each_try_in_vain_doubles_the_rest(
    home: Home, breakers: Breakers, clock: VirtualClock
) -> None:
    breakers.open("geo", "down")
    rests = []
    for _ in range(7):
        rests.append(there(breakers).until - clock.now())
        clock.advance(rests[-1])
        breakers.claim(there(breakers), "a", 60)
        breakers.settle("geo", "a", works=False, why="no answer")
    assert rests == [15, 30, 60, 120, 240, 300, 300]
    assert (rests[0], rests[-1]) == (FIRST_REST, LONGEST_REST)
    assert there(breakers).failed == 7
    assert told(home)[1] == ("breaker.tried", "geo", "no answer")


def test_what_says_nothing_lets_another_try_at_once(
    breakers: Breakers, clock: VirtualClock
) -> None:
    breakers.open("geo", "down")
    clock.advance(FIRST_REST)
    breakers.claim(there(breakers), "a", 60)
    breakers.settle("geo", "a", works=None)
    assert breakers.claim(there(breakers), "b", 60)


def test_who_asks_before_is_told_when(breakers: Breakers, clock: VirtualClock) -> None:
    breakers.check("geo")
    breakers.open("geo", "down")
    clock.advance(5)
    with pytest.raises(Unavailable, match="geo cannot be used now: down") as told:
        breakers.check("geo")
    assert told.value.extra["retry_after"] == FIRST_REST - 5
    clock.advance(FIRST_REST)
    breakers.check("geo")


def test_a_row_of_failures_is_broken_by_what_works(home: Home, clock: VirtualClock) -> None:
    assert failures(home, "geo") is None
    began = clock.now()
    note_failed(home, "geo", 2, "first")
    clock.advance(10)
    note_failed(home, "geo", 1, "second")
    row = failures(home, "geo")
    assert row == (3, began, began + 10, "second")
    clock.advance(1)
    note_worked(home, "geo")
    assert failures(home, "geo") is None
    clock.advance(1)
    note_failed(home, "geo", 1, "third")
    row = failures(home, "geo")
    assert row is not None
    assert (row.length, row.why) == (1, "third")


def test_old_failures_are_no_part_of_a_row(home: Home, clock: VirtualClock) -> None:
    note_failed(home, "geo", 4, "old")
    clock.advance(FORGET)
    note_failed(home, "geo", 1, "new")
    row = failures(home, "geo")
    assert row is not None
    assert row.length == 1
