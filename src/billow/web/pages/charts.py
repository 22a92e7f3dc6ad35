"""What the charts show: measured series on one shared grid of times, as JSON and as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from billow.ports.journal import Entry, Journal
from billow.web.pages import wording

#: Ranges a reader may choose from, and the seconds they last.
RANGES = {"5m": 300, "30m": 1800, "3h": 10800, "24h": 86400}

#: Points of a chart; more would not show.
_POINTS = 150
#: A value stands for so many seconds after it was sampled: an idle service samples seldom.
_HOLD = 25.0
#: Rates are averaged over so many steps to either side.
_NEAR = 2
#: A value among so many of the last still counts as the present one.
_RECENT = 5
#: The latest steps, in which jobs may have been counted as done and not yet as gone from the queue.
_UNSETTLED = 2
#: Rows of the table beside a chart.
_ROWS = 15


@dataclass(frozen=True, slots=True)
class Grid:
    """Times at equal distances. All series of a page are read on the same one."""

    since: float
    step: float
    size: int

    @classmethod
    def ending(cls, now: float, length: float) -> Grid:
        """The grid of the last `length` seconds; it moves on in whole steps."""
        step = max(1.0, math.ceil(length / _POINTS))
        end = math.floor(now / step) * step + step
        size = int(length // step)
        return cls(end - size * step, step, size)

    @property
    def times(self) -> list[float]:
        """The beginning of each step, UNIX seconds."""
        return [self.since + place * self.step for place in range(self.size)]

    @property
    def until(self) -> float:
        """Where the last step ends."""
        return self.since + self.size * self.step


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart."""

    label: str
    #: Name of its colour on the style sheet.
    tone: str
    #: `area`, `line`, `dashed` or `stack`.
    style: str
    values: list[float | None]

    @property
    def last(self) -> float | None:
        """The latest value, if it is not long past."""
        return next(
            (value for value in self.values[: -_RECENT - 1 : -1] if value is not None), None
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment, and why."""

    at: float
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, with what it says in one sentence."""

    name: str
    title: str
    caption: str
    grid: Grid
    lines: list[Line]
    marks: list[Mark] = field(default_factory=list)
    #: Whether the scale is compressed above 1, so that a burst does not hide what follows it.
    compressed: bool = False
    #: The scale reaches at least up to here.
    least: float = 1.0

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        return {
            "since": self.grid.since,
            "step": self.grid.step,
            "size": self.grid.size,
            "compressed": self.compressed,
            "least": self.least,
            "lines": [
                {"label": i.label, "tone": i.tone, "style": i.style, "values": i.values}
                for i in self.lines
            ],
            "marks": [{"at": m.at, "tone": m.tone, "text": m.text} for m in self.marks],
        }

    @property
    def rows(self) -> list[tuple[float, list[float | None]]]:
        """The same numbers for a table: newest first, evenly thinned out."""
        times = self.grid.times
        stride = max(1, math.ceil(len(times) / _ROWS))
        places = range(len(times) - 1, -1, -stride)
        rows = [(times[i], [line.values[i] for line in self.lines]) for i in places]
        return [row for row in rows if any(value is not None for value in row[1])]


def read(journal: Journal, name: str, grid: Grid, hold: float = _HOLD) -> list[float | None]:
    """A series on the grid; a value is held until the next one, for `hold` seconds at most."""
    early = math.ceil(hold / grid.step) * grid.step
    points = journal.series(name, grid.since - early, grid.until, grid.step)
    known = {round((point.at - grid.since) / grid.step): point.mean for point in points}
    values: list[float | None] = []
    last, age = None, 0.0
    for place in range(-round(early / grid.step), grid.size):
        if place in known:
            last, age = known[place], 0.0
        else:
            age += grid.step
        if place >= 0:
            values.append(_trim(last) if last is not None and age <= hold else None)
    return values


def depth(journal: Journal, queue: str, grid: Grid) -> Chart:
    """How many jobs waited and how many were held by workers."""
    visible = read(journal, f"queue.{queue}.visible", grid)
    in_flight = read(journal, f"queue.{queue}.in_flight", grid)
    lines = [
        Line("Waiting", "waiting", "area", visible),
        Line("In flight", "flight", "line", in_flight),
    ]
    return Chart("depth", "Queue depth", _depth_caption(visible, grid), grid, lines)


def flow(journal: Journal, function: str, queue: str, grid: Grid) -> Chart:
    """Jobs accepted, completed and failed per second."""
    completed = read(journal, f"jobs.{function}.completed", grid)
    failed = read(journal, f"jobs.{function}.failed", grid)
    arrived = _arrivals(journal, queue, grid, completed, failed)
    lines = [
        Line("Arrivals", "waiting", "dashed", _smooth(arrived)),
        Line("Completions", "ok", "area", _smooth(completed)),
        Line("Failures", "bad", "line", _smooth(failed)),
    ]
    caption = _flow_caption(arrived, completed, failed, grid)
    return Chart("flow", "Arrivals and completions, per second", caption, grid, lines, [], True)


def workers(journal: Journal, function: str, grid: Grid, marks: list[Mark]) -> Chart:
    """Workers by what they do, with the decisions that changed their number."""
    lines = [
        Line(state.capitalize(), state, "stack", read(journal, f"fleet.{function}.{state}", grid))
        for state in ("busy", "idle", "starting", "draining")
    ]
    wanted = read(journal, f"fleet.{function}.wanted", grid)
    lines.append(Line("Wanted", "wanted", "dashed", wanted))
    changes = wording.count(len(marks), "scaling decision") if marks else "No scaling decision"
    sizes = [value for value in wanted if value is not None]
    between = f"; {min(sizes):g} to {max(sizes):g} workers wanted" if sizes else ""
    caption = f"{changes} in this time{between}."
    return Chart("workers", "Workers", caption, grid, lines, marks)


def marks_of(entries: Iterable[Entry]) -> list[Mark]:
    """Decisions as marks on the time axis."""
    return [
        Mark(entry.at, wording.tone(entry.kind), f"{decision(entry)}: {entry.reason}")
        for entry in entries
    ]


def decision(entry: Entry) -> str:
    """A decision in a few words, such as 'Scaled out, 1 to 2'."""
    before, after = entry.data.get("from"), entry.data.get("to")
    words = wording.kind(entry.kind)
    return words if before is None or after is None else f"{words}, {before} to {after}"


def _arrivals(
    journal: Journal,
    queue: str,
    grid: Grid,
    completed: list[float | None],
    failed: list[float | None],
) -> list[float | None]:
    """Arrivals per second: what the queue grew by, and what left it in the same step."""
    states = ("visible", "in_flight", "delayed")
    sampled = [read(journal, f"queue.{queue}.{state}", grid) for state in states]
    if not any(value is not None for value in sampled[0]):
        return [None] * grid.size
    held = [sum(values[i] or 0 for values in sampled) for i in range(grid.size)]
    arrived: list[float | None] = [None]
    for i in range(1, grid.size):
        if sampled[0][i] is None or sampled[0][i - 1] is None:
            arrived.append(None)
            continue
        left = (completed[i] or 0) + (failed[i] or 0)
        arrived.append((held[i] - held[i - 1]) / grid.step + left)
    return [*arrived[:-_UNSETTLED], *[None] * _UNSETTLED]


def _depth_caption(visible: list[float | None], grid: Grid) -> str:
    known = [(value, place) for place, value in enumerate(visible) if value is not None]
    if not known:
        return "Nothing was measured in this time."
    most, place = max(known, key=lambda pair: pair[0])
    if most == 0:
        return "No job had to wait in this time."
    at = wording.clock(grid.times[place])
    return f"At most {wording.number(math.ceil(most))} waited, at {at}; {known[-1][0]:,.0f} now."


def _flow_caption(
    arrived: list[float | None],
    completed: list[float | None],
    failed: list[float | None],
    grid: Grid,
) -> str:
    sums = [
        max(0, round(grid.step * sum(value or 0 for value in line)))
        for line in (arrived, completed, failed)
    ]
    return f"About {sums[0]:,} came in, {sums[1]:,} were completed, {sums[2] or 'none'} failed."


def _smooth(values: list[float | None]) -> list[float | None]:
    """The mean of each value and its neighbours; rates of single seconds only flicker."""
    smooth: list[float | None] = []
    for place, value in enumerate(values):
        near = [v for v in values[max(0, place - _NEAR) : place + _NEAR + 1] if v is not None]
        smooth.append(None if value is None else _trim(max(0.0, sum(near) / len(near))))
    return smooth


def _trim(value: float) -> float:
    """Fewer digits: the page is sent again each second."""
    return round(value, 2)
