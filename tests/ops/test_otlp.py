"""Metrics by OTLP, taken by a collector of the test's own that decodes them."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from billow.accounts.secret import Secret
from billow.errors import SettingError
from billow.ops import otlp
from billow.ops.recorder import Recorder
from billow.ops.summary import GAMMA
from tests.ops.collector import collecting

COLLECTOR = ExportMetricsServiceRequest.__module__
START = 1_700_000_050.0


def measure() -> Recorder:
    recorder = Recorder()
    recorder.count("web.requests", 3)
    recorder.gauge("process.web.rss", 100, "bytes")
    recorder.gauge("process.web.rss", 300, "bytes")
    for value in (0.0, 0.1, 0.1, 0.5):
        recorder.observe("web.latency", value)
    return recorder


def test_a_collector_understands_what_it_is_sent() -> None:
    with collecting() as collector:
        address = f"{collector.address}/"
        otlp.Exporter(address, {"api-key": "k"}, "web")(START + 3, measure().take())
    [(path, headers, body)] = collector.came
    asked = ExportMetricsServiceRequest.FromString(body)
    assert (path, headers["content-type"], headers["api-key"]) == (
        "/v1/metrics", "application/x-protobuf", "k",
    )  # fmt: skip
    [resource] = asked.resource_metrics
    about = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert (about["service.name"], about["billow.process"]) == ("billow", "web")
    metrics: dict[str, Any] = {one.name: one for one in resource.scope_metrics[0].metrics}
    [requests] = metrics["billow.web.requests"].sum.data_points
    assert (requests.as_double, metrics["billow.web.requests"].sum.is_monotonic) == (3, True)
    assert requests.time_unix_nano - requests.start_time_unix_nano == 10 * 10**9
    assert requests.start_time_unix_nano == int(START) * 10**9
    [memory] = metrics["billow.process.web.rss"].gauge.data_points
    assert (memory.as_double, metrics["billow.process.web.rss"].unit) == (200, "By")


def test_buckets_are_those_of_an_exponential_histogram() -> None:
    body = otlp.encode({}, 0, 10, measure().take())
    asked = ExportMetricsServiceRequest.FromString(body)
    metrics = {one.name: one for one in asked.resource_metrics[0].scope_metrics[0].metrics}
    [point] = metrics["billow.web.latency"].exponential_histogram.data_points
    assert (point.count, point.zero_count, point.max) == (4, 1, 0.5)
    assert sum(point.positive.bucket_counts) + point.zero_count == point.count
    base = 2.0 ** (2.0**-point.scale)
    assert base == GAMMA
    places = [place for place, count in enumerate(point.positive.bucket_counts) if count]
    for place, value in zip(places, (0.1, 0.5), strict=True):
        index = point.positive.offset + place
        assert base**index < value <= base ** (index + 1)


def test_a_collector_that_is_not_there_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    exporter = otlp.Exporter("http://127.0.0.1:9", {}, "web")
    for _ in range(3):
        exporter(START, measure().take())
    assert len(caplog.records) == 1


def test_settings_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    assert otlp.open_exporter("web") is None
    monkeypatch.setenv("BILLOW_OTLP_URL", "http://127.0.0.1:4318")
    assert otlp.open_exporter("web") is not None
    monkeypatch.setitem(sys.modules, COLLECTOR, None)
    with pytest.raises(SettingError, match=r"pip install billow\[otel\]"):
        otlp.open_exporter("web")


def test_headers() -> None:
    assert otlp.read_headers(Secret("api-key=a%3Db, x = y ,")) == {"api-key": "a=b", "x": "y"}
    assert otlp.read_headers("") == {}
