"""`--arg name=value`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow
from billow.cli.arguments import read_arguments
from billow.errors import BadInput

app = billow.App("arguments")


@app.function()
def takes(
    whole: int = 0,
    text: str = "",
    switch: bool = False,
    either: str | int = "",
    words: str | list[str] | None = None,
    anything: Any = None,
) -> None:
    """Takes arguments of several kinds."""


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("whole=5", 5),
        ("whole=five", "five"),
        ("text=5", "5"),
        ("text=true", "true"),
        ('text="quoted"', "quoted"),
        ("text=a=b", "a=b"),
        ("text=", ""),
        ("switch=true", True),
        ("either=5", 5),
        ("either=x", "x"),
        ("words=en", "en"),
        ('words=["a","b"]', ["a", "b"]),
        ("words=null", None),
        ("anything=[1]", [1]),
        ("anything=1.5", 1.5),
        ("unknown=1", 1),
    ],
)
def test_a_value_becomes_what_the_parameter_takes(pair: str, value: Any) -> None:
    (made,) = read_arguments(takes, [pair]).values()
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize("pairs", [["whole"], [""], ["text=1", "text=2"], ["=1", "=2"]])
def test_what_is_no_pair_is_refused(pairs: list[str]) -> None:
    with pytest.raises(BadInput):
        read_arguments(takes, pairs)


@given(st.text())
def test_any_text_reaches_a_parameter_that_takes_only_text(text: str) -> None:
    (made,) = read_arguments(takes, [f"text={text}"]).values()
    assert isinstance(made, str)
    assert made == text or json.loads(text) == made


@given(st.integers())
def test_any_number_reaches_a_parameter_that_takes_numbers(number: int) -> None:
    assert read_arguments(takes, [f"whole={number}"]) == {"whole": number}
