"""The console in a real browser: it renders, lives, and can be used by everyone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from billow.job import Status
from billow.ports.ledger import Completed
from tests.browser.conftest import Service
from tests.browser.waits import NOT_WIDER, comes_true

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PAGES = [
    "/?range=5m",
    "/jobs",
    "/jobs?status=failed",
    "JOB completed",
    "JOB failed",
    "JOB running",
    "/fleet",
    "/charts?range=30m",
    "/charts?board=host&range=30m",
    "/alarms",
    "/dead",
    "/data",
    "/data/queues/wordfreq-results",
    "/data/tables/wordfreq",
    "/data/stores/wordfreq-processing",
    "/logs",
    "/logs?text=broke&level=error",
    "/functions",
    "/functions/top_words",
    "/functions/square",
]
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}


def address(service: Service, page: str) -> str:
    """`JOB <status>` is the page of a job in that state."""
    if page.startswith("JOB "):
        jobs = service.home.ledger.find(status=Status(page[4:]), function="top_words", limit=1).jobs
        page = f"/jobs/{jobs[0].id}"
    return service.url + page


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complains of; the test fails if there is anything."""
    heard: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            heard.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield heard
    assert heard == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders(
    page: Page, seeded: Service, complaints: list[str], path: str, size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address(seeded, path))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    comes_true(page, NOT_WIDER)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(chromium: Browser, seeded: Service, scheme: Any) -> None:
    context = chromium.new_context(color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    found = []
    for path in PAGES:
        page.goto(address(seeded, path))
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                where = [node["html"][:160] for node in violation["nodes"][:3]]
                found.append((path, violation["id"], where))
    context.close()
    assert found == []


def test_upload_watch_and_open_the_result(
    page: Page, working: Service, complaints: list[str], tmp_path: Path
) -> None:
    text = tmp_path / "poem.txt"
    text.write_text("the sea the sea the ship")
    page.goto(working.url)
    page.get_by_role("link", name="Send work").click()
    page.get_by_role("link", name="top_words").click()
    page.get_by_label("Choose files").set_input_files(text)
    page.get_by_role("button", name="Upload and run").click()
    page.wait_for_url(re.compile(r"/jobs/\w{26}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("poem.txt")
    result = page.locator("#result")
    expect(result).to_be_visible()  # comes by itself, without loading the page again
    expect(result.get_by_role("row", name="the 3")).to_be_visible()
    expect(page.locator(".title-row")).to_contain_text("Completed")
    with page.expect_download() as download:
        result.get_by_role("link", name="JSON").click()
    assert json.loads(Path(download.value.path()).read_text())["distinct"] == 3
    page.get_by_role("button", name="Run again").click()
    expect(page.locator("#result")).to_be_visible()
    assert len(working.home.ledger.find().jobs) == 2


def test_several_files_each_show_how_they_fare(
    page: Page, working: Service, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("a.txt", "b.txt", "c.pdf")]
    for file in files:
        file.write_text("words")
    page.goto(f"{working.url}/functions/top_words")
    page.get_by_label("Choose files").set_input_files(files)
    page.get_by_role("button", name="Upload and run").click()
    rows = page.locator("#uploads li")
    expect(rows.nth(0)).to_contain_text("accepted")
    expect(rows.nth(1)).to_contain_text("accepted")
    expect(rows.nth(2)).to_contain_text("'c.pdf' is not accepted")
    rows.nth(1).get_by_role("link", name="b.txt").click()
    expect(page.locator("#result")).to_be_visible()


def test_main_path_without_a_script(chromium: Browser, working: Service, tmp_path: Path) -> None:
    text = tmp_path / "poem.txt"
    text.write_text("to be or not to be")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(working.url)
    page.get_by_role("link", name="Send work").click()
    page.get_by_role("link", name="top_words").click()
    page.get_by_text("Arguments").click()
    page.get_by_label("top", exact=True).fill("1")
    page.get_by_label("Choose files").set_input_files(text)
    page.get_by_role("button", name="Upload and run").click()
    page.wait_for_url(re.compile(r"/jobs/\w{26}$"))
    for _ in range(50):
        if page.locator("#result").count():
            break
        page.wait_for_timeout(100)
        page.reload()
    expect(page.get_by_role("row", name="to 2")).to_be_visible()
    page.get_by_role("link", name="Jobs").first.click()
    expect(page.get_by_role("row", name="poem.txt")).to_contain_text("Completed")
    context.close()


def test_dead_letters_are_redriven_by_keyboard(page: Page, seeded: Service) -> None:
    dead = len(seeded.home.ledger.find(dead=True).jobs)
    page.goto(f"{seeded.url}/dead")
    reach(page, page.get_by_role("button", name="Redrive the example only").first)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Sent round again: 1.")).to_be_visible()
    assert len(seeded.home.ledger.find(dead=True).jobs) == dead - 1


def test_jobs_are_ticked_and_cancelled_by_keyboard(page: Page, seeded: Service) -> None:
    page.goto(f"{seeded.url}/jobs?status=pending")
    before = len(seeded.home.ledger.find(status=Status.CANCELLED).jobs)
    reach(page, page.locator("table.jobs tbody input").nth(1))
    page.keyboard.press("Space")
    expect(page.locator("#bulk-count")).to_contain_text("1 of")
    button = page.get_by_role("button", name="Cancel selected")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Cancelled: 1.")).to_be_visible()
    assert len(seeded.home.ledger.find(status=Status.CANCELLED).jobs) == before + 1


def test_a_live_list_keeps_focus_and_ticks(page: Page, seeded: Service) -> None:
    ledger = seeded.home.ledger
    [lease] = ledger.exchange("square", "by-hand", [], 1, 60.0).leases
    page.goto(f"{seeded.url}/jobs?function=square")
    row = page.locator(f"#job-{lease.id}")
    expect(row).to_contain_text("Running")
    box = row.get_by_role("checkbox")
    box.check()
    box.focus()
    done = Completed(lease.seq, lease.token, "4", lease.created, lease.created + 2)
    assert ledger.exchange("square", "by-hand", [done], 0, 60.0).recorded == [True]
    seeded.home.wake.notify("done")
    expect(row).to_contain_text("Completed")
    expect(box).to_be_checked()
    expect(box).to_be_focused()


def test_charts_are_drawn_and_tell_why_it_scaled(page: Page, seeded: Service) -> None:
    page.goto(f"{seeded.url}/?range=30m")
    expect(page.locator("#plot-depth canvas")).to_be_visible()
    mark = page.locator("#plot-workers .mark.out").first
    mark.focus()
    expect(page.locator(".mark-tip")).to_contain_text("42.3 visible on average")
    page.keyboard.press("Tab")
    expect(page.locator(".mark-tip").first).not_to_contain_text("42.3 visible")
    table = page.locator("#chart-depth details")
    table.get_by_text("Show as table").click()
    expect(table.get_by_role("columnheader", name="In flight")).to_be_visible()
    expect(table.get_by_role("row").nth(2)).to_be_visible()


def test_theme_and_help_by_keyboard(page: Page, seeded: Service) -> None:
    page.goto(f"{seeded.url}/fleet")
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog")
    expect(help_).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    page.keyboard.press("t")
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/jobs")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_first_tab_stop_skips_to_the_content(page: Page, seeded: Service) -> None:
    page.goto(f"{seeded.url}/fleet")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def reach(page: Page, wanted: Any) -> None:
    """Press Tab until `wanted` has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("the keyboard does not get there")
