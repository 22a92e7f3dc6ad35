"""The rule of the original program, which is to be kept defects and all."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/wordfreq"))
sys.path.insert(0, str(Path(__file__).parents[2] / "apps/wordfreq/tools"))

import word_oracle
from word_rules import ClassicRule
from word_tally import Tally


def counted(data: bytes) -> dict[str, int]:
    """All words of a text."""
    tally = Tally(ClassicRule())
    tally.add(data)
    tally.finish()
    return tally.words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Would would the, that", {"would": 2}),
        ("'that' the,! ab...", {"that": 1, "the": 1, "ab": 1}),
        ("..... ?!?!?", {"": 2}),
        ("ééé été", {"ééé": 1, "été": 1}),
        ("“quoted”", {"“quoted”": 1}),
        ("\ufeffProject", {"\ufeffproject": 1}),
        ("no\u00a0break", {"break": 1}),
        ("record\x1cseparator", {"record\x1cseparator": 1}),
        ("ΟΔΟΣ", {"οδοσ": 1}),
        ("İSTANBUL", {"istanbul": 1}),
    ],
)
def test_what_the_original_counts(text: str, words: dict[str, int]) -> None:
    assert counted(text.encode()) == words


def test_each_invalid_byte_becomes_a_character() -> None:
    assert counted(b"ab\xe2\x80") == {"ab\ufffd\ufffd": 1}


pieces = st.sampled_from(
    [*"aB.,'é中\u3000\u0085 \n\x1c?ΣİK", b"\xff", b"\xe2\x80", "would ", "....."]
)


@given(
    st.lists(pieces).map(
        lambda parts: b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)
    )
)
def test_any_text_is_counted_as_the_oracle_counts_it(data: bytes) -> None:
    assert Counter(counted(data)) == word_oracle.classic(data)


def test_64_kib_without_white_space_fail_as_they_do_in_the_original() -> None:
    assert counted(b"x" * 65_535 + b" y") == {"x" * 128: 1}
    for long in (
        b"x" * 65_536,
        b"a " + b"x" * 65_536 + b" b",
        "é".encode() * 40_000,
        b"x" * 200_000,
    ):
        with pytest.raises(billow.Rejected, match="without white space"):
            counted(long)
