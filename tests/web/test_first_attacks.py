"""The first seventeen attacks that somebody would try on a service with accounts, one test each.

Each goes through the whole application. What is tried more widely elsewhere is named in the test.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

import billow
from billow.accounts.secret import Secret
from billow.clock import SystemClock, VirtualClock
from billow.flow.arrivals import arrival_rule
from billow.home import open_home
from billow.payments.stand_in.server import serving
from billow.testing import memory_home, run_jobs
from tests.web.people import HTML, PASSWORD, Person, Town, app

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/functions/double/jobs"
FILES = "/api/v1/functions/count/jobs"
MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Town, str]]:
    """A real server on a port, for what cannot be said by an HTTP client."""
    home = open_home(tmp_path / "data", arrivals=arrival_rule(app), clock=SystemClock())
    made = Town(home)
    with serving(made.web) as url:
        yield made, url
    made.context.close()


async def ask(
    town: Town, who: Person | None, method: str, path: str, own: bool = True, **more: Any
) -> Any:
    """Ask for something, as a page of the service does, or as one of another site."""
    form = {"x-billow-form": who.form} if who is not None and own else {}
    async with town.client(who, **form) as client:
        return await client.request(method, path, **more)


async def test_01_the_id_of_anothers_job_in_an_address(town: Town) -> None:
    """All routes: `tests/web/test_rules.py`."""
    anna, ben = town.person("anna"), town.person("ben")
    job = (await ask(town, anna, "POST", FILES, files={"file": ("a.txt", b"x")})).json()["id"]
    run_jobs(town.home, app)
    there = [
        f"/api/v1/jobs/{job}", f"/api/v1/jobs/{job}/result", f"/api/v1/jobs/{job}/input",
        f"/api/v1/jobs/{job}/files/a.log", f"/jobs/{job}",
    ]  # fmt: skip
    for path in there:
        own, others = await ask(town, anna, "GET", path), await ask(town, ben, "GET", path)
        assert (own.status_code, others.status_code) == (200, 404), path
        assert anna.owner not in others.text
    assert (await ask(town, ben, "POST", f"/api/v1/jobs/{job}/cancel")).status_code == 404
    assert "was refused" in town.actions(ben.owner)


@pytest.mark.parametrize(
    "name",
    ["../../x.txt", "/etc/x.txt", "a\0.txt", "x" * 10_000 + ".txt", "\u202etxt.exe.txt", "😀.txt"],
)
async def test_02_names_of_files_that_are_paths(served: tuple[Town, str], name: str) -> None:
    """More names: `tests/web/test_api_attacks.py`."""
    town, _ = served
    anna, folder = town.person("anna"), town.home.folder
    assert folder is not None
    sent = await ask(town, anna, "POST", FILES, files={"file": (name, b"x")})
    assert sent.status_code in (202, 415, 422)
    if sent.status_code == 202:
        assert not set(sent.json()["name"]) & set("/\\\0\u202e")
        assert len(sent.json()["name"].encode()) <= 200
    assert [path.name for path in folder.parent.iterdir()] == ["data"]
    assert not list(folder.rglob("*x.txt*"))


@pytest.mark.parametrize("body", [f"<!doctype html>{MARKUP}", f"<svg>{MARKUP}</svg>"])
async def test_03_a_file_that_is_a_page_with_a_script(town: Town, body: str) -> None:
    anna = town.person("anna")
    sent = await ask(town, anna, "POST", FILES, files={"file": ("a.txt", body.encode())})
    fetched = await ask(town, anna, "GET", sent.json()["links"]["input"])
    assert fetched.text == body
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert fetched.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_04_a_body_that_never_ends(town: Town) -> None:
    """Bombs that unpack: `tests/apps/test_gas_hostile.py`, and the renditions of pictures."""
    anna, sent = town.person("anna"), itertools.count()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            next(sent)
            yield b"x" * 65_536

    raw = {"content-type": "text/plain"}
    answer = await ask(town, anna, "POST", f"{FILES}?name=a.txt", content=endless(), headers=raw)
    assert answer.status_code == 413
    assert next(sent) < 100
    assert town.home.objects.stores() == []


@pytest.mark.parametrize("field", ["plan", "role", "owner", "owner_id", "verified_at"])
async def test_05_fields_that_nobody_asked_for(town: Town, field: str) -> None:
    anna = town.person("anna", password=PASSWORD)
    value = {"role": "admin", "plan": "premium"}.get(field, "x")
    for path in ("/account/name", f"/account/name?{field}={value}"):
        joint = "&" if "?" in path else "?"
        data = {"name": "Anna", field: value}
        await ask(town, anna, "POST", f"{path}{joint}form={anna.form}", data=data)
    refused = await ask(town, anna, "POST", JOBS, json={field: value})
    assert refused.status_code == 422
    account = town.home.accounts.look(lambda books: books.accounts.get(anna.owner))
    assert account is not None
    assert (account.role, account.plan) == ("user", "")
    assert account.verified_at == anna.account.verified_at


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://0/",
        "https://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://[::ffff:127.0.0.1]/",
        "http://example.org/", "https://example.org:8080/", "https://u:p@example.org/", "file:///etc",
    ],
)  # fmt: skip
async def test_06_a_webhook_to_the_inside(
    town: Town, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Redirects and names that change: `tests/webhooks/test_post.py`, `test_address.py`."""
    monkeypatch.delenv("BILLOW_WEBHOOKS_LOCAL", raising=False)
    anna = town.person("anna")
    made = await ask(town, anna, "POST", "/api/v1/webhooks", json={"url": address})
    if made.status_code == 201:  # a name is looked up when something is sent there
        tested = await ask(town, anna, "POST", f"/api/v1/webhooks/{made.json()['id']}/test")
        assert tested.status_code in (200, 202)
        run_jobs(town.home, app)
        page = f"/api/v1/webhooks/{made.json()['id']}/deliveries"
        for each in (await ask(town, anna, "GET", page)).json()["deliveries"]:
            assert each["status"] is None, each
    else:
        assert made.status_code == 422


