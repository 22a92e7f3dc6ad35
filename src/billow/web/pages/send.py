"""Sending work by hand: a form for each function, with its file and its arguments."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from billow.errors import Error
from billow.function import Function
from billow.web.context import context_of
from billow.web.pages.asked import Asked
from billow.web.pages.fields import fields_of
from billow.web.pages.view import render, show
from billow.web.receive import Terms, receive_form
from billow.web.replies import reply


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [
        Route("/functions", functions_page, methods=["GET"], name="functions"),
        Route("/functions/{name}", form_page, methods=["GET"], name="send"),
        Route("/functions/{name}", send, methods=["POST"]),
    ]


async def functions_page(request: Request) -> Response:
    """All functions of the service."""
    return await show(request, "functions", build_all)


async def form_page(request: Request) -> Response:
    """The form of one function."""
    return await show(request, "send", build)


async def send(request: Request) -> Response:
    """Take what a form sent. Scripts that ask for JSON get the new jobs, browsers are led to them.

    Raises:
        NotFound: there is no such function.
    """
    context = context_of(request)
    function = context.app.get(request.path_params["name"])
    terms = Terms(owner=context.visitor.owner)
    for_script = "application/json" in request.headers.get("accept", "")
    try:
        received = await receive_form(context, request, function, terms)
    except Error as problem:
        if for_script:
            raise
        return await _form_again(request, function.name, problem)
    ids = [made.id for made in received.jobs]
    if for_script:
        return reply({"jobs": [{"id": id_, "url": f"/jobs/{id_}"} for id_ in ids]}, 202)
    if len(ids) == 1 and not received.refused:
        return RedirectResponse(f"/jobs/{ids[0]}", 303)
    refused = f"&refused={len(received.refused)}" if received.refused else ""
    return RedirectResponse(f"/jobs?function={function.name}&told=sent&n={len(ids)}{refused}", 303)


async def _form_again(request: Request, name: str, problem: Error) -> Response:
    """The form once more, saying what was wrong with what it sent."""
    context = context_of(request)
    model = await context.run(
        build, Asked(context.home, context.app, {"name": name}, context.visitor.most)
    )
    own = {"live": "", "live_url": "", "problem": problem.detail}
    return HTMLResponse(render("send.html", request, model | own), problem.status)


def build_all(asked: Asked) -> dict[str, Any]:
    """What the list of functions shows."""
    return {"functions": list(asked.app.functions.values())}


def build(asked: Asked) -> dict[str, Any]:
    """What a function's form shows.

    Raises:
        NotFound: there is no such function.
    """
    function = asked.app.get(asked.query["name"])
    return {
        "function": function,
        "fields": fields_of(function),
        "recent": asked.home.ledger.find(function=function.name, limit=8, results=False).jobs,
        "problem": "",
        "most": _most(function, asked.most),
    }


def _most(function: Function, plan: int | None) -> int:
    """Bytes that a file may have, by the function and by the plan of whoever asks."""
    accepted = function.accepts.max_size if function.accepts else 0
    return accepted if plan is None else min(accepted, plan)
