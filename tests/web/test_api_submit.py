"""Asking for jobs with arguments: accepted, waited for, sent again, refused."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from typing import Any

import httpx
import pytest

from billow.home import Home
from tests.contract.homes import until
from tests.web.work import complete

pytestmark = pytest.mark.anyio

ADD = "/api/v1/functions/add/jobs"
ECHO = "/api/v1/functions/echo/jobs"


async def test_functions_say_how_they_are_called(client: httpx.AsyncClient) -> None:
    functions = (await client.get("/api/v1/functions")).json()["functions"]
    assert [function["name"] for function in functions] == ["add", "echo", "size", "store"]
    [a, b] = functions[0]["parameters"]
    assert a == {"name": "a", "types": ["integer"], "required": True}
    assert b["required"] is False
    assert functions[0]["summary"] == "The sum of two numbers."
    assert functions[2]["accepts"]["suffixes"] == [".txt", ".md"]
    one = await client.get("/api/v1/functions/size")
    assert one.json() == functions[2]


async def test_a_job_is_accepted_with_its_address(client: httpx.AsyncClient, home: Home) -> None:
    sent = await client.post(ADD, json={"args": {"a": 2}, "name": "two and one"})
    assert sent.status_code == 202
    job = sent.json()
    assert sent.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["status"], job["args"], job["name"]) == ("pending", {"a": 2}, "two and one")
    assert home.ledger.counts("add").visible == 1
    assert (await client.get(sent.headers["location"])).json()["id"] == job["id"]


async def test_no_body_means_no_arguments(client: httpx.AsyncClient) -> None:
    assert (await client.post(ECHO)).json()["args"] == {}


async def test_prefer_wait_answers_with_the_finished_job(
    client: httpx.AsyncClient, home: Home
) -> None:
    waiting = asyncio.create_task(
        client.post(ADD, json={"args": {"a": 2}}, headers={"Prefer": "wait=20"})
    )
    await asyncio.to_thread(until, lambda: home.ledger.counts("add").visible > 0, "the job")
    await asyncio.to_thread(complete, home, "add", 3)
    answer = await waiting
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    assert (answer.json()["status"], answer.json()["result"]) == ("completed", 3)


async def test_a_wait_that_was_too_short_answers_202(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.web.context.LOOK_AGAIN", 0.01)
    monkeypatch.setattr("billow.web.api.functions.MAX_WAIT", 0.02)
    answer = await client.post(ADD, json={"args": {"a": 2}}, headers={"Prefer": "wait=9"})
    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"


@pytest.mark.parametrize("prefer", ["respond-async, wait=9", "wait=soon", "wait=-1", "magic"])
async def test_who_prefers_not_to_wait_does_not(client: httpx.AsyncClient, prefer: str) -> None:
    answer = await client.post(ADD, json={"args": {"a": 2}}, headers={"Prefer": prefer})
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


async def test_the_same_key_and_request_give_the_same_job(client: httpx.AsyncClient) -> None:
    first = await client.post(ADD, json={"args": {"a": 2}}, headers={"Idempotency-Key": "k"})
    again = await client.post(ADD, json={"args": {"a": 2}}, headers={"Idempotency-Key": "k"})
    assert again.status_code == 202
    assert again.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_same_key_for_another_request_is_refused(client: httpx.AsyncClient) -> None:
    await client.post(ADD, json={"args": {"a": 2}}, headers={"Idempotency-Key": "k"})
    other = await client.post(ADD, json={"args": {"a": 3}}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 409


async def test_twins_under_one_key_make_one_job(client: httpx.AsyncClient, home: Home) -> None:
    async def send() -> str:
        sent = await client.post(ADD, json={"args": {"a": 2}}, headers={"Idempotency-Key": "k"})
        id_: str = sent.json()["id"]
        return id_

    ids = await asyncio.gather(*(send() for _ in range(8)))
    assert len(set(ids)) == 1
    assert home.ledger.counts("add").visible == 1


@pytest.mark.parametrize("place", ["body", "query"])
async def test_a_job_can_be_delayed(client: httpx.AsyncClient, home: Home, place: str) -> None:
    body: dict[str, Any] = {"args": {"a": 1}}
    where = f"{ADD}?delay=60" if place == "query" else ADD
    await client.post(where, json=body | ({"delay": 60} if place == "body" else {}))
    counts = home.ledger.counts("add")
    assert (counts.visible, counts.delayed) == (0, 1)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"args": {}}, "needs the argument 'a'"),
        ({"args": {"a": "2"}}, "must be a whole number"),
        ({"args": {"a": 2, "z": 1}}, "has no argument 'z'"),
        ({"args": [2]}, "args must be an object"),
        ({"arguments": {}}, "unknown field 'arguments'"),
        ({"args": {"a": 1}, "delay": -1}, "delay must be 0 to"),
        ({"args": {"a": 1}, "delay": "60"}, "delay must be a number"),
        ({"args": {"a": 1}, "delay": True}, "delay must be a number"),
        ({"args": {"a": 1}, "name": 5}, "name a string"),
        ([1], "must be a JSON object"),
        ("add", "must be a JSON object"),
    ],
)
async def test_a_request_that_does_not_fit_is_told_why(
    client: httpx.AsyncClient, home: Home, body: Any, says: str
) -> None:
    refused = await client.post(ADD, json=body)
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    assert home.ledger.counts("add").visible == 0


async def test_an_unknown_function_is_not_found(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/v1/functions/subtract/jobs", json={})
    assert refused.status_code == 404
    assert "it has: add" in refused.json()["detail"]


@pytest.mark.parametrize("kind", ["hex", "base64"])
async def test_an_announced_digest_is_checked(client: httpx.AsyncClient, kind: str) -> None:
    def headers(body: bytes) -> dict[str, str]:
        digest = hashlib.sha256(body)
        made = {"Content-Type": "application/json"}
        if kind == "hex":
            return made | {"X-Content-SHA256": digest.hexdigest().upper()}
        value = b64encode(digest.digest()).decode()
        return made | {"Content-Digest": f"md5=:x:, sha-256=:{value}:"}

    body = b'{"args":{"a":1}}'
    right = await client.post(ADD, content=body, headers=headers(body))
    wrong = await client.post(ADD, content=body, headers=headers(body + b" "))
    assert (right.status_code, wrong.status_code) == (202, 422)
    assert "SHA-256" in wrong.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Content-SHA256": "abc"},
        {"X-Content-SHA256": "g" * 64},
        {"Content-Digest": "sha-256=:abc:"},
        {"Content-Digest": "sha-256=:!!!!:"},
    ],
)
async def test_a_digest_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    refused = await client.post(ADD, json={"args": {"a": 1}}, headers=headers)
    assert refused.status_code == 422


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"])
async def test_impossible_keys_are_refused(client: httpx.AsyncClient, key: str) -> None:
    refused = await client.post(ADD, json={"args": {"a": 1}}, headers={"Idempotency-Key": key})
    assert refused.status_code == 422


async def test_a_form_without_a_file_calls_a_function_that_takes_none(
    client: httpx.AsyncClient,
) -> None:
    form = {"value": (None, '{"x": 1}'), "flag": (None, "on"), "rate": (None, "2")}
    sent = await client.post(ECHO, files=form)
    assert sent.json()["args"] == {"value": '{"x": 1}', "flag": True, "rate": 2}


async def test_a_urlencoded_form_is_told_the_way(client: httpx.AsyncClient) -> None:
    refused = await client.post(ADD, data={"a": "1"})
    assert refused.status_code == 415
    assert "application/json" in refused.json()["allowed"]