async def test_07_a_forged_and_a_replayed_payment(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signatures byte by byte: `tests/payments/test_webhooks.py`."""
    monkeypatch.setenv("BILLOW_STRIPE_KEY", "sk_test_x")
    monkeypatch.setenv("BILLOW_STRIPE_WEBHOOK_SECRET", "whsec_x")
    sold = billow.App("gas")
    sold.plans(billow.Plan("free"), billow.Plan("premium", price="stripe:premium"))
    town = Town(memory_home(sold, clock), sold)
    anna = town.person("anna")
    event = {"id": "evt_1", "object": "event", "type": "checkout.session.completed", "created": 1}
    event |= {"data": {"object": {"client_reference_id": anna.owner, "customer": "cus_1"}}}
    old = f"t={int(clock.now()) - 301},v1={'0' * 64}"
    for header in (
        {},
        {"stripe-signature": f"t={int(clock.now())},v1={'0' * 64}"},
        {"stripe-signature": old},
    ):
        answer = await ask(
            town, None, "POST", "/api/v1/payments/stripe", json=event, headers=header
        )
        assert answer.status_code == 400
    assert town.home.ledger.find(function="billow.payment").jobs == []
    account = town.home.accounts.look(lambda books: books.accounts.get(anna.owner))
    assert account is not None
    assert account.plan == ""
    town.context.close()


async def test_08_a_form_on_another_site(town: Town) -> None:
    anna = town.person("anna", password=PASSWORD)
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    data = {"current": PASSWORD}
    for headers in (elsewhere, {"origin": "https://evil.example"}, {}):
        for path in ("/account/delete", "/logout", "/functions/double"):
            answer = await ask(town, anna, "POST", path, False, data=data, headers=headers)
            assert answer.status_code == 403, path
    assert (await ask(town, anna, "GET", "/jobs", headers=HTML)).status_code == 200


@pytest.mark.parametrize("text", ["' OR 1=1 --", "{{7*7}}", MARKUP, "\r\nSet-Cookie: x=1", "=1+1"])
async def test_09_text_that_is_code_somewhere(town: Town, text: str) -> None:
    anna = town.person("anna", password=PASSWORD)
    await ask(town, anna, "POST", f"/account/name?form={anna.form}", data={"name": f"A{text}"})
    await ask(town, anna, "POST", FILES, files={"file": (f"{text}.txt", b"x")})
    for path in ("/account", "/jobs", f"/jobs?text={quote(text)}", f"/login?next={quote(text)}"):
        page = await ask(town, anna, "GET", path, headers=HTML)
        assert page.status_code in (200, 303)
        assert MARKUP not in page.text
        assert "A49" not in page.text
        assert "x" not in page.cookies
    found = (await ask(town, anna, "GET", f"/api/v1/jobs?text={quote(text)}x")).json()["jobs"]
    assert found == []


async def test_10_a_thousand_log_ins_and_heads_that_never_end(served: tuple[Town, str]) -> None:
    """Load: `billow drill load`. Here: they are refused, and others are still served."""
    town, url = served
    town.account("anna", password=PASSWORD)
    place = urlsplit(url)
    slow = [socket.create_connection((place.hostname, place.port)) for _ in range(100)]
    for each in slow:
        each.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nX-")
    wrong = {"email": "anna@example.org", "password": "a wrong one"}
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        tries = [asyncio.create_task(client.post("/login", data=wrong)) for _ in range(60)]
        began = time.monotonic()
        assert (await client.get("/healthz")).status_code == 200
        healthy = time.monotonic() - began
        statuses = {(await each).status_code for each in tries}
    for each in slow:
        each.close()
    assert statuses <= {401, 429, 503}
    assert 429 in statuses or 503 in statuses
    assert healthy < 20


async def test_11_a_session_after_log_out_and_after_another_password(town: Town) -> None:
    anna = town.person("anna", password=PASSWORD)
    again = town.service.log_ins.log_in("anna@example.org", Secret(PASSWORD))
    changed = {"current": PASSWORD, "password": "another good password"}
    assert town.known(again.token.reveal()) is not None
    await ask(town, anna, "POST", f"/account/password?form={anna.form}", data=changed)
    assert town.known(again.token.reveal()) is None
    for path in ("/jobs", "/api/v1/jobs"):
        assert (await ask(town, anna, "GET", path)).status_code == 401
    ben = town.person("ben")
    assert (await ask(town, ben, "POST", f"/logout?form={ben.form}")).status_code == 303
    assert (await ask(town, ben, "GET", "/api/v1/jobs")).status_code == 401


async def test_12_a_signed_form_for_another_key(town: Town, clock: VirtualClock) -> None:
    """Every field: `tests/direct/test_forms.py`."""
    anna, ben = town.person("anna"), town.person("ben")
    form = (await ask(town, anna, "POST", "/api/v1/functions/count/forms", json={})).json()
    for change in ({"key": "other/a.txt"}, {"success_action_status": "200"}, {"x-extra": "1"}):
        fields = form["fields"] | change
        file = {"file": ("a.txt", b"x")}
        sent = await ask(town, ben, "POST", form["url"], data=fields, files=file)
        assert sent.status_code == 403, change
    large = {"file": ("a.txt", b"x" * 101)}
    assert (
        await ask(town, None, "POST", form["url"], data=form["fields"], files=large)
    ).status_code in (400, 413)
    clock.advance(301)
    file = {"file": ("a.txt", b"x")}
    late = await ask(town, anna, "POST", form["url"], data=form["fields"], files=file)
    assert late.status_code == 403
    assert town.home.objects.stores() == []


async def test_13_what_is_not_for_the_public(town: Town) -> None:
    for path in ("/metrics", "/admin", "/api/v1/queues", "/api/v1/journal", "/data"):
        assert (await ask(town, None, "GET", path)).status_code == 401, path
        assert (
            await ask(town, town.person(f"p{len(path)}{path[-1]}"), "GET", path)
        ).status_code == 403
    for path in ("/debug", "/.git/config", "/.env", "/static/../server.py", "/server-status"):
        assert (await ask(town, None, "GET", path)).status_code in (401, 404), path
    anna = town.person("anna")
    broken = await ask(
        town,
        anna,
        "POST",
        JOBS,
        content=b'{"number": ',
        headers={"content-type": "application/json"},
    )
    assert broken.status_code == 422
    assert "Traceback" not in broken.text
    assert ".py" not in broken.text
    assert "server" not in {name.lower() for name in broken.headers}


async def test_14_the_same_link_twice_at_once(town: Town) -> None:
    sent = {"email": "eve@example.org", "password": PASSWORD, "name": "Eve"}
    await ask(town, None, "POST", "/signup", data=sent)
    used = {"code": town.code("verify"), "password": PASSWORD}
    answers = await asyncio.gather(
        *(ask(town, None, "POST", "/verify", data=used) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 401, 401, 401]
    assert len(town.home.accounts.look(lambda books: books.accounts.find())) == 1


async def test_15_a_header_that_says_where_one_comes_from(town: Town) -> None:
    town.account("anna", password=PASSWORD)
    wrong = {"email": "anna@example.org", "password": "a wrong one"}
    statuses = [
        (
            await ask(
                town, None, "POST", "/login", data=wrong,
                headers={"x-forwarded-for": f"203.0.113.{n}", "forwarded": f"for=203.0.113.{n}"},
            )
        ).status_code
        for n in range(8)
    ]  # fmt: skip
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    "head",
    [
        b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\n\r\nabcde",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ],
    ids=["trace", "huge", "two lengths", "length and chunks", "two hosts", "another host"],
)
async def test_16_requests_that_two_servers_could_read_differently(
    served: tuple[Town, str], head: bytes
) -> None:
    """Ranges and HEAD: `tests/web/test_files.py`."""
    _, url = served
    answers = await asyncio.to_thread(converse, urlsplit(url).port or 0, head)
    assert answers
    assert all(400 <= status < 500 for status in answers), answers
    assert 401 not in answers[1:]


def converse(port: int, head: bytes) -> list[int]:
    """The statuses that a server answers with until it hangs up."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(10)
        got = b""
        try:
            connection.sendall(head)
            connection.shutdown(socket.SHUT_WR)
            while block := connection.recv(65_536):
                got += block
        except OSError:
            pass
    lines = [line for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return [int(line.split()[1]) for line in lines]


def test_17_what_a_function_may_read_is_said_plainly() -> None:
    """A function is its author's code and is not fenced in; no page may promise otherwise."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert "Functions are trusted code" in readme
    assert "not against malice" in readme


def test_all_seventeen_are_here() -> None:
    names = [name for name in globals() if name.startswith("test_") and name[5:7].isdecimal()]
    assert sorted(int(name[5:7]) for name in names) == list(range(1, 18))
