"""Queues, in the manner of SQS, and the queues that jobs wait in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import BadInput, Conflict, NotFound
from billow.function import Function
from billow.job import Status
from billow.ports.ledger import Counts
from billow.ports.queues import MAX_BATCH, MAX_DELAY, MAX_VISIBILITY, MAX_WAIT, Message
from billow.ports.wake import queue_channel
from billow.shapes import counts_shape
from billow.web.api.endpoint import PREFIX, Answer, Endpoint, Parameter, Query, Schema
from billow.web.api.shapes import list_of, message_shape, ref
from billow.web.context import LOOK_AGAIN, Context, context_of
from billow.web.limits import read_json
from billow.web.replies import reply

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
#: Messages that a look may show.
MAX_PEEK = 100


async def list_queues(request: Request, _: Query) -> Response:
    """All queues with their messages visible, in flight and delayed, and the oldest's age."""
    return reply({"queues": await context_of(request).run(_list, context_of(request))})


def _list(context: Context) -> list[dict[str, Any]]:
    home = context.home
    found = [
        _shape(context, function.queue, home.ledger.counts(function.name), function.name)
        for function in context.app.functions.values()
    ]
    names = sorted({*home.queues.names(), *context.app.subscribed})
    return found + [_shape(context, name, home.queues.counts(name)) for name in names]


def _shape(
    context: Context, name: str, counts: Counts, function: str | None = None
) -> dict[str, Any]:
    topics = context.app.topics_of(name)
    return {"name": name, "function": function, "topics": topics, **counts_shape(counts)}


async def get_queue(request: Request, _: Query) -> Response:
    """One queue."""
    context, name = context_of(request), request.path_params["queue"]
    if function := _function_of(context, name):
        counts = await context.run(context.home.ledger.counts, function.name)
        return reply(_shape(context, name, counts, function.name))
    await _need(context, name)
    return reply(_shape(context, name, await context.run(context.home.queues.counts, name)))


async def peek_messages(request: Request, query: Query) -> Response:
    """Messages of a queue, without receiving them. A function's queue shows its waiting jobs."""
    context, name = context_of(request), request.path_params["queue"]
    if function := _function_of(context, name):
        messages = await context.run(_waiting, context, function, query["limit"])
    else:
        await _need(context, name)
        messages = await context.run(context.home.queues.peek, name, query["limit"])
    return reply({"messages": [message_shape(message) for message in messages]})


def _waiting(context: Context, function: Function, limit: int) -> list[Message]:
    find = context.home.ledger.find
    jobs = find(function=function.name, status=Status.PENDING, limit=limit).jobs
    return [
        Message(job.id, json.dumps(dict(job.args)), "", job.failures + job.lost, job.created)
        for job in jobs
    ]


async def send_messages(request: Request, _: Query) -> Response:
    """Send up to 10 messages; each is a string of at most 1 MiB. Durable when answered."""
    context, name = context_of(request), _own(request)
    asked = await read_json(request, ("messages", "delay"))
    bodies = _strings(asked, "messages")
    delay = _number(asked, "delay", 0, MAX_DELAY)
    ids = await context.run(context.home.queues.send, name, bodies, delay)
    return reply({"ids": ids}, 201)


async def receive_messages(request: Request, _: Query) -> Response:
    """Receive up to 10 messages; they stay hidden from others until their visibility ends.

    `wait` lets the request wait up to 20 seconds for a message.
    """
    context, name = context_of(request), _own(request)
    asked = await read_json(request, ("limit", "visibility", "wait"))
    limit = int(_number(asked, "limit", 1, MAX_BATCH) or 1)
    visibility = _number(asked, "visibility", 0, MAX_VISIBILITY)
    wait = _number(asked, "wait", 0, MAX_WAIT) or 0.0

    def take() -> list[Message]:
        return context.home.queues.receive(name, limit, visibility)

    messages = await _awaited(context, name, take, wait)
    return reply({"messages": [message_shape(message) for message in messages]})


async def _awaited(
    context: Context, name: str, take: Callable[[], list[Message]], wait: float
) -> list[Message]:
    """What `take` gives as soon as it gives something; no thread is held meanwhile."""
    messages = await context.run(take)
    if messages or wait <= 0:
        return messages
    with context.news.listen(queue_channel(name)) as ear:
        left = wait
        while True:
            messages = await context.run(take)
            if messages or left <= 0 or context.news.closed:
                return messages
            pause = min(left, LOOK_AGAIN)
            if not await ear.wait(pause):
                left -= pause


async def delete_messages(request: Request, _: Query) -> Response:
    """Delete received messages by their receipts; false for one that is not the latest."""
    context, name = context_of(request), _own(request)
    receipts = _strings(await read_json(request, ("receipts",)), "receipts")
    return reply({"deleted": await context.run(context.home.queues.delete, name, receipts)})


