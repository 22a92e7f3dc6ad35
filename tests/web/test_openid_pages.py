"""Logging in at a provider, on the service's own pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from billow.clock import VirtualClock
from billow.errors import SettingError
from billow.testing import memory_home
from tests.accounts.site import Site, running_site
from tests.web.people import HTML, Town, app

pytestmark = pytest.mark.anyio

PERSON = {"sub": "s1", "email": "anna@example.org", "email_verified": True, "name": "Anna"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as found:
        yield found


@pytest.fixture
def town(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    for name, value in site.settings().items():
        monkeypatch.setenv(name, value)
    site.expect(PERSON)
    made = Town(memory_home(app, VirtualClock(time.time())))  # the provider's tokens have it
    yield made
    made.context.close()


def back(location: str) -> str:
    """What the provider sends the browser back to."""
    answer = httpx2.get(location, follow_redirects=False)
    parts = urlsplit(str(answer.headers["location"]))
    assert parts.path == "/login/openid/back"
    return f"{parts.path}?{parts.query}"


async def test_the_button_leads_there_and_back_to_where_one_wanted(town: Town) -> None:
    async with town.client(None, **HTML) as client:
        for page in ("/login?next=/plan", "/signup"):
            assert "Continue with Example" in (await client.get(page)).text
        begun = await client.get("/login/openid?next=/plan")
        assert begun.status_code == 303
        asked = dict(parse_qsl(urlsplit(begun.headers["location"]).query))
        assert asked["code_challenge_method"] == "S256"
        cookie = begun.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        done = await client.get(back(begun.headers["location"]))
        assert (done.status_code, done.headers["location"]) == (303, "/plan")
        shown = await client.get("/account")
        assert "anna@example.org" in shown.text
        assert "You log in elsewhere" in shown.text
        assert "billow-openid" not in client.cookies


async def test_an_answer_to_another_browser_is_not_taken(town: Town) -> None:
    async with town.client(None, **HTML) as eve, town.client(None, **HTML) as anna:
        begun = await eve.get("/login/openid")
        answer = back(begun.headers["location"])
        refused = await anna.get(answer)
        assert refused.status_code == 401
        assert "did not succeed" in refused.text
        assert (await anna.get("/account")).headers["location"].startswith("/login")
        assert (await eve.get(answer)).headers["location"] == "/"


async def test_nobody_is_sent_elsewhere(town: Town) -> None:
    async with town.client(None, **HTML) as client:
        begun = await client.get("/login/openid?next=//evil.example.org/")
        assert (await client.get(back(begun.headers["location"]))).headers["location"] == "/"


async def test_who_is_not_let_in_is_told_on_the_log_in_page(town: Town, site: Site) -> None:
    site.expect(PERSON | {"email_verified": False})
    async with town.client(None, **HTML) as client:
        begun = await client.get("/login/openid")
        refused = await client.get(back(begun.headers["location"]))
        assert refused.status_code == 401
        assert "no account here that can be used" in refused.text
        assert 'name="password"' in refused.text


async def test_beginning_without_end_has_to_wait(town: Town) -> None:
    async with town.client(None, **HTML) as client:
        statuses = [(await client.get("/login/openid")).status_code for _ in range(31)]
    assert statuses == [303] * 30 + [429]


async def test_a_provider_that_is_away_is_told_and_passwords_still_work(
    monkeypatch: pytest.MonkeyPatch, site: Site, clock: VirtualClock
) -> None:
    for name, value in (site.settings() | {"BILLOW_OPENID_ISSUER": "http://127.0.0.1:9"}).items():
        monkeypatch.setenv(name, value)
    away = Town(memory_home(app, clock))
    async with away.client(None, **HTML) as client:
        answer = await client.get("/login/openid")
        assert answer.status_code == 503
        assert "Example cannot be reached" in answer.text
        assert 'name="password"' in answer.text
    away.context.close()


async def test_without_a_provider_there_is_no_button(clock: VirtualClock) -> None:
    plain = Town(memory_home(app, clock))
    async with plain.client(None, **HTML) as client:
        assert "Continue with" not in (await client.get("/login")).text
        assert (await client.get("/login/openid")).status_code == 404
        assert (await client.get("/login/openid/back")).status_code == 404
    plain.context.close()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BILLOW_OPENID_CLIENT_ID", "", "needs openid_client_id"),
        ("BILLOW_OPENID_CLIENT_SECRET", "", "needs openid_client_id"),
        ("BILLOW_OPENID_ISSUER", "http://login.example.org", "reached by https"),
        ("BILLOW_OPENID_ISSUER", "login.example.org", "write https://host"),
    ],
)
def test_half_a_provider_keeps_the_service_from_starting(
    monkeypatch: pytest.MonkeyPatch,
    site: Site,
    clock: VirtualClock,
    name: str,
    value: str,
    told: str,
) -> None:
    for each, text in (site.settings() | {name: value}).items():
        monkeypatch.setenv(each, text)
    with pytest.raises(SettingError, match=told):
        Town(memory_home(app, clock))
