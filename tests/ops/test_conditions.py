"""What makes an alarm, on made-up values."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import DeclarationError, Error
from billow.ops.alarm import Alarm
from billow.ops.band import Past, usual
from billow.ops.conditions import Moment
from billow.ops.judging import AlarmState, Verdict
from tests.ops.values import Values

OK, ALARM, NO_DATA = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
HOUR, DAY = 3600.0, 86400.0
#: A full hour, and a full week.
START = 2800 * 7 * DAY


def judged(alarm: Alarm, values: Values, at: float, before: AlarmState = NO_DATA) -> Verdict:
    assert alarm.condition is not None
    return alarm.condition.verdict(values, Moment(at, before))


def minutes(values: Values, name: str, numbers: list[float]) -> float:
    for place, number in enumerate(numbers):
        values.put(name, START + 60 * place, number)
    return START + 60 * len(numbers)


def test_three_minutes_above_the_bound() -> None:
    alarm, values = Alarm("slow", "web.latency > 500 ms for 3 min"), Values()
    end = minutes(values, "web.latency", [0.4, 0.6, 0.6, 0.7])
    assert judged(alarm, values, end) == (ALARM, 0.7)
    assert judged(alarm, values, end - 60).state is OK


def test_two_of_three() -> None:
    alarm, values = Alarm("hot", "host.cpu > 90 % for 2 of 3 min"), Values()
    end = minutes(values, "host.cpu", [95, 80, 95, 80, 80])
    assert [judged(alarm, values, end - back).state for back in (120, 60, 0)] == [ALARM, OK, OK]


def test_the_window_slides_by_the_minute() -> None:
    alarm, values = Alarm("many", "queue.jobs.visible >= 15 over 5 min"), Values()
    end = minutes(values, "queue.jobs.visible", [0, 0, 0, 0, 100, 0])
    assert judged(alarm, values, end) == (ALARM, 20.0)
    assert judged(alarm, values, end - 120).state is OK


def test_a_counter_is_summed_and_a_share_divided() -> None:
    values = Values({"web.requests": "counter", "web.errors": "counter"})
    end = minutes(values, "web.requests", [50, 50])
    minutes(values, "web.errors", [1, 8])
    assert judged(Alarm("few", "web.requests < 60"), values, end) == (ALARM, 50)
    share = Alarm("bad", "web.errors / web.requests > 10 %")
    assert judged(share, values, end) == (ALARM, 0.16)
    assert judged(share, values, end - 60) == (OK, 0.02)


def test_a_share_of_nothing_is_no_datapoint() -> None:
    values = Values()
    end = minutes(values, "web.requests", [0, 0, 0, 0, 0])
    share = Alarm("bad", "web.errors / web.requests > 10 %")
    assert judged(share, values, end).state is NO_DATA


def test_a_stopped_metric_goes_on_by_its_missing_rule() -> None:
    """As CloudWatch's guide warns: the last points are looked at again while they are in reach."""
    values = Values()
    end = minutes(values, "host.cpu", [95, 95, 95])
    when = "host.cpu > 90 for 3 min"
    seen = {
        missing: [judged(Alarm("a", when, missing=missing), values, end + 60 * gone, OK).state
                  for gone in (0, 2, 3, 9)]
        for missing in ("missing", "ignore", "breaching", "notBreaching")
    }  # fmt: skip
    assert seen == {
        "missing": [ALARM, ALARM, ALARM, NO_DATA],
        "ignore": [ALARM, ALARM, OK, OK],
        "breaching": [ALARM, ALARM, ALARM, ALARM],
        "notBreaching": [ALARM, ALARM, OK, OK],
    }


def test_percentiles_of_few_values_can_be_ignored() -> None:
    values = Values()
    values.put("web.latency", START, *[2.0] * 20)
    when = "web.latency.p95 > 1 s"
    assert judged(Alarm("a", when), values, START + 60, OK).state is ALARM
    assert judged(Alarm("a", when, few="ignore"), values, START + 60, OK).state is OK
    values.put("web.latency", START + 1, *[2.0] * 200)
    assert judged(Alarm("a", when, few="ignore"), values, START + 60, OK).state is ALARM


def test_absence_needs_to_have_been_watched_for_the_whole_time() -> None:
    alarm, values = Alarm("gone", "host.cpu absent for 5 min"), Values()
    assert alarm.condition is not None
    young = alarm.condition.verdict(values, Moment(START, began=START - 299))
    old = alarm.condition.verdict(values, Moment(START, began=START - 300))
    assert (young.state, old.state) == (NO_DATA, ALARM)
    values.put("host.cpu", START - 1, 1.0)
    assert judged(alarm, values, START) == (OK, 1)


def week_of(values: Values, weeks: int) -> None:
    """Requests by the hour: 100 by day, 10 by night, with a little noise."""
    for minute in range(0, weeks * 7 * 1440, 5):
        at = START - weeks * 7 * DAY + minute * 60
        hour = minute // 60 % 24
        values.put("web.requests", at, (100 if 8 <= hour < 20 else 10) + minute % 3)


