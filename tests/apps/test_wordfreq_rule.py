"""The rule `words` against an oracle that shares no code with it."""

import codecs
import json
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/wordfreq"))
sys.path.insert(0, str(Path(__file__).parents[2] / "apps/wordfreq/tools"))

import word_oracle
from word_rules import WordRule
from word_tally import Tally
from words import Options, count_words

SAMPLES = Path(__file__).parents[2] / "apps/wordfreq/samples"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))

#: What rules of words stumble over, beside characters at random.
AWKWARD = [
    *"aZß9'’‘“”«»_-—… \n\r\t.,=<>ΣςσİIıﬁÅÅΩΩé",
    *"\u0301\u0308\u0316\u0338\u0345\u3099\u309a\ufe00\u00ad\u200b\u200c\u200d\ufeff\u00a0\u0085",
    *"中国かがらーメ々한글\u1100\u1161\u11a8हिन्दीشب۱²½Ⅷ😀𝒳𠀀\ufffd",
    "\r\n",
    " the ",
    "don’t",
]

letters = st.characters(exclude_categories=["Cs", "Cn", "Co"])
texts = st.lists(st.one_of(st.sampled_from(AWKWARD), letters), max_size=60).map("".join)


def counted(*blocks: bytes, numbers: bool = False) -> dict[str, int]:
    """All words of a text that comes in these blocks."""
    tally = Tally(WordRule(numbers=numbers))
    for block in blocks:
        tally.add(block)
    tally.finish()
    return tally.words


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_sample_is_counted_as_the_oracle_counts_it(name: str) -> None:
    expected = EXPECTED[name]
    for rule in ("words", "classic"):
        answer = count_words([(SAMPLES / name).read_bytes()], Options(rule=rule))
        assert [list(pair) for pair in answer.words] == expected[rule]
        if rule == "words":
            assert (answer.total, answer.distinct) == (expected["total"], expected["distinct"])


def test_the_samples_are_as_varied_as_the_files_that_people_have() -> None:
    files = [file.read_bytes() for file in SAMPLES.glob("*.txt")]
    assert len(files) == len(EXPECTED) == 120
    assert sum(map(len, files)) < 6_000_000
    assert sum(data.startswith(codecs.BOM_UTF8) for data in files) == 25
    assert sum(b"\r\n" in data for data in files) == 37


@pytest.mark.parametrize("name", sorted(EXPECTED)[::8])
def test_the_expected_results_are_those_of_the_oracle(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    words = word_oracle.words(data)
    assert counted(data) == words
    assert [list(pair) for pair in word_oracle.top(words)] == EXPECTED[name]["words"]


@given(texts, st.booleans())
def test_any_text_is_counted_as_the_oracle_counts_it(text: str, numbers: bool) -> None:
    data = text.encode()
    assert Counter(counted(data, numbers=numbers)) == word_oracle.words(data, numbers=numbers)


@given(texts)
def test_how_accents_are_written_makes_no_difference(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text).encode() for form in ("NFC", "NFD"))
    assert counted(composed) == counted(decomposed)


@given(
    st.lists(
        st.one_of(
            texts.map(str.encode), st.binary(max_size=4), st.sampled_from([b"\xe2\x80", b"\xff"])
        )
    ).map(b"".join)
)
def test_invalid_bytes_separate_words(data: bytes) -> None:
    # Two versions of Unicode differ in the characters that are not assigned yet.
    assume(all(unicodedata.category(c) != "Cn" for c in data.decode("utf-8", "ignore")))
    assert Counter(counted(data)) == word_oracle.words(b" " + data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't — don’t! ‘Don’t’", {"don't": 3}),
        ("L'homme, l’homme «L’HOMME»", {"l'homme": 3}),
        ("_it_ is well-known", {"it": 1, "is": 1, "well": 1, "known": 1}),
        ("soft\u00adhyphen zero\u200bwidth", {"softhyphen": 1, "zerowidth": 1}),
        ("cafe\u0301 café CAFÉ", {"café": 3}),
        ("Straße", {"straße": 1}),
        ("ΟΔΟΣ ὁδός", {"οδος": 1, "ὁδός": 1}),
        ("1984 2nd 3", {"2nd": 1}),
        ("中国が", {"中": 1, "国": 1, "が": 1}),
        ("हिन्दी में", {"हिन्दी": 1, "में": 1}),
        ("می\u200cخواهم", {"می\u200cخواهم": 1}),
        ("'' ' ’’ — … 12 \u0301", {}),
        ("a=\u0338b", {"a": 1, "b": 1}),
        ("葛\u3099飾 か\u3099", {"葛": 1, "飾": 1, "が": 1}),
    ],
)
def test_what_a_word_is(text: str, words: dict[str, int]) -> None:
    assert counted(text.encode()) == words


def test_numbers_are_words_if_asked_for() -> None:
    assert counted("1984, 1984 ½ '84".encode(), numbers=True) == {"1984": 2, "½": 1, "84": 1}


def test_a_long_word_counts_under_its_beginning() -> None:
    for character in ("a", "é", "e\u0301", "한"):
        words = counted((character * 500).encode())
        kept = unicodedata.normalize("NFC", character * 500)[:128]
        assert words == {kept: 1}
