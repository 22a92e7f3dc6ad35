"""The cache of renditions, as the command line shows and changes it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
from pathlib import Path

import pytest

from billow.cli.main import main
from billow.rendition import Wanted
from billow.renditions.files import CACHE, all_kept, keep, path_of
from tests.cli.conftest import Billow, Ran
from tests.renditions.studio import Studio


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """Three originals, of which 1 and 2 have renditions; 2 was used last."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BILLOW_FOLDER", "data")
    made = Studio(tmp_path)
    for text in ("one", "two", "three"):
        made.add(text)
    put(made, made.wanted(1, 1), 100, 1.6e9)
    put(made, made.wanted(1, 2), 200, 1.6e9 + 1)
    put(made, made.wanted(2, 1), 300, 1.6e9 + 2)
    return made


def put(studio: Studio, wanted: Wanted, size: int, at: float) -> None:
    path = path_of(studio.data / CACHE, wanted)
    keep(studio.data / CACHE, path, b"x" * size)
    os.utime(path, (at, at))


def left(studio: Studio) -> list[int]:
    return sorted(kept.size for kept in all_kept(studio.data / CACHE))


@pytest.mark.parametrize("verb", [[], ["size"]])
def test_the_size_is_told(studio: Studio, billow: Billow, verb: list[str]) -> None:
    told = billow("cache", *verb, "--json").document
    assert told == {
        "files": 3,
        "bytes": 600,
        "limit": 1024**3,
        "collections": {"photos": {"files": 3, "bytes": 600}},
    }
    assert "600 bytes of 1.0 GiB" in billow("cache", *verb).out


def test_renditions_are_listed_by_last_use(studio: Studio, billow: Billow) -> None:
    assert [line["size"] for line in billow("cache", "list", "--json").lines] == [300, 200, 100]
    assert [line["id"] for line in billow("cache", "list", "--json", "--id", "1").lines] == [1, 1]
    assert billow("cache", "list", "--collection", "none").out == "nothing is kept\n"
    shown = billow("cache", "list", "-n", "1").out
    assert "image.1." in shown
    assert "1 of 3" in shown


def test_some_or_all_are_removed(studio: Studio, billow: Billow) -> None:
    assert billow("cache", "clear", "--id", "2", "--json").document == {"files": 1, "bytes": 300}
    assert left(studio) == [100, 200]
    assert billow("cache", "clear").out == "removed 2 files, 300 bytes\n"
    assert left(studio) == []
    assert billow("cache", "clear").out == "removed 0 files, 0 bytes\n"


def test_the_least_used_go_first(studio: Studio, billow: Billow) -> None:
    assert billow("cache", "evict", "--to", "500").out == "removed 1 files, 100 bytes\n"
    assert left(studio) == [200, 300]
    billow("cache", "evict", "--to", "0 bytes")
    assert left(studio) == []
    refused = billow("cache", "evict", "--to", "much")
    assert (refused.status, refused.err) == (
        2,
        "billow: --to: 'much' is no size; write a number and one of: KiB, MiB, GiB\n",
    )


def test_nothing_can_be_warmed_while_the_service_is_down(studio: Studio, billow: Billow) -> None:
    refused = billow("cache", "warm", "photos")
    assert refused.status == 2
    assert "does not run" in refused.err


async def warmed(studio: Studio, *arguments: str) -> Ran:
    """What `billow cache warm` does, in a thread, while a pool runs."""

    def call() -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main(["cache", "warm", *arguments])
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, out.getvalue(), err.getvalue())

    (studio.data / "service.json").write_text(json.dumps({"pid": os.getpid()}))
    async with studio.pool():
        return await asyncio.to_thread(call)


def test_what_is_declared_is_made(studio: Studio) -> None:
    bad = studio.add("reject")
    ran = asyncio.run(warmed(studio, "photos", "--json"))
    assert (ran.status, ran.document["originals"], ran.document["made"]) == (1, 4, 3)
    assert {failed["id"] for failed in ran.document["failed"]} == {bad}
    for size in (1, 2):
        assert studio.path(studio.wanted(3, size)).read_text() == "three" * size
    again = asyncio.run(warmed(studio, "photos", "1", "2", "3"))
    assert (again.status, again.out) == (0, "made 0 of 0 renditions that were not kept yet\n")


@pytest.mark.parametrize(("name", "told"), [("none", "it has: photos"), ("slow", "no collection")])
def test_only_collections_can_be_warmed(studio: Studio, name: str, told: str) -> None:
    ran = asyncio.run(warmed(studio, name))
    assert ran.status == 2
    assert told in ran.err
