"""Whatever is sent, the answer is as documented, and never an unexpected error."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from billow.web.api import ENDPOINTS
from billow.web.api.endpoint import Endpoint
from tests.web.conftest import BASE
from tests.web.judge import Judge

#: Streams that would not end by themselves.
_ENDLESS = ("job_events", "service_events", "follow_logs", "follow_job_logs")

words = st.sampled_from(["add", "size", "demo-add", "results", "0", "-1", "true", "1.5", "a/b"])
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text() | words
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
usual = st.sampled_from(
    [
        {"args": {"a": 1}},
        {"messages": ["x", "y"]},
        {"limit": 10},
        {"receipts": ["1.1"]},
        {"receipts": ["1.1"], "visibility": 0},
        {"target": "results"},
        {"ids": ["0"]},
    ]
)
texts = words | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)

#: What an address has in its gaps: mostly something that exists.
places = st.one_of(words, words, words, texts)


@st.composite
def requests(draw: st.DrawFn) -> httpx.Request:
    endpoint: Endpoint = draw(
        st.sampled_from([one for one in ENDPOINTS if one.name not in _ENDLESS])
    )
    address = "/".join(
        quote(draw(places), safe="") if part.startswith("{") else part
        for part in endpoint.path.split("/")
    )
    known = [p.name for p in endpoint.parameters if p.where == "query" and p.name != "wait"]
    names = st.sampled_from(known) if known else st.nothing()
    query = draw(st.dictionaries(names, texts, max_size=3)) if known else {}
    body: dict[str, Any] = {}
    if endpoint.method == "POST":
        schema = endpoint.body.get("application/json", {})
        fields = st.sampled_from([*schema.get("properties", {}), "other"])
        body = draw(
            st.fixed_dictionaries({"json": usual | st.dictionaries(fields, values) | values})
            | st.fixed_dictionaries({"content": st.binary(max_size=50)})
        )
        if isinstance(body.get("json"), dict):
            body["json"].pop("wait", None)
    return httpx.Request(endpoint.method, BASE + address, params=query, **body)


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(requests())
def test_no_request_meets_an_unexpected_error(web: Starlette, request_: httpx.Request) -> None:
    async def send() -> httpx.Response:
        judge = Judge(web.state.openapi)
        transport = httpx.ASGITransport(web, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, event_hooks={"response": [judge.check]}
        ) as client:
            return await client.send(request_)

    assert asyncio.run(send()).status_code < 500
