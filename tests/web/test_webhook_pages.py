"""Webhooks of one's own, by the forms of a page."""

from __future__ import annotations

import re

import httpx
import pytest

from billow.flow.breakers import Breakers
from billow.flow.receivers import name_of
from billow.webhooks.endpoints import Webhooks
from billow.webhooks.post import Answer
from tests.web.people import HTML, Town, form_in

pytestmark = pytest.mark.anyio

URL = "https://hooks.example.org/gas"


def secret_in(page: str) -> str:
    found = re.search(r'id="secret">([^<]+)<', page)
    return found[1] if found else ""


async def press(client: httpx.AsyncClient, id: str, do: str) -> httpx.Response:
    page = (await client.get("/webhooks")).text
    return await client.post(form_in(page, f"/webhooks/{id}"), data={"do": do})


async def test_an_endpoint_from_its_making_to_its_end(town: Town) -> None:
    anna = town.person("anna")
    hooks = Webhooks(town.home)
    async with town.client(anna, **HTML) as client:
        assert "/webhooks" in (await client.get("/account")).text
        page = (await client.get("/webhooks")).text
        made = await client.post(
            form_in(page, "/webhooks"), data={"url": URL, "types": "job.completed, plan"}
        )
        [hook] = hooks.all(anna.owner)
        assert (hook.url, hook.types) == (URL, ("job.completed", "plan"))
        assert secret_in(made.text) == hooks.secrets(hook)[0]
        assert not secret_in((await client.get("/webhooks")).text)
        tested = await press(client, hook.id, "test")
        assert tested.headers["location"] == "/webhooks?told=tested"
        [job] = town.home.ledger.find(function="billow.webhook").jobs
        assert job.args["endpoint"] == hook.id
        hooks.note(hook, "m1", "webhook.test", Answer(503, "it says 503 <b>", 0.25))
        page = (await client.get("/webhooks")).text
        assert "it says 503 &lt;b&gt;" in page
        rotated = await press(client, hook.id, "secret")
        assert secret_in(rotated.text) == hooks.secrets(hooks.get(anna.owner, hook.id))[0]
        assert "The secret before counts for a day too" in rotated.text
        await press(client, hook.id, "off")
        assert not hooks.get(anna.owner, hook.id).enabled
        await press(client, hook.id, "on")
        assert hooks.get(anna.owner, hook.id).enabled
        assert (await press(client, hook.id, "else")).status_code == 422
        await press(client, hook.id, "remove")
        assert hooks.all(anna.owner) == []


async def test_an_endpoint_that_takes_nothing_says_so_to_its_owner(town: Town) -> None:
    anna = town.person("anna")
    hooks = Webhooks(town.home)
    dead, _ = hooks.add(anna.owner, URL), hooks.add(anna.owner, f"{URL}2")
    Breakers(town.home).open(name_of("hooks.example.org", dead.id), "answered 503")
    async with town.client(anna, **HTML) as client:
        page = (await client.get("/webhooks")).text
    assert page.count("Its server has taken nothing since") == 1
    assert "answered 503. Messages wait" in page


@pytest.mark.parametrize(("url", "types"), [("http://10.0.0.1/", ""), (URL, "no type!")])
async def test_what_cannot_be_is_told_and_kept_in_the_form(
    town: Town, url: str, types: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BILLOW_WEBHOOKS_LOCAL", raising=False)
    anna = town.person("anna")
    async with town.client(anna, **HTML) as client:
        page = (await client.get("/webhooks")).text
        refused = await client.post(form_in(page, "/webhooks"), data={"url": url, "types": types})
        assert refused.status_code in (400, 403, 422)
        assert 'role="alert"' in refused.text
        assert f'value="{url}"' in refused.text
    assert Webhooks(town.home).all(anna.owner) == []


async def test_nobody_touches_anothers(town: Town) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    hook = Webhooks(town.home).add(anna.owner, URL)
    async with town.client(ben, **HTML) as client:
        assert URL not in (await client.get("/webhooks")).text
        for do in ("test", "secret", "off", "remove"):
            path = f"/webhooks/{hook.id}?form={ben.form}"
            answer = await client.post(path, data={"do": do})
            assert answer.status_code == 404, do
    assert Webhooks(town.home).all(anna.owner) == [hook]
