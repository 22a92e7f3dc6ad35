"""Incidents: what is wrong, who takes care, and all that happened."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from billow.errors import BadInput, DeclarationError, NotFound
from billow.ops.incidents.desk import Desk
from billow.ops.incidents.summary import summary
from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster
from billow.ports.incidents import Incident, Mute
from billow.ports.journal import Entry
from billow.units import seconds
from billow.web.context import context_of
from billow.web.pages import charts
from billow.web.pages.asked import Asked
from billow.web.pages.desk import Sent, go, read
from billow.web.pages.view import show

#: Incidents on a page.
PAGE = 50
#: Seconds before and after an incident that its page shows.
BEFORE, AFTER = 600.0, 120.0
#: What the service did that belongs on an incident's time axis.
_DEEDS = ("scale.", "alarm.", "worker.crashed", "worker.killed", "process.", "remedy.", "pager.")
_CHARTS = 2
_LONGEST = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an incident's time line."""

    at: float
    #: `incident` or `service`.
    side: str
    kind: str
    text: str
    who: str


def routes() -> list[BaseRoute]:
    """Addresses of these screens."""
    return [
        Route("/incidents", incidents_page, methods=["GET"], name="incidents"),
        Route("/incidents", change_silences, methods=["POST"]),
        Route("/incidents/{number}", incident_page, methods=["GET"], name="incident"),
        Route("/incidents/{number}", answer_incident, methods=["POST"]),
        Route("/incidents/{number}/summary.md", summary_file, methods=["GET"]),
    ]


async def incidents_page(request: Request) -> Response:
    """What is open, and what was of late."""
    return await show(request, "incidents", build)


async def incident_page(request: Request) -> Response:
    """One incident."""
    return await show(request, "incident", build_one)


async def summary_file(request: Request) -> Response:
    """An incident's summary as Markdown.

    Raises:
        NotFound: there is no such incident.
    """
    context, number = context_of(request), _number(request.path_params["number"])
    text = await context.run(_summary, open_desk(context.home, context.app), number)
    name = f"attachment; filename=incident-{number}.md"
    return PlainTextResponse(
        text, headers={"Content-Disposition": name}, media_type="text/markdown"
    )


async def answer_incident(request: Request) -> Response:
    """Acknowledge, resolve or snooze an incident, or write something down.

    Raises:
        NotFound: there is no such incident.
        BadInput: there is no such button, or nothing to write down.
    """
    context, sent = context_of(request), await read(request)
    number = _number(request.path_params["number"])
    desk, who = open_desk(context.home, context.app), name_of(request, sent)
    deeds: Mapping[str, Callable[[], object]] = {
        "ack": lambda: desk.acknowledge(number, who),
        "resolve": lambda: desk.close(number, who),
        "snooze": lambda: desk.snooze(number, span(sent.get("length", "")), who),
        "note": lambda: desk.note(number, sent.get("text", ""), who),
    }
    deed = deeds.get(sent.get("do", ""))
    if deed is None:
        raise BadInput("there is no such button")
    await context.run(deed)
    return go(f"/incidents/{number}?told=saved")


async def change_silences(request: Request) -> Response:
    """Make a silence or maintenance window, or end one.

    Raises:
        BadInput: it makes no sense.
    """
    context, sent = context_of(request), await read(request)
    roster, who = Roster(context.home), name_of(request, sent)
    if sent.get("do") == "end":
        await context.run(roster.end_mute, sent.get("id", ""))
    else:
        now = context.home.clock.now()
        match = {
            name: sent[name].strip()
            for name in ("service", "severity", "key")
            if sent.get(name, "").strip()
        }
        length, why = span(sent.get("length", "")), sent.get("why", "")
        kind = sent.get("kind", "silence")
        await context.run(roster.add_mute, kind, match, now, now + length, why, who)
    return RedirectResponse("/incidents?told=saved", 303)


def name_of(request: Request, sent: Sent) -> str:
    """Who does it: whoever is logged in; where nobody is, whom the form names."""
    visitor = context_of(request).visitor
    if visitor.who is not None:
        return visitor.who.account.name or visitor.who.account.email
    return sent.get("as", "").strip()[:100] or "console"


