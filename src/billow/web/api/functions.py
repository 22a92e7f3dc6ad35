"""Functions: what the service can do, and asking for it."""

from __future__ import annotations

from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import BadInput, NotAccepted
from billow.function import Function
from billow.job import Job
from billow.ports.ledger import Accepted
from billow.web.api.endpoint import PREFIX, Answer, Endpoint, Parameter, Query
from billow.web.api.shapes import function_shape, job_row, list_of, ref
from billow.web.context import Context, context_of
from billow.web.limits import MAX_WAIT, media_type, read_json
from billow.web.receive import Received, Refusal, Terms, read_args, receive_file, receive_form
from billow.web.replies import reply

#: Seconds that a job may be delayed.
MAX_DELAY = 30 * 86400

_FIELDS = ("args", "delay", "name")
_ACCEPTED = ["application/json", "multipart/form-data", "application/octet-stream", "text/plain"]


async def list_functions(request: Request, _: Query) -> Response:
    """The functions of the service.

    Each with what it accepts, its parameters and limits, and the queue its jobs wait in.
    """
    functions = context_of(request).app.functions.values()
    return reply({"functions": [function_shape(function) for function in functions]})


async def get_function(request: Request, _: Query) -> Response:
    """One function."""
    return reply(function_shape(_function(request)))


async def submit_job(request: Request, query: Query) -> Response:
    """Ask for a job, or for one job a file.

    A function without a file takes JSON: `{"args": {...}}`. One with a file takes a multipart form
    (fields for the arguments, or one field `args` with JSON, and files called `file`) or the file
    itself as the body with its name in `?name=`. Whatever is answered with 202 is durable; of a
    form that is refused or cut off, nothing is accepted.

    `Prefer: wait=10` waits up to 10 seconds and answers 200 with the finished job. With
    `Idempotency-Key`, sending the same request again gives the same job; another request under the
    same key is refused (409). Of a form with several files, each is taken or refused by itself.
    """
    context, function = context_of(request), _function(request)
    wait = preferred_wait(request)
    received = await _receive(context, request, function, query)
    jobs = [await _after(context, made, wait) for made in received.jobs]
    return _answer(jobs, received, wait)


async def _receive(
    context: Context, request: Request, function: Function, query: Query
) -> Received:
    terms = Terms(request.headers.get("idempotency-key"), query["delay"], context.visitor.owner)
    kind = media_type(request)
    if kind == "multipart/form-data":
        return await receive_form(context, request, function, terms)
    if kind in ("application/json", "") or kind.endswith("+json"):
        return Received([await _receive_json(context, request, function, terms)], [])
    if kind == "application/x-www-form-urlencoded":
        raise NotAccepted(
            "send a file as a form with `curl -F file=@…`, or as the body with "
            "Content-Type: application/octet-stream",
            allowed=_ACCEPTED,
        )
    args = read_args(query["args"])
    made = await receive_file(context, request, function, query["name"], args, terms)
    return Received([made], [])


async def _receive_json(
    context: Context, request: Request, function: Function, terms: Terms
) -> Accepted:
    asked = await read_json(request, _FIELDS)
    args, name = asked.get("args", {}), asked.get("name", "")
    delay = asked.get("delay", terms.delay)
    if not isinstance(args, dict) or not isinstance(name, str):
        raise BadInput("args must be an object, and name a string")
    if isinstance(delay, bool) or not isinstance(delay, (int, float)):
        raise BadInput("delay must be a number of seconds")
    if not 0 <= delay <= MAX_DELAY:
        raise BadInput(f"delay must be 0 to {MAX_DELAY} seconds")
    return await context.run(
        context.client.submit,
        function.name,
        args,
        key=terms.key,
        delay=float(delay),
        owner=terms.owner,
        name=name[:200],
    )


class _Sent(NamedTuple):
    job: Job
    new: bool


async def _after(context: Context, made: Accepted, wait: float) -> _Sent:
    job = await context.finished(made.id, wait)
    return _Sent(job, made.new)


