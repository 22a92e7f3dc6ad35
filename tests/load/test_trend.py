"""Growth is told from warm-up, noise and peaks."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.drill.load.trend import trend_of

FLOOR = 16.0


def series(*values: float) -> list[tuple[float, float]]:
    return [(float(at), value) for at, value in enumerate(values)]


def noisy(seed: int, slope: float, length: int = 300, peaks: int = 0) -> list[tuple[float, float]]:
    chance = random.Random(seed)
    values = [100 + slope * at + chance.uniform(-8, 8) for at in range(length)]
    for place in chance.sample(range(length), peaks):
        values[place] += 500
    return series(*values)


@given(st.integers(0, 10_000))
def test_noise_and_peaks_are_no_growth(seed: int) -> None:
    trend = trend_of(noisy(seed, 0.0, peaks=40))
    assert trend is not None
    assert not trend.grows(FLOOR)


@given(st.integers(0, 10_000))
def test_a_leak_is_growth_whatever_lies_over_it(seed: int) -> None:
    trend = trend_of(noisy(seed, 0.2, peaks=40))
    assert trend is not None
    assert trend.grows(FLOOR)
    assert trend.slope == pytest.approx(0.2, abs=0.05)


def test_a_warm_up_is_no_growth() -> None:
    trend = trend_of(series(*[min(400, 10 * at) for at in range(300)]))
    assert trend is not None
    assert not trend.grows(FLOOR)


def test_one_step_is_no_growth() -> None:
    trend = trend_of(series(*[100 if at < 150 else 160 for at in range(300)]))
    assert trend is not None
    assert not trend.grows(FLOOR)


def test_shrinking_is_no_growth() -> None:
    trend = trend_of(series(*[1000 - 2.0 * at for at in range(300)]))
    assert trend is not None
    assert not trend.grows(FLOOR)


def test_a_few_points_tell_nothing() -> None:
    assert trend_of(series(1, 2, 3)) is None
    assert trend_of([(0.0, 1.0)] * 20) is None
