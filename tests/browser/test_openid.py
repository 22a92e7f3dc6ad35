"""Logging in at a provider in a real browser, against a real provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.accounts.site import Site, running_site
from tests.browser.conftest import Service, serve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

TARGET = Path(__file__).with_name("members_app.py")
PERSON = {"sub": "s1", "email": "olga@example.org", "email_verified": True, "name": "Olga"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as found:
        yield found


@pytest.fixture(scope="module")
def service(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in site.settings().items():
            patch.setenv(name, value)
        with serve(tmp_path_factory.mktemp("members"), TARGET) as service:
            yield service


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
def test_the_button_leads_to_an_account_of_ones_own(
    chromium: Browser, service: Service, site: Site, scripts: bool
) -> None:
    redirect = f"{service.url}/login/openid/back"
    site.expect(PERSON, redirect=redirect)
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{service.url}/plan")
    page.get_by_role("link", name="Continue with Example").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My plan: Free")
    page.get_by_role("link", name="Olga").click()
    expect(page.get_by_text("You log in elsewhere")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out")).to_be_visible()
    site.expect(PERSON | {"sub": "s2", "email_verified": False}, redirect=redirect)
    page.get_by_role("link", name="Continue with Example").click()
    expect(page.get_by_role("alert")).to_contain_text("no account here that can be used")
    if scripts:
        assert Axe().run(page).response["violations"] == []
    context.close()
