"""How many requests were answered how, and how fast; counted for each, so as cheap as can be."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

#: Upper ends of the classes of durations, seconds.
EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

_LABELS = [*map(floatToGoString, EDGES), "+Inf"]


class _Times:
    """Durations of one route: how many fell into each class, and their sum."""

    __slots__ = ("classes", "total")

    def __init__(self) -> None:
        self.classes = [0] * len(_LABELS)
        self.total = 0.0


#: Method, route, status, and seconds; None if their number tells nothing.
Request: TypeAlias = tuple[str, str, int, float | None]


class Answers(Collector):
    """Counters of requests and of renditions, and histograms of durations."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._renditions: dict[tuple[str, str], int] = {}
        self._times: dict[str, _Times] = {}

    def count(self, requests: Iterable[Request]) -> None:
        """Count requests."""
        with self._lock:
            for method, route, status, seconds in requests:
                key = method, route, status
                self._requests[key] = self._requests.get(key, 0) + 1
                if seconds is not None:
                    times = self._times.get(route)
                    if times is None:
                        times = self._times[route] = _Times()
                    times.classes[bisect_left(EDGES, seconds)] += 1
                    times.total += seconds

    def count_rendition(self, rendition: str, outcome: str) -> None:
        """Count an answer to somebody who asked for a rendition."""
        key = rendition, outcome
        with self._lock:
            self._renditions[key] = self._renditions.get(key, 0) + 1

    def describe(self) -> list[Metric]:
        """Nothing: what there is depends on what was asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of it as it is now."""
        requests = CounterMetricFamily(
            "billow_http_requests", "Requests answered.", labels=("method", "route", "status")
        )
        for (method, route, status), count in list(self._requests.items()):
            requests.add_metric((method, route, str(status)), count)
        yield requests
        renditions = CounterMetricFamily(
            "billow_renditions",
            "Renditions sent (hit: from the cache, miss: made first), or why not.",
            labels=("rendition", "outcome"),
        )
        for key, count in list(self._renditions.items()):
            renditions.add_metric(key, count)
        yield renditions
        yield self._latency()

    def _latency(self) -> Metric:
        made = HistogramMetricFamily(
            "billow_http_request_seconds",
            "Time from a request's headers to the last byte of its answer; streams are left out.",
            labels=("route",),
        )
        for route, times in list(self._times.items()):
            below, buckets = 0, []
            for label, count in zip(_LABELS, list(times.classes), strict=True):
                below += count
                buckets.append((label, float(below)))
            made.add_metric((route,), buckets, times.total)
        return made
