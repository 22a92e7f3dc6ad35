"""The pool with real children: what it makes, and what becomes of what cannot be made."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from billow.errors import BadInput, Error, NotFound, Unavailable
from billow.loading import load_app
from billow.renditions import asking
from billow.renditions.client import RenderClient
from billow.renditions.errors import Broken, Busy, Crashed, Gone, Unrenderable
from billow.renditions.wire import SOCKET
from tests.renditions.studio import Studio, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


async def failure(client: RenderClient, studio: Studio, text: str) -> Error:
    name = "hasty" if text == "hang" else "image"
    with pytest.raises(Error) as raised:
        await client.render(studio.wanted(studio.add(text), name=name), 60)
    return raised.value


async def test_what_is_asked_for_is_made_once(studio: Studio) -> None:
    held = studio.hold()
    wanted = studio.wanted(studio.add("wait"), name="slow")
    async with studio.pool(), studio.client() as one, studio.client() as other:
        asked = [asyncio.create_task(each.render(wanted, 60)) for each in (one, one, other)]
        await until(lambda: len(studio.made) == 1)
        held.unlink()
        await asyncio.gather(*asked)
        assert studio.path(wanted).read_bytes() == b"wait"
    assert studio.made == ["wait.txt 1"]


async def test_each_misfortune_has_its_error_and_harms_nobody_else(studio: Studio) -> None:
    async with studio.pool(), studio.client() as client:
        found = {
            text: await failure(client, studio, text)
            for text in ("reject", "raise", "text", "die", "kill", "hang", "eat")
        }
        kinds = {text: type(wrong) for text, wrong in found.items()}
        assert kinds == {
            "reject": Unrenderable,
            "raise": Broken,
            "text": Broken,
            "die": Unrenderable,
            "kill": Crashed,
            "hang": Unrenderable,
            "eat": Unrenderable,
        }
        assert found["reject"].detail == "this is no picture"
        assert "ZeroDivisionError" in found["raise"].detail
        assert "limit of 300 ms" in found["hang"].detail
        assert "memory" in found["eat"].detail
        wanted = studio.wanted(studio.add("good"), 3)
        await client.render(wanted, 60)
        assert studio.path(wanted).read_bytes() == b"good" * 3
    assert studio.made.count("kill.txt 1") == 2
    assert studio.made.count("reject.txt 1") == 1


async def test_what_is_warm_is_there_before_anybody_asks(studio: Studio) -> None:
    id_ = studio.add("good")
    known = studio.wanted(id_, 1)
    async with studio.pool(children=2), studio.client() as client:
        await client.render(known, 60)
        await asyncio.to_thread(studio.photos.warm, id_)
        await until(lambda: studio.path(studio.wanted(id_, 2)).exists())
    assert sorted(studio.made) == ["good.txt 1", "good.txt 2"]


@pytest.mark.parametrize("children", [1, 2])
async def test_what_nobody_asked_for_leaves_a_child_to_those_who_ask(
    studio: Studio, children: int
) -> None:
    held = studio.hold()
    slow = [studio.wanted(studio.add("wait"), name="slow") for _ in range(3)]
    good = studio.add("good")
    async with studio.pool(children=children), studio.client() as client:
        await client.render(studio.wanted(good, 1), 60)  # now it listens
        await asyncio.to_thread(asking.warm, studio.data, slow)
        await until(lambda: len(studio.made) == 2)
        if children > 1:
            await client.render(studio.wanted(good, 2), 60)
            assert studio.made == ["good.txt 1", "wait.txt 1", "good.txt 2"]
        held.unlink()
        await until(lambda: all(studio.path(each).exists() for each in slow))


async def test_code_that_blocks_gets_a_rendition_or_is_told_why(studio: Studio) -> None:
    good, bad = studio.add("good"), studio.add("reject")
    image = studio.photos.renditions["image"]

    def work() -> tuple[bytes, bytes]:
        with pytest.raises(BadInput, match="this is no picture"):
            studio.photos.render(image, bad, size=1)
        with pytest.raises(NotFound):
            studio.photos.render(image, 99, size=1)
        made = studio.photos.render(image, good, size=2)
        return made, studio.photos.render(image, good, size=2)

    before = asyncio.create_task(asyncio.to_thread(work))  # it waits for a pool that comes up
    async with studio.pool():
        assert await before == (b"goodgood", b"goodgood")
    assert studio.made.count("good.txt 2") == 1
    with pytest.raises(Unavailable):
        studio.photos.render(image, studio.add("good"), size=2, within=0.01)
    studio.photos.warm(good)


async def test_of_what_is_deleted_nothing_is_made(studio: Studio) -> None:
    held = studio.hold()
    going = studio.add("wait")
    wanted = studio.wanted(going, name="slow")
    async with studio.pool(), studio.client() as client:
        with pytest.raises(Gone):
            await client.render(studio.wanted(99), 60)
        asked = asyncio.create_task(client.render(wanted, 60))
        await until(lambda: len(studio.made) == 1)
        studio.photos.delete(going)
        held.unlink()
        with pytest.raises(Gone):
            await asked
    assert not studio.path(wanted).exists()


async def test_renditions_may_be_made_from_another_that_is_made_once(studio: Studio) -> None:
    good, bad = studio.add("good"), studio.add("reject")
    async with studio.pool() as pool, studio.client() as client:
        for size in (1, 2, 3):
            await client.render(studio.wanted(good, size, "small"), 60)
        texts = [studio.path(studio.wanted(good, size, "small")).read_text() for size in (1, 2, 3)]
        assert texts == ["half of good", "half of good" * 2, "good" * 3]
        with pytest.raises(Unrenderable, match="no half"):
            await client.render(studio.wanted(bad, 1, "small"), 60)
        pool._show()
        shown = studio.home.journal.shown("renderer")
    assert studio.made == ["good.txt half", "reject.txt half"]
    assert shown is not None
    assert (shown[0]["files"], shown[0]["bytes"]) == (4, 12 + 12 + 24 + 12)


async def test_changed_code_is_loaded_before_it_is_asked_for(studio: Studio) -> None:
    id_ = studio.add("good")
    async with studio.pool(children=2), studio.client() as client:
        before = studio.wanted(id_, 1)
        await client.render(before, 60)
        text = studio.target.read_text()
        studio.target.write_text(
            text.replace("return original.read_bytes() * size", "return b'new'")
        )
        image = load_app(studio.target).collections["photos"].renditions["image"]
        after = image.wanted(id_, {"size": 1})
        await client.render(after, 60)
        assert studio.path(after).read_bytes() == b"new"
        assert studio.path(before).read_bytes() == b"good"
        with pytest.raises(Busy, match="was changed"):
            await client.render(studio.wanted(id_, 2), 60)


async def test_the_cache_stays_below_its_limit(studio: Studio) -> None:
    wanted = [studio.wanted(studio.add("x" * 100)) for _ in range(4)]
    async with studio.pool(cache=250) as pool, studio.client() as client:
        for each in wanted[:3]:
            await client.render(each, 60)
        assert [studio.path(each).exists() for each in wanted[:3]] == [False, True, True]
        pool._show()
        shown = studio.home.journal.shown("renderer")
        assert shown is not None
        assert (shown[0]["files"], shown[0]["bytes"], shown[0]["evicted"]) == (2, 200, 1)
        assert shown[0]["renders"] == 3


async def test_a_socket_that_was_left_behind_is_no_hindrance(studio: Studio) -> None:
    (studio.data / SOCKET).touch()
    wanted = studio.wanted(studio.add("good"))
    async with studio.client() as client:
        with pytest.raises(Busy, match="too long"):
            await client.render(wanted, 0.05)
        asked = asyncio.create_task(client.render(wanted, 60))
        async with studio.pool():
            await asked
    assert studio.path(wanted).exists()


async def test_an_app_that_cannot_be_loaded_ends_the_pool(studio: Studio) -> None:
    studio.target.write_text("raise ValueError('no')")
    async with asyncio.timeout(30):
        async with studio.pool() as pool:
            await pool._over.wait()
            assert pool._hurt
