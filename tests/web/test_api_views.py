"""Tables, fleets, dead letters, journal and series over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from billow.flow.client import Client
from billow.home import Home
from tests.web.conftest import app
from tests.web.work import complete, fail

pytestmark = pytest.mark.anyio


@pytest.fixture
def sender(home: Home) -> Client:
    return Client(home, app)


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_tables_and_their_items(client: httpx.AsyncClient, home: Home) -> None:
    for key in ("a/1", "a/2", "b é"):
        home.tables.put("words", key, {"n": 1})
    assert await get(client, "/api/v1/tables") == {"tables": [{"name": "words", "items": 3}]}
    page = await get(client, "/api/v1/tables/words", prefix="a/", limit=1)
    assert [item["key"] for item in page["items"]] == ["a/1"]
    page = await get(client, page["next"])
    assert [item["key"] for item in page["items"]] == ["a/2"]
    assert page["next"] is None
    for key in ("a/1", "b é"):
        one = await client.get(f"/api/v1/tables/words/{key}")
        assert one.json() == {"key": key, "value": {"n": 1}, "version": 1}
        assert one.headers["etag"] == '"1"'


@pytest.mark.parametrize("path", ["nothing", "nothing/key", "words/key"])
async def test_tables_and_items_that_do_not_exist(
    client: httpx.AsyncClient, home: Home, path: str
) -> None:
    home.tables.put("words", "other", {})
    assert (await client.get(f"/api/v1/tables/{path}")).status_code == 404


async def test_fleets_as_declared_and_as_seen(client: httpx.AsyncClient, home: Home) -> None:
    state = {"wanted": 2, "reason": "many wait", "workers": [], "rate": float("nan")}
    home.journal.show("fleet.add", state)
    home.journal.show("fleet.addition", {"wanted": 9})
    fleets = (await get(client, "/api/v1/fleets"))["fleets"]
    assert [fleet["function"] for fleet in fleets] == ["add", "echo", "size", "store"]
    assert fleets[0]["state"] == state | {"rate": None}
    assert fleets[1]["state"] is None
    assert (fleets[0]["min"], fleets[0]["max"]) == (1, 4)
    assert await get(client, "/api/v1/fleets/add") == fleets[0]
    assert (await client.get("/api/v1/fleets/nothing")).status_code == 404


async def test_dead_letters_come_in_groups(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    for n in range(3):
        sender.submit("add", {"a": n})
        fail(home, "add", f"line {n} has no word 'w{n}'")
    sender.submit("add", {"a": 9})
    fail(home, "add", "out of paper")
    sender.submit("echo")
    fail(home, "echo", "out of paper")
    groups = (await get(client, "/api/v1/dead"))["groups"]
    assert [(g["function"], g["message"], g["count"]) for g in groups[:1]] == [
        ("add", "line … has no word …", 3)
    ]
    assert {(g["function"], g["message"], g["count"]) for g in groups[1:]} == {
        ("add", "out of paper", 1),
        ("echo", "out of paper", 1),
    }
    assert groups[0]["sample"]["args"] == {"a": 2}
    only = (await get(client, "/api/v1/dead", function="echo"))["groups"]
    assert [group["function"] for group in only] == ["echo"]


async def test_a_group_of_dead_letters_goes_round_again(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    for n in range(3):
        sender.submit("add", {"a": n})
        fail(home, "add", f"line {n}")
    sender.submit("add", {"a": 9})
    fail(home, "add", "out of paper")
    [group, _] = (await get(client, "/api/v1/dead"))["groups"]
    body = {"group": group["id"], "args": {"a": 7}}
    sent = await client.post("/api/v1/dead/redrive", json=body)
    assert (sent.status_code, sent.json()) == (202, {"redriven": 3, "skipped": 0})
    assert complete(home, "add").args == '{"a":7}'
    assert [g["message"] for g in (await get(client, "/api/v1/dead"))["groups"]] == ["out of paper"]


async def test_dead_letters_go_round_again_by_id(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    fail(home, "add")
    waiting = sender.submit("add", {"a": 2})
    body = {"ids": [sent.id, waiting.id, "nothing"]}
    answer = await client.post("/api/v1/dead/redrive", json=body)
    assert answer.json() == {"redriven": 1, "skipped": 2}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"ids": ["x"], "group": "y"}, 422),
        ({"ids": []}, 422),
        ({"ids": "x"}, 422),
        ({"ids": [1]}, 422),
        ({"ids": ["x"] * 1001}, 422),
        ({"group": "nothing"}, 404),
        ({"ids": ["nothing"], "args": {}}, 404),
        ({"ids": ["nothing"], "args": []}, 422),
    ],
)
async def test_impossible_redrives_are_refused(
    client: httpx.AsyncClient, body: dict[str, Any], status: int
) -> None:
    assert (await client.post("/api/v1/dead/redrive", json=body)).status_code == status


async def test_other_arguments_are_for_jobs_of_one_function(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    ids = [sender.submit("add", {"a": 1}).id, sender.submit("echo").id]
    fail(home, "add")
    fail(home, "echo")
    body = {"ids": ids, "args": {"a": 1}}
    refused = await client.post("/api/v1/dead/redrive", json=body)
    assert refused.status_code == 422
    assert len((await get(client, "/api/v1/jobs", dead="true"))["jobs"]) == 2


async def test_the_journal_tells_the_newest_first(client: httpx.AsyncClient, home: Home) -> None:
    home.journal.write("scale.out", "add", "many wait", {"from": 1, "to": 2}, at=1000.0)
    home.journal.write("scale.in", "add", "nothing waits", at=2000.0)
    last = home.journal.write("worker.ready", "w-1", "ready", at=3000.0)
    path = "/api/v1/journal"

    async def reasons(**params: Any) -> list[str]:
        return [entry["reason"] for entry in (await get(client, path, **params))["entries"]]

    assert await reasons() == ["ready", "nothing waits", "many wait"]
    assert await reasons(limit=1) == ["ready"]
    assert await reasons(kind="scale.") == ["nothing waits", "many wait"]
    assert await reasons(kind=["scale.in", "worker.ready"]) == ["ready", "nothing waits"]
    assert await reasons(subject="w-1") == ["ready"]
    assert await reasons(since=1500) == ["ready", "nothing waits"]
    assert await reasons(since=-60) == []
    assert await reasons(after=last - 1) == ["ready"]
    assert await reasons(after=0) == ["many wait", "nothing waits", "ready"]


async def test_series_share_one_time_axis(client: httpx.AsyncClient, home: Home) -> None:
    for at, values in [(1000.0, {"a": 1, "b": 5}), (1000.5, {"a": 3}), (1002.0, {"b": 6})]:
        home.journal.sample(values, at)
    answer = await get(client, "/api/v1/series", name=["a", "b", "c"], since=1000.7, until=1003)
    assert answer["since"] == 1000
    assert answer["data"] == [[1000, 1002], [2, None], [5, 6], [None, None]]
    high = await get(client, "/api/v1/series", name="a", since=1000, until=1003, stat="high")
    assert high["data"] == [[1000], [3]]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "name=a&since=2&until=1",
        "name=a&step=0",
        "name=a&step=0.1&since=-1000",
        "name=a&since=soon",
        "name=a&since=nan",
        "name=a&since=inf",
        "name=a&stat=best",
        "&".join(["name=a"] * 51),
    ],
)
async def test_impossible_series_are_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/v1/series?{query}")).status_code == 422
