"""The pager is killed at random while incidents fire; the checker catches every kind of fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.pager_check import Arrival, Drill, check
from tests.drills.pager_drill import run


@pytest.mark.drill
@pytest.mark.timeout(300)
def test_no_page_is_missed_however_often_the_pager_dies(tmp_path: Path) -> None:
    drill = run(tmp_path, kills=60)
    verdict = check(drill, last=10.0, slack=5.0)
    assert len(drill.expected) == 12
    assert verdict.wrong == []
    assert verdict.twice <= len(drill.kills)


def arrival(at: float = 2.0, id: str = "m1", key: str = "1:ana", person: str = "ana") -> Arrival:
    return Arrival(at, id, key, 1, person, "page")


RIGHT = Drill(
    expected={1: frozenset({"ana", "ben"})},
    acked={1: 3.5},
    kills=[2.5],
    sent=frozenset({"1:ana", "1:ben"}),
    arrivals=[arrival(), arrival(3.0), arrival(4.0, "m2", "1:ben", "ben")],
)


def test_the_checker_passes_what_is_right() -> None:
    verdict = check(RIGHT)
    assert (verdict.wrong, verdict.twice) == ([], 1)


@pytest.mark.parametrize(
    ("mutant", "fault"),
    [
        (RIGHT._replace(arrivals=RIGHT.arrivals[:2], sent=frozenset()), "did not page ben"),
        (RIGHT._replace(arrivals=RIGHT.arrivals[:2]), "never came"),
        (RIGHT._replace(kills=[]), "no pager died"),
        (RIGHT._replace(kills=[3.5]), "no pager died"),
        (RIGHT._replace(arrivals=[*RIGHT.arrivals, arrival(2.7, "m3")]), "another id"),
        (RIGHT._replace(acked={1: 2.9}), "after it was acknowledged"),
    ],
)
def test_the_checker_catches_what_is_wrong(mutant: Drill, fault: str) -> None:
    assert any(fault in each for each in check(mutant).wrong)