async def extend_messages(request: Request, _: Query) -> Response:
    """Keep received messages hidden for `visibility` seconds from now; 0 shows them at once."""
    context, name = context_of(request), _own(request)
    asked = await read_json(request, ("receipts", "visibility"))
    receipts = _strings(asked, "receipts")
    visibility = _number(asked, "visibility", 0, MAX_VISIBILITY)
    if visibility is None:
        raise BadInput("visibility is missing: the seconds to keep the messages hidden")
    extend = context.home.queues.extend
    return reply({"extended": await context.run(extend, name, receipts, visibility)})


async def redrive_messages(request: Request, _: Query) -> Response:
    """Move messages of a dead-letter queue to the queue `target`."""
    context, name = context_of(request), _own(request)
    target = (await read_json(request, ("target",))).get("target")
    if not isinstance(target, str) or not _NAME.fullmatch(target):
        raise BadInput("target must be a queue's name")
    await _need(context, name)
    await _need(context, target)
    return reply({"moved": await context.run(context.home.queues.redrive, name, target)})


def _function_of(context: Context, queue: str) -> Function | None:
    functions = context.app.functions.values()
    return next((function for function in functions if function.queue == queue), None)


def _own(request: Request) -> str:
    """The queue in the address, if clients may use it as they like."""
    name: str = request.path_params["queue"]
    if not _NAME.fullmatch(name):
        raise BadInput("a queue's name is 1 to 63 of a-z 0-9 _ - and starts with a letter")
    if function := _function_of(context_of(request), name):
        raise Conflict(
            f"{name} holds the jobs of {function.name}; "
            f"submit them at {PREFIX}/functions/{function.name}/jobs"
        )
    return name


async def _need(context: Context, name: str) -> None:
    if name not in await context.run(context.home.queues.names):
        raise NotFound(f"there is no queue {name[:80]!r}")


def _strings(asked: dict[str, Any], name: str) -> list[str]:
    value = asked.get(name)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadInput(f"{name} must be a list of 1 to {MAX_BATCH} strings")
    if not 1 <= len(value) <= MAX_BATCH:
        raise BadInput(f"{name} must be a list of 1 to {MAX_BATCH} strings, not {len(value)}")
    return value


def _number(asked: dict[str, Any], name: str, low: float, high: float) -> float | None:
    value = asked.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise BadInput(f"{name} must be a number from {low:g} to {high:g}")
    return value


def _fields(**properties: Schema) -> dict[str, Schema]:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"application/json": schema}


def _bounded(low: float, high: float) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high}


_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_BATCH}
_FLAGS = {"type": "array", "items": {"type": "boolean"}}
_HERE = f"{PREFIX}/queues/{{queue}}"
_MESSAGES = {"application/json": list_of("Message")}

ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/queues",
        list_queues,
        {200: Answer("All queues", {"application/json": list_of("Queue")})},
    ),
    Endpoint(
        "GET",
        _HERE,
        get_queue,
        {200: Answer("The queue", {"application/json": ref("Queue")})},
        problems=(404,),
    ),
    Endpoint(
        "GET",
        f"{_HERE}/messages",
        peek_messages,
        {200: Answer("Messages, their receipts empty", _MESSAGES)},
        parameters=(
            Parameter(
                "limit",
                "Messages to show",
                {"type": "integer", "minimum": 1, "maximum": MAX_PEEK},
                10,
            ),
        ),
        problems=(404,),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/messages",
        send_messages,
        {201: Answer("Ids of the messages", _fields(ids={"type": "array"}))},
        body=_fields(messages=_TEXTS, delay=_bounded(0, MAX_DELAY)),
        problems=(409, 413, 415),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/receive",
        receive_messages,
        {200: Answer("Messages with their receipts", _MESSAGES)},
        body=_fields(
            limit=_bounded(1, MAX_BATCH),
            visibility=_bounded(0, MAX_VISIBILITY),
            wait=_bounded(0, MAX_WAIT),
        ),
        problems=(409, 415),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/delete",
        delete_messages,
        {200: Answer("Which were deleted", _fields(deleted=_FLAGS))},
        body=_fields(receipts=_TEXTS),
        problems=(409, 415),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/extend",
        extend_messages,
        {200: Answer("Which were extended", _fields(extended=_FLAGS))},
        body=_fields(receipts=_TEXTS, visibility=_bounded(0, MAX_VISIBILITY)),
        problems=(409, 415),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/redrive",
        redrive_messages,
        {200: Answer("How many were moved", _fields(moved={"type": "integer"}))},
        body=_fields(target={"type": "string"}),
        problems=(404, 409, 415),
    ),
]