def _answer(sent: list[_Sent], received: Received, wait: float) -> Response:
    finished = wait > 0 and all(job.status.final for job, _ in sent)
    headers = {}
    if wait > 0:
        headers["Preference-Applied"] = f"wait={wait:g}"
    if not all(new for _, new in sent):
        headers["Idempotency-Replayed"] = "true"
    status = 200 if finished else 202
    if len(sent) == 1 and not received.refused:
        job = sent[0].job
        headers["Location"] = f"{PREFIX}/jobs/{job.id}"
        shape = {**job_row(job), "result": job.result}
        return reply(shape, status, headers)
    return reply(
        {
            "jobs": [job_row(job) for job, _ in sent],
            "refused": [_refusal(refusal) for refusal in received.refused],
        },
        status,
        headers,
    )


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return refusal._asdict()


def preferred_wait(request: Request) -> float:
    """Seconds that the client prefers to wait (`Prefer: wait=10`, RFC 7240); 0 if it does not.

    A preference that cannot be read is ignored, as the standard asks.
    """
    wait = 0.0
    for header in request.headers.getlist("prefer"):
        for part in header.split(","):
            name, _, value = part.partition(";")[0].strip().partition("=")
            if name.lower() == "respond-async":
                return 0.0
            if name.lower() == "wait" and value.strip('"').isdecimal():
                wait = min(float(value.strip('"')[:9]), MAX_WAIT)
    return wait


def _function(request: Request) -> Function:
    return context_of(request).app.get(request.path_params["name"])


_JSON_JOB = {
    "type": "object",
    "properties": {
        "args": {"type": "object", "description": "Arguments by name"},
        "delay": {"type": "number", "minimum": 0, "maximum": MAX_DELAY},
        "name": {"type": "string", "description": "What to call the job in lists"},
    },
    "additionalProperties": False,
}
_FORM = {
    "type": "object",
    "properties": {
        "args": {"type": "string", "description": "Arguments as a JSON object"},
        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
    },
    "additionalProperties": {"type": "string"},
}
_BINARY = {"type": "string", "format": "binary"}
_JOBS = {"application/json": {"oneOf": [ref("SentJob"), ref("SentJobs")]}}
_HEADERS = {
    "Location": "Address of the job",
    "Preference-Applied": "The wait that was granted",
    "Idempotency-Replayed": "`true` if the key was known and this is the job it made before",
}

ENDPOINTS = [
    Endpoint(
        "GET",
        f"{PREFIX}/functions",
        list_functions,
        {200: Answer("All functions", {"application/json": list_of("Function")})},
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/functions/{{name}}",
        get_function,
        {200: Answer("The function", {"application/json": ref("Function")})},
        problems=(404,),
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/functions/{{name}}/jobs",
        submit_job,
        {
            200: Answer("Finished within the preferred wait", _JOBS, _HEADERS),
            202: Answer("Accepted and durable", _JOBS, _HEADERS),
        },
        parameters=(
            Parameter("name", "Name of the file, if the body is the file itself", default=""),
            Parameter("args", "Arguments as a JSON object, if the body is the file itself"),
            Parameter(
                "delay",
                "Seconds before the job may start",
                {"type": "number", "minimum": 0, "maximum": MAX_DELAY},
                0.0,
            ),
            Parameter("Prefer", "`wait=10` or `respond-async`", where="header"),
            Parameter(
                "Idempotency-Key", "The same key and request give the same job", where="header"
            ),
            Parameter(
                "Content-Digest", "`sha-256=:<base64>:` of the body, checked", where="header"
            ),
            Parameter(
                "X-Content-SHA256", "SHA-256 of the body in hexadecimal, checked", where="header"
            ),
        ),
        body={
            "application/json": _JSON_JOB,
            "multipart/form-data": _FORM,
            "application/octet-stream": _BINARY,
            "text/plain": _BINARY,
        },
        problems=(404, 408, 409, 413, 415, 503, 507),
    ),
]
