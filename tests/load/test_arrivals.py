"""When requests are due."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from billow.drill.load.arrivals import Stage, arrivals


def test_even_arrivals_keep_the_rate_and_the_distance() -> None:
    due = [each.at for each in arrivals([Stage(2, 12, 50)])]
    assert len(due) == 500
    assert 2 < due[0] < due[-1] < 12
    assert {round(b - a, 9) for a, b in pairwise(due)} == {0.02}


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_the_parts_together_ask_for_all_of_it(parts: int) -> None:
    stages = [Stage(0, 10, 33), Stage(4, 6, 100, crowd=True)]
    whole = list(arrivals(stages))
    shares = [list(arrivals(stages, part, parts)) for part in range(parts)]
    assert sorted(each for share in shares for each in share) == sorted(whole)
    assert sum(each.crowd for each in whole) == 200


def test_arrivals_come_in_order_of_time() -> None:
    stages = [Stage(0, 10, 33), Stage(4, 6, 100, crowd=True)]
    for chance in (None, random.Random(3)):
        due = [each.at for each in arrivals(stages, chance=chance)]
        assert due == sorted(due)


def test_random_arrivals_keep_the_rate_and_bunch_as_poisson_does() -> None:
    due = [each.at for each in arrivals([Stage(0, 1000, 20)], chance=random.Random(7))]
    assert len(due) == pytest.approx(20_000, rel=0.03)
    gaps = [b - a for a, b in pairwise(due)]
    mean = sum(gaps) / len(gaps)
    spread = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert spread == pytest.approx(mean**2, rel=0.05)  # as of no other process


def test_the_same_seed_makes_the_same_arrivals() -> None:
    stages = [Stage(0, 10, 20), Stage(3, 5, 40, crowd=True)]
    first, again = (list(arrivals(stages, chance=random.Random("5"))) for _ in range(2))
    assert first == again != list(arrivals(stages, chance=random.Random("6")))
