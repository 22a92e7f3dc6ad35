"""The public status page: whether it is well, and how it was. It tells nothing of the inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from billow.chores.report import percent
from billow.errors import NotFound
from billow.ops.availability.book import MONTH, WEEK, AvailabilityBook, is_whole
from billow.ops.availability.promise import Promise
from billow.ops.incidents.room import open_incidents
from billow.ops.pager.roster import Roster
from billow.ops.rota.zone import find_zone
from billow.web.context import Context, context_of
from billow.web.pages.view import render

#: Days that the strip shows, and seconds of downtime that a day may have to be drawn as well.
DAYS, WELL = 30, 60.0


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the strip."""

    label: str
    #: `well`, `part`, `down` or `unknown`.
    state: str
    text: str


def routes() -> list[BaseRoute]:
    """The address of this page."""
    return [Route("/status", status_page, methods=["GET"], name="status")]


async def status_page(request: Request) -> Response:
    """How the service is and was.

    Raises:
        NotFound: the app does not show it.
    """
    context = context_of(request)
    promise = context.app.promise
    if promise is None or not (promise.public or context.visitor.runs_it):
        raise NotFound("there is nothing at this address")
    text = await context.run(_page, request, context, promise)
    return HTMLResponse(text, headers={"Cache-Control": "no-cache"})


def build(context: Context, promise: Promise) -> dict[str, Any]:
    """What the page shows."""
    home = context.home
    book, now = AvailabilityBook(home, context.app.name), home.clock.now()
    known = home.incidents.look(open_incidents)
    wrong = [each for each in known if each.severity in ("critical", "error") and not each.muted]
    maintenance = [each for each in Roster(home).mutes() if is_whole(each, context.app.name)]
    week, month = book.figures(now - WEEK, now), book.figures(now - MONTH, now)
    return {
        "wrong": wrong,
        "maintenance": maintenance,
        "running": [each for each in maintenance if each.start <= now],
        "days": days(book, promise),
        "week": percent(week.by_time),
        "month": percent(month.by_time),
        "requests": percent(month.by_requests),
        "target": f"{promise.target:g} %",
        "zone": find_zone(promise.zone).key,
    }


def days(book: AvailabilityBook, promise: Promise) -> list[Day]:
    """The last days, the oldest first."""
    made = []
    for label, each in book.by("day", promise, DAYS):
        share = each.by_time
        if share is None:
            made.append(Day(label, "unknown", f"{label}: not watched"))
            continue
        state = "well" if each.down <= WELL else "part" if share >= 1 - promise.allowed else "down"
        made.append(Day(label, state, f"{label}: {percent(share)}"))
    return made


def _page(request: Request, context: Context, promise: Promise) -> str:
    return render("status.html", request, build(context, promise))