def span(text: str) -> float:
    """A length of time of a form.

    Raises:
        BadInput: it is none.
    """
    try:
        value = seconds(text)
    except DeclarationError as problem:
        raise BadInput(problem.detail) from None
    if not 0 < value <= _LONGEST:
        raise BadInput("write a length of time up to 7 d")
    return value


def build(asked: Asked) -> dict[str, Any]:
    """What the list shows."""
    desk, roster = open_desk(asked.home, asked.app), Roster(asked.home)
    text = asked.query.get("before", "")
    before = int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
    found = desk.latest(PAGE + 1, before)
    past = [each for each in found[:PAGE] if not each.open]
    return {
        "open": desk.open()[::-1],
        "past": past,
        "more": found[PAGE - 1].number if len(found) > PAGE else None,
        "mutes": [_mute(each) for each in roster.mutes()],
        "people": people_of(asked),
        "declared": bool(asked.app.policies),
    }


def build_one(asked: Asked) -> dict[str, Any]:
    """What an incident's page shows.

    Raises:
        NotFound: there is no such incident.
    """
    desk = open_desk(asked.home, asked.app)
    incident = desk.get(_number(asked.query["number"]))
    events, notices = desk.events(incident.number), desk.notices(incident.number)
    deeds = deeds_of(asked, incident)
    lines = [Line(e.at, "incident", e.kind, e.text, e.who) for e in events]
    lines += [Line(e.at, "service", e.kind, f"{e.subject}: {e.reason}", "") for e in deeds]
    return {
        "incident": incident,
        "details": json.loads(incident.details),
        "lines": sorted(lines, key=lambda line: line.at),
        "notices": notices,
        "charts": _charts(asked, incident, lines),
        "people": people_of(asked),
    }


def people_of(asked: Asked) -> list[str]:
    """Everybody of the app's rotas."""
    return sorted({one for rota in asked.app.rotas.values() for one in rota.team})


def deeds_of(asked: Asked, incident: Incident) -> list[Entry]:
    """What the service did around an incident."""
    begin, end = _window(asked, incident)
    found = asked.home.journal.read(since=begin, kinds=_DEEDS, limit=500)
    return [each for each in found if each.at <= end]


def _charts(asked: Asked, incident: Incident, lines: list[Line]) -> list[charts.Chart]:
    """The load of the app's functions around an incident, with what happened as marks."""
    begin, end = _window(asked, incident)
    grid = charts.Grid.ending(end, end - begin)
    tones = {"triggered": "bad", "reopened": "bad", "paged": "out", "acked": "in", "resolved": "in"}
    marks = [
        charts.Mark(line.at, tones.get(line.kind, "plain"), f"{line.kind}: {line.text}")
        for line in lines
        if line.kind in tones or line.kind.startswith(("scale.", "alarm.", "remedy."))
    ]
    functions = list(asked.app.functions.values())[:_CHARTS]
    made = [charts.depth(asked.home.journal, each.queue, grid) for each in functions]
    return [
        charts.Chart(
            f"load-{place}",
            f"{functions[place].name}: waiting and in flight",
            chart.caption,
            grid,
            chart.lines,
            marks,
        )
        for place, chart in enumerate(made)
        if any(value for line in chart.lines for value in line.values)
    ]


def _window(asked: Asked, incident: Incident) -> tuple[float, float]:
    now = asked.home.clock.now()
    end = now if incident.resolved is None else min(now, incident.resolved + AFTER)
    return incident.created - BEFORE, end


def _summary(desk: Desk, number: int) -> str:
    incident = desk.get(number)
    end = desk.home.clock.now() if incident.resolved is None else incident.resolved + AFTER
    entries = desk.home.journal.read(since=incident.created - BEFORE, kinds=_DEEDS, limit=500)
    events, notices = desk.events(number), desk.notices(number)
    return summary(incident, events, notices, [each for each in entries if each.at <= end])


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise NotFound("there is no such incident")
    return int(text)


def _mute(mute: Mute) -> dict[str, Any]:
    pattern = ", ".join(f"{name} {wanted}" for name, wanted in json.loads(mute.match).items())
    return {**mute._asdict(), "pattern": pattern or "everything"}
