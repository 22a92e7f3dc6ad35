"""Jobs: finding, following, fetching, cancelling, trying again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import BadInput, Conflict, NotFound
from billow.job import Job, Status
from billow.ports.ledger import Page
from billow.web.api.endpoint import PREFIX, TEXT, Answer, Endpoint, Parameter, Query
from billow.web.api.files import ANSWERS, RANGES
from billow.web.api.functions import preferred_wait
from billow.web.api.shapes import NEXT, STATUS, job_full, job_row, list_of, ref
from billow.web.context import Context, context_of
from billow.web.download import download
from billow.web.files import listed
from billow.web.limits import MAX_WAIT, read_json
from billow.web.replies import reply

#: Jobs on a page, at most.
MAX_PAGE = 500


async def list_jobs(request: Request, query: Query) -> Response:
    """Jobs, newest first.

    `next` leads to the following page; pages cost the same at any depth. `after` gives what was
    accepted since a `seq`, for those who keep a list up to date.
    """
    asked = {name: value for name, value in query.items() if value is not None}
    if "status" in asked:
        asked["status"] = Status(asked["status"])
    find = context_of(request).home.ledger.find
    page: Page = await context_of(request).run(find, **asked, results=False)
    return reply({"jobs": [job_row(job) for job in page.jobs], "next": _next(page, query)})


def _next(page: Page, query: Query) -> str | None:
    if page.after is None:
        return None
    forward = query["after"] is not None and query["before"] is None
    place = {"after" if forward else "before": page.after}
    given = {name: value for name, value in query.items() if value is not None} | place
    return f"{PREFIX}/jobs?{urlencode({n: _text(v) for n, v in given.items()})}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def get_job(request: Request, query: Query) -> Response:
    """A job with its tries and steps; `?wait=` or `Prefer: wait=` returns once it is final."""
    context = context_of(request)
    job = await _job(context, request, max(query["wait"], preferred_wait(request)))
    attempts = await context.run(context.home.ledger.attempts, job.id)
    files = await context.run(listed, context.home, job)
    return reply(job_full(job, attempts, files))


async def get_result(request: Request, query: Query) -> Response:
    """What the function returned, and nothing else.

    A job that is not completed has no result: 409 says how it stands.
    """
    context = context_of(request)
    job = await _job(context, request, max(query["wait"], preferred_wait(request)))
    if job.status is not Status.COMPLETED:
        why = f": {job.failure.message}" if job.failure and job.status is Status.FAILED else ""
        raise Conflict(f"job {job.id} is {job.status} and has no result{why}", state=job.status)
    return reply(job.result)


async def get_input(request: Request, __: Query) -> Response:
    """The file that was uploaded for a job, as an attachment. Ranges and ETags work."""
    context = context_of(request)
    job = await _job(context, request)
    store, _, key = (job.upload or "").partition("/")
    info = await context.run(context.home.objects.head, store, key) if job.upload else None
    if info is None:
        raise NotFound(f"job {job.id} has no uploaded file")
    return await download(context, request, info)


async def cancel_job(request: Request, _: Query) -> Response:
    """Cancel a job that is not final; if it runs, what comes of it is dropped."""
    context = context_of(request)
    job = await context.run(context.home.ledger.cancel, _id(request))
    return reply(job_row(job))


async def retry_job(request: Request, _: Query) -> Response:
    """Send a failed job round again with fresh tries and, if given, other arguments."""
    context = context_of(request)
    asked = await read_json(request, ("args",))
    job = await _job(context, request)
    args = await context.run(_encode, context, job, asked["args"]) if "args" in asked else None
    [sent] = await context.run(context.home.ledger.redrive, [job.id], args)
    if not sent:
        raise Conflict(f"only a failed job can be tried again; {job.id} is {job.status}")
    return reply(job_row(await _job(context, request)), 202)


def _encode(context: Context, job: Job, args: Any) -> str:
    if not isinstance(args, dict):
        raise BadInput("args must be an object")
    return context.app.get(job.function).encode_args(args)


async def _job(context: Context, request: Request, wait: float = 0.0) -> Job:
    return await context.finished(_id(request), wait)


def _id(request: Request) -> str:
    id_: str = request.path_params["id"]
    return id_


_COUNT = {"type": "integer", "minimum": 0, "maximum": 2**62}
_WAIT = Parameter(
    "wait",
    "Seconds to wait for the job to become final",
    {"type": "number", "minimum": 0, "maximum": MAX_WAIT},
    0.0,
)
_FULL = {"application/json": ref("FullJob")}
_ROW = {"application/json": ref("Job")}
_ANY = {"description": "Any JSON value"}
_HERE = f"{PREFIX}/jobs/{{id}}"

ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/jobs",
        list_jobs,
        {200: Answer("A page of jobs", {"application/json": list_of("Job", next=NEXT)})},
        parameters=(
            Parameter("function", "Only of this function", TEXT),
            Parameter("status", "Only in this state", {"type": "string", **STATUS}),
            Parameter("owner", "Only of this owner", TEXT),
            Parameter("dead", "Only dead letters, or none", {"type": "boolean"}),
            Parameter("text", "Only with this in the name", {"type": "string", "maxLength": 200}),
            Parameter("before", "Only with a smaller seq", _COUNT),
            Parameter("after", "Only with a greater seq", _COUNT),
            Parameter(
                "limit",
                "Jobs on a page",
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
                50,
            ),
        ),
    ),
    Endpoint(
        "GET", _HERE, get_job, {200: Answer("The job", _FULL)}, parameters=(_WAIT,), problems=(404,)
    ),
    Endpoint(
        "GET",
        f"{_HERE}/result",
        get_result,
        {200: Answer("The result", {"application/json": _ANY})},
        parameters=(_WAIT,),
        problems=(404, 409),
    ),
    Endpoint(
        "GET",
        f"{_HERE}/input",
        get_input,
        ANSWERS,
        parameters=RANGES,
        problems=(404, 416),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/cancel",
        cancel_job,
        {200: Answer("The cancelled job", _ROW)},
        problems=(404, 409),
    ),
    Endpoint(
        "POST",
        f"{_HERE}/retry",
        retry_job,
        {202: Answer("The job, pending again", _ROW)},
        body={
            "application/json": {
                "type": "object",
                "properties": {"args": {"type": "object"}},
                "additionalProperties": False,
            }
        },
        problems=(404, 409, 413, 415),
    ),
]
