"""The terminal while a service runs: how it stands, drawn anew about once a second."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from billow.app import App
from billow.home import Home, open_home
from billow.job import Status
from billow.ports.journal import Entry
from billow.units import human_time

_BARS = "▁▂▃▄▅▆▇█"
#: Seconds of queue depth in the sparkline, and over which the rate of results is measured.
_HISTORY = 40
_RATE_OVER = 5
#: Lines of the screen that are not for events.
_RESERVED = 14

_WORKER_STYLES = {
    "starting": ("◔", "cyan"),
    "idle": ("○", "green"),
    "busy": ("●", "yellow"),
    "draining": ("◌", "magenta"),
}
_ALARM_STYLES = {"OK": "green", "ALARM": "bold red", "INSUFFICIENT_DATA": "dim"}
_EVENT_STYLES = {"scale": "bold cyan", "alarm": "yellow", "worker": "green", "job": "red"}


class Gauge:
    """What is remembered of one function between two looks."""

    def __init__(self) -> None:
        self.depth: deque[int] = deque(maxlen=_HISTORY)
        self._done: deque[tuple[float, int]] = deque(maxlen=_RATE_OVER + 1)

    def look(self, depth: int, done: int) -> None:
        """Note the queue's depth and the jobs finished so far."""
        self.depth.append(depth)
        self._done.append((time.monotonic(), done))

    @property
    def rate(self) -> float:
        """Results a second, over the last seconds."""
        if len(self._done) < 2:
            return 0.0
        (first, before), (last, after) = self._done[0], self._done[-1]
        return (after - before) / max(last - first, 0.001)


