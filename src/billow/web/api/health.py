"""For machines that watch: is it alive, can it take work, how does it fare."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import Error, Unavailable
from billow.web.api.endpoint import TEXT, Answer, Endpoint, Query
from billow.web.context import Context, context_of
from billow.web.metrics import CONTENT_TYPE, Metrics
from billow.web.replies import reply

#: Seconds after which what the keeper last said is old.
STALE = 10.0


async def alive(request: Request, _: Query) -> Response:
    """200 while this process answers and can read the ledger."""
    context = context_of(request)
    await context.run(_read_ledger, context)
    return reply({"status": "alive"})


async def ready(request: Request, _: Query) -> Response:
    """200 while jobs are taken in; 503 while the process is leaving or the store is out of reach.

    `keeper` tells whether somebody runs the workers: `present`, `silent` or `absent`.
    """
    context = context_of(request)
    if context.news.closed:
        raise Unavailable("this process is leaving", retry_after=1)
    await context.run(_read_ledger, context)
    return reply({"status": "ready", "keeper": await context.run(_keeper, context)})


def _read_ledger(context: Context) -> None:
    try:
        context.home.ledger.get("none")
    except Error:
        raise
    except Exception as problem:
        raise Unavailable("the ledger cannot be read", retry_after=5) from problem


def _keeper(context: Context) -> str:
    shown = [context.home.journal.shown(f"fleet.{name}") for name in context.app.functions]
    times = [at for found in shown if found is not None for at in found[1:]]
    if not times:
        return "absent"
    return "present" if time.time() - max(times) < STALE else "silent"


async def metrics(request: Request, _: Query) -> Response:
    """Jobs, queues, workers and requests in Prometheus' text format."""
    kept: Metrics = request.app.state.metrics
    text = await context_of(request).run(kept.text)
    return Response(text, headers={"Content-Type": CONTENT_TYPE})


_STATUS = {
    "type": "object",
    "properties": {"status": TEXT, "keeper": TEXT},
    "required": ["status"],
}

ENDPOINTS = [
    Endpoint(
        "GET",
        "/healthz",
        alive,
        {200: Answer("Alive", {"application/json": _STATUS})},
        problems=(503,),
    ),
    Endpoint(
        "GET",
        "/readyz",
        ready,
        {200: Answer("Ready", {"application/json": _STATUS})},
        problems=(503,),
    ),
    Endpoint("GET", "/metrics", metrics, {200: Answer("Metrics", {"text/plain": TEXT})}),
]
