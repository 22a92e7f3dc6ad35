"""The files of a job's result, each as an attachment."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import NotFound
from billow.web.api.endpoint import Answer, Endpoint, Parameter, Query
from billow.web.context import context_of
from billow.web.download import download
from billow.web.files import ADDRESS


async def get_file(request: Request, _: Query) -> Response:
    """A file of a job's result, as an attachment. Ranges and ETags work."""
    context = context_of(request)
    id_, name = request.path_params["id"], request.path_params["name"]
    job = await context.run(context.client.job, id_)
    file = next((file for file in job.files.values() if file.name == name), None)
    if file is None:
        named = ", ".join(file.name for file in job.files.values()) or "none"
        raise NotFound(f"job {job.id} has no file {name[:80]!r}; it has: {named}")
    info = await context.run(context.home.objects.head, file.store, file.key)
    if info is None:
        raise NotFound(f"{file.name} of job {job.id} is not kept any more")
    return await download(context, request, info)


ENDPOINTS = [
    Endpoint(
        "GET",
        ADDRESS,
        get_file,
        {
            200: Answer("The file", {"application/octet-stream": {"type": "string"}}),
            206: Answer("A range of it", {"application/octet-stream": {"type": "string"}}),
            304: Answer("Not changed"),
        },
        parameters=(
            Parameter("Range", "`bytes=first-last`", where="header"),
            Parameter("If-Range", "An ETag that must still hold", where="header"),
            Parameter("If-None-Match", "An ETag that the client has", where="header"),
        ),
        problems=(404, 416),
    ),
]
