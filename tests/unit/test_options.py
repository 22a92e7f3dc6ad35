"""The option classes: what they allow, and what they refuse with a reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import DeclarationError, NotAccepted
from billow.options import File, Fleet, LaunchTemplate, Limits, Retry
from billow.units import GiB, MiB


@pytest.mark.parametrize("name", ["a.txt", "A.TXT", "a.b.md", ".txt", "ä.Md"])
def test_a_file_is_accepted_by_its_ending(name: str) -> None:
    File(".txt", ".MD").check(name)


@pytest.mark.parametrize("name", ["a.pdf", "txt", "", "a.txt.exe", "a.txt "])
def test_a_file_of_another_kind_is_not_accepted(name: str) -> None:
    with pytest.raises(NotAccepted) as caught:
        File(".txt", ".md").check(name)
    assert caught.value.extra["allowed"] == [".txt", ".md"]
    assert ".txt, .md" in str(caught.value)


def test_without_endings_every_file_is_accepted() -> None:
    File().check("anything")
    assert File().suffixes == ()
    assert File().max_size == GiB


def test_a_file_reads_as_it_was_written() -> None:
    assert repr(File(".TXT", max_size=5)) == "File('.txt', max_size=5)"


@pytest.mark.parametrize("failures", range(1, 12))
def test_the_rest_doubles_up_to_the_longest(failures: int) -> None:
    retry = Retry(backoff="1 s", max_backoff="60 s")
    rest = min(60.0, 2.0 ** (failures - 1))
    assert retry.rest(failures, 0.5) == pytest.approx(rest)
    assert retry.rest(failures, 0.0) == pytest.approx(0.75 * rest)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_rest_is_never_much_longer_than_the_longest(failures: int, jitter: float) -> None:
    rest = Retry(backoff="1 s", max_backoff="5 min").rest(failures, jitter)
    assert 0.75 <= rest <= 375


def test_no_rest_is_possible() -> None:
    assert Retry(backoff=0).rest(5, 0.9) == 0


BAD: list[tuple[str, Callable[[], Any]]] = [
    ("starts with a dot", lambda: File("txt")),
    ("at least 1 byte", lambda: File(max_size=0)),
    ("at least 1", lambda: Retry(attempts=0)),
    ("at least 1", lambda: Retry(lost=0)),
    ("duration", lambda: Retry(backoff="soon")),
    ("duration", lambda: Retry(max_backoff=-1)),
    ("longer than 0", lambda: Limits(time=0)),
    ("duration", lambda: Limits(time="long")),
    ("duration", lambda: Limits(time=math.nan)),
    ("longer than 0", lambda: Limits(cpu=0)),
    ("duration", lambda: Limits(cpu="much")),
    ("32 MiB", lambda: Limits(memory=31 * MiB)),
    ("byte", lambda: Limits(result=1)),
    ("at least 1", lambda: Limits(jobs_per_child=0)),
    ("min <= max", lambda: Fleet(min=3, max=2)),
    ("min <= max", lambda: Fleet(min=-1)),
    ("max >= 1", lambda: Fleet(min=0, max=0)),
    ("between min and max", lambda: Fleet(min=1, max=3, desired=0)),
    ("between min and max", lambda: Fleet(min=1, max=3, desired=4)),
]


@pytest.mark.parametrize(("reason", "make"), BAD)
def test_options_that_cannot_work_are_refused_with_the_reason(
    reason: str, make: Callable[[], Any]
) -> None:
    with pytest.raises(DeclarationError, match=reason):
        make()


def test_a_fleet_begins_with_its_least_unless_told() -> None:
    assert Fleet(min=2, max=5).start_size == 2
    assert Fleet(min=2, max=5, desired=4).start_size == 4
    assert Fleet(min=0, max=1).start_size == 0


def test_options_are_values() -> None:
    assert Retry() == Retry(attempts=3)
    assert Limits(memory=None) != Limits()
    assert LaunchTemplate().version == 1
    assert Fleet() == Fleet()
