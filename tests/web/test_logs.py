"""Lines of the log over HTTP: by the API, and on pages without a script."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from starlette.applications import Starlette

from billow.flow.client import Client
from billow.home import Home
from billow.ports.logs import Line
from billow.testing import memory_home
from tests.web.conftest import app
from tests.web.people import Town
from tests.web.people import app as gas
from tests.web.stream import opened
from tests.web.test_pages import get

pytestmark = pytest.mark.anyio


@pytest.fixture
def now() -> float:
    return time.time()


@pytest.fixture
def said(home: Home, now: float) -> str:
    """The id of a job about which something was said."""
    job = Client(home, app).submit("add", {"a": 1}).id
    home.logs.write(
        [
            Line(now - 4000, 20, "web", "x", "long ago"),
            Line(now - 50, 20, "web", "billow.web.access", "GET / 200", request="r1"),
            Line(now - 40, 30, "add-1", "stdout", "<script>alert(1)</script>", job, "r1", "t1"),
            Line(
                now - 30, 40, "keeper", "billow", "it broke\nbadly", fields='{"error":"Tb","n":1}'
            ),
        ]
    )
    return job


async def test_lines_are_found_by_every_filter(client: httpx.AsyncClient, said: str) -> None:
    async def events(query: str) -> list[str]:
        answer = await client.get(f"/api/v1/logs?{query}")
        assert answer.status_code == 200
        return [line["event"].split("\n")[0] for line in answer.json()["lines"]]

    assert await events("since=-3600") == ["it broke", "<script>alert(1)</script>", "GET / 200"]
    assert await events("until=-3600") == ["long ago"]
    assert await events("level=warning&limit=1") == ["it broke"]
    assert await events(f"job={said}") == await events("trace=t1") == await events("process=add")
    assert await events("request=r1") == ["<script>alert(1)</script>", "GET / 200"]
    assert await events("text=broke+it") == await events("source=billow") == ["it broke"]
    page = (await client.get("/api/v1/logs?limit=2")).json()
    assert await events(f"before={page['more']}") == ["GET / 200", "long ago"]
    assert await events("after=1&limit=1") == ["GET / 200"]
    assert (await client.get("/api/v1/logs?level=loud")).status_code == 422
    assert (await client.get("/api/v1/jobs/nothing/logs")).status_code == 404


async def test_new_lines_stream_and_can_be_resumed(web: Starlette, home: Home, said: str) -> None:
    async with opened(web, "/api/v1/logs/events?level=error") as stream:
        events = stream.events()
        await stream.begun.wait()
        home.logs.write([Line(1.0, 20, "web", "x", "quiet"), Line(1.0, 40, "web", "x", "loud")])
        event = await anext(events)
    assert (event.kind, event.id, event.data["event"]) == ("line", "6", "loud")
    async with opened(web, "/api/v1/logs/events", **{"last-event-id": "3"}) as stream:
        events = stream.events()
        assert [(await anext(events)).id for _ in range(3)] == ["4", "5", "6"]
    async with opened(web, f"/api/v1/jobs/{said}/logs/events") as stream:
        assert (await anext(stream.events())).data["source"] == "stdout"


async def test_a_request_is_on_the_lines_of_the_job_that_it_sent(
    client: httpx.AsyncClient, home: Home
) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    answer = await client.post(
        "/api/v1/functions/add/jobs", json={"args": {"a": 1}}, headers={"traceparent": trace}
    )
    [lease] = home.ledger.exchange("add", "w", (), 1, 10.0).leases
    assert lease.origin == f"{answer.headers['x-request-id']} {trace}"
    file = {"file": ("a.txt", b"text")}
    answer = await client.post("/api/v1/functions/size/jobs", files=file)
    [lease] = home.ledger.exchange("size", "w", (), 1, 10.0).leases
    assert lease.origin == answer.headers["x-request-id"]


async def test_the_page_shows_escapes_and_links(client: httpx.AsyncClient, said: str) -> None:
    page = await get(client, "/logs")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "long ago" not in page
    assert "3 lines" in page
    assert page.index("it broke") < page.index("GET / 200")
    assert f'href="/jobs/{said}"' in page
    assert 'href="/logs?request=r1"' in page
    assert "badly\nTb" in page
    assert "long ago" in await get(client, "/logs?range=6h")
    filtered = await get(client, "/logs?text=broke&level=error&process=keeper&request=&n=x")
    assert "it broke" in filtered
    assert "GET / 200" not in filtered
    nothing = await get(client, "/logs?text=unheard&since=rubbish&before=x&level=loud")
    assert "No line matches" in nothing


async def test_a_bar_of_the_histogram_leads_to_its_lines(
    client: httpx.AsyncClient, said: str
) -> None:
    page = await get(client, "/logs?range=15m&level=warning")
    bars = re.findall(r'<a href="(/logs\?[^"]*)" title="([^"]*)"', page)
    told = [label.partition(": ")[2] for _, label in bars]
    apart = ["1 line, 1 warning, 0 errors", "1 line, 0 warnings, 1 error"]
    assert told in (apart, ["2 lines, 1 warning, 1 error"])
    narrowed = await get(client, unescape(bars[-1][0]))
    assert "it broke" in narrowed
    assert "GET / 200" not in narrowed
    assert "Go on live" in narrowed


async def test_pages_go_back(client: httpx.AsyncClient, home: Home, now: float) -> None:
    home.logs.write([Line(now - 10 + n / 100, 20, "web", "x", f"n{n};") for n in range(250)])
    page = await get(client, "/logs")
    assert ("n249;" in page, "n150;" in page, "n149;" in page) == (True, True, False)
    older = re.search(r'href="(/logs\?before=\d+)" rel="next"', page)
    assert older is not None
    page = await get(client, older[1])
    assert ("n149;" in page, "n50;" in page, "n49;" in page) == (True, True, False)


async def test_a_job_s_page_shows_what_it_said(client: httpx.AsyncClient, said: str) -> None:
    page = await get(client, f"/jobs/{said}")
    assert 'role="log"' in page
    assert "&lt;script&gt;" in page
    assert "it broke" not in page
    assert f"/logs?job={said}" in page


@pytest.fixture
def town() -> Iterator[Town]:
    made = Town(memory_home(gas))
    yield made
    made.context.close()


async def test_owners_see_the_lines_of_their_jobs_and_nobody_elses(town: Town) -> None:
    ann, bob = town.person("ann"), town.person("bob")
    boss = town.person("boss", role="admin")
    job = Client(town.home, gas).submit("double", {}, owner=ann.owner).id
    town.home.logs.write([Line(time.time(), 20, "double-1", "stdout", "of ann", job)])
    for who, own, every in ((ann, 200, 403), (bob, 404, 403), (boss, 200, 200), (None, 401, 401)):
        async with town.client(who) as client:
            assert (await client.get(f"/api/v1/jobs/{job}/logs")).status_code == own
            assert (await client.get(f"/api/v1/logs?job={job}")).status_code == every
            assert (await client.get("/logs")).status_code == every
    async with town.client(ann, accept="text/html") as client:
        page = (await client.get(f"/jobs/{job}")).text
    assert "of ann" in page
    assert "/logs?job=" not in page
