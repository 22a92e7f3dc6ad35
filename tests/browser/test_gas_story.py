"""The whole story of GAS in a browser: sign up, annotate, be archived, pay, have it back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.demos import Demo, log_in, started

GAS = Path(__file__).parents[2] / "apps" / "gas"
PASSWORD = "correct horse battery"
EMAIL = "anna@example.org"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def gas(tmp_path: Path) -> Iterator[Demo]:
    with started(GAS, tmp_path, "--speed", "150") as demo:
        yield demo


def letter(boss: Page, url: str, subject: str) -> None:
    """Open the latest mail that has `subject`, as soon as it has come."""
    boss.goto(f"{url}/inbox")
    boss.get_by_role("link", name=re.compile(subject)).first.click()


def look_until(page: Page, url: str, shown: Locator) -> None:
    """Load a page again until it shows something."""
    deadline = time.monotonic() + 30
    page.goto(url)
    while not shown.is_visible():
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.wait_for_timeout(300)
        page.reload()


def test_from_sign_up_to_a_restored_result(chromium: Browser, page: Page, gas: Demo) -> None:
    office = chromium.new_context()
    boss = office.new_page()
    log_in(boss, gas.url, gas.admin, gas.password)
    page.goto(f"{gas.url}/signup")
    page.get_by_label("Name").fill("Anna")
    page.get_by_label("Email address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("A mail is on its way")).to_be_visible()
    letter(boss, gas.url, "[Cc]onfirm")
    link = re.search(r"http://\S+/verify\?code=[\w.~-]+", boss.content())
    assert link is not None
    page.goto(link[0])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("link", name="Send work").click()
    page.get_by_label("Choose files").set_input_files(GAS / "samples" / "human_mt.vcf")
    page.get_by_role("button", name="Upload and run").click()
    page.wait_for_url(re.compile(r"/jobs/\w{26}$"))
    job = page.url
    annotated = page.get_by_role("link", name=re.compile(r"annot\.vcf")).first
    with page.expect_download() as first:
        annotated.click()
    before = first.value.path().read_bytes()
    assert b"CSQ=" in before
    letter(boss, gas.url, "Results available")
    look_until(page, job, page.get_by_text("archived").first)
    page.goto(f"{gas.url}/plan")
    page.get_by_role("button", name="Upgrade to Premium").click()
    page.locator("input[name=card]").fill("4242 4242 4242 4242")
    page.locator("form button").first.click()
    expect(page.get_by_text("your plan is Premium now")).to_be_visible()
    look_until(page, job, annotated)
    with page.expect_download() as second:
        annotated.click()
    assert second.value.path().read_bytes() == before
    office.close()
