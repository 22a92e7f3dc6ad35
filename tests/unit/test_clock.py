"""Clocks."""

from __future__ import annotations

import math
import time

import pytest

from billow.clock import ScaledClock, SystemClock, VirtualClock
from billow.errors import SettingError
from tests.contract.homes import in_threads


def test_a_virtual_clock_stands_still_until_it_is_moved() -> None:
    clock = VirtualClock(100.0)
    assert clock.now() == clock.now() == 100.0
    assert clock.advance(2.5) == clock.now() == 102.5
    clock.sleep(7.5)
    assert clock.now() == 110.0


def test_no_step_of_a_virtual_clock_is_lost_between_threads() -> None:
    clock = VirtualClock(0.0)
    in_threads([lambda: [clock.advance(1) for _ in range(500)]] * 4)
    assert clock.now() == 2000.0


def test_the_system_clock_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "time", lambda: 1234.5)
    monkeypatch.setattr(time, "sleep", slept.append)
    assert SystemClock().now() == 1234.5
    SystemClock().sleep(3)
    assert slept == [3]


def test_a_scaled_clock_runs_faster_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    real = 1000.0
    slept: list[float] = []
    monkeypatch.setattr(time, "time", lambda: real)
    monkeypatch.setattr(time, "sleep", slept.append)
    clock = ScaledClock(60)
    assert clock.now() == 1000.0
    real = 1005.0
    assert clock.now() == 1300.0
    clock.sleep(300)
    assert slept == [5.0]
    assert clock.real(1300.0) == 1005.0


def test_scaled_clocks_with_the_same_start_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1100.0)
    one, other = ScaledClock(10, start=1000.0), ScaledClock(10, start=1000.0)
    assert one.now() == other.now() == 2000.0


@pytest.mark.parametrize("speed", [0, -1, math.nan, math.inf])
def test_a_clock_cannot_stand_still_or_run_backwards(speed: float) -> None:
    with pytest.raises(SettingError, match="speed"):
        ScaledClock(speed)
