"""What an attacker would try first, and what must come of it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from billow.home import Home
from billow.web.guard import is_local
from tests.web.conftest import BASE

pytestmark = pytest.mark.anyio

ADD = "/api/v1/functions/add/jobs"
ECHO = "/api/v1/functions/echo/jobs"
SIZE = "/api/v1/functions/size/jobs"

JSON = {"Content-Type": "application/json"}

HOSTILE_NAMES = [
    "../../etc/passwd.txt",
    "/etc/passwd.txt",
    "..\\..\\windows\\win.txt",
    "a\0.txt",
    "a\r\nSet-Cookie: x=1.txt",
    "x" * 10_000 + ".txt",
    "\u202etxt.exe.txt",
    "' OR 1=1 --.txt",
    "{{7*7}}<script>alert(1)</script>.txt",
    "😀" * 3000 + ".txt",
    ".txt",
    "...txt",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("way", ["form", "query"])
async def test_a_hostile_name_is_a_label_and_never_a_path(
    client: httpx.AsyncClient, home: Home, name: str, way: str
) -> None:
    assert home.folder is not None
    outside = {path for path in home.folder.parent.rglob("*") if home.folder not in path.parents}
    if way == "form":
        sent = await client.post(SIZE, files={"file": (name, b"x")})
    else:
        raw = {"Content-Type": "text/plain"}
        sent = await client.post(SIZE, params={"name": name}, content=b"x", headers=raw)
    if sent.status_code != 202:
        assert sent.status_code in (415, 422, 431)
        assert home.ledger.counts("size").visible == 0
        return
    label = sent.json()["name"]
    assert len(label.encode()) <= 200
    assert not set(label) & set("/\\\0\r\n\u202e")
    now = {path for path in home.folder.parent.rglob("*") if home.folder not in path.parents}
    assert now == outside
    fetched = await client.get(sent.json()["links"]["input"])
    assert fetched.content == b"x"
    assert fetched.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/jobs/..%2f..%2fcore.db",
        "/api/v1/queues/..%2f..%2fx/messages",
        "/api/v1/tables/..%2f..%2fx",
        "/api/v1/jobs/%00",
        "/.git/config",
        "/debug",
        "/api/v1/jobs/' OR 1=1",
        "//evil.example/",
    ],
)
async def test_addresses_lead_nowhere_else(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(BASE + path)).status_code in (404, 405)


@pytest.mark.parametrize("queue", ["..%2f..%2fx", "A", "a b", "a%00", "-a", "a" * 64, "%E2%80%AE"])
async def test_queue_names_are_never_paths(
    client: httpx.AsyncClient, home: Home, queue: str
) -> None:
    sent = await client.post(f"/api/v1/queues/{queue}/messages", json={"messages": ["x"]})
    assert sent.status_code in (404, 405, 422)
    assert home.queues.names() == []


HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example:8420",
    "localhost@evil.example",
    "10.0.0.1",
    "0.0.0.0",
    "[::]",
    "localhost:",
    "localhost:99999",
    "localhost/x",
    "[::1",
    "",
]


@pytest.mark.parametrize("host", HOSTS)
async def test_a_name_that_was_rebound_to_this_machine_is_refused(
    client: httpx.AsyncClient, host: str
) -> None:
    refused = await client.get("/api/v1/jobs", headers={"Host": host})
    assert refused.status_code == 421


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8420", "127.0.0.1", "127.8.9.1:1", "[::1]:8420", "[::1]"]
)
async def test_this_machine_is_called_by_its_names(client: httpx.AsyncClient, host: str) -> None:
    assert is_local(host)
    assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


async def test_two_hosts_are_refused(client: httpx.AsyncClient) -> None:
    headers = [("Host", "localhost"), ("Host", "evil.example")]
    assert (await client.get("/healthz", headers=headers)).status_code == 421


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://localhost:8420"},
    {"Origin": "http://127.0.0.1:8420.evil.example"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_page_of_another_site_changes_nothing(
    client: httpx.AsyncClient, home: Home, headers: dict[str, str]
) -> None:
    sent = await client.post(ADD, json={"args": {"a": 1}})
    id_ = sent.json()["id"]
    unsafe = [
        (ADD, {"args": {"a": 1}}),
        (f"/api/v1/jobs/{id_}/cancel", {}),
        (f"/api/v1/jobs/{id_}/retry", {}),
        ("/api/v1/dead/redrive", {"ids": [id_]}),
        ("/api/v1/queues/q/messages", {"messages": ["x"]}),
    ]
    for path, body in unsafe:
        assert (await client.post(path, json=body, headers=headers)).status_code == 403
    form = await client.post(SIZE, files={"file": ("a.txt", b"x")}, headers=headers)
    assert form.status_code == 403
    assert home.ledger.counts("add").visible == 1
    assert home.queues.names() == []


async def test_every_unsafe_address_is_guarded(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method in methods:
            if method == "get":
                continue
            address = path.replace("{", "").replace("}", "")
            refused = await client.request(method, address, headers={"Origin": "https://evil.ex"})
            assert refused.status_code == 403, path


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": BASE}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)
async def test_programs_and_own_pages_may(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post(ADD, json={"args": {"a": 1}}, headers=headers)).status_code == 202


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_json_in_a_forms_clothes_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    body = b'{"messages": ["x"]}'
    refused = await client.post(
        "/api/v1/queues/q/messages", content=body, headers={"Content-Type": kind}
    )
    assert refused.status_code == 415


BODIES = [
    b"",
    b"{",
    b'{"args": {"a": NaN}}',
    b'{"args": {"a": Infinity}}',
    b'{"args": {"a": 1e999}}',
    b'{"args": {"a": ' + b"9" * 5000 + b"}}",
    b'{"args": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"args": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    b'{"args": {"a": "\xff"}}',
    b'\xef\xbb\xbf{"args": {"a": 1}}',
    b'{"args": {"a": 1}} {"args": {"a": 1}}',
    b"\0" * 100,
    b'{"args": {"a": 1}, "' + b"x" * 100_000 + b'": 1}',
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_hostile_json_is_refused(client: httpx.AsyncClient, home: Home, body: bytes) -> None:
    refused = await client.post(ADD, content=body, headers=JSON)
    assert refused.status_code == 422
    assert len(refused.content) < 1000
    assert home.ledger.counts("add").visible == 0


async def test_half_a_surrogate_pair_is_refused(client: httpx.AsyncClient) -> None:
    refused = await client.post(ECHO, content=rb'{"args":{"value":"\ud800"}}', headers=JSON)
    assert refused.status_code == 422


async def test_nul_and_markup_in_arguments_come_back_as_they_were(
    client: httpx.AsyncClient,
) -> None:
    value = "a\0b<script>'; drop table jobs; --"
    sent = await client.post(ECHO, json={"args": {"value": value}, "name": value})
    assert sent.status_code == 202
    job = (await client.get(sent.headers["location"])).json()
    assert (job["args"]["value"], job["name"]) == (value, value)
    page = await client.get("/api/v1/jobs", params={"text": "a\0b<script>'; drop"})
    assert page.status_code == 200


async def test_a_json_body_has_its_limit(client: httpx.AsyncClient) -> None:
    body = json.dumps({"args": {"value": "x" * (4 * 1024 * 1024)}}).encode()
    refused = await client.post(ECHO, content=body, headers=JSON)
    assert refused.status_code == 413
    assert refused.json()["limit"] == 4 * 1024 * 1024


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {"X-Long": "x" * 33_000}},
        {"headers": [(f"X-{n}", "x" * 100) for n in range(400)]},
        {"params": {"text": "x" * 9000}},
    ],
    ids=["long", "many", "address"],
)
async def test_heads_have_their_limit(client: httpx.AsyncClient, request_: dict[str, Any]) -> None:
    assert (await client.get("/api/v1/jobs", **request_)).status_code == 431


@pytest.mark.parametrize(
    "number", ["9" * 19, "9" * 400, "-" + "9" * 400, "9" * 5000, "nan", "1e999"]
)
@pytest.mark.parametrize("query", ["jobs?limit", "jobs?before", "journal?after", "journal?since"])
async def test_numbers_beyond_all_bounds_are_refused(
    client: httpx.AsyncClient, query: str, number: str
) -> None:
    answer = await client.get(f"/api/v1/{query}={number}")
    assert answer.status_code == 422
    told = answer.json()["detail"]
    assert "must be a number" in told or "must be a whole number" in told


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "BREW"])
async def test_methods_that_do_not_exist_are_refused(
    client: httpx.AsyncClient, method: str
) -> None:
    refused = await client.request(method, "/api/v1/jobs")
    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_no_state_is_changed_by_get(client: httpx.AsyncClient) -> None:
    sent = await client.post(ADD, json={"args": {"a": 1}})
    address = sent.headers["location"]
    assert (await client.get(f"{address}/cancel")).status_code == 405
    assert (await client.get(address)).json()["status"] == "pending"


async def test_an_unexpected_error_tells_nothing_of_the_inside(
    client: httpx.AsyncClient,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(type(home.ledger), "find", broken)
    refused = await client.get("/api/v1/jobs")
    assert refused.status_code == 500
    assert "hunter2" not in refused.text
    assert "Traceback" not in refused.text
    [record] = [record for record in caplog.records if record.message == "unexpected"]
    assert record.__dict__["fields"]["id"] == refused.headers["x-request-id"]
    assert "hunter2" in caplog.text


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/docs", "/nothing", "/api/v1/jobs?limit=x"):
        headers = (await client.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


async def test_an_uploaded_page_is_never_shown_as_one(client: httpx.AsyncClient) -> None:
    evil = b"<script>alert(1)</script>"
    sent = await client.post(
        "/api/v1/functions/store/jobs", files={"file": ("x.html", evil, "text/html")}
    )
    fetched = await client.get(sent.json()["links"]["input"])
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in fetched.headers["content-security-policy"]
    assert fetched.headers["content-disposition"].startswith("attachment")


async def test_reasons_given_to_clients_stay_short(client: httpx.AsyncClient) -> None:
    long = "x" * 5000
    for refused in (
        await client.get("/api/v1/jobs", params={long: 1}),
        await client.post(ADD, json={long: 1}),
        await client.get(f"/api/v1/tables/{long}"),
    ):
        assert refused.status_code in (404, 422)
        assert len(refused.content) < 1000
