"""Dead letters: jobs that failed for good, grouped by what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from billow.app import App
from billow.errors import NotFound
from billow.flow.dead import MAX_LOOK, Group, groups_of
from billow.web.context import Context, context_of
from billow.web.pages.asked import Asked
from billow.web.pages.form import read_form
from billow.web.pages.view import show
from billow.web.receive import read_args


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [
        Route("/dead", dead_page, methods=["GET"], name="dead"),
        Route("/dead", redrive, methods=["POST"]),
    ]


async def dead_page(request: Request) -> Response:
    """All dead letters, by cause."""
    return await show(request, "dead", build)


def build(asked: Asked) -> dict[str, Any]:
    """What the page shows."""
    groups = groups_of(asked.home.ledger)
    return {"groups": groups, "looked_at": MAX_LOOK, "total": sum(len(g.jobs) for g in groups)}


async def redrive(request: Request) -> Response:
    """Send one job or a whole group round again, if wished with other arguments.

    Raises:
        NotFound: the group or the job is not among the dead letters any more.
        BadInput: the arguments do not fit the function.
    """
    form = dict(await read_form(request))
    context = context_of(request)
    sent = await context.run(_redrive, context, form)
    return RedirectResponse(f"/dead?told={'retried' if sent else 'unchanged'}&n={sent}", 303)


def _redrive(context: Context, form: Mapping[str, str]) -> int:
    group = next((g for g in groups_of(context.home.ledger) if g.id == form.get("group")), None)
    if group is None:
        raise NotFound("these dead letters are gone: someone sent them round again")
    ids = group.jobs if form.get("which") == "all" else [group.sample.id]
    args = _changed_args(context.app, group, form.get("args", ""))
    return sum(context.home.ledger.redrive(ids, args))


def _changed_args(app: App, group: Group, text: str) -> str | None:
    """The arguments as JSON text; None if they are as they were."""
    args = dict(read_args(text)) if text.strip() else dict(group.sample.args)
    if args == dict(group.sample.args):
        return None
    return app.get(group.function).encode_args(args)
