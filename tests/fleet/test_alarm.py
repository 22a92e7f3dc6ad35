"""Alarms on a fleet's samples: sliding windows of steps that all count alike."""

from __future__ import annotations

import pytest

from billow.errors import DeclarationError
from billow.fleet.alarm import Alarm
from billow.ops.judging import AlarmState, Verdict

OK, ALARM = AlarmState.OK, AlarmState.ALARM


def test_a_datapoint_is_the_average_of_a_sliding_window() -> None:
    alarm = Alarm("many", ">=", 15, period=300)
    samples = alarm.samples()
    for minute, value in enumerate([0, 0, 0, 0, 100]):
        samples = samples.add(value, minute * 60.0)
    assert alarm.evaluate(samples, 5, Verdict()) == (ALARM, 20.0)
    assert alarm.evaluate(samples, 4, Verdict()) == (OK, 0.0)


def test_two_of_three_datapoints() -> None:
    alarm = Alarm("many", ">", 10, period=60, datapoints=2, periods=3)
    samples = alarm.samples()
    for minute, value in enumerate([20, 5, 20, 5, 5]):
        samples = samples.add(value, minute * 60.0)
    states = [alarm.evaluate(samples, at, Verdict()).state for at in (3, 4, 5)]
    assert states == [ALARM, OK, OK]


def test_a_busy_minute_counts_no_more_than_a_quiet_one() -> None:
    samples = Alarm("many", ">=", 15, period=120).samples()
    samples = samples.add(0, 0.0)
    for second in range(60):
        samples = samples.add(10, 60.0 + second)
    assert samples.mean(0, 2) == 5


def test_a_clock_set_back_forgets_what_lies_in_its_future() -> None:
    samples = Alarm("many", ">=", 15, period=60).samples()
    samples = samples.add(1, 0.0).add(10, 120.0).add(20, 60.0)
    assert samples.mean(0, 2) == 10.5
    assert samples.mean(2, 3) is None


def test_old_steps_are_forgotten() -> None:
    samples = Alarm("many", ">=", 15, period=60).samples().add(10, 0.0).add(20, 6000.0)
    assert samples.mean(0, 100) is None
    assert samples.mean(0, 101) == 20


@pytest.mark.parametrize("period", [10, 20, 30, 60, 300, 3600])
def test_possible_periods(period: float) -> None:
    assert Alarm("a", ">=", 1, period=period).step == (60 if period >= 60 else 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"comparison": "=="},
        {"period": 45},
        {"period": 90},
        {"period": 0},
        {"datapoints": 0},
        {"datapoints": 3, "periods": 2},
    ],
)
def test_impossible_alarms_are_refused(wrong: dict[str, object]) -> None:
    values = {"comparison": ">=", "threshold": 1, **wrong}
    with pytest.raises(DeclarationError, match="alarm 'a'"):
        Alarm("a", **values)  # type: ignore[arg-type]