def test_what_is_usual_by_day_is_not_by_night() -> None:
    values = Values()
    week_of(values, 2)
    alarm = Alarm("odd", "web.requests outside usual over 5 min")
    values.put("web.requests", START + 2 * HOUR, 100)
    values.put("web.requests", START + 10 * HOUR, 100)
    assert judged(alarm, values, START + 2 * HOUR + 300).state is ALARM
    assert judged(alarm, values, START + 10 * HOUR + 300).state is OK
    below = Alarm("odd", "web.requests below usual over 5 min")
    assert judged(below, values, START + 2 * HOUR + 300).state is OK


def test_without_a_past_nothing_is_unusual() -> None:
    values = Values()
    values.put("web.requests", START, 1e6)
    alarm = Alarm("odd", "web.requests outside usual over 5 min")
    assert judged(alarm, values, START + 300).state is NO_DATA


@given(st.lists(st.floats(0, 100), min_size=30, max_size=60), st.floats(0, 6))
def test_a_band_holds_its_median_and_keeps_to_what_can_be(
    numbers: list[float], width: float
) -> None:
    band = usual([Past(START, number) for number in numbers], START, width, 100.0)
    assert band is not None
    assert 0 <= band.low <= band.middle <= band.high <= 100


def burning(bad: float, minutes_ago: range) -> Values:
    values = Values({"web.errors": "counter", "web.requests": "counter"})
    for minute in range(1, 61):
        values.put("web.requests", START - 60 * minute, 100)
        if minute in minutes_ago:
            values.put("web.errors", START - 60 * minute, bad)
    return values


def test_a_budget_burns_when_both_windows_do() -> None:
    alarm = Alarm("budget", "web.errors / web.requests burns 99 % fast")
    assert judged(alarm, burning(100, range(1, 11)), START).state is ALARM
    over = burning(100, range(10, 20))  # much was lost, but it is over
    assert judged(alarm, over, START).state is OK
    assert judged(alarm, burning(100, range(1, 3)), START).state is OK  # too short to matter
    assert judged(alarm, Values(), START).state is NO_DATA


def test_an_outage_fires_when_the_workbook_says() -> None:
    """A whole outage under 99 %: 14.4 times the budget of an hour is spent after 8.6 minutes."""
    alarm = Alarm("budget", "web.errors / web.requests burns 99 % fast")
    states = [judged(alarm, burning(100, range(1, 1 + n)), START).state for n in (8, 9)]
    assert states == [OK, ALARM]


def test_few_bad_ones_burn_no_budget() -> None:
    values = Values()
    values.put("web.requests", START - 60, 12)
    values.put("web.errors", START - 60, 9)
    alarm = Alarm("budget", "web.errors / web.requests burns 99.9 % fast")
    assert judged(alarm, values, START).state is OK


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("web.latency.p95", "write it such as"),
        ("latency > 1", "is no metric"),
        ("cats.count > 1", "they begin with web, function"),
        ("web.latency > 3 furlongs", "is no unit; there are %, ms"),
        ("web.latency > 3 for ever", "for 2 of 3 min"),
        ("web.latency > 3 for 45 s over 20 s", "after the bound comes"),
        ("web.latency > 3 over 20 s for 50 s", "no multiple of the period"),
        ("web.latency > 3 over 45 s", "whole minutes"),
        ("web.latency > 3 for 5 of 3", "5 of 3 datapoints"),
        ("web.latency > 3 over 2 h for 13 of 13", "more than a day"),
        ("web.latency absent", "absent for 5 min"),
        ("web.errors burns 99 % fast", "a budget needs both"),
        ("web.errors / web.requests burns 100 % fast", "between 0 % and 100 %"),
        ("web.errors / web.requests burns 99 % now", "there are fast, slow"),
        ('ALARM("a") AND', "found the end"),
    ],
)
def test_mistakes_name_what_is_wrong_and_what_is_allowed(when: str, told: str) -> None:
    with pytest.raises(DeclarationError, match=f"alarm 'a': .*{told}"):
        Alarm("a", when)


@pytest.mark.parametrize(
    "options", [{"missing": "bad"}, {"few": "no"}, {"wait": "soon"}, {"extend": -1}]
)
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(DeclarationError, match="alarm 'a'"):
        Alarm("a", "host.cpu > 1", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("when", "span"),
    [
        ("host.cpu > 90 % for 2 of 3 min", 180),
        ("host.cpu > 90 % for 30 s", 30),
        ("host.cpu outside usual over 5 min", 300),
        ("host.cpu absent for 5 min", 300),
        ("web.errors / web.requests burns 99 % fast", 300),
        ('ALARM("b")', 10),
    ],
)
def test_what_an_alarm_looks_back_on(when: str, span: float) -> None:
    assert Alarm("a", when).span == span


@pytest.mark.parametrize("name", ["", 'a"b', "x" * 101, "a\nb"])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(DeclarationError, match="a name is"):
        Alarm(name, "host.cpu > 1")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(Error):
        Alarm("a", f"web.latency {text}")
