"""The whole story of FakeFlickr in a browser: from signing up to deleting a photo."""

from __future__ import annotations

import base64
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.apps.flickr_town import FLICKR, jpeg
from tests.browser.demos import Demo, log_in, started
from tests.browser.test_gas_story import letter
from tests.browser.waits import comes_true

PASSWORD = "correct horse battery"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

#: Drops files onto an element, as if they came from a folder.
DROP = """(drop, files) => {
  const data = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    data.items.add(new File([bytes], name, {type: "image/jpeg"}));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    drop.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
  }
}"""


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Pictures are made while the pages wait: a machine that is busy takes its time."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def flickr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("flickr")
    with started(FLICKR, folder, "--count", "1", PKEEP_PORT="0") as demo:
        with urllib.request.urlopen(f"{demo.url}/login", timeout=60) as answer:
            assert answer.status == 200  # what is said to be up answers
        yield demo


def is_painted(page: Page, name: str) -> None:
    """Wait until the picture called `name` is there."""
    picture = page.get_by_role("img", name=name).first
    expect(picture).to_be_visible()
    comes_true(
        page,
        "picture => picture.complete && picture.naturalWidth > 0",
        picture.element_handle(),
    )


def comes_in(page: Page, url: str, name: str) -> None:
    """Look again and again until one of the demo's photos is on a page."""
    deadline = time.monotonic() + 60
    while True:
        page.goto(url)
        if page.get_by_role("img", name=name).count():
            return
        assert time.monotonic() < deadline, f"{name} does not come"
        time.sleep(0.2)


def are_warm(flickr: Demo, photos: int) -> None:
    """Wait until the latest photos' pictures for the stream are there, though nobody has looked."""
    deadline = time.monotonic() + 60
    made = flickr.folder / "cache" / "photos"
    while True:
        latest = sorted(made.glob("*/*"), key=lambda place: int(place.name))[-photos:]
        if all(any(place.glob("image.480.*.avif")) for place in latest):
            return
        assert time.monotonic() < deadline, "nothing was made ahead"
        time.sleep(0.1)


