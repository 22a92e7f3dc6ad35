"""The files of a job's result, each as an attachment."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import NotFound
from billow.web.api.endpoint import Answer, Endpoint, Parameter, Query
from billow.web.context import context_of
from billow.web.download import download
from billow.web.files import ADDRESS, check_at_hand


async def get_file(request: Request, _: Query) -> Response:
    """A file of a job's result, as an attachment. Ranges and ETags work.

    A file that is archived cannot be fetched: 409 says how it stands, and `ready` when it is back.
    """
    context = context_of(request)
    id_, name = request.path_params["id"], request.path_params["name"]
    job = await context.run(context.client.job, id_)
    store, key = await context.run(check_at_hand, context.home, job, name)
    info = await context.run(context.home.objects.head, store, key)
    if info is None:
        raise NotFound(f"{name} of job {job.id} was archived at this moment")
    return await download(context, request, info)


#: How a file is sent, whole or a range of it, and how one asks for that.
ANSWERS = {
    200: Answer("The file", {"application/octet-stream": {"type": "string"}}),
    206: Answer("A range of it", {"application/octet-stream": {"type": "string"}}),
    304: Answer("Not changed"),
}
RANGES = (
    Parameter("Range", "`bytes=first-last`", where="header"),
    Parameter("If-Range", "An ETag that must still hold", where="header"),
    Parameter("If-None-Match", "An ETag that the client has", where="header"),
)

ENDPOINTS = [
    Endpoint("GET", ADDRESS, get_file, ANSWERS, parameters=RANGES, problems=(404, 409, 416)),
]
