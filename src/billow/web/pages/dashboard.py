"""The dashboards: an app's requests, functions and stores, and the machine it runs on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from billow.app import App
from billow.errors import NotFound
from billow.home import Home
from billow.web.context import context_of
from billow.web.pages import measured, wording
from billow.web.pages.asked import Asked
from billow.web.pages.grafana import dashboard
from billow.web.pages.measured import Asks, Panel
from billow.web.pages.view import show

#: From bytes to MiB.
_MIB = 1 / 1024**2

_BOARDS = {"app": "App", "host": "Machine"}


def routes() -> list[BaseRoute]:
    """The dashboards, and their charts as tables."""
    return [
        Route("/charts", _page, methods=["GET"], name="charts"),
        Route("/charts/grafana.json", _grafana, methods=["GET"], name="charts for Grafana"),
        Route("/charts/{name}.csv", _csv, methods=["GET"], name="chart as CSV"),
    ]


def build(asked: Asked) -> dict[str, Any]:
    """What a dashboard shows."""
    board = asked.query.get("board", "app")
    board = board if board in _BOARDS else "app"
    name = measured.choose(asked.query.get("range", ""))
    on = measured.grid(asked.home.clock.now(), name)
    marks = measured.marks(asked.home, on)
    return {
        "boards": _BOARDS,
        "board": board,
        "range": name,
        "ranges": measured.RANGE_NAMES,
        "charts": [
            measured.chart(asked.home, panel, on, marks)
            for panel in panels(asked.home, asked.app, board)
        ],
        "happened": asked.home.journal.read(
            kinds=("alarm.", "remedy.", "incident."), limit=8, newest=True
        ),
    }


def panels(home: Home, app: App, board: str) -> list[Panel]:
    """The panels of a dashboard."""
    return [*_machine(home)] if board == "host" else [*_app(home, app)]


def _app(home: Home, app: App) -> Iterator[Panel]:
    yield Panel("requests", "Requests, per second", [
        Asks("Requests", "waiting", "web.requests", "rate", style="area"),
        Asks("Errors", "bad", "web.errors", "rate"),
    ])  # fmt: skip
    yield Panel("latency", "Time to answer, ms", [
        Asks("95 of 100 within", "flight", "web.latency", "p95", 1000),
        Asks("Half within", "waiting", "web.latency", "p50", 1000, "area"),
    ])  # fmt: skip
    for name, function in app.functions.items():
        yield Panel(f"{name}-jobs", f"{name}: jobs, per second", [
            Asks("Completed", "ok", f"function.{name}.completed", "rate", style="area"),
            Asks("Failed tries", "bad", f"function.{name}.errors", "rate"),
        ])  # fmt: skip
        yield Panel(f"{name}-time", f"{name}: time of a try, ms", [
            Asks("95 of 100 within", "flight", f"function.{name}.duration", "p95", 1000),
            Asks("Half within", "waiting", f"function.{name}.duration", "p50", 1000, "area"),
        ])  # fmt: skip
        yield Panel(f"{name}-queue", f"{name}: oldest waiting job, s", [
            Asks("Oldest", "waiting", f"queue.{function.queue}.oldest", "max", style="area"),
        ])  # fmt: skip
    yield from _own(home)
    yield from _stored(home)


def _own(home: Home) -> Iterator[Panel]:
    """What the app's functions measure."""
    for one in home.metrics.known("app."):
        name = one.name.removeprefix("app.")
        unit = f", {one.unit}" if one.unit else ""
        yield Panel(f"app-{name}", f"{name}{unit}", [
            Asks("Average", "waiting", one.name, "avg", style="area"),
            Asks("95 of 100 within", "flight", one.name, "p95"),
        ])  # fmt: skip


def _stored(home: Home) -> Iterator[Panel]:
    sizes = [one.name for one in home.metrics.known("store.") if one.name.endswith(".bytes")]
    if sizes:
        yield Panel("stored", "Stored, MiB", _lines(sizes, "avg", _MIB))
    times = [one.name for one in home.metrics.known("table.") if one.name.endswith(".latency")]
    if times:
        yield Panel("tables", "Tables: time of a use, ms", _lines(times, "p95", 1000))


def _machine(home: Home) -> Iterator[Panel]:
    yield Panel("cpu", "Processors, %", [Asks("Busy", "busy", "host.cpu", "avg", style="area")])
    yield Panel("memory", "Memory, %", [Asks("Used", "flight", "host.memory", "avg", style="area")])
    yield Panel("disk", "Disk, %", [Asks("Used", "waiting", "host.disk", "max", style="area")])
    known = [one.name for one in home.metrics.known("process.")]
    resident = [name for name in known if name.endswith(".rss")]
    spent = [name for name in known if name.endswith(".cpu")]
    yield Panel("processes-memory", "Memory of processes, MiB", _lines(resident, "max", _MIB))
    yield Panel("processes-cpu", "Processors used by processes", _lines(spent, "avg"))


def _lines(metrics: Iterable[str], statistic: str, factor: float = 1.0) -> list[Asks]:
    """A line for each of a few metrics, each in a colour of its own."""
    tones = ("waiting", "flight", "ok", "busy", "bad", "starting", "plain", "idle")
    return [
        Asks(".".join(metric.split(".")[1:-1]), tone, metric, statistic, factor)
        for metric, tone in zip(metrics, tones, strict=False)
    ]


async def _page(request: Request) -> Response:
    return await show(request, "charts", build)


async def _csv(request: Request) -> Response:
    """A chart's numbers, one row a step."""
    context = context_of(request)
    text = await context.run(
        _table, context.home, context.app, request.path_params["name"],
        measured.choose(request.query_params.get("range", "")),
    )  # fmt: skip
    name = request.path_params["name"].replace('"', "")
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _table(home: Home, app: App, name: str, range_: str) -> str:
    every = [panel for board in _BOARDS for panel in panels(home, app, board)]
    panel = next((one for one in every if one.name == name), None)
    if panel is None:
        raise NotFound(f"there is no chart {name!r}")
    on = measured.grid(home.clock.now(), range_)
    columns = [measured.read(home, one, on) for one in panel.lines]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["time", *(one.label for one in panel.lines)])
    for at, *values in zip(on.times, *columns, strict=True):
        table.writerow([wording.iso(at), *("" if value is None else value for value in values)])
    return out.getvalue()


async def _grafana(request: Request) -> Response:
    """The dashboard for Grafana, on what `/metrics` gives a Prometheus."""
    made = dashboard(context_of(request).app)
    headers = {"Content-Disposition": 'attachment; filename="grafana.json"'}
    return Response(json.dumps(made, indent=2), media_type="application/json", headers=headers)
