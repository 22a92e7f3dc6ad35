"""Starlette decides, nginx sends the file (X-Accel-Redirect)."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.web.apps import core


async def img(request: Request) -> Response:
    name = request.path_params["name"]
    status, path = core.authorised(request.headers.get("cookie", ""), name)
    if status != 200:
        return Response(status_code=status)
    place = "/protected/" + path.rpartition("/")[2]
    return Response(b"", media_type="image/jpeg", headers={"x-accel-redirect": place})


async def health(request: Request) -> Response:
    return Response(b"ok")


app = Starlette(routes=[Route("/img/{size:int}/{name}", img), Route("/healthz", health)])
