"""The console's Mail pages: what became of mails, letters that were kept, and held ones."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from email.headerregistry import Address

import httpx
import pytest
from starlette.applications import Starlette

import billow
from billow.chores.mail import Post, send
from billow.home import Home
from billow.mail.intent import Manner, mail_job
from billow.mail.records import InboxMailer, Records
from billow.ports.mail import Handover, Letter, Mailer, Verdict

pytestmark = pytest.mark.anyio

BASE = "http://127.0.0.1:8420"
SENDER = Address("GAS", addr_spec="gas@example.org")

app = billow.App("gas")


class Unsure:
    def send(self, letter: Letter) -> Handover:
        return Handover(Verdict.UNSURE, "the conversation broke off")


@pytest.fixture
def declared() -> billow.App:
    return app


@pytest.fixture
async def client(web: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(web, raise_app_exceptions=False)
    headers = {"accept": "text/html"}
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as made:
        yield made


def mailed(home: Home, mailer: Mailer, subject: str, text: str = "", once: bool = False) -> str:
    """The key of a mail after one try."""
    job = mail_job(
        "message",
        about=subject,
        at=home.clock.now(),
        to="ann@example.net",
        subject=subject,
        context={"text": text, "link": "https://gas.test/jobs/1"},
        manner=Manner(once=once),
    )
    send(home, json.loads(job.args), Post(mailer, SENDER))
    return Records(home).latest()[0].key


async def test_without_mail_the_page_says_so(client: httpx.AsyncClient) -> None:
    page = await client.get("/inbox")
    assert page.status_code == 200
    assert "No mail yet" in page.text
    assert 'href="/inbox"' in (await client.get("/")).text


async def test_a_letter_that_was_kept_can_be_read_and_its_link_followed(
    client: httpx.AsyncClient, home: Home
) -> None:
    key = mailed(home, InboxMailer(home), "Ready <b>", "<script>alert(1)</script>")
    page = await client.get("/inbox")
    assert f'href="/inbox/{key}"' in page.text
    assert "Ready &lt;b&gt;" in page.text
    letter = await client.get(f"/inbox/{key}")
    assert '<a href="https://gas.test/jobs/1" rel="' in letter.text
    assert "<script>alert" not in letter.text
    assert "kept here and not sent" in letter.text


async def test_a_held_mail_can_be_sent_again_by_a_person(
    client: httpx.AsyncClient, home: Home
) -> None:
    key = mailed(home, Unsure(), "Careful", once=True)
    assert "Send it again" in (await client.get(f"/inbox/{key}")).text
    sent = await client.post(f"/inbox/{key}")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/inbox/{key}?told=retried&n=1")
    [job] = home.ledger.find(function="billow.mail").jobs
    assert job.args["release"] == Records(home).latest()[0].version


async def test_a_mail_of_another_sites_page_is_not_sent_again(
    client: httpx.AsyncClient, home: Home
) -> None:
    key = mailed(home, Unsure(), "Careful", once=True)
    sent = await client.post(f"/inbox/{key}", headers={"origin": "https://evil.test"})
    assert sent.status_code == 403
    assert home.ledger.find(function="billow.mail").jobs == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_mail_that_does_not_exist_is_not_found(
    client: httpx.AsyncClient, method: str
) -> None:
    assert (await client.request(method, "/inbox/nothing")).status_code == 404


async def test_many_mails_have_pages(client: httpx.AsyncClient, home: Home) -> None:
    for number in range(51):
        mailed(home, InboxMailer(home), f"Number {number:02}")
    first = await client.get("/inbox")
    assert "Number 50" in first.text
    assert "Number 00" not in first.text
    after = first.text.partition("?after=")[2].partition('"')[0]
    assert "Number 00" in (await client.get(f"/inbox?after={after}")).text
