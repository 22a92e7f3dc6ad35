"""The life of GAS's result as its owner sees it: read, archived, being restored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from billow.accounts.admin import OPERATOR
from billow.accounts.opening import open_accounts
from billow.accounts.secret import Secret
from billow.flow.client import connect
from billow.job import Job
from billow.loading import load_app
from billow.ports.cold import Tier
from billow.testing import run_jobs
from tests.browser.conftest import Service, serve
from tests.browser.waits import NOT_WIDER, comes_true

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

GAS = Path(__file__).parents[2] / "apps" / "gas"
PASSWORD = "correct horse battery"
ANNOTATED, LOG = "human_mt.annot.vcf", "human_mt.vcf.count.log"


@pytest.fixture(scope="module")
def gas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serve(tmp_path_factory.mktemp("gas"), GAS) as service:
        yield service


@pytest.fixture(scope="module")
def job(gas: Service) -> Job:
    """A job of Anna's that is done."""
    app = load_app(GAS)
    anna = open_accounts(gas.home, app).admin.create(
        OPERATOR, "anna@example.org", Secret(PASSWORD), "Anna"
    )
    assert gas.home.folder is not None
    client = connect(app, gas.home.folder)
    asked = client.send_file("annotate", GAS / "samples" / "human_mt.vcf", owner=anna.id)
    run_jobs(client.home, app)
    return client.job(asked.id)


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("Email address").fill("anna@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def serious(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_a_result_is_read_archived_and_being_restored(
    chromium: Browser, gas: Service, job: Job, width: int
) -> None:
    scheme: Any = "dark" if width < 500 else "light"
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, java_script_enabled=width > 500,
        color_scheme=scheme,
    )  # fmt: skip
    page = context.new_page()
    log_in(page, gas.url)
    page.goto(f"{gas.url}/jobs/{job.id}")
    expect(page.get_by_role("heading", name="Consequences")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("missense 172"))).to_be_visible()
    assert width < 500 or serious(page) == []
    page.get_by_role("link", name=f"Read {LOG}").click()
    expect(page.get_by_role("log")).to_contain_text("In CDS 279")
    assert width < 500 or serious(page) == []
    page.go_back()
    bring_back = _archive(gas, job)
    page.reload()
    files = page.get_by_role("list", name="Files").get_by_role("listitem")
    expect(files.first).to_have_text(re.compile(rf"{ANNOTATED} .*, archived$"))
    expect(page.get_by_role("link", name=ANNOTATED)).to_have_count(0)
    for file in job.files.values():
        gas.home.cold.ask(file.store, file.key, Tier.EXPEDITED)
    page.reload()
    expect(files.first).to_have_text(re.compile(r", being restored, about [23] min"))
    expect(page.get_by_role("link", name=ANNOTATED)).to_have_count(0)
    comes_true(page, NOT_WIDER)
    bring_back()
    page.reload()
    expect(page.get_by_role("link", name=ANNOTATED).first).to_be_visible()
    context.close()


def _archive(gas: Service, job: Job) -> Any:
    """Move a job's files to the cold tier; gives what brings them back."""
    home = gas.home
    held = []
    for file in job.files.values():
        info = home.objects.head(file.store, file.key)
        assert info is not None
        data = b"".join(home.objects.read(file.store, file.key))
        frozen = home.cold.put(info, [data])
        home.objects.delete(file.store, file.key)
        held.append((info, data, frozen.claim))

    def bring_back() -> None:
        for info, data, claim in held:
            home.objects.put(info.store, [data], key=info.key, name=info.name, owner=info.owner)
            home.cold.delete(info.store, info.key, claim)

    return bring_back
