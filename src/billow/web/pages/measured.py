"""Charts of metrics, over ranges up to a year, with what happened as marks on their time axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from billow.home import Home
from billow.ops.metric import Metric, Share
from billow.web.pages import charts, wording
from billow.web.pages.charts import Chart, Grid, Line, Mark

#: Ranges a reader may choose from: seconds, and seconds of one step.
RANGES: dict[str, tuple[int, int]] = {
    "30m": (1800, 10),
    "3h": (10800, 60),
    "24h": (86400, 600),
    "14d": (14 * 86400, 7200),
    "1y": (364 * 86400, 2 * 86400),
}
#: What they are called.
RANGE_NAMES = {"30m": "30 min", "3h": "3 h", "24h": "24 h", "14d": "14 d", "1y": "1 year"}

#: Kinds of events that are marks, and so many of them at most.
_MARKS = ("alarm.", "remedy.", "incident.", "scale.out", "scale.in", "process.restarted")
_MARKS_MOST = 60


class Asks(NamedTuple):
    """A line of a chart: what it is called, its colour, its metric, and a factor for its unit."""

    label: str
    tone: str
    metric: str
    #: `avg`, `sum`, `p95` …; `rate` is the sum a second.
    statistic: str
    factor: float = 1.0
    style: str = "line"


class Panel(NamedTuple):
    """A chart: its name in addresses, its title with the unit, and its lines."""

    name: str
    title: str
    lines: Sequence[Asks]


def choose(asked: str) -> str:
    """A range by its name; three hours if there is none of it."""
    return asked if asked in RANGES else "3h"


def grid(now: float, name: str) -> Grid:
    """The times of a range; they move on in whole steps."""
    length, step = RANGES[name]
    end = math.floor(now / step) * step + step
    return Grid(end - length, float(step), length // step)


def chart(home: Home, panel: Panel, on: Grid, marks: list[Mark]) -> Chart:
    """A panel's chart."""
    lines = [Line(one.label, one.tone, one.style, read(home, one, on)) for one in panel.lines]
    return Chart(panel.name, panel.title, _caption(lines, on), on, lines, marks, least=0)


def read(home: Home, asks: Asks, on: Grid) -> list[float | None]:
    """One line's values."""
    found = home.metrics.summaries(asks.metric, on.since, on.until, on.step)
    rate = asks.statistic == "rate"
    statistic, factor = ("sum", 1 / on.step) if rate else (asks.statistic, asks.factor)
    values: list[float | None] = []
    for one in found:
        value = None if one is None else one.statistic(statistic)
        values.append(None if value is None else round(value * factor, 4))
    return values


def marks(home: Home, on: Grid) -> list[Mark]:
    """What happened in the time shown, the latest so many."""
    found = home.journal.read(since=on.since, kinds=_MARKS, limit=_MARKS_MOST, newest=True)
    return [
        Mark(entry.at, wording.tone(entry.kind),
             f"{charts.decision(entry)}: {entry.subject}: {entry.reason}")
        for entry in reversed(found)
    ]  # fmt: skip


def spark(home: Home, metric: Metric | Share, now: float, count: int = 60) -> list[float | None]:
    """A metric's last hour by the minute, for a line without axes."""
    end = math.floor(now / 60) * 60.0
    points = metric.read(home.metrics, end - 60 * count, 60.0, count)
    return [None if point is None else point.value for point in points]


def _caption(lines: Sequence[Line], on: Grid) -> str:
    first = next((line for line in lines if any(v is not None for v in line.values)), None)
    if first is None:
        return "Nothing was measured in this time."
    known = [(value, place) for place, value in enumerate(first.values) if value is not None]
    most, place = max(known)
    at = wording.clock(on.times[place]) if on.step < 3600 else wording.when(on.times[place])
    return f"{first.label}: at most {wording.number(most)}, at {at}."
