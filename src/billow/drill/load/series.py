"""What was found, on one grid of times: what plots and tables show."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billow.drill.load.findings import Findings, mean_rate
from billow.drill.load.plan import Fault
from billow.drill.load.tally import SLOT, Kind, Tally
from billow.drill.load.watch import SERVER

#: Points of a plot at most.
_POINTS = 300

#: The colours of the kinds of processes.
_TONES = {
    "front": "flight", "web": "busy", "render": "ok", "keeper": "waiting", "worker": "starting",
    "child": "plain", "other": "draining",
}  # fmt: skip

#: Values on the grid; None where nothing was measured.
Values = list[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """A series of a plot, and the colour's name."""

    label: str
    tone: str
    values: Values
    #: `line`, `area`, `steps` or `bars`.
    style: str = "line"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was done to the service, or the time that it lasted."""

    since: float
    until: float
    text: str
    #: One word for it, which has room in a plot.
    word: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: lines over the same times."""

    name: str
    title: str
    unit: str
    lines: list[Line]
    #: Whether its scale is logarithmic.
    log: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Everything over time. Times are seconds since the drill began."""

    step: float
    times: list[float]
    marks: list[Mark]
    plots: list[Plot]

    def document(self) -> dict[str, Any]:
        """All of it, as JSON says it."""
        return {
            "step": self.step,
            "times": self.times,
            "plots": {
                plot.name: {
                    "title": plot.title,
                    "unit": plot.unit,
                    "lines": {line.label: line.values for line in plot.lines},
                }
                for plot in self.plots
            },
            "marks": [{"since": m.since, "until": m.until, "text": m.text} for m in self.marks],
        }


def series_of(found: Findings) -> Series:
    """All plots of a drill."""
    step = max(SLOT, math.ceil(found.ended / _POINTS / SLOT) * SLOT)
    size = max(1, math.ceil(found.ended / step))
    times = [place * step for place in range(size)]
    per = round(step / SLOT)
    tallies = [_tally(found, place * per, per) for place in range(size)]
    width = [max(SLOT, min(step, found.ended - at)) for at in times]
    plots = [_rates(tallies, width), _latencies(found, times, step), _errors(tallies, width)]
    if found.looks:
        plots += [_servers(found, times, step), *_usage(found, times, step)]
    if found.probed:
        plots.append(_probes(found, times, step))
    return Series(step, times, marks_of(found), plots)


def marks_of(found: Findings) -> list[Mark]:
    """The strikes and the flood."""
    words = {Fault.KILL: "killed", Fault.HANG: "stopped"}
    marks = [
        Mark(strike.at, strike.at, f"server {strike.pid} {words[strike.fault]}", strike.fault)
        for strike in found.strikes
    ]
    if (flooded := found.flooded) is not None:
        marks.append(Mark(*flooded, f"flood, {found.plan.flood:g} × the rate", "flood"))
    return sorted(marks, key=lambda mark: mark.since)


def _tally(found: Findings, first: int, count: int) -> Tally:
    made = Tally()
    for slot in range(first, first + count):
        made.merge(found.slots.find(slot))
    return made


def _rates(tallies: list[Tally], width: list[float]) -> Plot:
    pairs = list(zip(tallies, width, strict=True))
    lines = [
        Line("due", "plain", [round(tally.planned / long, 1) for tally, long in pairs]),
        Line("right answers", "ok", [round(tally.ok / long, 1) for tally, long in pairs], "area"),
    ]
    return Plot("rate", "Requests", "a second", lines)


def _latencies(found: Findings, times: list[float], step: float) -> Plot:
    shares = {"median": (0.5, "busy"), "95 %": (0.95, "waiting"), "99 %": (0.99, "flight")}
    within = [found.slots.between(at, at + step).times for at in times]
    lines = [
        Line(label, tone, [_milli(one.quantile(share)) for one in within])
        for label, (share, tone) in shares.items()
    ]
    lines.append(Line("longest", "plain", [_milli(one.longest or None) for one in within]))
    return Plot("latency", "Latency of right answers", "ms", lines, log=True)


def _errors(tallies: list[Tally], width: list[float]) -> Plot:
    tones = {
        Kind.CONNECT: "waiting", Kind.RESET: "bad", Kind.TIMEOUT: "flight", Kind.ERROR: "wanted",
        Kind.SHED: "busy", Kind.LIMITED: "starting", Kind.WRONG: "plain", Kind.UNSENT: "draining",
    }  # fmt: skip
    names = {Kind.SHED: "503, shed", Kind.LIMITED: "429, limited", Kind.ERROR: "5xx"}
    lines = [
        Line(
            names.get(kind, str(kind)),
            tone,
            [
                round(tally.kinds[kind] / long, 2)
                for tally, long in zip(tallies, width, strict=True)
            ],
            "bars",
        )
        for kind, tone in tones.items()
        if any(tally.kinds[kind] for tally in tallies)
    ]
    return Plot("errors", "Refusals and failures, by kind", "a second", lines)


def _servers(found: Findings, times: list[float], step: float) -> Plot:
    points = [(look.at, float(len(look.of(SERVER)))) for look in found.looks]
    values = _hold(points, times, step, min)
    return Plot("servers", "Web servers", "", [Line("servers", "busy", values, "steps")])


def _usage(found: Findings, times: list[float], step: float) -> list[Plot]:
    kinds = {used.kind for look in found.looks for used in look.processes}
    tones = {kind: tone for kind, tone in _TONES.items() if kind in kinds}
    cpu, memory, descriptors = [], [], []
    for kind, tone in tones.items():
        used = mean_rate(found.looks, lambda each, of=kind: each == of)  # type: ignore[misc]
        cpu.append(Line(kind, tone, _hold(used, times, step)))
        held = [(look.at, sum(u.memory for u in look.of(kind)) / 1048576) for look in found.looks]
        memory.append(Line(kind, tone, _hold(held, times, step)))
        opened = [
            (look.at, float(sum(u.descriptors for u in look.of(kind)))) for look in found.looks
        ]
        descriptors.append(Line(kind, tone, _hold(opened, times, step)))
    return [
        Plot("cpu", "Processor time", "cores", cpu),
        Plot("memory", "Memory", "MiB", memory),
        Plot("descriptors", "Open descriptors", "", descriptors),
    ]


def _probes(found: Findings, times: list[float], step: float) -> Plot:
    lines = []
    for what, tone in (("health", "ok"), ("console", "waiting")):
        points = [(each.at, each.took * 1000) for each in found.probed if each.what == what]
        lines.append(Line(what, tone, _hold(points, times, step)))
    return Plot("probes", "Health and console, as somebody else sees them", "ms", lines, log=True)


def _hold(
    points: list[tuple[float, float]],
    times: list[float],
    step: float,
    of: Callable[[list[float]], float] = statistics.fmean,
) -> Values:
    """The mean of the points in each step; a step without any has the value before it."""
    held: dict[int, list[float]] = {}
    for at, value in points:
        held.setdefault(int(at // step), []).append(value)
    values: Values = []
    for place in range(len(times)):
        before = values[-1] if values else None
        values.append(round(of(held[place]), 3) if place in held else before)
    return values


def _milli(value: float | None) -> float | None:
    return None if value is None else round(value * 1000, 2)
