"""Queues over HTTP, in SQS's manner."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from billow.flow.client import Client
from billow.home import Home
from billow.ports.queues import QueueOptions
from billow.ports.wake import queue_channel
from tests.contract.homes import until
from tests.web.conftest import app

pytestmark = pytest.mark.anyio

HERE = "/api/v1/queues/results"


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def test_a_message_is_sent_received_and_deleted(
    client: httpx.AsyncClient, home: Home
) -> None:
    home.queues.create("results")
    [id_] = (await post(client, f"{HERE}/messages", messages=["hello"]))["ids"]
    [message] = (await post(client, f"{HERE}/receive"))["messages"]
    assert (message["id"], message["body"], message["receives"]) == (id_, "hello", 1)
    assert (await post(client, f"{HERE}/receive"))["messages"] == []
    deleted = await post(client, f"{HERE}/delete", receipts=[message["receipt"], "none.1"])
    assert deleted == {"deleted": [True, False]}
    assert (await client.get(HERE)).json()["in_flight"] == 0


async def test_visibility_is_kept_and_extended(client: httpx.AsyncClient) -> None:
    await post(client, f"{HERE}/messages", messages=["x"])
    [message] = (await post(client, f"{HERE}/receive", visibility=100))["messages"]
    assert (await client.get(HERE)).json()["in_flight"] == 1
    extended = await post(client, f"{HERE}/extend", receipts=[message["receipt"]], visibility=0)
    assert extended == {"extended": [True]}
    assert (await client.get(HERE)).json()["visible"] == 1


async def test_a_delayed_message_waits(client: httpx.AsyncClient) -> None:
    await post(client, f"{HERE}/messages", messages=["x", "y"], delay=100)
    queue = (await client.get(HERE)).json()
    assert (queue["visible"], queue["delayed"]) == (0, 2)


async def test_a_receiver_that_waits_gets_what_comes(client: httpx.AsyncClient, home: Home) -> None:
    waiting = asyncio.create_task(post(client, f"{HERE}/receive", wait=20))
    channel = queue_channel("results")
    await asyncio.to_thread(until, lambda: home.wake.notify(channel) > 0, "the receiver")
    await asyncio.to_thread(home.queues.send, "results", ["late"])
    assert [message["body"] for message in (await waiting)["messages"]] == ["late"]


async def test_a_receiver_does_not_wait_for_ever(client: httpx.AsyncClient) -> None:
    assert (await post(client, f"{HERE}/receive", wait=0.01))["messages"] == []


async def test_peeking_receives_nothing(client: httpx.AsyncClient) -> None:
    await post(client, f"{HERE}/messages", messages=["a", "b"])
    seen = (await client.get(f"{HERE}/messages", params={"limit": 1})).json()["messages"]
    assert [(message["body"], message["receipt"]) for message in seen] == [("a", "")]
    assert (await client.get(HERE)).json()["visible"] == 2


async def test_dead_letters_go_back(client: httpx.AsyncClient, home: Home) -> None:
    home.queues.create("results", QueueOptions())
    await post(client, "/api/v1/queues/graveyard/messages", messages=["x"])
    moved = await post(client, "/api/v1/queues/graveyard/redrive", target="results")
    assert moved == {"moved": 1}
    assert (await client.get(HERE)).json()["visible"] == 1


async def test_functions_queues_are_shown_but_not_to_be_played_with(
    client: httpx.AsyncClient, home: Home
) -> None:
    Client(home, app).submit("add", {"a": 1})
    home.queues.send("results", ["x"])
    queues = {
        queue["name"]: queue for queue in (await client.get("/api/v1/queues")).json()["queues"]
    }
    assert (queues["demo-add"]["function"], queues["demo-add"]["visible"]) == ("add", 1)
    assert (queues["results"]["function"], queues["results"]["visible"]) == (None, 1)
    one = (await client.get("/api/v1/queues/demo-add")).json()
    assert one | {"oldest": 0} == queues["demo-add"] | {"oldest": 0}
    [waiting] = (await client.get("/api/v1/queues/demo-add/messages")).json()["messages"]
    assert waiting["body"] == '{"a": 1}'
    for verb in ("messages", "receive", "delete", "extend", "redrive"):
        refused = await client.post(f"/api/v1/queues/demo-add/{verb}", json={})
        assert refused.status_code == 409


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("messages", {"messages": []}),
        ("messages", {"messages": ["x"] * 11}),
        ("messages", {"messages": [1]}),
        ("messages", {"messages": "x"}),
        ("messages", {"messages": ["x"], "delay": 901}),
        ("messages", {"messages": ["x" * (1024 * 1024 + 1)]}),
        ("receive", {"limit": 11}),
        ("receive", {"limit": True}),
        ("receive", {"visibility": -1}),
        ("receive", {"wait": 21}),
        ("delete", {}),
        ("delete", {"receipts": [None]}),
        ("extend", {"receipts": ["x"]}),
        ("extend", {"receipts": ["x"], "visibility": 99999}),
        ("redrive", {}),
        ("redrive", {"target": "../x"}),
    ],
)
async def test_impossible_requests_are_refused(
    client: httpx.AsyncClient, verb: str, body: dict[str, Any]
) -> None:
    assert (await client.post(f"{HERE}/{verb}", json=body)).status_code == 422


async def test_a_queue_that_does_not_exist_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/queues/nothing")).status_code == 404
    assert (await client.get("/api/v1/queues/nothing/messages")).status_code == 404
    redrive = await client.post("/api/v1/queues/nothing/redrive", json={"target": "results"})
    assert redrive.status_code == 404
