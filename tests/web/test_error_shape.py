"""Whatever goes wrong, the answer has one shape."""

from __future__ import annotations

import inspect
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

import billow.errors
from billow.errors import Error
from billow.home import Home
from billow.web.replies import json_bytes

pytestmark = pytest.mark.anyio

CASES: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/nothing", {}, 404),
    ("GET", "/api/v1/nothing", {}, 404),
    ("GET", "/api/v1/jobs/nothing", {}, 404),
    ("DELETE", "/api/v1/jobs", {}, 405),
    ("GET", "/api/v1/jobs?limit=x", {}, 422),
    ("POST", "/api/v1/functions/add/jobs", {"json": {}}, 422),
    ("POST", "/api/v1/functions/add/jobs", {"data": {"a": "1"}}, 415),
    ("POST", "/api/v1/functions/size/jobs", {"files": {"file": ("a.txt", b"x" * 1001)}}, 413),
    ("GET", "/healthz", {"headers": {"Host": "evil.example"}}, 421),
    ("POST", "/api/v1/dead/redrive", {"headers": {"Origin": "null"}}, 403),
    ("GET", "/healthz", {"headers": {"X": "x" * 40_000}}, 431),
]


@pytest.mark.parametrize(("method", "path", "request_", "status"), CASES)
async def test_problems_are_documents(
    client: httpx.AsyncClient, method: str, path: str, request_: dict[str, Any], status: int
) -> None:
    refused = await client.request(method, path, **request_)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert {"type", "title", "status", "detail", "instance"} <= problem.keys()
    assert problem["status"] == status
    assert problem["detail"]


def errors() -> list[type[Error]]:
    return [
        kind
        for _, kind in inspect.getmembers(billow.errors, inspect.isclass)
        if issubclass(kind, Error)
    ]


@pytest.mark.parametrize("kind", errors())
async def test_every_error_of_the_tree_has_its_status(
    client: httpx.AsyncClient, home: Home, monkeypatch: pytest.MonkeyPatch, kind: type[Error]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise kind("for a reason", fact=1)

    monkeypatch.setattr(type(home.ledger), "find", broken)
    refused = await client.get("/api/v1/jobs")
    assert refused.status_code == kind.status
    assert refused.json()["title"] == kind.title
    assert (refused.json()["detail"], refused.json()["fact"]) == ("for a reason", 1)


async def test_browsers_get_the_consoles_page(
    web: Starlette, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = {"Accept": "text/html,*/*;q=0.8"}
    page = await client.get("/nothing", headers=html)
    document = await client.get("/api/v1/nothing", headers=html)
    assert page.headers["content-type"].startswith("text/html")
    assert document.headers["content-type"] == "application/problem+json"
    monkeypatch.setattr(web.state, "error_page", None)
    plain = await client.get("/nothing", headers=html)
    assert plain.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, "é"]}, '{"a":[1,"é"]}'),
        ({"a": [float("nan"), (float("inf"), 1.5)]}, '{"a":[null,[null,1.5]]}'),
        ("\ud800", '"\\ud800"'),
    ],
)
def test_any_value_becomes_json(value: Any, text: str) -> None:
    assert json_bytes(value).decode() == text
