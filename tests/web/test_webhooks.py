"""Webhook endpoints over HTTP: made, tried, changed, and only by whose they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

import billow
from billow.home import Home
from billow.testing import run_jobs
from billow.webhooks import verify
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.anyio

BASE = "http://127.0.0.1:8420"
HOOKS = "/api/v1/webhooks"
URL = "https://hooks.example.org/in"

app = billow.App("hooked")


@pytest.fixture
def declared() -> billow.App:
    return app


def asking_as(owner: str, inner: ASGIApp) -> ASGIApp:
    """The app as `owner` meets it."""

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, "billow.owner": owner}, receive, send)

    return outer


@pytest.fixture
async def client(web: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(asking_as("ann", web), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as made:
        yield made


@pytest.fixture
async def other(web: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(asking_as("bob", web), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as made:
        yield made


async def made(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post(HOOKS, json={"url": URL, **more})
    assert answer.status_code == 201
    hook: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{HOOKS}/{hook['id']}"
    return hook


async def test_an_endpoint_is_made_with_a_secret_that_is_told_once(
    client: httpx.AsyncClient,
) -> None:
    hook = await made(client, types=["job"])
    secret = hook.pop("secret")
    assert secret.startswith("whsec_")
    assert (await client.get(HOOKS)).json() == {"webhooks": [hook]}
    assert (await client.get(f"{HOOKS}/{hook['id']}")).json() == hook
    assert (hook["url"], hook["types"], hook["enabled"]) == (URL, ["job"], True)


async def test_an_endpoint_is_changed_and_removed(client: httpx.AsyncClient) -> None:
    place = f"{HOOKS}/{(await made(client))['id']}"
    changed = (await client.patch(place, json={"types": ["job"], "enabled": False})).json()
    assert (changed["url"], changed["types"], changed["enabled"]) == (URL, ["job"], False)
    first, second = [(await client.post(f"{place}/secret")).json()["secret"] for _ in range(2)]
    assert first != second
    assert (await client.delete(place)).status_code == 204
    assert (await client.get(place)).status_code == 404


async def test_nobody_else_finds_it(client: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    place = f"{HOOKS}/{(await made(client))['id']}"
    tries = [
        ("GET", place), ("PATCH", place), ("DELETE", place), ("POST", f"{place}/secret"),
        ("POST", f"{place}/test"), ("GET", f"{place}/deliveries"),
    ]  # fmt: skip
    for method, address in tries:
        body: dict[str, Any] | None = {} if method == "PATCH" else None
        assert (await other.request(method, address, json=body)).status_code == 404
    assert (await other.get(HOOKS)).json() == {"webhooks": []}
    assert (await client.get(place)).json()["enabled"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"url": 1}, {"url": URL, "types": "job"}, {"url": URL, "types": [1]},
        {"url": URL, "types": ["Not A Type"]}, {"url": URL, "owner": "bob"}, {"url": "http://a.org"},
        {"url": "https://a.org:22"}, {"url": URL, "secret": "whsec_mine"},
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post(HOOKS, json=body)).status_code == 422
    assert (await client.get(HOOKS)).json() == {"webhooks": []}


async def test_a_trial_is_sent_and_its_delivery_listed(
    client: httpx.AsyncClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_WEBHOOKS_LOCAL", "1")
    with Receiver().open() as receiver:
        hook = await made(client, url=f"http://127.0.0.1:{receiver.port}/")
        answer = await client.post(f"{HOOKS}/{hook['id']}/test")
        assert answer.status_code == 202
        run_jobs(home, app)
    [request] = receiver.requests
    message = verify(request.body, request.headers, hook["secret"])
    assert message.id == answer.json()["message"]
    [delivery] = (await client.get(f"{HOOKS}/{hook['id']}/deliveries")).json()["deliveries"]
    assert (delivery["message"], delivery["status"], delivery["type"]) == (
        message.id, 200, "webhook.test",
    )  # fmt: skip
