"""What follows from datapoints, as with CloudWatch: M of the last N, and what missing ones mean."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class AlarmState(StrEnum):
    """What an alarm says of its metric."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Missing(StrEnum):
    """What a datapoint that is missing counts as, where too few are there to decide."""

    #: As nothing; if all are missing the state is INSUFFICIENT_DATA.
    MISSING = "missing"
    #: As no news: the state stays as it is.
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


class Verdict(NamedTuple):
    """An alarm's state, and the latest datapoint it was decided on."""

    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    value: float | None = None


def judge(
    points: Sequence[bool | None],
    periods: int,
    datapoints: int,
    missing: Missing,
    state: AlarmState,
) -> AlarmState:
    """The state that follows from `points`.

    Args:
        points: oldest first: whether each breaches the threshold, None if it is missing. More of
            them than `periods` let the alarm look further back for real ones.
        periods: N, how many datapoints decide.
        datapoints: M, how many of them must breach.
        missing: what a missing one counts as, used only if less than N real ones are there.
        state: the state until now.
    """
    real = [point for point in points if point is not None]
    breaching = sum(real)
    if len(real) >= periods:
        return alarm_if(sum(real[-periods:]) >= datapoints)
    if missing is Missing.BREACHING:
        return alarm_if(breaching + periods - len(real) >= datapoints)
    if missing is Missing.NOT_BREACHING or not all(real) or breaching >= datapoints:
        return alarm_if(breaching >= datapoints)
    if missing is Missing.IGNORE:
        return state
    return _premature(points, datapoints)


def alarm_if(breaching: bool) -> AlarmState:
    """ALARM or OK."""
    return AlarmState.ALARM if breaching else AlarmState.OK


def _premature(points: Sequence[bool | None], datapoints: int) -> AlarmState:
    """The state when only breaching points are there, and too few, or none at all.

    It is an alarm once the oldest has had its periods, so that a single late point does not
    alarm at once.
    """
    age = next((len(points) - i for i, point in enumerate(points) if point is not None), 0)
    return AlarmState.ALARM if age >= datapoints else AlarmState.INSUFFICIENT_DATA
