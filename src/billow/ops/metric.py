"""What an alarm looks at: a metric by name, a statistic of it, or the quotient of two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from billow.errors import DeclarationError
from billow.ops.summary import STATISTICS, Source, Summary, enough, is_statistic

#: What the names of metrics begin with, and what they are about.
FAMILIES = {
    "web": "requests: `web.requests`, `web.errors`, `web.latency`",
    "function": "a function's jobs: `function.<name>.duration`, `.wait`, `.tries`, `.errors`",
    "queue": "a queue: `queue.<name>.visible`, `.in_flight`, `.oldest`",
    "fleet": "a fleet: `fleet.<function>.busy`, `.idle`, `.wanted`",
    "process": "a process: `process.<name>.cpu`, `.rss`",
    "front": "the front of a pool: `front.requests`, `.waiting`, `.p95`, `.shedding`",
    "host": "the machine: `host.cpu`, `host.memory`, `host.disk`, `host.full`",
    "store": "stored files: `store.<name>.bytes`, `.objects`, `.reads`, `.writes`",
    "breaker": "breakers: `breaker.open`, how many are; `breaker.<name>.open`; "
    "`breaker.webhooks.open`, how many endpoints of webhooks take nothing",
    "archive": "the cold tier: `archive.stuck`",
    "table": "tables: `table.<name>.reads`, `.writes`, `.latency`",
    "jobs": "all jobs: `jobs.dead`",
    "app": "what the app's own functions measure: `app.<name>`",
}

_NAME = re.compile(r"[a-z]+(\.[A-Za-z0-9_:-]+)+")


class Datapoint(NamedTuple):
    """A value, and whether enough was measured for it to mean something."""

    value: float
    enough: bool = True


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric and a statistic of it; the metric's usual one if `statistic` is empty."""

    name: str
    statistic: str = ""

    def __str__(self) -> str:
        return f"{self.name}.{self.statistic}" if self.statistic else self.name

    def read(self, source: Source, since: float, step: float, count: int) -> list[Datapoint | None]:
        """`count` datapoints of `step` seconds each, from `since` on."""
        found = source.summaries(self.name, since, since + count * step, step)
        statistic = self.statistic or ("sum" if source.kind(self.name) == "counter" else "avg")
        return [None if one is None else _point(one, statistic) for one in found]


@dataclass(frozen=True, slots=True)
class Share:
    """One metric as a share of another, each as the sum over a period."""

    part: Metric
    whole: Metric

    def __str__(self) -> str:
        return f"{self.part} / {self.whole}"

    def read(self, source: Source, since: float, step: float, count: int) -> list[Datapoint | None]:
        """`count` datapoints; missing where the whole is nothing."""
        until = since + count * step
        parts = source.summaries(self.part.name, since, until, step)
        wholes = source.summaries(self.whole.name, since, until, step)
        return [_share(part, whole) for part, whole in zip(parts, wholes, strict=True)]


def read_metric(text: str) -> Metric:
    """The metric that a name stands for, with a statistic as its last part if it has one.

    Raises:
        DeclarationError: there can be no such metric.
    """
    if not _NAME.fullmatch(text):
        raise DeclarationError(f"{text!r} is no metric; write a name such as web.latency.p95")
    family = text.partition(".")[0]
    if family not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise DeclarationError(
            f"{text!r}: no metric begins with {family!r}; they begin with {known}"
        )
    name, _, last = text.rpartition(".")
    # A percentile may have a dot of its own, such as p99.9.
    before, _, first = name.rpartition(".")
    if before and first[:1] == "p" and first[1:].isdigit() and last.isdigit():
        name, last = before, f"{first}.{last}"
    if is_statistic(last) and name not in FAMILIES:
        return Metric(name, last)
    return Metric(text)


def _point(summary: Summary, statistic: str) -> Datapoint | None:
    value = summary.statistic(statistic)
    if value is None:
        return None
    return Datapoint(value, statistic in STATISTICS or enough(statistic, summary.count))


def _share(part: Summary | None, whole: Summary | None) -> Datapoint | None:
    if whole is None or whole.total <= 0:
        return None
    return Datapoint((part.total if part else 0.0) / whole.total)
