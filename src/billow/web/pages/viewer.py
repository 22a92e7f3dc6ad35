"""Reading a file of a result on a page: a log, for instance. It is sent as it is read."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator, Iterable

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from billow.errors import BadInput
from billow.units import MiB
from billow.web.context import Context, context_of
from billow.web.files import ADDRESS, check_at_hand
from billow.web.pages.job import find
from billow.web.pages.view import render

#: Bytes that are shown; the download has all.
MOST = 4 * MiB

#: Where the text stands in the page, until it is put there.
_HERE = "\ue000"


def routes() -> list[BaseRoute]:
    """Addresses of this screen."""
    return [Route("/jobs/{id}/files/{name}", read_file, methods=["GET"], name="file")]


async def read_file(request: Request) -> Response:
    """A file of a job's result as text.

    Raises:
        NotFound: there is no such job or file.
        Conflict: the file is archived.
        BadInput: it is no text.
    """
    context = context_of(request)
    id_, name = request.path_params["id"], request.path_params["name"]
    home = context.home
    job = await context.run(find, home, id_)
    store, key = await context.run(check_at_hand, home, job, name)
    info = await context.run(home.objects.head, store, key)
    size = info.size if info else 0
    blocks = iter(await context.run(home.objects.read, store, key, 0, min(size, MOST)))
    first = await context.run(next, blocks, b"")
    if b"\0" in first:
        raise BadInput(f"{name} is no text; download it")
    model = {
        "job": job,
        "file": name,
        "size": size,
        "shown": min(size, MOST),
        "text": _HERE,
    }
    model["href"] = ADDRESS.format(id=job.id, name=name)
    page = await context.run(render, "file.html", request, model)
    head, _, foot = page.partition(_HERE)
    return StreamingResponse(_page(context, head, first, blocks, foot), media_type="text/html")


async def _page(
    context: Context, head: str, first: bytes, blocks: Iterable[bytes], foot: str
) -> AsyncIterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    yield head.encode()
    yield escape(decoder.decode(first)).encode()
    rest = iter(blocks)
    while block := await context.run(next, rest, b""):
        yield escape(decoder.decode(block)).encode()
    yield escape(decoder.decode(b"", final=True)).encode()
    yield foot.encode()
