"""Ids that sort by the time they were made."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.ids import LENGTH, IdMaker, encode, is_id, new_id, new_ids
from tests.contract.homes import in_threads


def test_an_id_has_its_form() -> None:
    made = new_id()
    assert len(made) == LENGTH
    assert is_id(made)


def test_ids_ascend_within_a_maker() -> None:
    ids = new_ids(1000) + [new_id() for _ in range(100)] + new_ids(3)
    assert ids == sorted(set(ids))


def test_no_ids() -> None:
    assert new_ids(0) == []


def test_ids_are_unique_across_makers() -> None:
    makers = [IdMaker() for _ in range(50)]
    ids = [made for maker in makers for made in maker.make(20)]
    assert len(set(ids)) == 1000


def test_ids_are_unique_across_threads() -> None:
    maker, ids = IdMaker(), list[str]()
    in_threads([lambda: ids.extend(maker.make(3) + maker.make(1))] * 16)
    assert len(set(ids)) == 64


def test_an_id_begins_with_its_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.123)
    assert IdMaker().make()[0][:10] == encode(1_700_000_000_123 << 80)[:10]


def test_ids_ascend_even_if_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = IdMaker()
    [before] = maker.make()
    monkeypatch.setattr(time, "time", lambda: 1.0)
    assert maker.make()[0] > before


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1))
def test_the_order_of_the_texts_is_that_of_the_numbers(one: int, other: int) -> None:
    assert (encode(one) < encode(other)) == (one < other)
    assert is_id(encode(one))


@pytest.mark.parametrize(
    "text", ["", "x" * 25, "x" * 27, "I" * 26, "u" * 26, "-" * 26, "٣" * 26, "0" * 25 + "\n"]
)
def test_other_texts_are_not_ids(text: str) -> None:
    assert not is_id(text)
