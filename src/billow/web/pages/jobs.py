"""The list of jobs, and what can be done to many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from billow.app import App
from billow.errors import Error
from billow.home import Home
from billow.job import Job, Status
from billow.web.context import Context, context_of
from billow.web.pages.asked import Asked
from billow.web.pages.form import read_form
from billow.web.pages.view import show
from billow.web.pages.wording import count, span

#: Jobs on a page, and jobs in the plot above it.
PAGE = 50
_PLOTTED = 200


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [
        Route("/jobs", jobs_page, methods=["GET"], name="jobs"),
        Route("/jobs", change_many, methods=["POST"]),
    ]


async def jobs_page(request: Request) -> Response:
    """Jobs that match the filter, newest first."""
    return await show(request, "jobs", build)


def build(asked: Asked) -> dict[str, Any]:
    """What the list shows."""
    chosen = read_filter(asked.query)
    page = asked.home.ledger.find(**chosen, before=_cursor(asked.query), limit=PAGE, results=False)
    ended = [job for job in _plotted(asked.home, chosen) if job.duration is not None]
    return {
        "jobs": page.jobs,
        "older": page.after,
        "paged": _cursor(asked.query) is not None,
        "functions": _functions(asked.app, chosen["function"]),
        "statuses": [status.value for status in Status],
        "filter": {key: asked.query.get(key, "") for key in ("function", "status", "text", "dead")},
        "plot": plot(ended),
        "plot_caption": plot_caption(ended),
    }


def _functions(app: App, chosen: str | None) -> list[str]:
    """The functions to choose from, and the chosen one even if it is none of the app's."""
    others = [chosen] if chosen is not None and chosen not in app.functions else []
    return sorted(app.functions) + others


def read_filter(query: Mapping[str, str]) -> dict[str, Any]:
    """The filter that an address asks for; what makes no sense in it is left out."""
    status = query.get("status", "")
    return {
        "function": query.get("function") or None,
        "status": Status(status) if status in set(Status) else None,
        "dead": True if query.get("dead") else None,
        "text": query.get("text", "").strip()[:200] or None,
    }


def plot(ended: Sequence[Job]) -> list[dict[str, Any]]:
    """Each job as a dot: when it ended, how long its last try took, how it came out."""
    return [
        {
            "id": job.id,
            "x": job.finished,
            "y": round(job.duration or 0.0, 4),
            "status": job.status.value,
            "name": job.name or job.id,
        }
        for job in ended
    ]


def plot_caption(ended: Sequence[Job]) -> str:
    """What the plot says, in a sentence."""
    if not ended:
        return "No job in this list has ended yet."
    times = sorted(job.duration or 0.0 for job in ended)
    failed = sum(job.status is Status.FAILED for job in ended)
    middle, longest = times[len(times) // 2], times[-1]
    return (
        f"The last {count(len(ended), 'ended job')}: half took {span(middle)} or less, "
        f"the longest {span(longest)}; {failed or 'none'} failed."
    )


async def change_many(request: Request) -> Response:
    """Send round again, or cancel, the jobs whose boxes are ticked."""
    form = await read_form(request)
    ids = [value for name, value in form if name == "id"]
    cancelling = ("do", "cancel") in form
    told, changed = "none-selected", 0
    if ids:
        context = context_of(request)
        told, changed = await context.run(_change, context, cancelling, ids)
    joint = "&" if request.url.query else "?"
    kept = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/jobs{kept}{joint}told={told}&n={changed}", 303)


def _change(context: Context, cancelling: bool, ids: Sequence[str]) -> tuple[str, int]:
    ledger = context.home.ledger
    if cancelling:
        changed, told = sum(_cancel(context, id_) for id_ in ids), "cancelled"
    else:
        changed, told = sum(ledger.redrive(ids)), "retried"
    return (told, changed) if changed else ("unchanged", 0)


def _cancel(context: Context, id: str) -> bool:
    try:
        context.home.ledger.cancel(id)
    except Error:  # final already, or gone
        return False
    return True


def _cursor(query: Mapping[str, str]) -> int | None:
    before = query.get("before", "")
    return int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None


def _plotted(home: Home, chosen: Mapping[str, Any]) -> list[Job]:
    """The newest jobs of the list that have ended."""
    find = partial(home.ledger.find, limit=_PLOTTED, results=False)
    if chosen["status"] is not None or chosen["dead"]:
        return find(**chosen).jobs
    ends = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
    ended = [job for end in ends for job in find(**{**chosen, "status": end}).jobs]
    return sorted(ended, key=lambda job: job.seq, reverse=True)[:_PLOTTED]
