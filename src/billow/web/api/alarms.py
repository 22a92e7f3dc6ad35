"""The alarms as the keeper last evaluated them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from billow.ops import controls
from billow.web.api.endpoint import PREFIX, Answer, Endpoint, Query
from billow.web.api.shapes import list_of
from billow.web.context import context_of
from billow.web.replies import reply


async def list_alarms(request: Request, _: Query) -> Response:
    """Every alarm: its state, the value that decided, its condition, and what follows from it."""
    context = context_of(request)
    found = await context.run(controls.alarms, context.home.journal)
    return reply({"alarms": [{"name": name, **state} for name, state in sorted(found.items())]})


ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/alarms",
        list_alarms,
        {200: Answer("All alarms", {"application/json": list_of("Alarm")})},
    ),
]