class LiveView:
    """A `billow.keeper.View` for people at a terminal."""

    def __init__(self, app: App, console: Console | None = None) -> None:
        self._app = app
        self._console = console or Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._home: Home | None = None
        self._service: Mapping[str, Any] = {}
        self._fleets: Mapping[str, Mapping[str, Any]] = {}
        self._gauges = {name: Gauge() for name in app.functions}
        self._totals: dict[tuple[str, Status], int] = {}
        self._events: deque[Entry] = deque(maxlen=50)
        self._notice = "Ctrl-C stops it"
        #: Whether a web server has answered.
        self._up = False

    def starting(self, service: Mapping[str, Any]) -> None:
        """Begin to draw."""
        self._service = service
        self._home = open_home(service["folder"])
        self._live.start()
        self._draw()

    def started(self, service: Mapping[str, Any]) -> None:
        """Say that it is up."""
        if self._home is None:
            self.starting(service)
        self._up = True
        self._draw()

    def happened(self, entry: Entry) -> None:
        """Show the event at the next drawing."""
        self._events.append(entry)

    def progressed(self, fleets: Mapping[str, Mapping[str, Any]]) -> None:
        """Draw how things stand."""
        self._fleets = fleets
        if self._home is not None:
            self._totals = self._home.ledger.totals()
        for name, gauge in self._gauges.items():
            counts = fleets.get(name, {}).get("counts", {})
            depth = counts.get("visible", 0) + counts.get("in_flight", 0)
            gauge.look(depth, self._finished(name))
        self._draw()

    def stopping(self, reason: str) -> None:
        """Say how it leaves."""
        self._notice = reason
        self._draw()

    def stopped(self) -> None:
        """Leave the last drawing on the screen."""
        self._live.transient = False
        self._notice = "stopped"
        self._draw()
        self._live.stop()

    def extra(self) -> RenderableType | None:
        """Something more to show between the functions and the events; for subclasses."""
        return None

    def show(self, *things: RenderableType) -> None:
        """Print something that stays, above what is drawn anew."""
        self._live.console.print(*things, sep="\n")

    def _draw(self) -> None:
        parts: list[RenderableType] = [self._header(), Text(), self._functions(), Text()]
        if (extra := self.extra()) is not None:
            parts += [extra, Text()]
        self._live.update(Group(*parts, self._news()), refresh=True)

    def _header(self) -> Text:
        service = self._service
        running = human_time(max(0.0, time.time() - service.get("started", time.time())))
        line = Text.assemble(
            (str(service.get("app", "")), "bold"), "  ", (str(service.get("url", "")), "underline")
        )
        if service.get("speed", 1) != 1:
            line.append(f"  scaling {service['speed']:g}× as fast", "magenta")
        told = f"up {running}" if self._up else "starting …"
        return line.append(f"  {told}  {self._notice}", "dim")

    def _functions(self) -> Group:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for title in ("function", "queue"):
            table.add_column(title, no_wrap=True)
        for title in ("visible", "in flight", "results/s", "done", "failed"):
            table.add_column(title, justify="right", no_wrap=True)
        for name, gauge in self._gauges.items():
            counts = self._fleets.get(name, {}).get("counts", {})
            table.add_row(
                Text(name, "bold"),
                Text(sparkline(gauge.depth), "blue"),
                str(counts.get("visible", 0)),
                str(counts.get("in_flight", 0)),
                f"{gauge.rate:.1f}",
                str(self._total(name, Status.COMPLETED)),
                str(self._total(name, Status.FAILED)),
            )
        lines = [line for name in self._gauges for line in self._fleet(name)]
        return Group(table, Text(), *lines)

    def _fleet(self, name: str) -> list[Text]:
        """A function's workers, alarms, and the reason for their number."""
        fleet = self._fleets.get(name)
        if fleet is None:
            return []
        head = Text(f"{name}  ", "bold", no_wrap=True, overflow="ellipsis")
        lines = [head.append_text(workers_line(fleet))]
        if alarms := fleet.get("alarms"):
            parts = [alarm_text(alarm) for alarm in alarms]
            lines.append(Text("  alarms   ", "dim").append_text(Text("   ").join(parts)))
        why = Text(f"  because  {fleet.get('reason', '')}", "dim", no_wrap=True)
        why.overflow = "ellipsis"
        if trouble := fleet.get("trouble"):
            lines.append(Text(f"  trouble  {trouble}", "bold red", overflow="ellipsis"))
        return [*lines, why]

    def _news(self) -> Table:
        room = max(3, self._console.height - _RESERVED - 3 * len(self._gauges))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, style="dim", min_width=8)
        grid.add_column(no_wrap=True, min_width=17)
        grid.add_column(overflow="ellipsis", no_wrap=True)
        for entry in list(self._events)[-room:]:
            style = _EVENT_STYLES.get(entry.kind.partition(".")[0], "")
            said = Text(f"{entry.subject}: {entry.reason}")
            grid.add_row(clock_time(entry.at), Text(entry.kind, style), said)
        return grid

    def _finished(self, function: str) -> int:
        return sum(
            count for (name, status), count in self._totals.items()
            if name == function and status.final
        )  # fmt: skip

    def _total(self, function: str, status: Status) -> int:
        return self._totals.get((function, status), 0)


def workers_line(fleet: Mapping[str, Any]) -> Text:
    """A sign for each worker, and how many are in each state."""
    states = [str(worker["state"]) for worker in fleet.get("workers", ())]
    line = Text()
    for state in states:
        line.append(*_WORKER_STYLES.get(state, ("?", "")))
    counted = ", ".join(f"{states.count(s)} {s}" for s in _WORKER_STYLES if s in states)
    bounds = f"wanted {fleet.get('wanted')} of {fleet.get('min')}–{fleet.get('max')}"
    return line.append(f"  {counted or 'no workers'}  ({bounds})")


def alarm_text(alarm: Mapping[str, Any]) -> Text:
    """An alarm: its name, state, value and bound."""
    value = "no data" if alarm["value"] is None else f"{alarm['value']:.1f}"
    state = str(alarm["state"])
    told = Text(f"{alarm['name']} ").append(state, _ALARM_STYLES.get(state, ""))
    return told.append(f" {value} {alarm['comparison']} {alarm['threshold']:g}?", "dim")


def clock_time(at: float) -> str:
    """The time of day, as events show it."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def sparkline(values: Sequence[int], width: int = 24) -> str:
    """The last `width` values as a row of bars, the highest of them full."""
    shown = list(values)[-width:]
    top = max(shown, default=0)
    bars = "".join(_BARS[round(value / top * 7)] if top else _BARS[0] for value in shown)
    return bars.rjust(width)
