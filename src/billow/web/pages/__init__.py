"""The console: server-rendered pages, live by server-sent events, whole without a script."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from billow.web.context import context_of
from billow.web.pages import (
    alarms,
    contacts,
    dashboard,
    data,
    dead,
    fleet,
    inbox,
    incidents,
    job,
    jobs,
    logs,
    now,
    oncall,
    send,
    status,
    viewer,
)
from billow.web.pages.view import STATIC, error_page, show

__all__ = ["error_page", "routes"]


class _Static(StaticFiles):
    """Files whose address changes with their content, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        kept = "max-age=31536000, immutable" if b"v=" in scope["query_string"] else "no-cache"
        response.headers["cache-control"] = kept
        return response


def routes() -> list[BaseRoute]:
    """All addresses of the console."""
    return [
        Route("/", _now, methods=["GET"], name="now"),
        Route("/console", _now, methods=["GET"], name="console"),
        *jobs.routes(),
        *job.routes(),
        *viewer.routes(),
        Route("/fleet", _fleet, methods=["GET"], name="fleet"),
        *alarms.routes(),
        *dashboard.routes(),
        *dead.routes(),
        *data.routes(),
        *inbox.routes(),
        *logs.routes(),
        *incidents.routes(),
        *contacts.routes(),
        *oncall.routes(),
        *status.routes(),
        *send.routes(),
        Mount("/static", _Static(directory=STATIC), name="static"),
    ]


async def _now(request: Request) -> Response:
    if not context_of(request).visitor.runs_it:
        return RedirectResponse("/jobs", 303)
    app = context_of(request).app
    if app.routes and not app.functions:
        return RedirectResponse("/fleet", 303)
    return await show(request, "now", now.build)


async def _fleet(request: Request) -> Response:
    return await show(request, "fleet", fleet.build)
