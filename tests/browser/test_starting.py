"""A browser that comes before the first web server does."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from billow.front.pages import STARTING
from billow.front.pages import page as answer
from billow.service_file import read_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

#: Its web servers do not get ready while there is a file `held`.
APP = """\
import sys
import time
from pathlib import Path

import billow
from billow import site

app = billow.App("late")
app.web(billow.Web(min=1, max=1))
held = Path(__file__).with_name("held")
while sys.argv[0].endswith("web/__main__.py") and held.exists():
    time.sleep(0.05)


@app.page("/", who="anybody")
def front(request: site.Request) -> site.Response:
    return site.HTMLResponse("<!doctype html><html lang=en><title>Late</title><h1>Here I am</h1>")
"""


def test_who_comes_too_early_sees_the_page_as_soon_as_it_is_there(
    page: Page, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(APP)
    held, said = tmp_path / "held", tmp_path / "said.txt"
    held.touch()
    command = [sys.executable, "-m", "billow.cli.main", "up", "--plain", "--port", "0"]
    with said.open("w") as out:
        service = subprocess.Popen([*command, str(tmp_path / "app.py")], stdout=out)
    try:
        deadline = time.monotonic() + 60
        while (told := read_service(tmp_path / ".billow")) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        page.goto(told["url"])
        expect(page.get_by_role("heading", name="Just a moment")).to_be_visible(timeout=30_000)
        assert "is up at" not in said.read_text()
        held.unlink()
        expect(page.get_by_role("heading", name="Here I am")).to_be_visible(timeout=60_000)
        while "is up at" not in said.read_text():
            assert time.monotonic() < deadline + 60
            time.sleep(0.05)
    finally:
        service.terminate()
        assert service.wait(60) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_the_front_are_sound(chromium: Browser, scheme: Literal["light", "dark"]) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    for status, why in ((503, STARTING), (429, "too many requests; go slower")):
        page.set_content(
            answer(status, why, "01m7xg3dapmv98d0933cc81t04", b"text/html", 1)[1].decode()
        )
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    context.close()
