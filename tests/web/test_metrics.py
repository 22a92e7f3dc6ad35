"""Metrics, health, and the line in the log."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

import billow
from billow.flow.client import Client
from billow.home import Home
from billow.testing import memory_home
from billow.web.log import JsonLines
from billow.web.metrics import GATHER, Metrics
from tests.web.conftest import app
from tests.web.work import complete, fail, take

pytestmark = pytest.mark.anyio


async def values(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_jobs_and_queues_are_counted(client: httpx.AsyncClient, home: Home) -> None:
    sender = Client(home, app)
    sender.submit_many("add", [{"a": n} for n in range(5)])
    complete(home, "add")
    fail(home, "add")
    take(home, "add")
    sender.submit("add", {"a": 1}, delay=100)
    home.queues.send("results", ["x", "y"])
    seen = await values(client)
    states = ("pending", "running", "completed", "failed", "cancelled")
    assert [seen["billow_jobs", "add", state] for state in states] == [3, 1, 1, 1, 0]
    assert seen["billow_jobs", "echo", "pending"] == 0
    messages = "billow_queue_messages"
    assert seen[messages, "demo-add", "visible"] == 2
    assert seen[messages, "demo-add", "in_flight"] == 1
    assert seen[messages, "demo-add", "delayed"] == 1
    assert seen[messages, "results", "visible"] == 2
    assert seen["billow_queue_oldest_seconds", "demo-add"] > 0


async def test_workers_are_counted(client: httpx.AsyncClient, home: Home) -> None:
    workers = [{"id": "w-1", "state": "busy"}, {"id": "w-2", "state": "busy"}]
    home.journal.show("fleet.add", {"workers": workers})
    seen = await values(client)
    assert seen["billow_workers", "add", "busy"] == 2
    assert seen["billow_workers", "add", "idle"] == 0
    assert seen["billow_workers", "echo", "busy"] == 0


async def test_requests_are_counted_by_route_and_not_by_address(
    client: httpx.AsyncClient,
) -> None:
    for n in range(20):
        await client.get(f"/api/v1/jobs/{n}")
        await client.get(f"/nothing/{n}")
    seen = await values(client)
    assert seen["billow_http_requests_total", "GET", "/api/v1/jobs/{id}", "404"] == 20
    assert seen["billow_http_requests_total", "GET", "none", "404"] == 20
    assert seen["billow_http_request_seconds_count", "/api/v1/jobs/{id}"] == 20


async def test_invented_methods_do_not_fill_the_metrics(client: httpx.AsyncClient) -> None:
    for n in range(3):
        await client.request(f"BREW{n}", "/healthz")
    seen = await values(client)
    assert seen["billow_http_requests_total", "other", "/healthz", "405"] == 3


async def test_the_build_and_the_process_are_named(client: httpx.AsyncClient) -> None:
    seen = await values(client)
    assert [value for key, value in seen.items() if key[0] == "billow_build_info"] == [1]
    assert seen[("process_resident_memory_bytes",)] > 1_000_000
    assert seen[("process_cpu_seconds_total",)] > 0


async def test_two_services_in_one_process_count_apart(
    client: httpx.AsyncClient, web: Starlette, home: Home
) -> None:
    from billow.web.server import make_app  # noqa: PLC0415 - a second one

    other = make_app(home, app)
    await client.get("/healthz")
    assert b'route="/healthz"' in web.state.metrics.text()
    assert b'route="/healthz"' not in other.state.metrics.text()


async def test_requests_are_measured_also_when_nobody_looks_for_long(
    web: Starlette, home: Home
) -> None:
    metrics = web.state.metrics
    for status in (200, 500, 499):
        for _ in range(GATHER):
            metrics.count("GET", "page", status, 0.25)
    metrics.count("GET", "news", 200, None)
    found = {each.name: each.summary for each in home.recorder.take()}
    totals = {name: (each.count, each.total) for name, each in found.items()}
    assert totals["web.requests"] == (3 * GATHER + 1, 3 * GATHER + 1)
    assert totals["web.errors"][1] == GATHER
    assert totals["web.latency"] == (3 * GATHER, 0.75 * GATHER)


async def test_health_needs_the_ledger(
    client: httpx.AsyncClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}

    def broken(*_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(type(home.ledger), "get", broken)
    for path in ("/healthz", "/readyz"):
        refused = await client.get(path)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "disk I/O" not in refused.text


async def test_ready_says_whether_somebody_runs_the_workers(
    client: httpx.AsyncClient, web: Starlette, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/readyz")).json() == {"status": "ready", "keeper": "absent"}
    home.journal.show("fleet.add", {})
    assert (await client.get("/readyz")).json()["keeper"] == "present"
    later = time.time() + 11
    monkeypatch.setattr("billow.web.api.health.time.time", lambda: later)
    assert (await client.get("/readyz")).json()["keeper"] == "silent"
    web.state.context.news.close()
    assert (await client.get("/readyz")).status_code == 503


async def test_every_request_has_a_line_in_the_log(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "billow.web.access"):
        answer = await client.get("/api/v1/jobs/a%0d%0ab?wait=0")
    [record] = [record for record in caplog.records if record.name == "billow.web.access"]
    line = JsonLines().format(record)
    assert "\n" not in line
    written = json.loads(line)
    assert written["request"] == answer.headers["x-request-id"]
    assert (written["method"], written["status"]) == ("GET", 404)
    assert (written["path"], written["route"]) == ("/api/v1/jobs/a\r\nb", "/api/v1/jobs/{id}")
    assert written["bytes"] == len(answer.content)


def test_an_errors_traceback_is_one_line_too() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError as error:
        kind = (ValueError, error, error.__traceback__)
        record = logging.LogRecord("billow", logging.ERROR, "x", 1, "broken", (), kind)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert "first\nsecond" in json.loads(line)["error"]


def test_the_servers_of_a_pool_tell_one_sum(tmp_path: Path) -> None:
    app = billow.App("pool")
    one, two = (Metrics(memory_home(), app, tmp_path, name) for name in ("one", "two"))
    for metrics, count in ((one, 2), (two, 3)):
        for _ in range(count):
            metrics.count("GET", "/", 200, 0.02)
    two.count("GET", "/only-two", 404, None)
    two.share()
    text = one.text().decode()
    assert 'billow_http_requests_total{method="GET",route="/",status="200"} 5.0' in text
    assert 'billow_http_requests_total{method="GET",route="/only-two",status="404"} 1.0' in text
    assert 'billow_http_request_seconds_bucket{le="0.025",route="/"} 5.0' in text
    assert 'billow_http_request_seconds_count{route="/"} 5.0' in text
    families = {family.name for family in text_string_to_metric_families(text)}
    assert {"billow_http_requests", "billow_http_request_seconds"} <= families
