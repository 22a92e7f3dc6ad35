"""The published tables of CloudWatch's alarm evaluation, cell by cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.ops.judging import AlarmState, Missing, judge

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
