"""JSON answers, and the one shape of errors (RFC 9457 problem documents)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from billow.errors import Error

PROBLEM = "application/problem+json"


def reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON."""
    return Response(json_bytes(value), status, headers, media_type="application/json")


def json_bytes(value: Any) -> bytes:
    """`value` as JSON that every client can read: NaN and infinities become null."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair; only an escape can say that
        return json.dumps(value, separators=(",", ":")).encode()
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":")).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem document of an error; one not raised on purpose tells nothing of the inside."""
    if isinstance(error, Error):
        return error.problem()
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus(500)
    detail = error.detail if isinstance(error, HTTPException) else "something went wrong inside"
    if status is HTTPStatus.NOT_FOUND and detail == status.phrase:
        detail = "there is nothing at this address"
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }


def refuse(
    request: Request, problem: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a request that cannot be fulfilled: a page for browsers, else a document."""
    made = dict(headers or {})
    if "retry_after" in problem:
        made["Retry-After"] = str(math.ceil(problem["retry_after"]))
    if problem["status"] == HTTPStatus.UNAUTHORIZED:
        made["WWW-Authenticate"] = "Bearer"
    full = {**problem, "instance": f"urn:billow:request:{request.scope.get('billow.id', '')}"}
    if (page := _page(request, full)) is not None:
        page.headers.update(made)
        return page
    return Response(json_bytes(full), problem["status"], made, media_type=PROBLEM)


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer."""
    path: str = request.scope["path"]
    return "text/html" in request.headers.get("accept", "") and not path.startswith("/api/")


def log_in_page(request: Request) -> str:
    """The address of the log-in page, which leads back to what was asked for."""
    if request.method != "GET":
        return "/login"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/login?next={quote(request.url.path + query, safe='')}"


def local(path: str) -> str:
    """A path of this service, or "": elsewhere nobody is sent."""
    plain = unquote(path)
    if not path.startswith("/") or plain[1:2] in ("/", "\\") or not plain.isprintable():
        return ""
    return path[:2000]


def _page(request: Request, problem: Mapping[str, Any]) -> Response | None:
    """The console's page for a problem, for those who ask for HTML outside of the API."""
    error_page = getattr(request.app.state, "error_page", None)
    if error_page is None or not wants_page(request):
        return None
    response: Response = error_page(request, problem)
    return response


async def on_error(request: Request, error: Exception) -> Response:
    """Answer to an error raised on purpose, by Billow or by the router."""
    headers = error.headers if isinstance(error, HTTPException) else None
    return refuse(request, problem_of(error), headers)
