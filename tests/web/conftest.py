"""A service to send requests to, and a client that holds every answer against the documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

import billow
from billow.clock import SystemClock, VirtualClock
from billow.flow.arrivals import arrival_rule
from billow.home import Home, open_home
from billow.testing import memory_home
from billow.web.server import make_app
from tests.web.judge import Judge
from tests.web.people import Town
from tests.web.people import app as people_app

BASE = "http://127.0.0.1:8420"

app = billow.App("demo")


@app.function()
def add(a: int, b: int = 1) -> int:
    """The sum of two numbers."""
    return a + b


@app.function()
def echo(value: Any = None, flag: bool = False, text: str = "", rate: float = 1.0) -> Any:
    """Whatever it is given."""
    return value


@app.function(accepts=billow.File(".txt", ".md", max_size=1000))
def size(text: billow.Upload, unit: str = "bytes", least: int | None = None) -> int:
    """The size of a text."""
    return text.size


@app.function(accepts=billow.File(max_size=64 * billow.MiB))
def store(file: billow.Upload) -> int:
    """Any file, and a large one."""
    return file.size


@pytest.fixture
def declared() -> billow.App:
    return app


@pytest.fixture
def home(tmp_path: Path, declared: billow.App) -> Home:
    return open_home(tmp_path / "data", arrivals=arrival_rule(declared), clock=SystemClock())


@pytest.fixture
def web(home: Home, declared: billow.App) -> Iterator[Starlette]:
    made = make_app(home, declared)
    yield made
    made.state.context.close()


@pytest.fixture
def town(clock: VirtualClock) -> Iterator[Town]:
    made = Town(memory_home(people_app, clock))
    yield made
    made.context.close()


@pytest.fixture
async def client(web: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    judge = Judge(web.state.openapi)
    transport = httpx.ASGITransport(web, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url=BASE, event_hooks={"response": [judge.check]}
    ) as made:
        yield made
