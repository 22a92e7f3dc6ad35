"""Metrics in Prometheus' format, gathered when they are asked for."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from billow import tallies
from billow.app import App
from billow.flow import followup
from billow.home import Home
from billow.job import Status
from billow.ports.ledger import Counts
from billow.web.answers import Answers, Request
from billow.web.process_metrics import ProcessCollector
from billow.web.renderer_metrics import RendererCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST


#: Requests that gather before they are summed up.
GATHER = 500


class Metrics:
    """All metrics of one process; in a pool of them, with the sums of what all have counted.

    Args:
        home: what queues and jobs are read from.
        app: whose they are.
        pool: the folder where the processes of a pool tell each other what they have counted.
        name: this process among them.
    """

    def __init__(self, home: Home, app: App, pool: Path | None = None, name: str = "") -> None:
        self._pool = pool
        self._name = name
        self._sharing = threading.Lock()
        self._recorder = home.recorder
        self._recorder.count("web.errors", 0)
        self._recorder.gather_from(self.gather)
        self._gathering = threading.Lock()
        self._requests: deque[Request] = deque()
        self._registry = CollectorRegistry()
        self._registry.register(_HomeCollector(home, app))
        self._registry.register(ProcessCollector(None if pool is None else home))
        #: What this process counts itself.
        self._own = CollectorRegistry()
        self._registry.register(_Summed(self._own, pool, name))
        self._answers = Answers()
        self._own.register(self._answers)
        self._registry.register(RendererCollector(home))

    def count(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count a request; `seconds` is None if its length tells nothing."""
        self._requests.append((method, route, status, seconds))
        if len(self._requests) >= GATHER:
            self.gather()

    def gather(self) -> None:
        """Sum up the requests that were counted, which takes less time for many at once."""
        with self._gathering:
            waiting = self._requests
            requests = [waiting.popleft() for _ in range(len(waiting))]
        if requests:
            self._recorder.count("web.requests", times=len(requests))
            if errors := sum(status >= 500 for _, _, status, _ in requests):
                self._recorder.count("web.errors", times=errors)
            self._answers.count(requests)
            times = [seconds for *_, seconds in requests if seconds is not None]
            if times:
                self._recorder.observe_all("web.latency", times)

    def count_rendition(self, rendition: str, outcome: str) -> None:
        """Count an answer to somebody who asked for a rendition."""
        self._answers.count_rendition(rendition, outcome)

    def share(self) -> None:
        """Tell the other processes of the pool what this one has counted; from any thread."""
        if self._pool is not None:
            self.gather()
            with self._sharing:
                tallies.write(self._pool, self._name, _tally(self._own))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        self.gather()
        return generate_latest(self._registry)


def build_version() -> str:
    """Billow's version."""
    try:
        return version("billow")
    except PackageNotFoundError:
        return "unknown"


class _Summed(Collector):
    """What one process counts, and the others of its pool have."""

    def __init__(self, own: CollectorRegistry, pool: Path | None, name: str) -> None:
        self._own = own
        self._pool = pool
        self._name = name

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        sums = {} if self._pool is None else tallies.read(self._pool, without=self._name)
        tallies.add(sums, _tally(self._own))
        for family in self._own.collect():
            summed = Metric(family.name, family.documentation, family.type)
            endings = ("", "_total", "_bucket", "_count", "_sum")
            names = {family.name + ending for ending in endings}
            for key, value in sums.items():
                name, labels = json.loads(key)
                if name in names:
                    summed.add_sample(name, labels, value)
            summed.samples.sort(key=_order)
            yield summed


def _tally(registry: CollectorRegistry) -> tallies.Tally:
    return {
        json.dumps([sample.name, sample.labels]): sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def _order(sample: Sample) -> tuple[object, ...]:
    """Classes of a histogram ascending, and those of one label together."""
    bound = sample.labels.get("le", "")
    rest = sorted((name, text) for name, text in sample.labels.items() if name != "le")
    return rest, sample.name, float(bound or 0)


class _HomeCollector(Collector):
    """What the ledger, the queues and the board say at this moment."""

    def __init__(self, home: Home, app: App) -> None:
        self._home = home
        self._app = app

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("billow_build_info", "Always 1.", labels=("version", "app"))
        info.add_metric((build_version(), self._app.name), 1)
        yield info
        yield from self._jobs()
        yield from self._queues()
        yield self._workers()

    def _jobs(self) -> Iterator[Metric]:
        labels = ("function", "state")
        jobs = GaugeMetricFamily("billow_jobs", "Jobs by state.", labels=labels)
        handlers = GaugeMetricFamily(
            "billow_handlers", "Handlers that raised and are tried again, by state.", labels=labels
        )
        totals = self._home.ledger.totals()
        names = {*self._app.functions, *(function for function, _ in totals)}
        for name in sorted(names):
            function = followup.function_of(name)
            family = jobs if function is None else handlers
            for status in Status:
                count = totals.get((name, status), 0)
                family.add_metric((function or name, status.value), count)
        yield jobs
        yield handlers

    def _queues(self) -> Iterator[Metric]:
        messages = GaugeMetricFamily(
            "billow_queue_messages", "Messages by state.", labels=("queue", "state")
        )
        oldest = GaugeMetricFamily(
            "billow_queue_oldest_seconds",
            "How long the oldest visible message has been waiting.",
            labels=("queue",),
        )
        for name, counts in self._counts():
            for state in ("visible", "in_flight", "delayed"):
                messages.add_metric((name, state), getattr(counts, state))
            oldest.add_metric((name,), counts.oldest)
        yield messages
        yield oldest

    def _counts(self) -> Iterator[tuple[str, Counts]]:
        for function in self._app.functions.values():
            yield function.queue, self._home.ledger.counts(function.name)
        for name in self._home.queues.names():
            yield name, self._home.queues.counts(name)

    def _workers(self) -> Metric:
        made = GaugeMetricFamily(
            "billow_workers", "Workers by what they do.", labels=("function", "state")
        )
        for function in self._app.functions:
            shown = self._home.journal.shown(f"fleet.{function}")
            workers = shown[0].get("workers", []) if shown else []
            for state in ("starting", "idle", "busy", "draining"):
                count = sum(1 for worker in workers if worker.get("state") == state)
                made.add_metric((function, state), count)
        return made
