"""Reading a file of a result on a page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import billow
from billow.clock import VirtualClock
from billow.flow.client import Client
from billow.testing import memory_home, run_jobs
from billow.web.pages import viewer
from tests.web.people import HTML, Person, Town

pytestmark = pytest.mark.anyio

app = billow.App("gas")
app.plans(billow.Plan("free"))


@app.function()
def make(text: str, binary: bool = False) -> billow.Outputs:
    """A log."""
    return billow.Outputs({".log": b"\0\1" if binary else text})


@pytest.fixture
def town(clock: VirtualClock) -> Iterator[Town]:
    made = Town(memory_home(app, clock), app)
    yield made
    made.context.close()


async def page(town: Town, who: Person, path: str) -> tuple[int, str]:
    async with town.client(who, **HTML) as client:
        answer = await client.get(path)
    return answer.status_code, answer.text


def made(town: Town, who: Person, text: str, binary: bool = False) -> str:
    """Where a file of theirs is read."""
    args = {"text": text, "binary": binary}
    accepted = Client(town.home, app).submit("make", args, owner=who.owner, name="a.txt")
    run_jobs(town.home, app)
    return f"/jobs/{accepted.id}/files/a.log"


async def test_it_is_shown_as_text_and_nothing_else(town: Town) -> None:
    anna = town.person("anna")
    path = made(town, anna, "<script>alert(1)</script> & é\n")
    status, text = await page(town, anna, path)
    assert status == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; é\n</pre>" in text
    assert "<script>alert" not in text
    assert 'href="/api/v1/' in text
    status, listed = await page(town, anna, path.partition("/files")[0])
    assert f'href="{path}"' in listed


async def test_a_long_one_is_cut_and_says_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "MOST", 1000)
    anna = town.person("anna")
    status, text = await page(town, anna, made(town, anna, "é" * 2000))
    assert status == 200
    assert text.count("é") == 500
    assert "The first 1000 bytes of 3.9 KiB" in text


async def test_what_is_no_text_is_to_be_downloaded(town: Town) -> None:
    anna = town.person("anna")
    status, text = await page(town, anna, made(town, anna, "", binary=True))
    assert status == 422
    assert "is no text; download it" in text


async def test_nobody_reads_anothers(town: Town) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    path = made(town, anna, "secret")
    assert (await page(town, ben, path))[0] == 404
    assert (await page(town, anna, path + "x"))[0] == 404
