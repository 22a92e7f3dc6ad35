"""Objects: files by store and key."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from billow.clock import VirtualClock
from billow.errors import BadInput, Conflict, NotFound, TooLarge, Unavailable
from billow.home import Home
from billow.ids import is_id
from billow.ports.ledger import Counts, Submission
from billow.ports.objects import Copy, ObjectInfo, Stored
from tests.contract.homes import MakeHome


def put(home: Home, key: str | None = "k", data: bytes = b"data", store: str = "s") -> Stored:
    return home.objects.put(store, [data], key=key)


def content(home: Home, key: str = "k", store: str = "s") -> bytes:
    return b"".join(home.objects.read(store, key))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_usage_is_by_store(home: Home) -> None:
    home.objects.put("a", [b"123"], key="x")
    home.objects.put("a", [b"4567"], key="y")
    home.objects.put("b", [b""], key="x")
    assert home.objects.usage() == {"a": (2, 7), "b": (1, 0)}


def test_an_object_comes_back_as_it_was_put(home: Home, clock: VirtualClock) -> None:
    stored = home.objects.put(
        "s",
        [b"some ", b"", b"bytes"],
        key="folder/k",
        name="ä.txt",
        type="text/plain",
        owner="ana",
        metadata={"a": "1", "ü": "𝄞"},
    )
    assert stored.jobs == []
    assert stored.info == ObjectInfo(
        "s",
        "folder/k",
        10,
        digest(b"some bytes"),
        "text/plain",
        "ä.txt",
        "ana",
        {"a": "1", "ü": "𝄞"},
        clock.now(),
    )
    assert home.objects.head("s", "folder/k") == stored.info
    assert content(home, "folder/k") == b"some bytes"


def test_an_open_file_can_be_put(home: Home, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(data)
    with (tmp_path / "file").open("rb") as file:
        info = home.objects.put("s", file, key="k").info
    assert (info.size, info.sha256) == (len(data), digest(data))
    assert content(home) == data
    assert home.objects.put("s", io.BytesIO(b"\n\nx\n"), key="k2").info.size == 4


def test_an_empty_object(home: Home) -> None:
    assert home.objects.put("s", [], key="k").info.size == 0
    assert content(home) == b""
    assert list(home.objects.read("s", "k", 0, 0)) == []
    path = home.objects.path("s", "k")
    assert path is not None
    assert path.read_bytes() == b""


def test_there_is_nothing_where_nothing_was_put(home: Home) -> None:
    put(home)
    assert home.objects.head("s", "other") is None
    assert home.objects.head("other", "k") is None
    assert home.objects.path("s", "other") is None
    with pytest.raises(NotFound):
        home.objects.read("s", "other")
    with pytest.raises(NotFound):
        home.objects.copy("s", "other", "s2")


def test_without_a_key_it_gets_an_id_and_the_safe_name(home: Home) -> None:
    info = home.objects.put("s", [b"x"], name="my book.txt").info
    made, _, name = info.key.partition("/")
    assert is_id(made)
    assert name == info.name == "my book.txt"
    again = home.objects.put("s", [b"x"], name="my book.txt").info
    assert again.key != info.key
    assert home.objects.put("s", [b"x"]).info.key.partition("/")[2]


def test_an_existing_key_is_replaced_as_a_whole(home: Home) -> None:
    home.objects.put("s", [b"long old bytes"], key="k", type="text/plain", metadata={"a": "1"})
    old = home.objects.path("s", "k")
    info = put(home, "k", b"new").info
    assert home.objects.head("s", "k") == info
    assert info.metadata == {}
    assert info.type == "application/octet-stream"
    assert content(home) == b"new"
    new = home.objects.path("s", "k")
    assert new is not None
    assert new != old
    assert new.read_bytes() == b"new"


@pytest.mark.parametrize("size", [0, 1, 10])
def test_the_limit_is_the_most_that_may_come(home: Home, size: int) -> None:
    home.objects.put("s", [b"x" * size], key="k", limit=size)
    with pytest.raises(TooLarge) as caught:
        home.objects.put("s", [b"x" * size, b"y"], key="k2", limit=size)
    assert caught.value.extra["limit"] == size
    assert home.objects.head("s", "k2") is None


def test_an_endless_upload_is_cut_off_at_its_limit(home: Home) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1000

    with pytest.raises(TooLarge):
        home.objects.put("s", endless(), limit=10_000)
    assert sent <= 12


def test_the_bytes_must_have_the_given_digest(home: Home) -> None:
    home.objects.put("s", [b"data"], key="k", sha256=digest(b"data").upper())
    with pytest.raises(BadInput):
        home.objects.put("s", [b"Data"], key="k", sha256=digest(b"data"))
    assert content(home) == b"data"


def files_of(home: Home) -> set[Path]:
    """Files that a home has beside its databases and pipes."""
    folder = home.folder / "objects" if home.folder else None
    return {path for path in folder.rglob("*") if path.is_file()} if folder else set()


def test_nothing_remains_of_a_put_that_fails(make_home: MakeHome) -> None:
    def fussy(info: ObjectInfo) -> list[Copy | Submission]:
        if info.store == "copies":
            raise Conflict("no")
        return [Copy("copies"), Submission("f", key=info.key)]

    home = make_home(fussy)

    def broken() -> Iterator[bytes]:
        yield b"some"
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        home.objects.put("s", broken(), key="k")
    with pytest.raises(Conflict):
        put(home)
    with pytest.raises(TooLarge):
        home.objects.put("s", [b"xx"], key="k", limit=1)
    assert home.objects.stores() == []
    assert home.objects.list("s") == []
    assert home.ledger.counts("f") == Counts()
    assert files_of(home) == set()


def test_a_put_that_fails_leaves_the_old_object(home: Home) -> None:
    put(home, data=b"old")
    for bad in ({"limit": 1}, {"sha256": "00"}):
        with pytest.raises(BadInput):
            home.objects.put("s", [b"new"], key="k", **bad)
    assert content(home) == b"old"


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 5, b"34"),
        (0, 10, b"0123456789"),
        (9, 10, b"9"),
        (10, None, b""),
        (4, 4, b""),
    ],
)
def test_a_range_can_be_read(home: Home, start: int, end: int | None, wanted: bytes) -> None:
    put(home, data=b"0123456789")
    assert b"".join(home.objects.read("s", "k", start, end)) == wanted


@pytest.mark.parametrize(("start", "end"), [(-1, None), (0, 11), (11, None), (5, 4), (0, -1)])
def test_a_range_outside_of_the_object_is_refused(home: Home, start: int, end: int | None) -> None:
    put(home, data=b"0123456789")
    with pytest.raises(BadInput):
        home.objects.read("s", "k", start, end)


def test_a_large_object_is_read_in_blocks(home: Home) -> None:
    data = os.urandom(5_000_000)
    put(home, data=data)
    blocks = list(home.objects.read("s", "k", 1, 4_999_999))
    assert len(blocks) > 1
    assert b"".join(blocks) == data[1:-1]


def test_reading_an_object_that_goes_away_gives_its_bytes_or_not_found(home: Home) -> None:
    put(home, data=b"data")
    blocks = home.objects.read("s", "k")
    home.objects.delete("s", "k")
    try:
        assert b"".join(blocks) == b"data"
    except NotFound:
        return


def test_an_object_is_a_local_file_too(home: Home) -> None:
    put(home, data=b"data")
    path = home.objects.path("s", "k")
    assert path is not None
    assert path.read_bytes() == b"data"
    assert home.objects.path("s", "k") == path


def test_list_goes_by_key_within_store_and_prefix(home: Home) -> None:
    keys = ["b/2", "a", "b/10", "c", "b", "B/1", "b_", "bx"]
    infos = {key: put(home, key, key.encode()).info for key in keys}
    put(home, "b/0", store="other")
    assert home.objects.list("s") == [infos[key] for key in sorted(keys)]
    assert home.objects.list("s", "b/") == [infos["b/10"], infos["b/2"]]
    assert home.objects.list("s", "b_") == [infos["b_"]]
    assert home.objects.list("s", "nothing") == []
    assert home.objects.list("never") == []


def test_list_goes_on_after_a_key(home: Home) -> None:
    keys = [f"k{n:02}" for n in range(12)]
    for key in reversed(keys):
        put(home, key)
    seen: list[str] = []
    while page := home.objects.list("s", "k", after=seen[-1] if seen else None, limit=5):
        seen += [info.key for info in page]
    assert seen == keys
    assert [info.key for info in home.objects.list("s", after="k095")] == ["k10", "k11"]


def test_stores_are_those_that_hold_something(home: Home) -> None:
    put(home, "k", store="b")
    put(home, "k", store="a")
    assert home.objects.stores() == ["a", "b"]
    home.objects.delete("b", "k")
    assert home.objects.stores() == ["a"]


def test_a_copy_has_everything_of_the_original(home: Home) -> None:
    original = home.objects.put(
        "s", [b"data"], key="k", name="n.txt", type="text/plain", owner="ana", metadata={"a": "1"}
    ).info
    for to_key in (None, "k2"):
        copied = home.objects.copy("s", "k", "s2", to_key).info
        wanted = replace(original, store="s2", key=to_key or "k", created=copied.created)
        assert copied == wanted
        assert home.objects.head("s2", to_key or "k") == copied
        assert content(home, to_key or "k", "s2") == b"data"


def test_a_copy_stays_when_the_original_goes(home: Home) -> None:
    put(home, "k", b"data")
    home.objects.copy("s", "k", "s2")
    home.objects.copy("s", "k", "s", "k2")
    put(home, "k", b"replaced")
    assert content(home, store="s2") == b"data"
    assert home.objects.delete("s", "k")
    assert home.objects.delete("s", "k2")
    path = home.objects.path("s2", "k")
    assert path is not None
    assert path.read_bytes() == content(home, store="s2") == b"data"


def test_a_copy_onto_itself_changes_nothing(home: Home) -> None:
    put(home, "k", b"data")
    home.objects.copy("s", "k", "s")
    assert content(home) == b"data"
    assert [info.key for info in home.objects.list("s")] == ["k"]


def test_delete_tells_whether_there_was_something(home: Home) -> None:
    put(home)
    assert home.objects.delete("s", "k") is True
    assert home.objects.delete("s", "k") is False
    assert home.objects.head("s", "k") is None
    assert home.objects.path("s", "k") is None
    assert files_of(home) == set()


def test_sweep_leaves_all_that_is_in_use(home: Home) -> None:
    put(home, "k", b"one")
    home.objects.copy("s", "k", "s2", "copy")
    put(home, "k", b"two")
    for grace in (3600, 0, -10):
        home.objects.sweep(grace)
    assert content(home) == b"two"
    assert content(home, "copy", "s2") == b"one"
    path = home.objects.path("s2", "copy")
    assert path is not None
    assert path.read_bytes() == b"one"
    assert home.objects.sweep(-10) == 0


# Bytes first, the object later


def test_staged_bytes_become_an_object(home: Home) -> None:
    staged = home.objects.stage([b"da", b"ta"])
    assert (staged.size, staged.sha256) == (4, digest(b"data"))
    assert home.objects.stores() == []
    stored = home.objects.put("s", staged, key="k", sha256=staged.sha256.upper(), limit=4)
    assert (stored.info.size, stored.info.sha256) == (4, staged.sha256)
    home.objects.unstage(staged)
    assert content(home) == b"data"


@pytest.mark.parametrize("wrong", [{"limit": 3}, {"sha256": "0" * 64}])
def test_staged_bytes_that_do_not_fit_are_gone(home: Home, wrong: dict[str, Any]) -> None:
    staged = home.objects.stage([b"data"])
    with pytest.raises((TooLarge, BadInput)):
        home.objects.put("s", staged, key="k", **wrong)
    with pytest.raises(Unavailable, match="send it again"):
        home.objects.put("s", staged, key="k")
    assert files_of(home) == set()


def test_bytes_that_were_unstaged_become_nothing(home: Home) -> None:
    staged = home.objects.stage([b"data"])
    home.objects.unstage(staged)
    home.objects.unstage(staged)
    with pytest.raises(Unavailable):
        home.objects.put("s", staged, key="k")
    assert files_of(home) == set()


# Versions


def test_a_version_names_the_content(home: Home) -> None:
    assert home.objects.version("s", "k") is None
    put(home)
    first = home.objects.version("s", "k")
    assert first is not None
    put(home)
    assert home.objects.version("s", "k") not in (None, first)


def test_only_the_version_that_is_meant_is_deleted(home: Home) -> None:
    put(home)
    first = home.objects.version("s", "k")
    put(home, data=b"newer")
    assert not home.objects.delete("s", "k", first)
    assert content(home) == b"newer"
    assert home.objects.delete("s", "k", home.objects.version("s", "k"))
    assert home.objects.head("s", "k") is None
    assert not home.objects.delete("s", "k", first)
