"""The lines that processes and functions logged: search, and a live stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billow.ports.logs import LEVELS, Wanted
from billow.shapes import line_shape
from billow.web.api.endpoint import PREFIX, TEXT, Answer, Endpoint, Parameter, Query
from billow.web.api.journal import moment
from billow.web.context import Context, context_of
from billow.web.replies import reply
from billow.web.sse import PULSE, Pulse, event, last_id, numbers_in, stream

#: Lines that one look of a stream may send.
_BATCH = 500


async def read_logs(request: Request, query: Query) -> Response:
    """Lines that match, the newest first; with `after`, those stored since, oldest first.

    `more` is the `before` (or `after`) of the next page.
    """
    return await _read(context_of(request), query)


async def job_logs(request: Request, query: Query) -> Response:
    """Lines about a job: what its function printed and logged, and what became of its tries."""
    context = context_of(request)
    job = await context.run(context.client.job, request.path_params["id"])
    return await _read(context, {**query, "job": job.id})


async def follow_logs(request: Request, query: Query) -> Response:
    """New lines that match, as server-sent events `line`, from now on or from Last-Event-ID."""
    context = context_of(request)
    seen = numbers_in(last_id(request), 1)
    place = seen[0] if seen else await context.run(context.home.logs.last)
    return stream(_follow(context, _wanted(context, query), place))


async def follow_job_logs(request: Request, query: Query) -> Response:
    """Lines about a job, as server-sent events `line`, from the first or from Last-Event-ID."""
    context = context_of(request)
    seen = numbers_in(last_id(request), 1)
    job = await context.run(context.client.job, request.path_params["id"])
    wanted = _wanted(context, {**query, "job": job.id})
    return stream(_follow(context, wanted, seen[0] if seen else 0))


async def _read(context: Context, query: Query) -> Response:
    found = await context.run(
        context.home.logs.find,
        _wanted(context, query),
        before=query["before"],
        after=query["after"],
        limit=query["limit"],
    )
    return reply({"lines": [line_shape(line) for line in found.lines], "more": found.more})


async def _follow(context: Context, wanted: Wanted, place: int) -> AsyncIterator[bytes]:
    with context.news.listen() as ear:
        pulse = Pulse(context, ear)
        while True:
            found = await context.run(context.home.logs.find, wanted, after=place, limit=_BATCH)
            for line in found.lines:
                place = line.seq
                yield event("line", line_shape(line), str(place))
                pulse.spoke()
            if not await pulse.wait():
                return
            if pulse.silent:
                pulse.spoke()
                yield PULSE


def _wanted(context: Context, query: Query) -> Wanted:
    since, until = (moment(context, query.get(name)) for name in ("since", "until"))
    names = ("text", "job", "request", "trace", "process", "source")
    return Wanted(
        **{name: query.get(name, "") for name in names},
        level=LEVELS[query["level"]] if query["level"] else 0,
        since=since,
        until=until,
    )


def _null_or(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


_LINE = {
    "type": "object",
    "properties": {
        "seq": {"type": "integer"},
        "at": {"type": "number"},
        "level": {"type": "string", "enum": list(LEVELS)},
        "process": TEXT,
        "source": TEXT,
        "event": TEXT,
        "job": _null_or("string"),
        "request": _null_or("string"),
        "trace": _null_or("string"),
        "fields": {"type": "object"},
    },
    "required": ["seq", "at", "level", "process", "source", "event", "job", "request", "fields"],
}
_LINES = {
    "type": "object",
    "properties": {"lines": {"type": "array", "items": _LINE}, "more": _null_or("integer")},
    "required": ["lines", "more"],
}
_TIME = {"type": "number", "minimum": -1e9, "maximum": 1e11}
_SEQ = {"type": "integer", "minimum": 0}
_LEVEL = {"type": "string", "enum": list(LEVELS)}
_OF_JOB = (
    Parameter("text", "Words that must be in a line, each at least begun", default=""),
    Parameter("process", "Only of this process, or of a function's workers", default=""),
    Parameter("source", "Only of this logger, or `stdout` or `stderr`", default=""),
    Parameter("level", "Only from this level up", _LEVEL),
)
_FILTERS = (
    *_OF_JOB,
    Parameter("job", "Only lines about this job", default=""),
    Parameter("request", "Only what goes back to this request", default=""),
    Parameter("trace", "Only lines of this trace", default=""),
)
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 1000}
_PAGE = (
    Parameter("since", "Only from then on; negative is seconds before now", _TIME),
    Parameter("until", "Only before then; negative is seconds before now", _TIME),
    Parameter("before", "Only with a smaller seq", _SEQ),
    Parameter("after", "Only with a greater seq", _SEQ),
    Parameter("limit", "Lines at most", _LIMIT, 100),
)
_LAST = (
    Parameter("Last-Event-ID", "Seq of the last line seen", where="header"),
    Parameter("last_event_id", "The same, for clients that cannot set the header"),
)
_FOUND = {200: Answer("Lines", {"application/json": _LINES})}
_STREAM = {200: Answer("The stream", {"text/event-stream": TEXT})}

ENDPOINTS = [
    Endpoint("GET", f"{PREFIX}/logs", read_logs, _FOUND, parameters=(*_FILTERS, *_PAGE)),
    Endpoint("GET", f"{PREFIX}/logs/events", follow_logs, _STREAM, parameters=(*_FILTERS, *_LAST)),
    Endpoint(
        "GET",
        f"{PREFIX}/jobs/{{id}}/logs",
        job_logs,
        _FOUND,
        parameters=(*_OF_JOB, *_PAGE),
        problems=(404,),
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/jobs/{{id}}/logs/events",
        follow_job_logs,
        _STREAM,
        parameters=(*_OF_JOB, *_LAST),
        problems=(404,),
    ),
]
