"""The published tables of CloudWatch's alarm evaluation, cell by cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import DeclarationError
from billow.fleet.alarm import Alarm, AlarmState, Missing, Verdict, judge

OK, ALARM, NO_DATA = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
KEEP = None

#: Newest right, X breaches, 0 does not, - is missing; datapoints to alarm; then the states under
#: missing, ignore, breaching, notBreaching.
PUBLISHED = [
    ("0-X-X", 3, OK, OK, OK, OK),
    ("0----", 3, OK, OK, OK, OK),
    ("-----", 3, NO_DATA, KEEP, ALARM, OK),
    ("0XX-X", 3, ALARM, ALARM, ALARM, ALARM),
    ("--X--", 3, ALARM, KEEP, ALARM, OK),
    ("0-X-X", 2, ALARM, ALARM, ALARM, ALARM),
    ("00X0X", 2, ALARM, ALARM, ALARM, ALARM),
    ("0-X--", 2, OK, OK, ALARM, OK),
    ("----0", 2, OK, OK, ALARM, OK),
    ("---X-", 2, ALARM, KEEP, ALARM, OK),
]
CELLS = [
    (row[0], row[1], mode, state)
    for row in PUBLISHED
    for mode, state in zip(Missing, row[2:], strict=True)
]


def points(text: str) -> list[bool | None]:
    return [{"X": True, "0": False, "-": None}[char] for char in text]


@pytest.mark.parametrize(("window", "datapoints", "missing", "expected"), CELLS)
@pytest.mark.parametrize("before", list(AlarmState))
def test_the_published_table(
    window: str, datapoints: int, missing: Missing, expected: AlarmState | None, before: AlarmState
) -> None:
    state = judge(points(window), 3, datapoints, missing, before)
    assert state is (before if expected is KEEP else expected)


@pytest.mark.parametrize(
    ("window", "expected"), [("----X", NO_DATA), ("---X-", NO_DATA), ("---X0", OK)]
)
def test_a_single_late_point_does_not_alarm(window: str, expected: AlarmState) -> None:
    assert judge(points(window), 3, 3, Missing.MISSING, NO_DATA) is expected


def test_breaching_gaps_alarm_once_the_good_point_has_left_the_window() -> None:
    assert judge(points("0----"), 3, 3, Missing.BREACHING, OK) is OK
    assert judge(points("-----"), 3, 3, Missing.BREACHING, OK) is ALARM


@given(
    st.lists(st.sampled_from([True, False]), min_size=5, max_size=9),
    st.integers(1, 5),
    st.sampled_from(Missing),
    st.sampled_from(AlarmState),
)
def test_with_all_points_there_the_newest_decide_alone(
    window: list[bool], datapoints: int, missing: Missing, before: AlarmState
) -> None:
    state = judge([*window], 5, datapoints, missing, before)
    assert (state is ALARM) == (sum(window[-5:]) >= datapoints)
    assert state is not NO_DATA


@given(
    st.lists(st.sampled_from([True, False, None]), min_size=5, max_size=5),
    st.integers(1, 3),
    st.sampled_from(AlarmState),
)
def test_breaching_gaps_alarm_whenever_innocent_gaps_do(
    window: list[bool | None], datapoints: int, before: AlarmState
) -> None:
    innocent = judge(window, 3, datapoints, Missing.NOT_BREACHING, before)
    guilty = judge(window, 3, datapoints, Missing.BREACHING, before)
    assert innocent is OK or guilty is ALARM


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
