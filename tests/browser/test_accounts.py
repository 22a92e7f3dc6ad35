"""Accounts in a real browser: from sign-up to a sent file, and what administrators see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from billow.accounts import codes
from billow.accounts.admin import OPERATOR
from billow.accounts.opening import open_accounts
from billow.accounts.secret import Secret
from tests.browser.conftest import Service, serve
from tests.browser.members_app import app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TARGET = Path(__file__).with_name("members_app.py")
PASSWORD = "correct horse battery"
STRANGERS = ["/login", "/signup", "/forgot", "/verify?code=x", "/reset?code=x", "/email?code=x"]
MEMBERS = ["/plan", "/account", "/webhooks", "/jobs", "/functions/count"]
ADMINS = ["/admin", "/admin/log", "ONE"]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with accounts, one of them an administrator's."""
    with serve(tmp_path_factory.mktemp("members"), TARGET) as service:
        accounts = open_accounts(service.home, app)
        accounts.admin.create(OPERATOR, "boss@example.org", Secret(PASSWORD), "Boss", "admin")
        accounts.admin.create(OPERATOR, "ben@example.org", Secret(PASSWORD), "Ben")
        yield service


def code(service: Service, kind: str) -> str:
    """The code in the latest mail."""
    jobs = service.home.ledger.find(function="billow.mail").jobs
    context: dict[str, Any] = next(job.args["context"] for job in jobs if job.args["kind"] == kind)
    key = service.home.accounts.key()
    return codes.reveal(key, context["code_kind"], context["code_id"]).reveal()


def log_in(page: Page, service: Service, email: str) -> None:
    page.goto(f"{service.url}/login")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
def test_from_sign_up_to_a_job_of_ones_own(
    chromium: Browser, members: Service, tmp_path: Path, scripts: bool
) -> None:
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    email, text = f"anna{scripts}@example.org".lower(), tmp_path / "poem.txt"
    text.write_text("the sea")
    page.goto(members.url)
    expect(page).to_have_url(re.compile(r"/login\?next="))
    page.get_by_role("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("Name").fill("Anna")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("A mail is on its way")).to_be_visible()
    page.goto(f"{members.url}/verify?code={code(members, 'verify')}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    page.get_by_role("link", name="Send work").click()
    expect(page.get_by_text("up to 150.0 KiB each")).to_be_visible()
    page.get_by_label("Choose files").set_input_files(text)
    page.get_by_role("button", name="Upload and run").click()
    page.wait_for_url(re.compile(r"/jobs/\w{26}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("poem.txt")
    job = page.url
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".title-row")).to_contain_text("Cancelled")
    page.get_by_role("link", name="My plan").click()
    expect(page.get_by_role("row", name=re.compile("^Jobs today 1 20"))).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.goto(job)
    expect(page).to_have_url(re.compile(r"/login\?next="))
    log_in(page, members, "ben@example.org")
    page.goto(job)
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    context.close()


def test_an_administrator_disables_somebody(page: Page, members: Service) -> None:
    open_accounts(members.home, app).admin.create(OPERATOR, "eve@example.org")
    log_in(page, members, "boss@example.org")
    page.get_by_role("link", name="Accounts").click()
    page.get_by_role("link", name="eve@example.org").click()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
    page.get_by_role("link", name="What was done to it").click()
    expect(page.get_by_role("cell", name="disabled an account")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_barrier_or_is_too_wide(
    chromium: Browser, members: Service, scheme: Any
) -> None:
    context = chromium.new_context(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    boss = open_accounts(members.home, app).admin.find(OPERATOR, "boss@example.org").id
    found: list[tuple[str, str, list[str]]] = []
    for email, paths in (
        ("", STRANGERS),
        ("ben@example.org", MEMBERS),
        ("boss@example.org", ADMINS),
    ):
        context.clear_cookies()
        if email:
            log_in(page, members, email)
        for path in paths:
            page.goto(members.url + path.replace("ONE", f"/admin/{boss}"))
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            if page.evaluate(wider) > 0:
                found.append((path, "too wide", []))
            for violation in Axe().run(page).response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    where = [node["html"][:160] for node in violation["nodes"][:3]]
                    found.append((path, violation["id"], where))
    context.close()
    assert found == []
