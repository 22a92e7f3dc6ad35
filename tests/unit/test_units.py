"""Sizes and durations."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import DeclarationError
from billow.units import GiB, KiB, MiB, human_size, human_time, seconds


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, 0.0),
        (300, 300.0),
        (0.25, 0.25),
        ("250 ms", 0.25),
        ("30 s", 30.0),
        ("30", 30.0),
        ("1.5 sec", 1.5),
        ("5 min", 300.0),
        ("5m", 300.0),
        ("2 h", 7200.0),
        ("1 d", 86400.0),
        ("1 w", 604800.0),
        ("  5  MIN ", 300.0),
        ("0 s", 0.0),
    ],
)
def test_seconds_of_a_duration(value: float | str, wanted: float) -> None:
    assert seconds(value) == pytest.approx(wanted)
    assert isinstance(seconds(value), float)


@pytest.mark.parametrize(
    "value",
    ["", "min", "5 parsecs", "-5 s", "5 s 3", "1,5 s", "1e3 s", "٣ s", "5 min!", "0x10 s", "5. s"],
)
def test_text_that_is_no_duration_is_named(value: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        seconds(value)
    assert repr(value) in str(caught.value)
    assert "min" in str(caught.value)


@pytest.mark.parametrize("value", [-1, -0.001, math.nan, math.inf, -math.inf, "9" * 400])
def test_a_number_that_is_no_duration_is_refused(value: float | str) -> None:
    with pytest.raises(DeclarationError):
        seconds(value)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_declaration_error(text: str) -> None:
    try:
        value = seconds(text)
    except DeclarationError:
        return
    assert value >= 0
    assert math.isfinite(value)


@given(st.integers(0, 10**9), st.sampled_from(["ms", "s", "min", "h", "d", "w"]))
def test_a_written_number_counts_in_its_unit(number: int, unit: str) -> None:
    assert seconds(f"{number} {unit}") == pytest.approx(number * seconds(f"1 {unit}"))


def test_sizes_are_powers_of_1024() -> None:
    assert (KiB, MiB, GiB) == (1024, 1024**2, 1024**3)


@pytest.mark.parametrize(
    ("count", "wanted"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"),
        (5 * MiB, "5.0 MiB"),
        (3 * GiB, "3.0 GiB"),
        (5000 * GiB, "5000.0 GiB"),
    ],
)
def test_sizes_for_people(count: int, wanted: str) -> None:
    assert human_size(count) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (0.9996, "1 s"),
        (1, "1 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min"),
        (60, "1 min"),
        (75, "1 min 15 s"),
        (3599.6, "1 h"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (90061, "25 h 1 min"),
    ],
)
def test_times_for_people(value: float, wanted: str) -> None:
    assert human_time(value) == wanted
