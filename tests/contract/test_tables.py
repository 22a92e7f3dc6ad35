"""Tables: items by key, and writes that happen only if nobody was faster."""

from __future__ import annotations

import math
from typing import Any

import pytest

from billow.errors import BadInput, Conflict
from billow.home import Home
from billow.ports.tables import ABSENT, Item
from tests.contract.homes import in_threads

KIB = 1024


def test_an_item_comes_back_as_it_was_put(home: Home) -> None:
    value = {"text": "ä€𝄞", "list": [1, 2.5, None, True], "deep": {"er": {}}, "": "empty key"}
    assert home.tables.put("t", "k", value) == 1
    assert home.tables.get("t", "k") == Item("k", value, 1)


def test_a_missing_item_is_none(home: Home) -> None:
    assert home.tables.get("t", "k") is None
    home.tables.put("t", "k", {})
    assert home.tables.get("t", "other") is None
    assert home.tables.get("other", "k") is None


def test_what_was_put_cannot_be_changed_from_outside(home: Home) -> None:
    value = {"words": ["a"]}
    home.tables.put("t", "k", value)
    value["words"].append("b")
    got = home.tables.get("t", "k")
    assert got is not None
    got.value["words"].append("c")
    assert home.tables.get("t", "k") == Item("k", {"words": ["a"]}, 1)


def test_a_table_exists_once_something_was_put_into_it(home: Home) -> None:
    assert home.tables.names() == []
    home.tables.get("never", "k")
    home.tables.put("b", "k", {})
    home.tables.put("a", "k", {})
    assert home.tables.names() == ["a", "b"]


def test_each_write_adds_one_to_the_version_and_replaces_the_item(home: Home) -> None:
    assert [home.tables.put("t", "k", {"n": n, f"f{n}": 1}) for n in range(3)] == [1, 2, 3]
    assert home.tables.get("t", "k") == Item("k", {"n": 2, "f2": 1}, 3)


def test_a_conditional_write_needs_the_version(home: Home) -> None:
    assert home.tables.put("t", "k", {"by": "a"}, expect=ABSENT) == 1
    assert home.tables.put("t", "k", {"by": "b"}, expect=1) == 2
    for stale in (ABSENT, 1, 3):
        with pytest.raises(Conflict):
            home.tables.put("t", "k", {"by": "c"}, expect=stale)
    assert home.tables.get("t", "k") == Item("k", {"by": "b"}, 2)


def test_a_conditional_write_to_a_missing_item_fails(home: Home) -> None:
    with pytest.raises(Conflict):
        home.tables.put("t", "k", {}, expect=1)
    assert home.tables.get("t", "k") is None


