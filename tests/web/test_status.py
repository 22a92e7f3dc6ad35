"""The public status page."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

import billow
from billow.clock import VirtualClock
from billow.ops.availability.book import AvailabilityBook
from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster
from billow.testing import memory_home
from billow.web.server import make_app

pytestmark = pytest.mark.anyio


def shop(public: bool, plans: bool = True) -> tuple[Starlette, billow.App]:
    app = billow.App("shop")
    app.availability(95, public=public)
    if plans:
        app.plans(billow.Plan("free"))
    home = memory_home(app, VirtualClock())
    book = AvailabilityBook(home, "shop")
    for _ in range(60):
        book.count(True)
        home.clock.sleep(10)
    return make_app(home, app), app


async def get(made: Starlette) -> httpx.Response:
    transport = httpx.ASGITransport(made, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get("/status", headers={"Accept": "text/html"})


async def test_anybody_sees_it_if_the_app_says_so() -> None:
    made, _ = shop(public=True)
    answer = await get(made)
    assert answer.status_code == 200
    assert "shop is well" in answer.text
    assert "100 %" in answer.text
    made.state.context.close()


async def test_nobody_else_sees_it_otherwise() -> None:
    made, _ = shop(public=False)
    assert (await get(made)).status_code == 404
    made.state.context.close()


async def test_it_tells_of_trouble_and_nothing_of_the_inside() -> None:
    made, app = shop(public=True)
    desk = open_desk(made.state.context.home, app)
    facts = {"host": "db-secret"}
    desk.trigger("shop", "disk", "volume /srv/secret is full", "critical", "alarm", facts)
    text = (await get(made)).text
    assert "shop has trouble" in text
    assert "secret" not in text
    desk.trigger("shop", "slow", "a light thing", "warning", "alarm", {})
    desk.close(1, "ana")
    assert "shop is well" in (await get(made)).text
    made.state.context.close()


async def test_maintenance_is_shown_if_it_is_of_the_whole_service() -> None:
    made, _ = shop(public=True)
    home = made.state.context.home
    now = home.clock.now()
    Roster(home).add_mute("maintenance", {"service": "db"}, now, now + 60, "secret", "ana")
    assert "shop is well" in (await get(made)).text
    Roster(home).add_mute("maintenance", {}, now, now + 60, "secret", "ana")
    text = (await get(made)).text
    assert "shop is in maintenance" in text
    assert "secret" not in text
    made.state.context.close()


async def test_an_app_that_promises_nothing_has_none() -> None:
    app = billow.App("shop")
    made = make_app(memory_home(app), app)
    assert (await get(made)).status_code == 404
    made.state.context.close()
