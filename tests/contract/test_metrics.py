"""Metrics: what several processes measured adds up, in less detail the older it is."""

from __future__ import annotations

import pytest

from billow.clock import VirtualClock
from billow.home import Home
from billow.ops.recorder import Recorder
from billow.ops.summary import Summary
from billow.ports.metrics import HOUR_KEPT, MINUTE_KEPT, RAW_KEPT, MetricInfo

#: A full hour.
START = 1_700_002_800.0


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START + 60)


def write(home: Home, at: float, name: str, *values: float) -> None:
    recorder = Recorder()
    for value in values:
        recorder.observe(name, value)
    home.metrics.write(at, recorder.take())


def counts(home: Home, name: str, since: float, until: float, step: float) -> list[int | None]:
    found = home.metrics.summaries(name, since, until, step)
    return [None if one is None else one.count for one in found]


def test_what_processes_measured_adds_up(home: Home) -> None:
    write(home, START, "web.latency", 1.0, 3.0)
    write(home, START + 4, "web.latency", 8.0)
    [found] = home.metrics.summaries("web.latency", START, START + 10, 10)
    assert found is not None
    assert (found.count, found.total, found.low, found.high) == (3, 12.0, 1.0, 8.0)
    assert found.statistic("p50") == pytest.approx(3, rel=0.0217)
    assert found.statistic("p99") == pytest.approx(8, rel=0.0217)


def test_steps_without_values_are_none(home: Home) -> None:
    write(home, START, "web.latency", 1.0)
    write(home, START + 20, "web.latency", 1.0, 1.0)
    assert counts(home, "web.latency", START - 10, START + 40, 10) == [None, 1, None, 2, None]
    assert home.metrics.summaries("nothing.here", START, START + 20, 10) == [None, None]


def test_windows_may_slide(home: Home) -> None:
    for place in range(12):
        write(home, START + 10 * place, "host.cpu", 1.0)
    assert counts(home, "host.cpu", START + 30, START + 90, 30) == [3, 3]
    assert counts(home, "host.cpu", START + 60, START + 120, 60) == [6]
    assert counts(home, "host.cpu", START, START + 120, 120) == [12]


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        (RAW_KEPT - 60, [1, 1, None, None, None, None, 1]),
        (RAW_KEPT + 60, [2, None, None, None, None, None, 1]),
        (MINUTE_KEPT + 60, [3, None, None, None, None, None, None]),
    ],
)
def test_the_older_the_less_detail(
    home: Home, clock: VirtualClock, age: float, kept: list[int | None]
) -> None:
    for at in (START, START + 10, START + 60):
        write(home, at, "host.cpu", 1.0)
    clock.advance(age)
    home.metrics.trim()
    assert counts(home, "host.cpu", START, START + 70, 10) == kept


def test_trim_forgets_what_is_too_old_for_its_detail(home: Home, clock: VirtualClock) -> None:
    write(home, START, "host.cpu", 1.0)
    assert home.metrics.trim() == 0
    for age in (RAW_KEPT, MINUTE_KEPT, HOUR_KEPT):
        clock.advance(age)
        assert home.metrics.trim() == 1
    assert home.metrics.trim() == 0


def test_metrics_are_known_by_kind_and_unit(home: Home) -> None:
    recorder = Recorder()
    recorder.count("web.requests")
    recorder.gauge("host.disk", 12.0, "%")
    recorder.observe("web.latency", 0.1)
    home.metrics.write(START, recorder.take())
    assert home.metrics.known() == [
        MetricInfo("host.disk", "gauge", "%"),
        MetricInfo("web.latency", "timer", "s"),
        MetricInfo("web.requests", "counter", ""),
    ]
    assert [info.name for info in home.metrics.known("web.")] == ["web.latency", "web.requests"]
    assert home.metrics.kind("web.requests") == "counter"
    assert home.metrics.kind("web.unheard_of") == "gauge"


def test_a_counter_that_stands_still_is_zero(home: Home) -> None:
    recorder = Recorder()
    recorder.count("web.errors", 2)
    home.metrics.write(START, recorder.take())
    home.metrics.write(START + 10, recorder.take())
    found = home.metrics.summaries("web.errors", START, START + 30, 10)
    assert found == [Summary(1, 2.0, 2.0, 2.0), Summary(1, 0.0, 0.0, 0.0), None]
