"""Incidents and on call in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster
from tests.browser.conftest import Service, serve
from tests.browser.oncall_app import app
from tests.browser.oncall_seed import seed
from tests.browser.waits import NOT_WIDER, comes_true

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

#: Milliseconds for what comes by itself.
PATIENCE = 30_000
APP = Path(__file__).parent / "oncall_app.py"
PAGES = ["/incidents", "/incidents/1", "/oncall", "/oncall/contacts", "/status"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("shop")
    seed(folder)
    with serve(folder, APP) as service:
        yield service


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_render_everywhere_and_have_no_barrier(
    chromium: Browser, shop: Service, scheme: Any
) -> None:
    context = chromium.new_context(color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    found = []
    for path in PAGES if scheme == "light" else PAGES[1:4]:
        page.goto(shop.url + path)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                where = [node["html"][:200] for node in violation["nodes"][:3]]
                found.append((path, violation["id"], where))
        page.set_viewport_size({"width": 390, "height": 844})
        # Charts are drawn anew when the window has changed.
        comes_true(page, NOT_WIDER)
        page.set_viewport_size({"width": 1440, "height": 900})
    context.close()
    assert found == []


def test_an_incident_is_answered_without_a_script(chromium: Browser, shop: Service) -> None:
    desk = open_desk(shop.home, app)
    desk.trigger("shop", "new", "Something new", "error", "test", {})
    number = desk.open()[-1].number
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shop.url}/incidents")
    page.get_by_role("link", name="Something new").click()
    page.locator("#as").select_option("ben")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert desk.get(number).acked_by == "ben"
    page.get_by_label("Note").fill("it was the cache")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator(".timeline")).to_contain_text("it was the cache")
    page.get_by_label("Snooze for").fill("2 h")
    page.get_by_role("button", name="Snooze").click()
    assert desk.get(number).snoozed is not None
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert desk.get(number).state == "resolved"
    context.close()


def test_an_incident_lives(page: Page, shop: Service) -> None:
    desk = open_desk(shop.home, app)
    page.goto(f"{shop.url}/incidents")
    expect(page.get_by_role("heading", name="Open")).to_be_visible()
    desk.trigger("shop", "live", "It comes by itself", "error", "test", {})
    expect(page.get_by_role("link", name="It comes by itself")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="It comes by itself").click()
    expect(page.locator(".title-row")).to_contain_text("Triggered")
    number = desk.open()[-1].number
    desk.acknowledge(number, "cho")
    expect(page.locator(".title-row")).to_contain_text("Acknowledged", timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("link", name="Summary").click()
    text = Path(download.value.path()).read_text()
    assert text.startswith(f"# Incident {number}: It comes by itself")
    desk.resolve("shop", "live")


def test_the_load_is_drawn_with_what_happened(page: Page, shop: Service) -> None:
    page.goto(f"{shop.url}/incidents/1")
    expect(page.locator("#plot-load-0 canvas")).to_be_visible()
    expect(page.locator("#plot-load-0 .mark").first).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Scaled out")


def test_the_first_screen_says_who_is_on_call_and_what_is_open(page: Page, shop: Service) -> None:
    page.goto(shop.url)
    expect(page.locator(".duty")).to_contain_text("On call")
    expect(page.get_by_role("link", name="incidents open").first).to_be_visible()


def test_a_rota_is_changed_without_a_script(chromium: Browser, shop: Service) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shop.url}/oncall")
    form = page.get_by_role("region", name="Change web for a while")
    form.get_by_label("Who is on call").select_option("cho")
    form.get_by_label("From (Europe/Paris)").fill("2030-01-07T09:00")
    form.get_by_label("To", exact=True).fill("2030-01-08T09:00")
    form.get_by_role("button", name="Change").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    [made] = [c for c in shop.home.incidents.look(lambda b: b.changes.find()) if c.start > 1.89e9]
    assert (made.person, made.end - made.start) == ("cho", 86400.0)
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    context.close()


def test_a_contact_is_added_and_verified_without_a_script(chromium: Browser, shop: Service) -> None:
    roster = Roster(shop.home)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shop.url}/oncall")
    page.get_by_role("link", name="Contacts").click()
    page.get_by_label("Who", exact=True).select_option("ben")
    page.get_by_label("Address", exact=True).fill("no address")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("address")
    page.get_by_label("Address", exact=True).fill("ben@example.org")
    page.get_by_label("Only so long after a page").fill("3 min")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    [made] = roster.contacts()
    page.get_by_label("Code of ben").fill(roster.code(made.id))
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert roster.contact(made.id).verified is not None
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Nobody can be reached yet.")).to_be_visible()
    context.close()
