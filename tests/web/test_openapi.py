"""The API's description: valid, complete, and readable without anything from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.applications import Starlette
from starlette.routing import Route

from billow.web import pages
from billow.web.api import ENDPOINTS
from billow.web.openapi import plain_path

pytestmark = pytest.mark.anyio


async def test_the_document_is_valid(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_every_route_is_in_it_and_the_other_way_round(web: Starlette) -> None:
    own = {getattr(route, "path", None) for route in pages.routes()}
    served = {
        (plain_path(route.path), method.lower())
        for route in web.routes
        if isinstance(route, Route) and route.path not in own
        for method in route.methods or ()
        if method != "HEAD"
    }
    described = {
        (path, method) for path, methods in web.state.openapi["paths"].items() for method in methods
    }
    assert served == described
    assert len(served) == len(ENDPOINTS)


def test_every_endpoint_says_what_it_is(web: Starlette) -> None:
    names = []
    for methods in web.state.openapi["paths"].values():
        for operation in methods.values():
            assert operation["summary"]
            assert all(parameter.get("description", "x") for parameter in operation["parameters"])
            names.append(operation["operationId"])
    assert len(names) == len(set(names))


def test_every_shape_is_used_and_every_use_has_a_shape(web: Starlette) -> None:
    document = web.state.openapi
    used = set(re.findall(r"#/components/schemas/(\w+)", repr(document)))
    assert used == set(document["components"]["schemas"])


async def test_the_page_shows_every_endpoint_and_needs_nothing_from_elsewhere(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/docs")).text
    for endpoint in ENDPOINTS:
        assert f'id="{endpoint.name}"' in page
        assert plain_path(endpoint.path) in page
    links = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert links
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in links)
    assert "<script" not in page
    assert " style=" not in page
    assert (await client.get("/docs.css")).headers["content-type"].startswith("text/css")


async def test_links_within_the_page_lead_somewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    places = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= places


def test_query_parameters_are_those_of_the_document(web: Starlette) -> None:
    for endpoint in ENDPOINTS:
        operation = web.state.openapi["paths"][plain_path(endpoint.path)][endpoint.method.lower()]
        described = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
        assert described == {p.name for p in endpoint.parameters if p.where == "query"}


def test_the_guide_names_every_endpoint() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    missing = [
        (endpoint.method, endpoint.path)
        for endpoint in ENDPOINTS
        if f"`{endpoint.method} {plain_path(endpoint.path)}" not in guide
        and endpoint.name != "submit_job"
    ]
    assert missing == []
    assert "/api/v1/functions/add/jobs" in guide


def test_the_guide_names_every_status_of_a_refusal(web: Starlette) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    table = guide[guide.index("| status | when |") :]
    for endpoint in ENDPOINTS:
        for status in endpoint.problems:
            assert re.search(rf"\b{status}\b", table), status