@pytest.mark.parametrize(
    "value",
    [
        {"x": math.nan},
        {"x": math.inf},
        {"x": {1, 2}},
        {"x": b"bytes"},
        {"x": object()},
        {"x": "\ud800"},
        {"\udfff": 1},
    ],
    ids=["nan", "infinity", "set", "bytes", "object", "surrogate", "surrogate key"],
)
def test_a_value_must_be_plain_json(home: Home, value: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        home.tables.put("t", "k", value)
    assert home.tables.get("t", "k") is None


def test_a_value_that_contains_itself_is_refused(home: Home) -> None:
    value: dict[str, Any] = {}
    value["self"] = value
    with pytest.raises(BadInput):
        home.tables.put("t", "k", value)


def test_the_size_of_an_item_is_bounded(home: Home) -> None:
    frame = len('{"x":""}')
    home.tables.put("t", "k", {"x": "a" * (400 * KIB - frame)})
    with pytest.raises(BadInput, match="409600"):
        home.tables.put("t", "k", {"x": "a" * (400 * KIB - frame + 1)})
    with pytest.raises(BadInput):
        home.tables.put("t", "k", {"x": "ä" * (200 * KIB)})


@pytest.mark.parametrize("key", ["x" * 1025, "ä" * 513, "", "\ud800"])
def test_a_key_must_be_text_of_at_most_a_kibibyte(home: Home, key: str) -> None:
    with pytest.raises(BadInput):
        home.tables.put("t", key, {})


@pytest.mark.parametrize("key", ["x" * 1024, "a/b c%_'\"\\", "..", "\n", "👩\u200d💻"])
def test_any_other_text_is_a_key(home: Home, key: str) -> None:
    home.tables.put("t", key, {"v": 1})
    assert home.tables.get("t", key) == Item(key, {"v": 1}, 1)
    assert [item.key for item in home.tables.query("t", prefix=key)] == [key]


def test_add_begins_at_zero_and_returns_the_sum(home: Home) -> None:
    assert home.tables.add("t", "k", "visits", 5) == 5
    assert home.tables.add("t", "k", "visits", -7) == -2
    assert home.tables.add("t", "k", "others", 1) == 1
    item = home.tables.get("t", "k")
    assert item is not None
    assert item.value == {"visits": -2, "others": 1}
    assert item.version == 3


def test_add_keeps_the_rest_of_the_item(home: Home) -> None:
    home.tables.put("t", "k", {"name": "n", 'odd."field"': 1})
    assert home.tables.add("t", "k", 'odd."field"', 1) == 2
    item = home.tables.get("t", "k")
    assert item is not None
    assert item.value == {"name": "n", 'odd."field"': 2}


def test_no_increment_is_lost_between_threads(home: Home) -> None:
    def add_many() -> None:
        for _ in range(25):
            home.tables.add("t", "k", "n", 1)

    in_threads([add_many] * 8)
    item = home.tables.get("t", "k")
    assert item is not None
    assert item.value == {"n": 200}
    assert item.version == 200


def test_of_many_conditional_writes_one_wins(home: Home) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        try:
            home.tables.put("t", "k", {"by": number}, expect=ABSENT)
        except Conflict:
            return
        won.append(number)

    in_threads([lambda n=n: write(n) for n in range(8)])  # type: ignore[misc]
    assert len(won) == 1
    assert home.tables.get("t", "k") == Item("k", {"by": won[0]}, 1)


def test_delete_tells_whether_there_was_something(home: Home) -> None:
    assert home.tables.delete("t", "k") is False
    home.tables.put("t", "k", {})
    assert home.tables.delete("t", "k") is True
    assert home.tables.delete("t", "k") is False
    assert home.tables.get("t", "k") is None


def test_a_conditional_delete_needs_the_version(home: Home) -> None:
    home.tables.put("t", "k", {})
    home.tables.put("t", "k", {})
    with pytest.raises(Conflict):
        home.tables.delete("t", "k", expect=1)
    assert home.tables.get("t", "k") is not None
    assert home.tables.delete("t", "k", expect=2) is True


def test_query_goes_by_key_within_the_prefix(home: Home) -> None:
    for key in ["b/2", "a", "b/10", "b/", "c", "b", "B/1"]:
        home.tables.put("t", key, {"k": key})
    home.tables.put("other", "b/0", {})
    assert [item.key for item in home.tables.query("t", "b/")] == ["b/", "b/10", "b/2"]
    assert [item.key for item in home.tables.query("t")] == sorted(
        ["b/2", "a", "b/10", "b/", "c", "b", "B/1"]
    )
    assert home.tables.query("t", "nothing") == []
    assert home.tables.query("never") == []


def test_query_goes_on_after_a_key(home: Home) -> None:
    keys = [f"k{n:02}" for n in range(25)]
    for key in reversed(keys):
        home.tables.put("t", key, {})
    seen: list[str] = []
    while page := home.tables.query("t", "k", after=seen[-1] if seen else None, limit=10):
        seen += [item.key for item in page]
    assert seen == keys
    assert [item.key for item in home.tables.query("t", after="k225", limit=2)] == ["k23", "k24"]
    assert [item.key for item in home.tables.query("t", "k1", after="a", limit=1)] == ["k10"]


def test_wildcards_of_sql_are_ordinary_characters(home: Home) -> None:
    for key in ["a_b", "axb", "a%b", "a*b", "a[b]"]:
        home.tables.put("t", key, {})
    for prefix in ["a_", "a%", "a*", "a[b"]:
        assert [item.key for item in home.tables.query("t", prefix)] == [
            key for key in ["a_b", "a%b", "a*b", "a[b]"] if key.startswith(prefix)
        ]


def test_a_prefix_that_ends_in_the_last_character_of_unicode(home: Home) -> None:
    last = "\U0010ffff"
    for key in ["a", f"a{last}", f"a{last}b", "b"]:
        home.tables.put("t", key, {})
    assert [item.key for item in home.tables.query("t", f"a{last}")] == [f"a{last}", f"a{last}b"]
    assert [item.key for item in home.tables.query("t", "a")] == ["a", f"a{last}", f"a{last}b"]


def test_count_counts_the_items_of_one_table(home: Home) -> None:
    assert home.tables.count("t") == 0
    for key in "abc":
        home.tables.put("t", key, {})
    home.tables.put("t", "a", {})
    home.tables.put("other", "a", {})
    home.tables.delete("t", "b")
    assert home.tables.count("t") == 2
