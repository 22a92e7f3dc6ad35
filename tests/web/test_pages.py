"""The console's pages over HTTP, as a browser without a script sees them."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from billow.flow.client import Client
from billow.home import Home
from billow.job import Job, Status
from tests.web.conftest import app
from tests.web.work import complete, fail, take

pytestmark = pytest.mark.anyio

HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def sender(home: Home) -> Client:
    return Client(home, app)


async def get(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


async def post(client: httpx.AsyncClient, path: str, **form: str | list[str]) -> str:
    """Send a form and follow where it leads."""
    answer = await client.post(path, data=form, headers=HTML)
    assert answer.status_code == 303, answer.text
    return await get(client, answer.headers["location"])


def job_of(home: Home, id: str) -> Job:
    job = home.ledger.get(id)
    assert job is not None
    return job


async def test_now_says_that_nobody_works_before_a_keeper_was_started(
    client: httpx.AsyncClient,
) -> None:
    page = await get(client, "/")
    assert "no keeper has been started" in page
    assert 'role="alert"' in page


async def test_now_says_that_all_is_well(client: httpx.AsyncClient, home: Home) -> None:
    home.journal.show("service", {"app": "demo", "started": time.time()})
    home.journal.show("fleet.add", {"wanted": 1, "workers": [{"state": "idle", "id": "add-1"}]})
    page = await get(client, "/?function=add")
    assert "All is well: 1 worker ready, nothing to do." in page
    assert 'role="alert"' not in page


async def test_now_points_at_dead_letters(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    home.journal.show("service", {"app": "demo", "started": time.time()})
    sender.submit("add", {"a": 1})
    fail(home, "add")
    page = await get(client, "/")
    assert "Something needs a look" in page
    assert "1 job is among the dead letters" in page


async def test_now_notices_that_the_keeper_is_silent(
    client: httpx.AsyncClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.journal.show("service", {"app": "demo", "started": time.time()})
    now = time.time()
    monkeypatch.setattr(type(home.clock), "now", lambda _: now + 42)
    assert "The keeper has been silent for 42 s" in await get(client, "/")
    assert "The keeper has been silent for 42 s" in await get(client, "/fleet")


async def test_the_list_of_jobs_obeys_its_address(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    sender.submit("add", {"a": 1}, name="first")
    complete(home, "add", 2)
    sender.submit("add", {"a": 2}, name="second")
    sender.submit("echo", name="third")
    assert ticked(await get(client, "/jobs")) == ["third", "second", "first"]
    assert ticked(await get(client, "/jobs?function=add")) == ["second", "first"]
    assert ticked(await get(client, "/jobs?status=completed")) == ["first"]
    assert ticked(await get(client, "/jobs?text=hir")) == ["third"]
    nonsense = await get(client, "/jobs?status=lost&before=x&function=nope")
    assert "No job matches" in nonsense


async def test_the_list_of_jobs_pages_back(client: httpx.AsyncClient, sender: Client) -> None:
    sender.submit_many("add", [{"a": n} for n in range(60)])
    page = await get(client, "/jobs?function=add")
    assert len(ticked(page)) == 50
    [older] = re.findall(r'href="(\?[^"]+)" rel="next"', page)
    rest = await get(client, "/jobs" + older.replace("&amp;", "&"))
    assert len(ticked(rest)) == 10
    assert 'rel="next"' not in rest


def ticked(page: str) -> list[str]:
    return re.findall(r'aria-label="Select (?!all)([^"]*)"', page)


async def test_many_are_retried_and_cancelled(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    dead = sender.submit("add", {"a": 1}).id
    fail(home, "add")
    waiting = sender.submit("add", {"a": 2}).id
    page = await post(client, "/jobs?function=add", do="retry", id=[dead, waiting])
    assert "Sent round again: 1." in page
    assert job_of(home, dead).status is Status.PENDING
    page = await post(client, "/jobs?function=add", do="cancel", id=[dead, waiting])
    assert "Cancelled: 2." in page
    assert "no selected job" in await post(client, "/jobs", do="cancel", id=dead)
    assert "Select at least one job" in await post(client, "/jobs", do="retry")


async def test_a_job_shows_its_way_input_and_result(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.send_file("size", [b"a text"], name="a<b>.txt", args={"unit": "words"})
    complete(home, "size", {"words": [["sea", 30], ["ship", 15]], "total": 12345})
    page = await get(client, f"/jobs/{made.id}")
    assert "a&lt;b&gt;.txt" in page
    assert "<b>.txt" not in page
    steps = re.findall(r"<b>(\w+)<span", page)
    assert steps == ["Uploaded", "Stored", "Queued", "Running", "Recorded", "Told"]
    assert "12,345" in page
    assert 'width="50.00%"' in page
    assert "6 bytes" in page
    assert f"/api/v1/jobs/{made.id}/input" in page


async def test_a_failed_job_shows_why(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.submit("add", {"a": 1})
    fail(home, "add", "ValueError: <no> such word", retry_in=0.0)
    page = await get(client, f"/jobs/{made.id}")
    assert "waits for its next try" in page
    fail(home, "add", "ValueError: <no> such word")
    page = await get(client, f"/jobs/{made.id}")
    assert page.count("ValueError: &lt;no&gt; such word") == 3  # the cause, and two tries
    assert "Traceback" in page


async def test_unknown_things_are_answered_with_a_page(client: httpx.AsyncClient) -> None:
    for path in ("/jobs/nope", "/functions/nope", "/data/queues/nope", "/data/tables/nope",
                 "/data/stores/nope", "/nowhere"):  # fmt: skip
        page = await get(client, path, 404)
        assert "Back to the start" in page, path


async def test_run_again_makes_a_new_job_of_a_completed_one(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.send_file("size", [b"text"], name="a.txt", args={"unit": "words"})
    complete(home, "size", 4)
    answer = await client.post(f"/jobs/{made.id}/again", headers=HTML)
    assert answer.status_code == 303
    again = job_of(home, answer.headers["location"].removeprefix("/jobs/"))
    assert again.id != made.id
    assert (again.args, again.upload) == ({"unit": "words"}, job_of(home, made.id).upload)


async def test_run_again_redrives_a_failed_job(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.submit("add", {"a": 1})
    fail(home, "add")
    answer = await client.post(f"/jobs/{made.id}/again", headers=HTML)
    assert answer.headers["location"] == f"/jobs/{made.id}"
    assert job_of(home, made.id).status is Status.PENDING


async def test_run_again_refuses_a_job_that_will_run_and_one_whose_file_is_gone(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.send_file("size", [b"text"], name="a.txt")
    answer = await client.post(f"/jobs/{made.id}/again", headers=HTML)
    assert (answer.status_code, "will run anyway" in answer.text) == (422, True)
    complete(home, "size", 4)
    store, _, key = str(job_of(home, made.id).upload).partition("/")
    home.objects.delete(store, key)
    answer = await client.post(f"/jobs/{made.id}/again", headers=HTML)
    assert (answer.status_code, "file is gone" in answer.text) == (404, True)
    assert "Its file is gone." in await get(client, f"/jobs/{made.id}")


async def test_cancel_fences_the_worker_off(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.submit("add", {"a": 1})
    lease = take(home, "add")
    assert "Cancelled" in await post(client, f"/jobs/{made.id}/cancel")
    assert home.ledger.held([(lease.seq, lease.token)]) == [False]


async def test_forms_are_bounded(client: httpx.AsyncClient) -> None:
    kind = {**HTML, "content-type": "application/x-www-form-urlencoded"}
    for path in ("/jobs", "/dead"):
        for body, status in ((b"a" * (1 << 20) + b"a", 413), (b"a=1&" * 1001, 422), (b"%ff", 422)):
            answer = await client.post(path, content=body, headers=kind)
            assert answer.status_code == status
        answer = await client.post(path, json={"id": "1"}, headers=HTML)
        assert answer.status_code == 415


async def test_fleet_shows_workers_alarms_and_decisions(
    client: httpx.AsyncClient, home: Home
) -> None:
    worker = {
        "id": "add-7f3a", "state": "busy", "since": time.time(), "job": "j1", "name": "emma.txt",
        "jobs": 3, "done": 1200, "failed": 1, "rss": 42 << 20, "template": "default", "version": 4,
        "pid": 77, "child_pid": 78,
    }  # fmt: skip
    alarm = {
        "name": "scale out",
        "state": "ALARM",
        "value": 17,
        "threshold": 15,
        "comparison": ">=",
    }
    home.journal.show("fleet.add", {"wanted": 2, "workers": [worker], "alarms": [alarm]})
    home.journal.write("scale.out", "add", "17 visible", {"from": 1, "to": 2})
    home.journal.write("worker.crashed", "add-0001", "exit status 3", {"function": "add"})
    home.journal.write("worker.crashed", "echo-0001", "killed", {"function": "echo"})
    page = await get(client, "/fleet")
    for text in ("Scaled out, 1 to 2", "emma.txt", "and 2 more", "42.0 MiB", "1,200", "In alarm"):
        assert text in page
    assert page.count("Worker crashed") == 2
    assert page.index("exit status 3") < page.index("echo-0001")


async def test_dead_letters_are_grouped_and_redriven(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    ids = [sender.submit("add", {"a": n}).id for n in range(3)]
    for message in ("no file 7", "no file 8", "full"):
        fail(home, "add", message)
    page = await get(client, "/dead")
    assert "3 jobs failed for good, from 2 causes" in page
    group = re.findall(r'name="group" value="(\w+)"', page)[0]
    page = await post(client, "/dead", group=group, which="all", args="")
    assert "Sent round again: 2." in page
    statuses = [job_of(home, id_).status for id_ in ids]
    assert statuses == [Status.PENDING, Status.PENDING, Status.FAILED]


async def test_dead_letters_are_redriven_with_other_arguments(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.submit("add", {"a": 1})
    fail(home, "add")
    [group] = re.findall(r'name="group" value="(\w+)"', await get(client, "/dead"))
    form = {"group": group, "which": "one", "args": '{"a": "x"}'}
    answer = await client.post("/dead", data=form, headers=HTML)
    assert (answer.status_code, "must be a whole number" in answer.text) == (422, True)
    form["args"] = "{a"
    assert (await client.post("/dead", data=form, headers=HTML)).status_code == 422
    await post(client, "/dead", group=group, which="one", args='{"a": 5}')
    assert job_of(home, made.id).args == {"a": 5}
    answer = await client.post("/dead", data=form, headers=HTML)
    assert (answer.status_code, "are gone" in answer.text) == (404, True)


async def test_data_shows_queues_tables_and_stores(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    sender.send_file("size", [b"text"], name="a.txt")
    home.queues.send("results", ['{"word": "sea"}', "plain"])
    for number in range(60):
        home.tables.put("counts", f"k{number:02}", {"n": number})
    page = await get(client, "/data")
    assert all(name in page for name in ("demo-size", "results", "counts", "demo-size-uploads"))
    page = await get(client, "/data/queues/results")
    assert "&#34;word&#34;: &#34;sea&#34;" in page
    assert home.queues.counts("results").visible == 2
    page = await get(client, "/data/tables/counts")
    assert ("60 items" in page, "k49" in page, "k50" in page) == (True, True, False)
    assert "k50" in await get(client, "/data/tables/counts?after=k49")
    assert "a.txt" in await get(client, "/data/stores/demo-size-uploads")


async def test_a_form_is_made_of_the_parameters(client: httpx.AsyncClient) -> None:
    page = await get(client, "/functions/echo")
    for name in ("value", "flag", "text", "rate"):
        assert f'name="{name}"' in page
    assert 'type="file"' not in page
    page = await get(client, "/functions/size")
    assert 'accept=".txt,.md"' in page
    assert "1000 bytes" in page
    assert "Send work" in await get(client, "/functions")


async def test_a_form_without_a_script_leads_to_the_job(
    client: httpx.AsyncClient, home: Home
) -> None:
    page = await send_form(client, "add", {"a": "3", "b": ""}, {})
    assert home.ledger.find().jobs[0].args == {"a": 3}
    assert "waits for a worker" in page
    files = {"file": ("a.txt", b"words")}
    page = await send_form(client, "size", {"unit": "words", "least": ""}, files)
    assert "a.txt" in page
    assert home.ledger.find().jobs[0].args == {"unit": "words"}


async def test_a_form_with_several_files_leads_to_the_list(
    client: httpx.AsyncClient, home: Home
) -> None:
    files = [("file", (f"{n}.txt", b"words")) for n in range(3)]
    answer = await client.post("/functions/size", files=files, headers=HTML)
    assert answer.headers["location"] == "/jobs?function=size&told=sent&n=3"
    assert "Accepted: 3 sent." in await get(client, answer.headers["location"])
    assert len(home.ledger.find().jobs) == 3


async def test_a_form_that_is_refused_comes_back_with_the_reason(
    client: httpx.AsyncClient, home: Home
) -> None:
    answer = await client.post("/functions/size", files={"file": ("a.pdf", b"x")}, headers=HTML)
    assert answer.status_code == 415
    assert "is not accepted; the name must end in" in answer.text
    assert 'id="send-form"' in answer.text
    script = await client.post(
        "/functions/size", files={"file": ("a.pdf", b"x")}, headers={"accept": "application/json"}
    )
    assert script.json()["title"] == "Not accepted"
    assert home.ledger.find().jobs == []


async def send_form(
    client: httpx.AsyncClient,
    function: str,
    fields: dict[str, str],
    files: dict[str, tuple[str, bytes]],
) -> str:
    parts = {name: (None, value) for name, value in fields.items()} | files
    answer = await client.post(f"/functions/{function}", files=parts, headers=HTML)
    assert answer.status_code == 303, answer.text
    return await get(client, answer.headers["location"])


async def test_nothing_in_the_pages_needs_an_inline_script_or_style(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.send_file("size", [b"text"], name="a.txt")
    complete(home, "size", [["a", 1]])
    for path in ("/", "/jobs", f"/jobs/{made.id}", "/fleet", "/dead", "/data", "/functions/size"):
        page = await get(client, path)
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page)


async def test_static_files_are_kept_by_their_version(client: httpx.AsyncClient) -> None:
    page = await get(client, "/")
    for address in set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page)):
        answer = await client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/static/../view.py")).status_code == 404


async def test_a_form_of_another_site_is_refused(
    client: httpx.AsyncClient, home: Home, sender: Client
) -> None:
    made = sender.submit("add", {"a": 1})
    headers = {**HTML, "origin": "https://evil.example"}
    answer = await client.post(f"/jobs/{made.id}/cancel", headers=headers)
    assert answer.status_code == 403
    assert job_of(home, made.id).status is Status.PENDING


async def test_told_never_repeats_what_an_address_says(client: httpx.AsyncClient) -> None:
    page = await get(client, "/jobs?told=retried&n=<script>")
    assert "<script>" not in page
    assert "evil" not in await get(client, "/jobs?told=evil&n=1")
