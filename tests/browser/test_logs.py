"""The page of all lines in a real browser: live, held, narrowed."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from billow.ports.logs import Line
from tests.browser.conftest import Service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_new_lines_appear_and_a_bar_narrows(page: Page, seeded: Service) -> None:
    page.goto(f"{seeded.url}/logs?range=15m&process=lighthouse")
    expect(page.get_by_text("No line matches in this time.").first).to_be_visible()
    seeded.home.logs.write([Line(time.time(), 40, "lighthouse", "x", "ship ahoy")])
    lines = page.get_by_role("log", name="Lines")
    expect(lines).to_contain_text("ship ahoy")
    page.get_by_role("link", name="1 line, 0 warnings, 1 error").click()
    expect(page.get_by_role("link", name="Go on live")).to_be_visible()
    seeded.home.logs.write([Line(time.time() + 100, 40, "lighthouse", "x", "too late")])
    expect(page.get_by_role("log", name="Lines")).to_contain_text("ship ahoy")
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url(f"{seeded.url}/logs")


def test_a_job_says_what_it_does_while_it_is_watched(page: Page, seeded: Service) -> None:
    job = seeded.home.ledger.find(limit=1).jobs[0].id
    page.goto(f"{seeded.url}/jobs/{job}")
    seeded.home.logs.write([Line(time.time(), 20, "top_words-1", "stdout", "half way", job)])
    expect(page.get_by_role("log", name="What it said")).to_contain_text("half way")
