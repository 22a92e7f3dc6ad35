"""Fleets as they are declared, and as the keeper last saw them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billow.function import Function
from billow.web.api.endpoint import PREFIX, Answer, Endpoint, Query
from billow.web.api.shapes import list_of, ref
from billow.web.context import context_of
from billow.web.replies import reply


async def list_fleets(request: Request, _: Query) -> Response:
    """The fleet of every function: bounds, policy, workers, alarms, and the reason of its size."""
    context = context_of(request)
    board = await context.run(context.home.journal.board, "fleet.")
    functions = context.app.functions.values()
    return reply({"fleets": [_shape(function, board) for function in functions]})


async def get_fleet(request: Request, _: Query) -> Response:
    """One function's fleet."""
    context = context_of(request)
    function = context.app.get(request.path_params["function"])
    board = await context.run(context.home.journal.board, f"fleet.{function.name}")
    return reply(_shape(function, board))


def _shape(function: Function, board: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "function": function.name,
        "min": function.fleet.min,
        "max": function.fleet.max,
        "policy": repr(function.fleet.scale),
        "state": board.get(f"fleet.{function.name}"),
    }


ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/fleets",
        list_fleets,
        {200: Answer("All fleets", {"application/json": list_of("Fleet")})},
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/fleets/{{function}}",
        get_fleet,
        {200: Answer("The fleet", {"application/json": ref("Fleet")})},
        problems=(404,),
    ),
]