def sound(page: Page) -> None:
    """Nobody is kept out by how the page is made."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_from_sign_up_to_delete(chromium: Browser, page: Page, flickr: Demo) -> None:
    office, stranger = chromium.new_context(), chromium.new_context()
    boss = office.new_page()
    log_in(boss, flickr.url, flickr.admin, flickr.password)
    page.goto(f"{flickr.url}/signup")
    page.get_by_label("Name").fill("Zoe Zander")
    page.get_by_label("Email address").fill("zoe@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("A mail is on its way")).to_be_visible()
    letter(boss, flickr.url, "[Cc]onfirm")
    link = re.search(r"http://\S+/verify\?code=[\w.~-]+", boss.content())
    assert link is not None
    page.goto(link[0])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()

    page.get_by_role("link", name="Upload", exact=True).click()
    page.get_by_label("Only me").check()
    page.get_by_label("Tags for all").fill("zebra, zoo")
    files = [
        [name, base64.b64encode(jpeg(colour, (900, 600), format=format_)).decode()]
        for name, colour, format_ in (
            ("first.jpg", (180, 30, 30), "JPEG"),
            ("second.heic", (30, 30, 180), "HEIF"),
        )
    ]
    page.locator("#drop").evaluate(DROP, files)
    expect(page.get_by_role("link", name="Uploaded: say more about it")).to_have_count(2)
    sound(page)
    are_warm(flickr, photos=2)
    page.locator("#drop").evaluate(DROP, files[:1])
    expect(page.get_by_role("link", name="You have this photo already")).to_be_visible()

    page.get_by_role("link", name="See my photos").click()
    expect(page.get_by_role("heading", name="Zoe Zander")).to_be_visible()
    expect(page.locator(".grid li")).to_have_count(2)
    is_painted(page, "Photo by Zoe Zander")
    sound(page)
    page.locator(".grid a").last.click()
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(
        re.compile(r"first\.jpg|second\.heic")
    )  # they were sent side by side
    older = title.inner_text()
    page.wait_for_load_state()  # the keys are a script's
    page.keyboard.press("ArrowLeft")
    expect(title).to_have_text("second.heic" if older == "first.jpg" else "first.jpg")
    page.wait_for_load_state()
    page.keyboard.press("ArrowRight")
    expect(title).to_have_text(older)
    photo = page.url

    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Turn right").click()
    page.get_by_label("Caption").fill("A red field")
    page.get_by_label("A line on the picture").fill("(C) Zoe")
    sound(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="A red field")).to_be_visible()
    is_painted(page, "A red field")
    high = "picture => picture.naturalHeight > picture.naturalWidth"
    assert page.get_by_role("img", name="A red field").first.evaluate(high)
    sound(page)

    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    shared = page.locator("#link").input_value()
    sound(page)
    friend = stranger.new_page()
    assert friend.goto(photo).status == 404  # type: ignore[union-attr]
    friend.goto(shared)
    expect(friend.get_by_role("heading", name="A red field")).to_be_visible()
    is_painted(friend, "A red field")
    page.get_by_role("button", name="End the link").click()
    expect(page.get_by_text("Links there are")).to_have_count(0)
    assert friend.goto(photo).status == 404  # type: ignore[union-attr]

    page.goto(f"{photo}/edit")
    page.get_by_label("Title of a new album").fill("Fields")
    page.get_by_role("button", name="Put it in").click()
    expect(page.get_by_role("heading", name="Fields")).to_be_visible()
    is_painted(page, "A red field")
    page.get_by_role("link", name="Edit").click()
    page.locator(".choices input").first.check()
    page.get_by_role("button", name="Put them in").click()
    page.get_by_role("button", name="Later: A red field").click()
    expect(page.locator(".queue li").last).to_contain_text("A red field")
    sound(page)
    page.get_by_role("link", name="Back to the album").click()
    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    friend.goto(page.locator("#link").input_value())
    expect(friend.locator(".grid li")).to_have_count(2)
    is_painted(friend, "A red field")

    page.goto(f"{photo}/edit")
    page.get_by_text("Delete this photo").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.locator(".grid li")).to_have_count(1)
    office.close()
    stranger.close()


@pytest.mark.parametrize(("scheme", "width"), [("dark", 390), ("light", 1440)])
def test_pages_are_sound_without_a_script(
    chromium: Browser, flickr: Demo, scheme: str, width: int
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    comes_in(page, flickr.url, "Two wings")
    is_painted(page, "Two wings")
    for path in ("/", "/people", "/people/ada-byrne", "/tags", "/photos/1", "/login", "/nothing"):
        page.goto(f"{flickr.url}{path}")
        fits(page, width)
    page.goto(f"{flickr.url}/people/ada-byrne")
    page.get_by_role("link", name="Looked at twice").click()
    is_painted(page, "Falcon 9 lifts off")
    fits(page, width)
    log_in(page, flickr.url, "ada@example.org", "look at these photos")
    page.goto(f"{flickr.url}/albums")
    fits(page, width)
    page.get_by_role("link", name="Looked at twice").click()
    for name in ("Edit", "Share"):
        page.get_by_role("link", name=name).click()
        fits(page, width)
        page.get_by_role("link", name="Back to the album").click()
    context.close()


def fits(page: Page, width: int) -> None:
    """A page keeps nobody out, and is not wider than the window."""
    sound(page)
    comes_true(page, f"document.documentElement.scrollWidth <= {width}")


def test_uploading_works_without_a_script(chromium: Browser, flickr: Demo, tmp_path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, flickr.url, "ada@example.org", "look at these photos")
    files = [tmp_path / "one.jpg", tmp_path / "two.jpg", tmp_path / "three.jpg"]
    for number, file in enumerate(files):
        file.write_bytes(jpeg((10, 90 * number, 10)))
    files[2].write_bytes(b"nothing to see")
    page.goto(f"{flickr.url}/upload")
    page.locator("#files").set_input_files(files)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("link", name="Uploaded: say more about it")).to_have_count(2)
    expect(page.get_by_text("no picture")).to_be_visible()
    context.close()
