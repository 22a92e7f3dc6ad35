"""Jobs over HTTP: lists, one job, its result and input, cancelling, trying again."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from billow.flow.client import Client
from billow.home import Home
from billow.ports.wake import DONE
from tests.contract.homes import until
from tests.web.conftest import app
from tests.web.work import complete, fail, take

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"


@pytest.fixture
def sender(home: Home) -> Client:
    return Client(home, app)


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params or None)
    assert answer.status_code == 200
    return answer.json()


async def test_a_list_shows_the_newest_first(client: httpx.AsyncClient, sender: Client) -> None:
    ids = [sender.submit("add", {"a": n}).id for n in range(3)]
    assert [job["id"] for job in (await get(client, JOBS))["jobs"]] == ids[::-1]


async def test_pages_lead_to_each_other_until_the_end(
    client: httpx.AsyncClient, sender: Client
) -> None:
    made = [job.id for job in sender.submit_many("add", [{"a": n} for n in range(7)])]
    seen, address = [], f"{JOBS}?limit=3&function=add&text="
    while address:
        page = await get(client, address)
        seen += [job["id"] for job in page["jobs"]]
        address = page["next"]
    assert seen == made[::-1]


async def test_pages_forward_show_what_came_since(
    client: httpx.AsyncClient, sender: Client
) -> None:
    first, *rest = sender.submit_many("add", [{"a": n} for n in range(5)])
    page = await get(client, JOBS, after=first.seq, limit=3)
    more = await get(client, page["next"])
    seqs = [job["seq"] for part in (page, more) for job in part["jobs"]]
    assert sorted(seqs) == [job.seq for job in rest]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": "completed"}, ["done"]),
        ({"status": "failed"}, ["dead"]),
        ({"dead": "true"}, ["dead"]),
        ({"dead": "false"}, ["other", "waits", "done"]),
        ({"function": "echo"}, ["other"]),
        ({"text": "AIT"}, ["waits"]),
        ({"owner": "nobody"}, []),
        ({"function": "add", "status": "pending"}, ["waits"]),
    ],
)
async def test_filters(
    client: httpx.AsyncClient,
    sender: Client,
    home: Home,
    filters: dict[str, str],
    expected: list[str],
) -> None:
    sender.submit("add", {"a": 1}, name="done")
    complete(home, "add", 2)
    sender.submit("add", {"a": 1}, name="dead")
    fail(home, "add")
    sender.submit("add", {"a": 1}, name="waits")
    sender.submit("echo", name="other")
    jobs = (await get(client, JOBS, **filters))["jobs"]
    assert [job["name"] for job in jobs] == expected


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "limit=0",
        "limit=501",
        "limit=ten",
        "limit=1&limit=2",
        "before=-1",
        "before=99999999999999999999",
        "dead=maybe",
        "statu=failed",
        "text=" + "x" * 201,
    ],
)
async def test_impossible_questions_are_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{JOBS}?{query}")).status_code == 422


async def test_a_job_shows_its_tries_and_steps(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    fail(home, "add", "first", retry_in=0.0)
    complete(home, "add", 2)
    job = await get(client, f"{JOBS}/{sent.id}")
    assert (job["status"], job["result"], job["failures"]) == ("completed", 2, 1)
    assert [attempt["failure"]["message"] for attempt in job["attempts"]] == ["first"]
    steps = [step["name"] for step in job["steps"]]
    assert steps == ["accepted", "started", "failed try", "started", "completed"]


async def test_waiting_for_a_job_returns_when_it_is_final(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    waiting = asyncio.create_task(client.get(f"{JOBS}/{sent.id}?wait=20"))
    await asyncio.to_thread(until, lambda: home.wake.notify(DONE) > 0, "the request")
    await asyncio.to_thread(complete, home, "add", 2)
    assert (await waiting).json()["status"] == "completed"


async def test_a_result_comes_by_itself(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    complete(home, "add", [["word", 3]])
    assert await get(client, f"{JOBS}/{sent.id}/result") == [["word", 3]]


async def test_no_result_says_how_the_job_stands(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    pending = await client.get(f"{JOBS}/{sent.id}/result")
    fail(home, "add", "it broke")
    failed = await client.get(f"{JOBS}/{sent.id}/result")
    assert (pending.status_code, failed.status_code) == (409, 409)
    assert pending.json()["state"] == "pending"
    assert "it broke" in failed.json()["detail"]


async def test_a_job_is_cancelled_once(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    lease = take(home, "add")
    first = await client.post(f"{JOBS}/{sent.id}/cancel")
    again = await client.post(f"{JOBS}/{sent.id}/cancel")
    assert first.json()["status"] == "cancelled"
    assert again.status_code == 409
    assert home.ledger.held([(lease.seq, lease.token)]) == [False]
    job = await get(client, f"{JOBS}/{sent.id}")
    assert [step["name"] for step in job["steps"]] == ["accepted", "started", "cancelled"]


async def test_a_failed_job_is_tried_again_with_other_arguments(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    fail(home, "add")
    again = await client.post(f"{JOBS}/{sent.id}/retry", json={"args": {"a": 5}})
    assert again.status_code == 202
    assert (again.json()["status"], again.json()["args"]) == ("pending", {"a": 5})
    assert complete(home, "add", 6).args == '{"a":5}'


async def test_a_retry_without_arguments_keeps_them(
    client: httpx.AsyncClient, sender: Client, home: Home
) -> None:
    sent = sender.submit("add", {"a": 1})
    fail(home, "add")
    assert (await client.post(f"{JOBS}/{sent.id}/retry")).json()["args"] == {"a": 1}


@pytest.mark.parametrize("args", [{"a": "x"}, {"z": 1}, [1], None])
async def test_a_retry_with_arguments_that_do_not_fit_is_refused(
    client: httpx.AsyncClient, sender: Client, home: Home, args: Any
) -> None:
    sent = sender.submit("add", {"a": 1})
    fail(home, "add")
    refused = await client.post(f"{JOBS}/{sent.id}/retry", json={"args": args})
    assert refused.status_code == 422
    assert (await get(client, f"{JOBS}/{sent.id}"))["status"] == "failed"


async def test_only_a_failed_job_is_tried_again(client: httpx.AsyncClient, sender: Client) -> None:
    sent = sender.submit("add", {"a": 1})
    refused = await client.post(f"{JOBS}/{sent.id}/retry")
    assert refused.status_code == 409
    assert "is pending" in refused.json()["detail"]


@pytest.mark.parametrize("what", ["", "/result", "/input", "/events"])
async def test_a_job_that_does_not_exist_is_not_found(client: httpx.AsyncClient, what: str) -> None:
    assert (await client.get(f"{JOBS}/01nosuchjob{what}")).status_code == 404


@pytest.mark.parametrize("what", ["cancel", "retry"])
async def test_nothing_happens_to_a_job_that_does_not_exist(
    client: httpx.AsyncClient, what: str
) -> None:
    assert (await client.post(f"{JOBS}/01nosuchjob/{what}")).status_code == 404


async def test_a_job_without_a_file_has_no_input(client: httpx.AsyncClient, sender: Client) -> None:
    sent = sender.submit("add", {"a": 1})
    assert (await client.get(f"{JOBS}/{sent.id}/input")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        (None, 200, b"0123456789"),
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=8-99999", 206, b"89"),
        ("bytes=10-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=99999999999999999-", 416, None),
        ("bytes=5-2", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("bytes=", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
        ("lines=0-3", 200, b"0123456789"),
        ("bytes=" + "0-1," * 500, 200, b"0123456789"),
        ("bytes=" + "9" * 400 + "-", 200, b"0123456789"),
    ],
)
async def test_ranges_of_an_input(
    client: httpx.AsyncClient, sender: Client, asked: str | None, status: int, body: bytes | None
) -> None:
    sent = sender.send_file("size", [b"0123456789"], name="ä b.txt")
    headers = {} if asked is None else {"Range": asked}
    fetched = await client.get(f"{JOBS}/{sent.id}/input", headers=headers)
    assert fetched.status_code == status
    if body is not None:
        assert fetched.content == body
        assert fetched.headers["content-length"] == str(len(body))
        assert fetched.headers["accept-ranges"] == "bytes"
        assert "filename*=UTF-8''%C3%A4%20b.txt" in fetched.headers["content-disposition"]


async def test_an_empty_input_is_fetched_too(client: httpx.AsyncClient, sender: Client) -> None:
    sent = sender.send_file("size", [], name="a.txt")
    assert (await client.get(f"{JOBS}/{sent.id}/input")).content == b""


async def test_an_input_that_did_not_change_is_not_sent_again(
    client: httpx.AsyncClient, sender: Client
) -> None:
    sent = sender.send_file("size", [b"0123456789"], name="a.txt")
    first = await client.get(f"{JOBS}/{sent.id}/input")
    headers = {"If-None-Match": f'"x", {first.headers["etag"]}'}
    again = await client.get(f"{JOBS}/{sent.id}/input", headers=headers)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(("etag", "status"), [(None, 206), ('"other"', 200)])
async def test_a_range_counts_only_for_the_file_it_was_meant_for(
    client: httpx.AsyncClient, sender: Client, etag: str | None, status: int
) -> None:
    sent = sender.send_file("size", [b"0123456789"], name="a.txt")
    own = (await client.get(f"{JOBS}/{sent.id}/input")).headers["etag"]
    headers = {"Range": "bytes=0-1", "If-Range": etag or own}
    fetched = await client.get(f"{JOBS}/{sent.id}/input", headers=headers)
    assert fetched.status_code == status


async def test_head_answers_without_a_body_of_its_own_making(
    client: httpx.AsyncClient, sender: Client
) -> None:
    sent = sender.send_file("size", [b"0123456789"], name="a.txt")
    head = await client.head(f"{JOBS}/{sent.id}/input")
    assert head.status_code == 200
    assert head.headers["content-length"] == "10"
