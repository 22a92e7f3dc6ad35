"""The API's description of itself, for programs and for people."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from billow.web.api.endpoint import TEXT, Answer, Endpoint, Query
from billow.web.replies import reply


async def openapi_json(request: Request, _: Query) -> Response:
    """The OpenAPI 3.1 document of this API."""
    return reply(_document(request))


async def docs(request: Request, _: Query) -> Response:
    """The API's reference as a page to read."""
    text = _environment().from_string(_resource("openapi.html"))
    return HTMLResponse(text.render(document=_document(request)))


async def docs_style(_: Request, __: Query) -> Response:
    """The style of the reference page."""
    return Response(_resource("openapi.css"), media_type="text/css")


def _document(request: Request) -> dict[str, Any]:
    made: dict[str, Any] = request.app.state.openapi
    return made


@cache
def _resource(name: str) -> str:
    return resources.files("billow.web").joinpath(name).read_text()


@cache
def _environment() -> Environment:
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)


ENDPOINTS = [
    Endpoint(
        "GET",
        "/openapi.json",
        openapi_json,
        {200: Answer("The document", {"application/json": {"type": "object"}})},
    ),
    Endpoint("GET", "/docs", docs, {200: Answer("The page", {"text/html": TEXT})}),
    Endpoint("GET", "/docs.css", docs_style, {200: Answer("The style", {"text/css": TEXT})}),
]
