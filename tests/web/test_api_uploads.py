"""Uploading: forms and plain bodies, streamed into the store, refused while they come."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from billow.errors import Unavailable
from billow.home import Home
from billow.units import MiB
from tests.contract.homes import until
from tests.web.work import complete

pytestmark = pytest.mark.anyio

SIZE = "/api/v1/functions/size/jobs"
STORE = "/api/v1/functions/store/jobs"
RAW = {"Content-Type": "application/octet-stream"}


def kept(home: Home) -> int:
    return sum(len(home.objects.list(store)) for store in home.objects.stores())


def files_on_disk(home: Home) -> int:
    assert home.folder is not None
    return sum(path.is_file() for path in (home.folder / "objects").rglob("*"))


async def test_a_form_with_a_file_becomes_a_job(client: httpx.AsyncClient, home: Home) -> None:
    sent = await client.post(SIZE, data={"unit": "lines"}, files={"file": ("a.txt", b"one\n")})
    assert sent.status_code == 202
    job = sent.json()
    assert (job["name"], job["args"]) == ("a.txt", {"unit": "lines"})
    store, _, key = job["upload"].partition("/")
    assert b"".join(home.objects.read(store, key)) == b"one\n"


async def test_arguments_of_a_form_may_be_one_piece_of_json(client: httpx.AsyncClient) -> None:
    sent = await client.post(
        SIZE, data={"args": '{"unit": "lines", "least": 2}'}, files={"file": ("a.txt", b"x")}
    )
    assert sent.json()["args"] == {"unit": "lines", "least": 2}


async def test_empty_fields_leave_the_defaults(client: httpx.AsyncClient) -> None:
    sent = await client.post(SIZE, data={"unit": "", "least": "3"}, files={"file": ("a.txt", b"x")})
    assert sent.json()["args"] == {"least": 3}


async def test_several_files_are_several_jobs(client: httpx.AsyncClient, home: Home) -> None:
    files = [("file", (f"{n}.txt", b"x" * n)) for n in range(1, 4)]
    sent = await client.post(SIZE, data={"unit": "lines"}, files=files)
    assert sent.status_code == 202
    assert [job["name"] for job in sent.json()["jobs"]] == ["1.txt", "2.txt", "3.txt"]
    assert all(job["args"] == {"unit": "lines"} for job in sent.json()["jobs"])
    assert home.ledger.counts("size").visible == 3


async def test_a_refused_file_does_not_keep_back_the_others(
    client: httpx.AsyncClient, home: Home
) -> None:
    files = [
        ("file", ("a.exe", b"x")),
        ("file", ("large.txt", b"x" * 1001)),
        ("file", ("b.txt", b"x")),
    ]
    sent = (await client.post(SIZE, files=files)).json()
    assert [job["name"] for job in sent["jobs"]] == ["b.txt"]
    refused = {refusal["name"]: refusal["problem"]["status"] for refusal in sent["refused"]}
    assert refused == {"a.exe": 415, "large.txt": 413}
    assert files_on_disk(home) == kept(home) == 1


async def test_several_files_under_one_key_are_the_same_jobs_again(
    client: httpx.AsyncClient, home: Home
) -> None:
    files = [("file", ("1.txt", b"x")), ("file", ("2.txt", b"x"))]
    first = await client.post(SIZE, files=files, headers={"Idempotency-Key": "k"})
    again = await client.post(SIZE, files=files, headers={"Idempotency-Key": "k"})
    assert again.json() == first.json()
    assert home.ledger.counts("size").visible == 2


async def test_a_body_can_be_the_file_itself(client: httpx.AsyncClient) -> None:
    sent = await client.post(
        SIZE,
        params={"name": "a.txt", "args": '{"unit": "lines"}'},
        content=b"one",
        headers={"Content-Type": "text/plain; charset=utf-8"},
    )
    assert sent.status_code == 202
    assert (sent.json()["name"], sent.json()["args"]) == ("a.txt", {"unit": "lines"})


async def test_waiting_for_an_upload_gives_its_result(
    client: httpx.AsyncClient, home: Home
) -> None:
    waiting = asyncio.create_task(
        client.post(SIZE, files={"file": ("a.txt", b"one")}, headers={"Prefer": "wait=20"})
    )
    await asyncio.to_thread(until, lambda: home.ledger.counts("size").visible > 0, "the job")
    await asyncio.to_thread(complete, home, "size", 3)
    assert (await waiting).json()["result"] == 3


@pytest.mark.parametrize("way", ["form", "declared", "streamed"])
async def test_a_file_over_the_limit_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, home: Home, way: str
) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    if way == "form":
        refused = await client.post(SIZE, files={"file": ("a.txt", b"x" * 1001)})
    else:
        body = blocks() if way == "streamed" else b"x" * 1001
        refused = await client.post(SIZE, params={"name": "a.txt"}, content=body, headers=RAW)
    assert refused.status_code == 413
    assert refused.json()["limit"] == 1000
    assert files_on_disk(home) == kept(home) == home.ledger.counts("size").visible == 0


async def test_a_file_of_the_wrong_kind_is_refused(client: httpx.AsyncClient) -> None:
    refused = await client.post(SIZE, files={"file": ("a.exe", b"MZ")})
    assert refused.status_code == 415
    assert refused.json()["allowed"] == [".txt", ".md"]


async def test_a_function_without_files_refuses_one(client: httpx.AsyncClient) -> None:
    form = await client.post("/api/v1/functions/add/jobs", files={"file": ("a.txt", b"x")})
    raw = await client.post("/api/v1/functions/add/jobs", content=b"x", headers=RAW)
    assert (form.status_code, raw.status_code) == (415, 415)


@pytest.mark.parametrize(
    ("fields", "files", "says"),
    [
        ({"unit": "x"}, [("other", ("a.txt", b"x"))], "must be called 'file'"),
        ({"length": "x"}, [("file", ("a.txt", b"x"))], "unknown field 'length'"),
        ({"least": "few"}, [("file", ("a.txt", b"x"))], "does not fit"),
        ({"args": "[1]"}, [("file", ("a.txt", b"x"))], "args must be a JSON object"),
        ({"args": "{"}, [("file", ("a.txt", b"x"))], "args is not JSON"),
        ({"args": '{"unit": 5}'}, [("file", ("a.txt", b"x"))], "must be text"),
    ],
)
async def test_a_form_that_does_not_fit_is_told_why(
    client: httpx.AsyncClient,
    home: Home,
    fields: dict[str, str],
    files: list[tuple[str, tuple[str, bytes]]],
    says: str,
) -> None:
    refused = await client.post(SIZE, data=fields, files=files)
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    assert home.ledger.counts("size").visible == 0


def form(*parts: str, end: bool = True) -> dict[str, Any]:
    """A form written by hand."""
    body = "".join(f"--b\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
    return {
        "content": (body + ("--b--\r\n" if end else "")).encode(),
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    }


async def test_a_form_in_which_no_file_was_chosen_is_told_so(client: httpx.AsyncClient) -> None:
    refused = await client.post(SIZE, **form('name="file"; filename=""\r\n\r\n'))
    assert refused.status_code == 422
    assert "needs a file" in refused.json()["detail"]


async def test_fields_after_the_files_count_for_all_of_them(client: httpx.AsyncClient) -> None:
    sent = await client.post(
        SIZE,
        **form(
            'name="least"\r\n\r\n2',
            'name="file"; filename="a.txt"\r\n\r\nx',
            'name="unit"\r\n\r\nlines',
            'name="file"; filename="b.txt"\r\n\r\ny',
            'name="args"\r\n\r\n{"least": 3}',
        ),
    )
    assert sent.status_code == 202
    assert [job["args"] for job in sent.json()["jobs"]] == [{"least": 3, "unit": "lines"}] * 2


_FILES = ('name="file"; filename="a.txt"\r\n\r\nx', 'name="file"; filename="b.txt"\r\n\r\ny')


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (form(*_FILES, 'name="length"\r\n\r\nx'), "unknown field 'length'"),
        (form(*_FILES, 'name="least"\r\n\r\nfew'), "does not fit"),
        (form(*_FILES, 'name="args"\r\n\r\n{"unit": 5}'), "must be text"),
        (form(*_FILES, 'name="other"; filename="c.txt"\r\n\r\nz'), "must be called 'file'"),
        (form(*_FILES, 'filename="c.txt"\r\n\r\nz'), "has no name"),
        (form(*_FILES, end=False), "ends in the middle"),
    ],
)
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}], ids=["no key", "key"])
async def test_of_a_form_that_is_refused_at_its_end_nothing_is_accepted(
    client: httpx.AsyncClient,
    home: Home,
    request_: dict[str, Any],
    says: str,
    key: dict[str, str],
) -> None:
    refused = await client.post(SIZE, **request_ | {"headers": request_["headers"] | key})
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    assert files_on_disk(home) == kept(home) == home.ledger.counts("size").visible == 0
    mended = await client.post(SIZE, **form(*_FILES) | {"headers": request_["headers"] | key})
    assert len(mended.json()["jobs"]) == kept(home) == home.ledger.counts("size").visible == 2
    assert "idempotency-replayed" not in mended.headers


async def test_a_form_is_taken_in_as_it_comes_and_accepted_at_its_end(
    web: Starlette, home: Home
) -> None:
    """A client sees nothing accepted before it sent everything, whatever is on the disk by then."""
    whole = form(*_FILES)["content"]
    between = whole.index(b'filename="b.txt"')
    seen: list[tuple[int, int]] = []

    async def blocks() -> AsyncIterator[bytes]:
        yield whole[:between]
        await asyncio.to_thread(until, lambda: files_on_disk(home) > 0, "the first file's bytes")
        seen.append((kept(home), home.ledger.counts("size").visible))
        yield whole[between:]

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(web), base_url="http://127.0.0.1:8420"
    ) as client:
        sent = await client.post(SIZE, content=blocks(), headers=headers)
    assert sent.status_code == 202
    assert seen == [(0, 0)]
    assert files_on_disk(home) == kept(home) == home.ledger.counts("size").visible == 2


async def test_files_of_a_form_that_took_too_long_are_to_be_sent_again(
    client: httpx.AsyncClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.drivers.embedded.blobs._STAGED", -1.0)
    refused = await client.post(SIZE, **form(*_FILES))
    assert refused.status_code == 503
    assert "send it again" in refused.json()["detail"]
    assert files_on_disk(home) == kept(home) == home.ledger.counts("size").visible == 0


@pytest.mark.parametrize(
    "request_",
    [
        form('name="file"; filename="a.txt"\r\n\r\nx', end=False),
        form('filename="a.txt"\r\n\r\nx'),
        {"content": b"", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"nothing", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        {
            "content": b"--" + b"b" * 300,
            "headers": {"Content-Type": "multipart/form-data; boundary=" + "b" * 300},
        },
        form('name="unit"\r\n\r\n\xff\xfe', 'name="file"; filename="a.txt"\r\n\r\nx')
        | {"content": b'--b\r\nContent-Disposition: form-data; name="unit"\r\n\r\n\xff\r\n--b--'},
    ],
    ids=["cut off", "no name", "no boundary", "no form", "long boundary", "not utf-8"],
)
async def test_broken_forms_are_refused(
    client: httpx.AsyncClient, home: Home, request_: dict[str, Any]
) -> None:
    refused = await client.post(SIZE, **request_)
    assert refused.status_code == 422
    assert files_on_disk(home) == 0


async def test_a_form_of_endless_parts_is_refused(client: httpx.AsyncClient) -> None:
    parts = ['name="unit"\r\n\r\nx'] * 1001
    refused = await client.post(SIZE, **form(*parts))
    assert refused.status_code == 422
    assert "1000 parts" in refused.json()["detail"]


async def test_refused_files_are_read_only_so_far(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.web.receive._MAX_DROPPED", 1000)
    files = [("file", ("a.exe", b"x" * 1001)), ("file", ("b.txt", b"x"))]
    refused = await client.post(SIZE, files=files)
    assert refused.status_code == 415


async def test_a_wrong_digest_is_refused_and_a_right_one_taken(
    client: httpx.AsyncClient, home: Home
) -> None:
    digest = hashlib.sha256(b"one").hexdigest()
    headers = RAW | {"X-Content-SHA256": digest}
    wrong = await client.post(SIZE, params={"name": "a.txt"}, content=b"two", headers=headers)
    right = await client.post(SIZE, params={"name": "a.txt"}, content=b"one", headers=headers)
    assert (wrong.status_code, right.status_code) == (422, 202)
    assert kept(home) == 1


async def test_the_same_key_with_other_bytes_is_refused(
    client: httpx.AsyncClient, home: Home
) -> None:
    async def send(data: bytes) -> httpx.Response:
        return await client.post(
            SIZE, files={"file": ("a.txt", data)}, headers={"Idempotency-Key": "k"}
        )

    first, again, other = await send(b"one"), await send(b"one"), await send(b"two")
    assert again.json() == first.json()
    assert other.status_code == 409
    assert kept(home) == 1


async def test_a_large_file_is_never_held_in_memory(client: httpx.AsyncClient, home: Home) -> None:
    block = b"x" * (64 * 1024)

    async def blocks() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(48 * 16):
            yield block
        yield b"\r\n--b--\r\n"

    tracemalloc.start()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    sent = await client.post(STORE, content=blocks(), headers=headers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent.status_code == 202
    [info] = home.objects.list("demo-store-uploads")
    assert info.size == 48 * MiB
    assert peak < 12 * MiB


@pytest.mark.parametrize("way", ["body", "form", "form between files"])
async def test_a_client_that_leaves_in_the_middle_leaves_nothing(
    web: Starlette, home: Home, way: str
) -> None:
    sent: list[Any] = []
    body, kind = form(*_FILES, end=False)["content"], b"multipart/form-data; boundary=b"
    if way == "form":
        body = body[:-10]
    elif way == "body":
        body, kind = b"x" * 100, b"text/plain"
    messages = [
        {"type": "http.request", "body": body, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": SIZE,
        "query_string": b"name=a.txt",
        "headers": [(b"host", b"localhost"), (b"content-type", kind)],
    }
    await web(scope, receive, send)
    assert sent == []
    assert files_on_disk(home) == home.ledger.counts("size").visible == 0


async def test_a_client_that_falls_silent_is_given_up(
    web: Starlette, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, home: Home
) -> None:
    monkeypatch.setattr("billow.web.limits.MAX_SILENCE", 0.01)

    async def blocks() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    refused = await client.post(SIZE, params={"name": "a.txt"}, content=blocks(), headers=RAW)
    assert refused.status_code == 408
    assert files_on_disk(home) == 0


async def test_too_many_uploads_at_once_are_put_off(
    web: Starlette, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.web.context.PATIENCE", 0.01)
    monkeypatch.setattr(web.state.context, "_turns", asyncio.Semaphore(0))
    refused = await client.post(SIZE, files={"file": ("a.txt", b"x")})
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"


async def test_a_full_store_is_503_and_says_when_to_come_back(
    client: httpx.AsyncClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise Unavailable("the disk is full", retry_after=4.2)

    monkeypatch.setattr(type(home.objects), "put", full)
    refused = await client.post(SIZE, files={"file": ("a.txt", b"x")})
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"


async def test_the_input_comes_back_as_it_was(client: httpx.AsyncClient) -> None:
    body = json.dumps({"x": 1}).encode()
    sent = await client.post(SIZE, files={"file": ("a.txt", body, "text/html")})
    fetched = await client.get(sent.json()["links"]["input"])
    assert fetched.content == body
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert fetched.headers["content-disposition"].startswith('attachment; filename="a.txt"')
