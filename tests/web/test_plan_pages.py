"""The plan's page where plans are sold: prices, the way to pay, and the wait for the payment."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import billow
from billow.accounts.admin import OPERATOR
from billow.clock import VirtualClock
from billow.payments.stand_in.books import Books
from billow.payments.stand_in.server import served
from billow.testing import memory_home
from tests.web import people
from tests.web.people import HTML, Town, form_in

pytestmark = pytest.mark.anyio

KEY = "sk_test_0123456789"


@pytest.fixture
def shop(clock: VirtualClock) -> Iterator[tuple[Books, str]]:
    books = Books(clock.now)
    books.add_price("premium", 1200, "eur")
    with served(books, KEY) as url:
        yield books, url


@pytest.fixture
def town(
    clock: VirtualClock, shop: tuple[Books, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    app = billow.App("gas")
    app.plans(billow.Plan("free"), billow.Plan("premium", price="stripe:premium"))
    monkeypatch.setattr(people, "app", app)
    monkeypatch.setenv("BILLOW_STRIPE_KEY", KEY)
    monkeypatch.setenv("BILLOW_STRIPE_WEBHOOK_SECRET", "whsec_test")
    monkeypatch.setenv("BILLOW_STRIPE_API_BASE", shop[1])
    made = Town(memory_home(app, clock))
    yield made
    made.context.close()


async def press(client: httpx.AsyncClient, action: str, **fields: str) -> httpx.Response:
    page = await client.get("/plan")
    return await client.post(form_in(page.text, action), data=fields)


async def test_an_upgrade_leads_to_the_checkout_and_waits_for_the_payment(
    town: Town, shop: tuple[Books, str]
) -> None:
    anna = town.person("anna")
    async with town.client(anna, **HTML) as client:
        page = await client.get("/plan")
        assert "Premium costs 12.00 EUR a month" in page.text
        assert "/plan/billing" not in page.text
        assert f"form-action 'self' {shop[1]};" in page.headers["content-security-policy"]
        assert shop[1] not in (await client.get("/account")).headers["content-security-policy"]
        asked = await press(client, "/plan/upgrade", plan="premium")
        assert asked.status_code == 303
        assert asked.headers["location"].startswith(f"{shop[1]}/pay/")
        async with httpx.AsyncClient() as card:
            paid = await card.post(asked.headers["location"], data={"card": "4242 4242 4242 4242"})
        back = paid.headers["location"]
        assert back == f"{people.BASE}/plan?paid=premium"
        waiting = await client.get(back)
        assert "We are waiting for the payment" in waiting.text
        assert waiting.headers["refresh"] == "2"
        town.service.admin.set_plan(OPERATOR, anna.owner, "premium")
        there = await client.get(back)
        assert "your plan is Premium now" in there.text
        assert "refresh" not in there.headers
        assert "/plan/upgrade" not in there.text
        portal = await press(client, "/plan/billing")
        assert portal.headers["location"].startswith(f"{shop[1]}/portal/")


async def test_paying_twice_and_unknown_plans_are_refused_on_the_page(
    town: Town, shop: tuple[Books, str]
) -> None:
    async with town.client(town.person("anna"), **HTML) as client:
        wrong = await press(client, "/plan/upgrade", plan="gold")
        assert wrong.status_code == 422
        assert "choose a plan that can be paid for" in wrong.text
        page = (await press(client, "/plan/upgrade", plan="premium")).headers["location"]
        async with httpx.AsyncClient() as card:
            await card.post(page, data={"card": "4242 4242 4242 4242"})
        again = await press(client, "/plan/upgrade", plan="premium")
        assert again.status_code == 409
        assert "there is a subscription already" in again.text


async def test_a_form_of_another_session_starts_nothing(town: Town) -> None:
    async with town.client(town.person("anna"), **HTML) as client:
        refused = await client.post("/plan/upgrade?form=other", data={"plan": "premium"})
        assert refused.status_code == 403


async def test_a_price_that_is_not_known_is_not_offered(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_STRIPE_API_BASE", "http://127.0.0.1:1")
    async with town.client(town.person("anna"), **HTML) as client:
        page = await client.get("/plan")
        assert page.status_code == 200
        assert "cannot be told right now" in page.text
        assert "/plan/upgrade" not in page.text


async def test_without_a_key_nothing_is_sold(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLOW_STRIPE_KEY")
    async with town.client(town.person("anna"), **HTML) as client:
        page = await client.get("/plan?paid=premium")
        assert "EUR" not in page.text
        assert "waiting" not in page.text
        assert page.headers["content-security-policy"].count("form-action 'self';") == 1


async def test_a_deleted_account_stops_paying(town: Town) -> None:
    anna = town.person("anna")
    town.service.admin.delete(OPERATOR, anna.owner)
    jobs = town.home.ledger.find(function="billow.payment").jobs
    assert [job.args for job in jobs] == [{"leave": anna.owner}]
