"""A service with people in it, who upload straight to its store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

import billow
from billow.clock import VirtualClock
from billow.flow.arrivals import arrival_rule
from billow.home import Home, open_home
from billow.web.server import make_app

BASE = "http://127.0.0.1:8420"

app = billow.App("demo")
entry = app.store("demo-entry")
work = app.store("demo-work")
entry.copy_to(work)
app.store("demo-other")


@app.function(accepts=billow.File(".txt", max_size=1000), store=work)
def size(text: billow.Upload, unit: str = "bytes", least: int = 0) -> int:
    """The size of a text."""
    return text.size


@app.function(accepts=billow.File(max_size=64 * billow.MiB))
def large(file: billow.Upload) -> int:
    """Any file, and a large one."""
    return file.size


@app.function()
def add(a: int) -> int:
    """A function without a file."""
    return a


class As:
    """Says who asks, as whoever tells people apart would."""

    def __init__(self, served: ASGIApp) -> None:
        self._served = served
        self.owner = "anna"
        self.most: int | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["billow.owner"], scope["billow.max_upload"] = self.owner, self.most
        await self._served(scope, receive, send)


@pytest.fixture
def home(tmp_path: Path, clock: VirtualClock) -> Home:
    return open_home(tmp_path / "data", arrivals=arrival_rule(app), clock=clock)


@pytest.fixture
def people(home: Home) -> Iterator[As]:
    made = make_app(home, app)
    yield As(made)
    made.state.context.close()


@pytest.fixture
async def client(people: As) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(people, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as made:
        yield made
