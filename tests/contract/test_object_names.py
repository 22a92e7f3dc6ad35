"""Objects: hostile names, and impossible keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.errors import BadInput
from billow.home import Home
from billow.ids import is_id
from billow.ports.objects import Stored


def put(home: Home, key: str | None = "k", data: bytes = b"data", store: str = "s") -> Stored:
    return home.objects.put(store, [data], key=key)


def content(home: Home, key: str = "k", store: str = "s") -> bytes:
    return b"".join(home.objects.read(store, key))


HOSTILE_NAMES = {
    "parent": "../x",
    "deep parent": "../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "windows": "C:\\Windows\\x.txt",
    "mixed": "..\\../x",
    "only dots": "..",
    "one dot": ".",
    "slashes": "///",
    "folder": "folder/",
    "empty": "",
    "spaces": "   ",
    "nul": "a\0.png",
    "newline": "a\r\nSet-Cookie: x",
    "escape": "\x1b[31mred",
    "delete": "a\x7fb\x85c",
    "long": "x" * 10_000,
    "long with an ending": "ä" * 10_000 + ".txt",
    "long ending": "a." + "x" * 10_000,
    "long path": "a/" * 5_000 + "b",
    "right to left": "gpj\u202etxt.exe",
    "invisible": "a\u200b\ufeff.txt",
    "line separator": "a\u2028b",
    "surrogate": "a\ud800.txt",
    "surrogate pair": "\ud83d\ude00",
    "not a character": "a\uffff\U0010ffff",
    "combining": "e" + "\u0301" * 500,
    "full width": "\uff0e\uff0e\uff0fx",
    "hidden": ".htaccess",
    "device": "CON",
    "percent": "%2e%2e%2fx",
    "option": "-rf",
}


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_a_hostile_name_is_made_safe(home: Home, name: str) -> None:
    info = home.objects.put("s", [b"safe"], name=name).info
    made, slash, shown = info.key.partition("/")
    assert is_id(made)
    assert slash
    assert shown == info.name
    assert shown not in ("", ".", "..")
    assert not set(shown) & set("/\\\0\r\n\x1b\x7f\x85\u202e\u2028\u200b")
    assert len(shown.encode()) <= 255
    assert home.objects.list("s", info.key) == [info]
    assert content(home, info.key) == b"safe"
    path = home.objects.path("s", info.key)
    assert path is not None
    assert path.read_bytes() == b"safe"
    assert home.objects.delete("s", info.key)


@pytest.mark.parametrize("store", ["..", "../../etc", "a/b", "/abs", "ä"])
def test_the_name_of_a_store_never_leads_out_of_the_home(
    home: Home, tmp_path: Path, store: str
) -> None:
    before = {path.name for path in tmp_path.iterdir()} - {"home0"}
    put(home, "k", store=store)
    path = home.objects.path(store, "k")
    assert path is not None
    if home.folder is not None:
        assert path.resolve().is_relative_to(home.folder.resolve())
    assert {path.name for path in tmp_path.iterdir()} - {"home0"} == before


IMPOSSIBLE_KEYS = {
    "empty": "",
    "too long": "x" * 1025,
    "too many bytes": "ä" * 513,
    "nul": "a\0b",
    "newline": "a\nb",
    "delete": "a\x7f",
    "begins with a slash": "/a",
    "ends with a slash": "a/",
    "empty segment": "a//b",
    "slash": "/",
    "dot": ".",
    "dot segment": "a/./b",
    "parent": "..",
    "parent segment": "a/../b",
    "last segment": "a/..",
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("key", IMPOSSIBLE_KEYS.values(), ids=IMPOSSIBLE_KEYS)
def test_an_impossible_key_is_refused(home: Home, key: str) -> None:
    with pytest.raises(BadInput):
        put(home, key)
    assert home.objects.stores() == []
    put(home, "good")
    if key:
        with pytest.raises(BadInput):
            home.objects.copy("s", "good", "s2", key)


@pytest.mark.parametrize("key", ["x" * 1024, "a/b.c/..d/e..", "ä %_*?[]'\"\\", "👩\u200d💻", "-"])
def test_every_other_key_is_possible(home: Home, key: str) -> None:
    put(home, key, b"x")
    assert content(home, key) == b"x"
    assert [info.key for info in home.objects.list("s", key)] == [key]
