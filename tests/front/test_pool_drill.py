"""A pool of real servers: killed, hung, reloaded and grown under a steady rate of requests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from billow.keeper.how import WEB
from billow.ports.logs import Wanted
from tests.front.load import Steady
from tests.keeper.helpers import Running, running, until

pytestmark = pytest.mark.drill

APP = """
import billow
app = billow.App("pool")
app.web(billow.Web(min={size}, max=4, scale={scale}, drain="5 s", shed_after="10 s",
                   memory=150 * billow.MiB))
VERSION = "one"

leaked = []

@app.page("/leak", who="anybody")
def leak(request: object) -> str:
    leaked.append(b"x" * 2**20)
    return "more"

@app.function(name=VERSION, fleet=billow.Fleet(min=0, max=1))
def work() -> None:
    "Nothing."
"""
FIXED = "billow.TargetTracking(requests_per_server=1000)"

#: Requests a second: enough to have some under way at any moment, on a busy machine too.
RATE = 60


@contextmanager
def service(folder: Path, size: int = 3, scale: str = FIXED) -> Iterator[tuple[Running, int]]:
    app = folder / "app.py"
    app.write_text(APP.format(size=size, scale=scale))
    with running(str(app), folder / "data", web=WEB) as made:
        until(lambda: len(servers(made)) >= size, 60)
        yield made, urlsplit(made.view.service["url"]).port or 0


def servers(made: Running) -> list[dict[str, Any]]:
    """The servers in service, as the board has them."""
    shown = board(made)
    return [one for one in shown if one["state"] in ("idle", "busy")]


def board(made: Running) -> list[dict[str, Any]]:
    assert made.keeper is not None
    found = made.keeper._home.journal.shown("fleet.web")
    workers: list[dict[str, Any]] = [] if found is None else found[0]["workers"]
    return workers


def test_killed_then_hung_nobody_notices(tmp_path: Path) -> None:
    with service(tmp_path) as (made, port), Steady(port, "/healthz", RATE) as load:
        until(lambda: len(load.seen) > RATE)
        killed, hung = servers(made)[:2]
        os.kill(killed["pid"], signal.SIGKILL)
        until(lambda: made.view.of("worker.crashed"), 30)
        until(lambda: len(made.view.of("worker.ready")) == 4, 60)
        os.kill(hung["pid"], signal.SIGSTOP)
        (report,) = until(lambda: made.view.of("worker.killed"), 30)
        until(lambda: len(made.view.of("worker.ready")) == 5, 60)
        enough = len(load.seen) + RATE
        until(lambda: len(load.seen) > enough, 60)
    assert load.failed() == []
    assert report.subject == hung["id"]
    assert "state T" in report.reason
    assert len(load.seen) > 3 * RATE


def test_reloaded_with_new_code_and_without_a_failed_request(tmp_path: Path) -> None:
    with service(tmp_path, size=2) as (made, port), Steady(port, "/healthz", RATE) as load:
        before = {one["id"] for one in servers(made)}
        app = tmp_path / "app.py"
        app.write_text(app.read_text().replace('"one"', '"two"'))
        assert made.keeper is not None
        made.keeper.renew()
        until(lambda: len(servers(made)) == 2 and not before & {s["id"] for s in board(made)}, 90)
        with Steady(port, "/api/v1/functions/two", 20) as new:
            until(lambda: len(new.seen) > 20, 30)
        enough = len(load.seen) + RATE
        until(lambda: len(load.seen) > enough, 60)
    assert load.failed() == []
    assert new.failed() == []
    assert made.view.of("worker.crashed", "worker.killed") == []


def test_leaking_servers_are_replaced_without_a_failed_request(tmp_path: Path) -> None:
    with service(tmp_path, size=2) as (made, port), Steady(port, "/leak", RATE) as load:
        leaking = {one["id"] for one in servers(made)}
        until(lambda: not leaking & {one["id"] for one in board(made)}, 90)
        enough = len(load.seen) + RATE
        until(lambda: len(load.seen) > enough, 60)
        recycled = made.view.of("worker.recycled")
        assert leaking <= {each.subject for each in recycled}
        assert all("of memory, more than 150" in each.reason for each in recycled)
        assert made.keeper is not None
        said = made.keeper._home.logs.find(Wanted(process="front")).lines
        assert "listening" in [line.event for line in said]
    assert load.failed() == []
    assert made.view.of("worker.crashed", "worker.killed") == []


def test_it_grows_with_the_requests(tmp_path: Path) -> None:
    scale = "billow.TargetTracking(requests_per_server=15, shrink_after='1 s')"
    with service(tmp_path, size=1, scale=scale) as (made, port):
        with Steady(port, "/healthz", RATE) as load:
            until(lambda: len(servers(made)) >= 3, 90)
        until(lambda: len(board(made)) == 1, 90)
        (first, *_) = made.view.of("scale.out")
    assert "requests/s, 15 a server" in first.reason
    assert load.failed() == []
    assert made.view.of("scale.in")
