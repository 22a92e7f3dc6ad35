"""Streams of events: complete, resumable, alive, and ended in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from billow.flow.client import Client
from billow.home import Home
from billow.ports.wake import DONE
from billow.web.news import News
from tests.web.conftest import app
from tests.web.stream import Event, Stream, opened
from tests.web.work import complete, fail, finish, take

pytestmark = pytest.mark.anyio


@pytest.fixture
def sender(home: Home) -> Client:
    return Client(home, app)


async def until(events: AsyncIterator[Event], kind: str) -> Event:
    async for event in events:
        if event.kind == kind:
            return event
    raise AssertionError(f"the stream ended before a {kind!r}")


async def all_of(stream: Stream) -> list[Event]:
    return [event async for event in stream.events()]


async def test_a_finished_job_tells_its_whole_life_and_ends(
    web: Starlette, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    fail(home, "add", retry_in=0.0)
    complete(home, "add", 2)
    async with opened(web, f"/api/v1/jobs/{sent.id}/events") as stream:
        events = await all_of(stream)
    assert stream.headers["content-type"].startswith("text/event-stream")
    steps = [(event.id, event.data["name"]) for event in events[:-1]]
    assert steps == [
        ("0", "accepted"),
        ("1", "started"),
        ("2", "failed try"),
        ("3", "started"),
        ("4", "completed"),
    ]
    assert (events[-1].kind, events[-1].id, events[-1].data["result"]) == ("final", "5", 2)


async def test_steps_come_as_they_happen(web: Starlette, sender: Client, home: Home) -> None:
    sent = sender.submit("add", {"a": 1})
    async with opened(web, f"/api/v1/jobs/{sent.id}/events") as stream:
        events = stream.events()
        assert (await anext(events)).data["name"] == "accepted"
        lease = await asyncio.to_thread(take, home, "add")
        home.wake.notify(DONE)
        assert (await anext(events)).data["name"] == "started"
        await asyncio.to_thread(home.ledger.report, lease.seq, lease.token, 0.5)
        progress = await anext(events)
        assert (progress.kind, progress.id, progress.data) == ("progress", None, {"progress": 0.5})
        await asyncio.to_thread(finish, home, lease, 2)
        assert (await anext(events)).data["name"] == "completed"
        assert (await anext(events)).kind == "final"
        assert [event async for event in events] == []


@pytest.mark.parametrize("seen", range(5))
async def test_a_client_that_comes_back_gets_what_it_missed(
    web: Starlette, sender: Client, home: Home, seen: int
) -> None:
    sent = sender.submit("add", {"a": 1})
    fail(home, "add", retry_in=0.0)
    complete(home, "add", 2)
    async with opened(web, f"/api/v1/jobs/{sent.id}/events", last_event_id=str(seen)) as stream:
        ids = [event.id for event in await all_of(stream)]
    assert ids == [str(n) for n in range(seen + 1, 6)]


async def test_who_saw_the_end_is_told_not_to_come_back(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    complete(home, "add", 2)
    address = f"/api/v1/jobs/{sent.id}/events"
    again = await client.get(address, headers={"Last-Event-ID": "3"})
    assert again.status_code == 204
    assert (await client.get(f"{address}?last_event_id=3")).status_code == 204


@pytest.mark.parametrize("id_", ["x", "-1", "1.2", "9" * 30, "٣"])
async def test_an_id_of_another_stream_is_refused(
    client: httpx.AsyncClient, sender: Client, id_: str
) -> None:
    sent = sender.submit("add", {"a": 1})
    address = f"/api/v1/jobs/{sent.id}/events"
    refused = await client.get(address, params={"last_event_id": id_})
    assert refused.status_code == 422


async def test_a_job_taken_by_another_worker_is_told_again(
    web: Starlette, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    take(home, "add", "w-1")
    async with opened(web, f"/api/v1/jobs/{sent.id}/events") as stream:
        events = stream.events()
        await anext(events)
        assert (await anext(events)).data["data"] == {"worker": "w-1"}
        await asyncio.to_thread(home.ledger.abandon, "w-1")
        await asyncio.to_thread(take, home, "add", "w-2")
        home.wake.notify(DONE)
        assert (await anext(events)).data["name"] == "lost"
        assert (await anext(events)).data["data"] == {"worker": "w-2"}


async def test_silence_is_filled_with_signs_of_life(
    web: Starlette, sender: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.web.sse.HEARTBEAT", 0.0)
    monkeypatch.setattr("billow.web.sse.LOOK_AGAIN", 0.001)
    monkeypatch.setattr("billow.web.sse.REST", 0.0)
    sent = sender.submit("add", {"a": 1})
    async with opened(web, f"/api/v1/jobs/{sent.id}/events") as stream:
        blocks = stream.blocks()
        seen = [await anext(blocks) for _ in range(4)]
    assert seen[0].startswith("retry: ")
    assert ": alive" in seen


async def test_streams_end_when_the_process_leaves(web: Starlette, sender: Client) -> None:
    sent = sender.submit("add", {"a": 1})
    async with (
        opened(web, f"/api/v1/jobs/{sent.id}/events") as one,
        opened(web, "/api/v1/events") as other,
    ):
        await anext(one.events())
        web.state.context.news.close()
        assert [event.kind for event in await all_of(other)][-1:] in ([], ["totals"])
        assert [event async for event in one.events()] == []


async def test_nobody_listens_any_more_when_all_clients_left(
    web: Starlette, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    async with opened(web, f"/api/v1/jobs/{sent.id}/events") as stream:
        await anext(stream.events())
        assert home.wake.notify(DONE) == 1
    assert home.wake.notify(DONE) == 0


async def test_the_service_tells_what_happens_from_now_on(
    web: Starlette, sender: Client, home: Home
) -> None:
    sender.submit("add", {"a": 1})
    home.journal.write("scale.out", "add", "before")
    async with opened(web, "/api/v1/events") as stream:
        events = stream.events()
        totals = await until(events, "totals")
        assert totals.data["jobs"]["add"]["pending"] == 1
        assert totals.data["queues"]["demo-add"]["visible"] == 1
        await asyncio.to_thread(home.journal.write, "scale.out", "add", "many messages wait")
        told = await until(events, "journal")
        assert told.data["reason"] == "many messages wait"
        sent = await asyncio.to_thread(sender.submit, "add", {"a": 2})
        accepted = await until(events, "accepted")
        assert accepted.data["id"] == sent.id
        assert accepted.id == f"{told.data['seq']}.{sent.seq}"


async def test_the_service_tells_a_client_that_comes_back_what_it_missed(
    web: Starlette, sender: Client, home: Home
) -> None:
    one = home.journal.write("scale.out", "add", "one")
    first = sender.submit("add", {"a": 1})
    two = home.journal.write("scale.in", "add", "two")
    second = sender.submit("add", {"a": 2})
    async with opened(web, f"/api/v1/events?last_event_id={one}.{first.seq}") as stream:
        events = stream.events()
        seen = [await anext(events) for _ in range(2)]
    assert [event.kind for event in seen] == ["journal", "accepted"]
    assert [event.id for event in seen] == [f"{two}.{first.seq}", f"{two}.{second.seq}"]


async def test_a_flood_of_jobs_is_not_told_one_by_one(
    web: Starlette, sender: Client, home: Home
) -> None:
    made = sender.submit_many("add", [{"a": n} for n in range(300)])
    async with opened(web, "/api/v1/events?last_event_id=0.0") as stream:
        events = stream.events()
        count = 0
        while (event := await anext(events)).kind == "accepted":
            count += 1
        assert count == 200
        last = await asyncio.to_thread(sender.submit, "add", {"a": 1})
        assert (await until(events, "accepted")).id == f"0.{last.seq}"
    assert event.data["jobs"]["add"]["pending"] == len(made)


async def test_many_wakeups_reach_a_listener_as_few(home: Home) -> None:
    news = News(home.wake)
    with news.listen() as ear:
        home.wake.notify(DONE)
        assert await ear.wait(20)
        rung = sum(home.wake.notify(DONE) for _ in range(100))
        assert rung <= 1
        assert await ear.wait(20)


async def test_a_wakeup_between_looking_and_waiting_is_not_missed(home: Home) -> None:
    news = News(home.wake)
    with news.listen() as ear, news.listen() as other:
        assert home.wake.notify(DONE) == 1
        assert await ear.wait(20)
        assert await other.wait(20)
        assert not await ear.wait(0)
