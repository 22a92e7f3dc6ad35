"""Events of other programs, as PagerDuty's Events API v2 has it, and heartbeats."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from billow.home import Home
from billow.ops.incidents import heartbeats
from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster, digest
from billow.ports.incidents import Heartbeat
from tests.web.conftest import app

pytestmark = pytest.mark.anyio

LENGTH = "Length of '{}' is incorrect (should be {})"
URL = "/api/v1/events/v2/enqueue"


@pytest.fixture
def key(home: Home) -> str:
    return Roster(home).add_key("shop").secret


def event(key: str, action: str = "trigger", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"routing_key": key, "event_action": action, **more}
    if action == "trigger":
        payload = {"summary": "the disk is full", "source": "db1", "severity": "critical"}
        made["payload"] = {**payload, **more.get("payload", {})}
    return made


async def test_trigger_acknowledge_and_resolve(
    client: httpx.AsyncClient, home: Home, key: str
) -> None:
    desk = open_desk(home, app)
    details = {"custom_details": {"free": 0}, "component": "postgres"}
    answer = await client.post(URL, json=event(key, dedup_key="disk", payload=details))
    assert answer.status_code == 202
    assert answer.json() == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "disk",
    }
    [incident] = desk.open()
    assert (incident.service, incident.summary, incident.severity, incident.source) == (
        "shop", "the disk is full", "critical", "db1",
    )  # fmt: skip
    assert incident.details == '{"free": 0, "component": "postgres"}'
    acked = await client.post(URL, json=event(key, "acknowledge", dedup_key="disk", client="x"))
    assert acked.status_code == 202
    assert desk.get(1).state == "acked"
    assert (await client.post(URL, json=event(key, "resolve", dedup_key="disk"))).status_code == 202
    assert desk.open() == []


async def test_an_event_without_a_key_gets_one(client: httpx.AsyncClient, key: str) -> None:
    first = (await client.post(URL, json=event(key))).json()["dedup_key"]
    again = (await client.post(URL, json=event(key, dedup_key=""))).json()["dedup_key"]
    assert first
    assert again


async def test_answers_to_unknown_keys_change_nothing(
    client: httpx.AsyncClient, home: Home, key: str
) -> None:
    for action in ("acknowledge", "resolve"):
        answer = await client.post(URL, json=event(key, action, dedup_key="never heard of"))
        assert answer.status_code == 202
    assert open_desk(home, app).latest() == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"routing_key": "short"}, LENGTH.format("routing_key", "32 characters")),
        ({"routing_key": None}, "'routing_key' is missing or blank"),
        ({"routing_key": "x" * 32}, "'routing_key' is not known"),
        ({"event_action": "page"}, "'event_action' must be one of trigger, acknowledge, resolve"),
        ({"event_action": "resolve"}, "'dedup_key' is missing or blank"),
        ({"dedup_key": "x" * 256}, LENGTH.format("dedup_key", "at most 255 characters")),
        ({"payload": None}, "'payload' is missing or blank"),
        ({"payload": {"source": "a", "severity": "info"}}, "'payload.summary' is missing or blank"),
        (
            {"payload": {"summary": "a", "source": "a", "severity": "bad"}},
            "'payload.severity' is invalid (must be one of the following: "
            "'critical', 'warning', 'error' or 'info')",
        ),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said(
    client: httpx.AsyncClient, home: Home, key: str, change: dict[str, Any], error: str
) -> None:
    answer = await client.post(URL, json={**event(key), **change})
    assert answer.status_code == 400
    told = answer.json()
    assert (told["status"], told["message"]) == ("invalid event", "Event object is invalid")
    assert error in told["errors"]
    assert open_desk(home, app).latest() == []


NO_EVENTS = [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"a": NaN}', rb'{"a": "\ud800"}']


@pytest.mark.parametrize("body", NO_EVENTS)
async def test_what_is_no_event_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(URL, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["status"] == "invalid event"


async def test_an_event_that_is_too_big_is_refused(client: httpx.AsyncClient, key: str) -> None:
    big = event(key, payload={"custom_details": {"x": "y" * 512_000}})
    answer = await client.post(URL, json=big)
    assert answer.status_code == 400
    assert "512000" in answer.json()["errors"][0]


async def test_too_many_events_are_slowed_down(
    client: httpx.AsyncClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.web.api.pagerduty.MOST_EVENTS", 2)
    answers = [
        (await client.post(URL, json=event(key, "resolve", dedup_key="a"))).status_code
        for _ in range(3)
    ]
    assert answers == [202, 202, 429]


async def test_a_heartbeat_is_noted_and_ends_the_incident_of_its_lack(
    client: httpx.AsyncClient, home: Home
) -> None:
    desk = open_desk(home, app)
    now = home.clock.now()
    made = Heartbeat("backup", digest("token"), "shop", "error", 60.0, now - 120)
    desk.change(lambda room: heartbeats.add(room, made))
    assert (await client.post("/api/v1/heartbeats/wrong")).status_code == 404
    assert (await client.post("/api/v1/heartbeats/token")).status_code == 204
    last = desk.look(lambda room: room.books.heartbeats.get("backup"))
    assert last is not None
    assert last.last is not None
    assert last.last >= now
