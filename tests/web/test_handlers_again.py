"""Handlers that are tried again: named as such, and not counted as jobs of the app."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from billow.events import Event
from billow.flow import followup
from billow.home import Home
from tests.web.stream import opened
from tests.web.work import fail

pytestmark = pytest.mark.anyio

LABEL = "handlers of add, tried again"


@pytest.fixture
def job(home: Home) -> str:
    """The id of a handler that has used up its tries."""
    followups = followup.submissions("add", "j", "a text", "local", Event.COMPLETED, 1.0, [0])
    home.ledger.submit([asked._replace(delay=0.0) for asked in followups])
    return fail(home, "add.followup", "no such queue").id


async def get(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 200
    return answer.text


async def test_pages_say_what_it_is(client: httpx.AsyncClient, job: str) -> None:
    for path in ("/jobs", f"/jobs/{job}", "/jobs?function=add.followup"):
        assert LABEL in await get(client, path), path
    chosen = '<option value="add.followup" selected>'
    assert chosen in await get(client, "/jobs?function=add.followup")
    assert chosen.replace(" selected", "") not in await get(client, "/jobs")


async def test_it_can_be_sent_round_again_among_the_dead_letters(
    client: httpx.AsyncClient, job: str, home: Home
) -> None:
    page = await get(client, "/dead")
    assert LABEL.capitalize() in page
    assert 'name="args"' not in page  # they are not the author's to change
    [group] = (await client.get("/api/v1/dead")).json()["groups"]
    answer = await client.post("/dead", data={"group": group["id"], "which": "all"})
    assert answer.headers["location"] == "/dead?told=retried&n=1"
    again = home.ledger.get(job)
    assert again is not None
    assert again.status == "pending"


async def test_its_own_page_offers_to_retry_it(
    client: httpx.AsyncClient, job: str, home: Home
) -> None:
    assert f'action="/jobs/{job}/again"' in await get(client, f"/jobs/{job}")
    answer = await client.post(f"/jobs/{job}/again")
    assert answer.status_code == 303
    assert f'action="/jobs/{job}/again"' not in await get(client, f"/jobs/{job}")


async def test_metrics_count_it_apart(client: httpx.AsyncClient, job: str) -> None:
    seen = {
        (sample.name, sample.labels["function"], sample.labels["state"]): sample.value
        for family in text_string_to_metric_families((await client.get("/metrics")).text)
        for sample in family.samples
        if "state" in sample.labels and "function" in sample.labels
    }
    assert seen["billow_handlers", "add", "failed"] == 1
    assert seen["billow_jobs", "add", "failed"] == 0
    assert not any("followup" in function for _, function, _ in seen)


async def test_the_stream_of_totals_leaves_it_out(web: Starlette, job: str) -> None:
    async with opened(web, "/api/v1/events") as stream:
        totals = await anext(each async for each in stream.events() if each.kind == "totals")
        assert totals.data["jobs"] == {}
