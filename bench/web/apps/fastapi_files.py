"""FastAPI and its FileResponse: what most people write."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from bench.web.apps import core

app = FastAPI()


@app.get("/img/{size}/{name}")
async def img(request: Request, size: int, name: str) -> Response:
    status, path = core.authorised(request.headers.get("cookie", ""), name)
    if status != 200:
        return Response(status_code=status)
    return FileResponse(path, media_type="image/jpeg")


@app.get("/healthz")
async def health() -> Response:
    return Response(b"ok")
