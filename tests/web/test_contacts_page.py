"""How people on call are reached, by the forms of a page: everybody's, or one's own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

import billow
from billow.clock import VirtualClock
from billow.home import Home
from billow.ops.pager.roster import Roster
from billow.testing import memory_home
from billow.web.server import make_app
from tests.web.people import HTML, Town, form_in

pytestmark = pytest.mark.anyio

ROTA = billow.Rota("web", people=["anna@example.org", "ben"])
PLACE = "/oncall/contacts"


@pytest.fixture
def home(clock: VirtualClock) -> Home:
    return memory_home(None, clock)


def declared(*, plans: bool) -> billow.App:
    app = billow.App("shop")
    app.oncall(billow.Page(ROTA))
    if plans:
        app.plans(billow.Plan("free"))
    return app


@pytest.fixture
async def client(home: Home) -> AsyncIterator[httpx.AsyncClient]:
    """A browser where there are no accounts."""
    made = make_app(home, declared(plans=False))
    transport = httpx.ASGITransport(made, raise_app_exceptions=True)
    base = "http://127.0.0.1"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=HTML) as browser:
        yield browser
    made.state.context.close()


async def press(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await client.post(PLACE, data=fields)


async def test_a_contact_from_its_adding_to_its_end(
    client: httpx.AsyncClient, home: Home, clock: VirtualClock
) -> None:
    roster = Roster(home)
    page = (await client.get(PLACE)).text
    assert "anna@example.org, ben cannot be reached" in page
    told = await press(
        client, do="add", person="ben", kind="mail", address="ben@example.org", wait="3 min"
    )
    assert told.headers["location"] == f"{PLACE}?told=saved"
    [made] = roster.contacts()
    assert (made.person, made.wait, made.verified) == ("ben", 180.0, None)
    assert "waits for its code" in (await client.get(PLACE)).text
    [code] = home.incidents.look(lambda books: books.notices.find(kind="code"))
    assert code.contact == made.id
    clock.advance(1)
    await press(client, do="code", id=made.id)
    assert len(home.incidents.look(lambda books: books.notices.find(kind="code"))) == 2
    wrong = await press(client, do="verify", id=made.id, code="000000")
    assert wrong.status_code == 422
    assert "not the code" in wrong.text
    await press(client, do="verify", id=made.id, code=roster.code(made.id))
    assert roster.contact(made.id).verified is not None
    page = (await client.get(PLACE)).text
    assert "verified" in page
    assert "anna@example.org cannot be reached" in page
    await press(client, do="remove", id=made.id)
    assert roster.contacts() == []


async def test_whoever_runs_it_vouches_and_the_secret_of_a_webhook_is_shown_once(
    client: httpx.AsyncClient, home: Home
) -> None:
    told = await press(client, do="add", person="*", kind="webhook", address="https://x.example/a")
    [made] = Roster(home).contacts()
    assert made.secret
    assert made.secret in told.text
    page = (await client.get(PLACE)).text
    assert made.secret not in page
    assert "https://x.example/a" not in page  # such an address may be a secret
    await press(client, do="vouch", id=made.id)
    assert Roster(home).contact(made.id).verified is not None


async def test_the_page_is_found_from_on_call(client: httpx.AsyncClient) -> None:
    assert f'href="{PLACE}"' in (await client.get("/oncall")).text


async def test_a_contact_is_switched_off_and_on(client: httpx.AsyncClient, home: Home) -> None:
    roster = Roster(home)
    id_ = roster.add_contact("ben", "mail", "ben@example.org", vouched=True).id
    assert "ben cannot be reached" not in (await client.get(PLACE)).text
    await press(client, do="off", id=id_)
    assert roster.contact(id_).disabled == "switched off by console"
    page = (await client.get(PLACE)).text
    assert "switched off by console" in page
    assert "ben cannot be reached" in page
    await press(client, do="verify", id=id_, code=roster.code(id_))
    assert roster.contact(id_).disabled  # knowing the code is not wanting to be paged
    told = (await client.get("/oncall")).text
    assert "ben (their contacts are switched off) cannot be paged" in told
    await press(client, do="on", id=id_)
    assert roster.contact(id_).disabled == ""
    assert "cannot be paged" not in (await client.get("/oncall")).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"do": "add", "person": "eve", "kind": "mail", "address": "a@b.example"}, "of a rota"),
        ({"do": "add", "person": "ben", "kind": "mail", "address": "no address"}, "address"),
        ({"do": "add", "person": "ben", "kind": "fax", "address": "1"}, "a contact is one of"),
        ({"do": "remove", "id": "nobody"}, "there is no contact"),
        ({"do": "dance", "id": "nobody"}, "there is no contact"),
    ],
)
async def test_what_cannot_be_is_told_on_the_page(
    client: httpx.AsyncClient, home: Home, fields: dict[str, str], words: str
) -> None:
    told = await press(client, **fields)
    assert told.status_code in (404, 422)
    assert words in told.text
    if fields["do"] == "add":
        assert f'value="{fields["address"]}"' in told.text
    assert Roster(home).contacts() == []


async def test_people_change_their_own_by_their_verified_address_and_nobody_elses(
    home: Home,
) -> None:
    town = Town(home, declared(plans=True))
    roster = Roster(home)
    theirs = roster.add_contact("ben", "mail", "ben@example.org", vouched=True)
    anna, carl = town.person("anna"), town.person("carl")
    async with town.client(anna, **HTML) as browser:
        assert f'href="{PLACE}"' in (await browser.get("/account")).text
        page = (await browser.get(PLACE)).text
        assert re.search(rf'<a href="{PLACE}"[^>]*aria-current="page"', page)
        assert "ben@example.org" not in page
        assert "Vouch" not in page
        made = form_in(page, PLACE)
        fields = {"do": "add", "kind": "mail", "address": "anna@home.example"}
        await browser.post(made, data={**fields, "person": "anna@example.org"})
        refused = await browser.post(made, data={**fields, "person": "ben"})
        assert refused.status_code == 422
        for do in ("remove", "vouch", "code", "off"):
            told = await browser.post(made, data={"do": do, "id": theirs.id})
            assert told.status_code == 404
        [own] = [one for one in roster.contacts() if one.person == "anna@example.org"]
        told = await browser.post(made, data={"do": "vouch", "id": own.id})
        assert told.status_code == 422
        assert roster.contact(own.id).verified is None
        await browser.post(made, data={"do": "verify", "id": own.id, "code": roster.code(own.id)})
        assert roster.contact(own.id).verified is not None
    assert len(roster.contacts()) == 2
    async with town.client(carl, **HTML) as browser:
        assert PLACE not in (await browser.get("/account")).text
        told = await browser.get(PLACE)
        assert told.status_code == 404
        assert re.search("on no rota", told.text)
    town.context.close()
