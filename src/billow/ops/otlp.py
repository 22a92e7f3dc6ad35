"""Metrics for other systems, in OpenTelemetry's protocol, which collectors and vendors take."""

from __future__ import annotations

import logging
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from billow.errors import SettingError
from billow.ops.recorder import Measured
from billow.ops.summary import LOWEST, SCALE
from billow.ports.metrics import RAW
from billow.settings import in_force

#: Seconds that a collector may take; what it does not take by then is lost to it.
TIMEOUT = 5.0
_NANO = 1_000_000_000
#: What OpenTelemetry calls a sum of what was counted since the last one.
_DELTA = 1

_log = logging.getLogger("billow.metrics")

#: Takes what was measured in ten seconds.
Passing = Callable[[float, list[Measured]], None]


def open_exporter(process: str) -> Passing | None:
    """What passes a process's metrics on, as the settings have it; None if they go nowhere.

    Raises:
        SettingError: the extra `otel` is not installed.
    """
    address = in_force("otlp_url").value
    if not address:
        return None
    try:
        encode({}, 0, 0, ())
    except ModuleNotFoundError:
        raise SettingError(
            "otlp_url needs OpenTelemetry's protocol; install it by `pip install billow[otel]`"
        ) from None
    return Exporter(address, read_headers(in_force("otlp_headers").value), process)


def read_headers(text: object) -> dict[str, str]:
    """Headers written as OpenTelemetry writes them: `api-key=secret,other=value`."""
    plain = text.reveal() if hasattr(text, "reveal") else str(text)
    pairs = (one.partition("=") for one in plain.split(",") if one.strip())
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


class Collector:
    """Sends to a collector; one that does not answer is no trouble to the process.

    Args:
        address: where to.
        headers: sent with each request.
        process: what the process is called.
    """

    def __init__(self, address: str, headers: Mapping[str, str], process: str) -> None:
        self._address = address
        self._headers = {**headers, "Content-Type": "application/x-protobuf"}
        #: What the process tells of itself.
        self.resource = {
            "service.name": "billow",
            "service.instance.id": f"{process}-{os.getpid()}@{socket.gethostname()}",
            "billow.process": process,
        }
        self._trouble = ""

    def send(self, body: bytes) -> None:
        """Send a request's body."""
        request = urllib.request.Request(self._address, body, self._headers)  # noqa: S310 - a setting
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                answer.read(1024)
        except (OSError, urllib.error.URLError) as problem:
            self._complain(f"{type(problem).__name__}: {problem}")
            return
        self._complain("")

    def _complain(self, trouble: str) -> None:
        """Say once that the collector takes nothing, and once that it does again."""
        if trouble != self._trouble:
            self._trouble = trouble
            _log.warning("sending to %s: %s", self._address, trouble or "taken again")


class Exporter:
    """Sends metrics to a collector.

    Args:
        address: where the collector listens, without `/v1/metrics`.
        headers: sent with each request.
        process: what the process is called.
    """

    def __init__(self, address: str, headers: Mapping[str, str], process: str) -> None:
        self._collector = Collector(f"{address.rstrip('/')}/v1/metrics", headers, process)

    def __call__(self, at: float, batch: list[Measured]) -> None:
        """Send what was measured in the ten seconds that `at` lies in."""
        if batch:
            begin = int(at // RAW * RAW)
            body = encode(self._collector.resource, begin, begin + RAW, batch)
            self._collector.send(body)


def encode(resource: Mapping[str, str], begin: int, end: int, batch: Sequence[Measured]) -> bytes:
    """The request's body: counters as sums, gauges as their average, timers as histograms."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (  # noqa: PLC0415 - extra
        ExportMetricsServiceRequest,
    )

    asked = ExportMetricsServiceRequest()
    measured = asked.resource_metrics.add()
    for name, value in resource.items():
        attribute = measured.resource.attributes.add()
        attribute.key = name
        attribute.value.string_value = value
    scope = measured.scope_metrics.add()
    scope.scope.name = "billow"
    for one in batch:
        metric = scope.metrics.add()
        metric.name, metric.unit = f"billow.{one.name}", _unit(one.unit)
        point = _point(metric, one)
        point.start_time_unix_nano, point.time_unix_nano = begin * _NANO, end * _NANO
    body: bytes = asked.SerializeToString()
    return body


def _point(metric: Any, one: Measured) -> Any:
    """The metric's datapoint, of its kind."""
    summary = one.summary
    if one.kind == "counter":
        metric.sum.aggregation_temporality = _DELTA
        metric.sum.is_monotonic = True
        point = metric.sum.data_points.add()
        point.as_double = summary.total
        return point
    if one.kind == "gauge":
        point = metric.gauge.data_points.add()
        point.as_double = summary.total / summary.count
        return point
    metric.exponential_histogram.aggregation_temporality = _DELTA
    point = metric.exponential_histogram.data_points.add()
    point.count, point.sum = summary.count, summary.total
    point.min, point.max, point.scale = summary.low, summary.high, SCALE
    _fill(point, summary.buckets)
    return point


def _fill(point: Any, buckets: Mapping[int, int]) -> None:
    """Our buckets are OpenTelemetry's of this scale, theirs numbered one lower."""
    point.zero_count = buckets.get(LOWEST, 0)
    real = [bucket for bucket in buckets if bucket > LOWEST]
    if real:
        point.positive.offset = min(real) - 1
        span = range(min(real), max(real) + 1)
        point.positive.bucket_counts.extend(buckets.get(bucket, 0) for bucket in span)


def _unit(unit: str) -> str:
    return {"bytes": "By"}.get(unit, unit)
