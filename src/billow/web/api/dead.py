"""Dead letters: what failed for good, grouped by cause, and sending it round again."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import BadInput, NotFound
from billow.flow.dead import Group, groups_of
from billow.web.api.endpoint import PREFIX, TEXT, Answer, Endpoint, Parameter, Query
from billow.web.api.shapes import job_row, list_of
from billow.web.context import Context, context_of
from billow.web.limits import read_json
from billow.web.replies import reply

#: Jobs that one request may name.
MAX_IDS = 1000


async def list_dead(request: Request, query: Query) -> Response:
    """Dead letters in groups: one function, one kind of failure, one message.

    Numbers, ids and quoted words in a message do not make a group of their own. The jobs themselves
    are at `/api/v1/jobs?dead=true`.
    """
    context = context_of(request)
    groups = await context.run(groups_of, context.home.ledger, query["function"])
    return reply({"groups": [_shape(group) for group in groups]})


def _shape(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "function": group.function,
        "kind": group.kind,
        "message": group.message,
        "count": len(group.jobs),
        "newest": group.sample.finished or group.sample.created,
        "sample": job_row(group.sample),
    }


async def redrive_dead(request: Request, _: Query) -> Response:
    """Send dead letters round again, by `ids` or a whole `group`, and if given with other `args`.

    Jobs that are not failed any more are left as they are.
    """
    context = context_of(request)
    asked = await read_json(request, ("ids", "group", "args"))
    sent = await context.run(_redrive, context, asked)
    return reply({"redriven": sent.count(True), "skipped": sent.count(False)}, 202)


def _redrive(context: Context, asked: dict[str, Any]) -> list[bool]:
    ids = _chosen(context, asked)
    args = asked.get("args")
    if args is None:
        return context.home.ledger.redrive(ids)
    if not isinstance(args, dict):
        raise BadInput("args must be an object")
    functions = {context.client.job(id_).function for id_ in ids}
    if len(functions) != 1:
        raise BadInput("other arguments can be given only to jobs of one function")
    return context.home.ledger.redrive(ids, context.app.get(functions.pop()).encode_args(args))


def _chosen(context: Context, asked: dict[str, Any]) -> list[str]:
    ids, group = asked.get("ids"), asked.get("group")
    if (ids is None) == (group is None):
        raise BadInput("say either ids or group")
    if group is not None:
        for found in groups_of(context.home.ledger):
            if found.id == group:
                return found.jobs
        raise NotFound("there is no such group of dead letters")
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise BadInput("ids must be a list of job ids")
    if not 1 <= len(ids) <= MAX_IDS:
        raise BadInput(f"ids must be 1 to {MAX_IDS} job ids, not {len(ids)}")
    return ids


_COUNT = {"type": "integer"}

ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/dead",
        list_dead,
        {200: Answer("All groups, largest first", {"application/json": list_of("Group")})},
        parameters=(Parameter("function", "Only of this function", TEXT),),
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/dead/redrive",
        redrive_dead,
        {
            202: Answer(
                "How many are pending again",
                {
                    "application/json": {
                        "type": "object",
                        "properties": {"redriven": _COUNT, "skipped": _COUNT},
                        "required": ["redriven", "skipped"],
                    }
                },
            )
        },
        body={
            "application/json": {
                "type": "object",
                "properties": {
                    "ids": {"type": "array", "items": {"type": "string"}, "maxItems": MAX_IDS},
                    "group": {"type": "string"},
                    "args": {"type": "object"},
                },
                "additionalProperties": False,
            }
        },
        problems=(404, 413, 415),
    ),
]
