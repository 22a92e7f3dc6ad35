"""The streams behind live pages: what changes is sent, what does not change is not."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from billow.flow.client import Client
from billow.home import Home
from billow.ports.wake import DONE
from billow.web.context import Context
from tests.web.conftest import app
from tests.web.stream import Stream, opened
from tests.web.work import complete, fail, take

pytestmark = pytest.mark.anyio


@pytest.fixture
def sender(home: Home) -> Client:
    return Client(home, app)


async def live_address(client: httpx.AsyncClient, path: str) -> str:
    page = (await client.get(path, headers={"accept": "text/html"})).text
    [address] = re.findall(r'hx-sse:connect="([^"]+)"', page)
    return html.unescape(address)


async def pieces(stream: Stream) -> AsyncIterator[str]:
    """The page's changing part, each time it is sent."""
    async for block in stream.blocks():
        lines = block.split("\n")
        if lines[0].startswith("data:"):
            yield "\n".join(line.removeprefix("data: ") for line in lines)


async def test_a_job_page_follows_its_job(
    client: httpx.AsyncClient, web: Starlette, home: Home, sender: Client
) -> None:
    made = sender.submit("add", {"a": 1})
    async with opened(web, await live_address(client, f"/jobs/{made.id}")) as stream:
        complete(home, "add", {"sum": 2})
        home.wake.notify(DONE)
        async for piece in pieces(stream):
            if 'id="result"' in piece:
                break
    assert stream.headers["content-type"].startswith("text/event-stream")


async def test_what_the_page_shows_already_is_not_sent(
    client: httpx.AsyncClient, web: Starlette, home: Home, sender: Client
) -> None:
    sender.submit("add", {"a": 1}, name="first")
    async with opened(web, await live_address(client, "/jobs?function=add")) as stream:
        sent = pieces(stream)
        sender.submit("add", {"a": 2}, name="second")
        home.wake.notify(DONE)
        assert "second" in await anext(sent)
    assert len(re.findall(r"^data: <figure", stream.raw, re.MULTILINE)) == 1


async def test_the_passing_of_time_alone_changes_nothing(
    client: httpx.AsyncClient, home: Home, sender: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sender.submit("add", {"a": 1})
    before = await live_address(client, f"/jobs/{made.id}")
    later = home.clock.now() + 42
    monkeypatch.setattr(type(home.clock), "now", lambda _: later)
    assert await live_address(client, f"/jobs/{made.id}") == before


async def test_the_stream_keeps_to_the_filter_of_the_page(
    client: httpx.AsyncClient, web: Starlette, home: Home, sender: Client
) -> None:
    sender.submit("add", {"a": 1}, name="works")
    sender.submit("echo", name="fails")
    address = await live_address(client, "/jobs?status=failed&told=retried&n=1")
    assert "told" not in address
    async with opened(web, address) as stream:
        take(home, "add")
        fail(home, "echo")
        home.wake.notify(DONE)
        piece = await anext(pieces(stream))
    assert ("fails" in piece, "works" in piece) == (True, False)


async def test_streams_end_when_the_process_leaves(
    client: httpx.AsyncClient, web: Starlette
) -> None:
    context: Context = web.state.context
    async with opened(web, await live_address(client, "/fleet")) as stream:
        context.news.close()
        assert [piece async for piece in pieces(stream)] == []


async def test_a_stream_of_an_unknown_job_ends(web: Starlette) -> None:
    async with opened(web, "/jobs/nope?live=1") as stream:
        assert [piece async for piece in pieces(stream)] == []
