"""What is read as text, what is refused, and what may be asked."""

import codecs
import sys
from pathlib import Path
from typing import Any

import pytest

import billow

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/wordfreq"))

from words import RULES, Options, count_words, most_used, stopword_lists

TEXT = "\ufeffDer Fluß, der 𝒻luß—中国 “fluß”\r\n" * 3

ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_byte_order_mark_says_how_to_read(encoding: str, size: int) -> None:
    data = TEXT.encode(encoding)
    answer = count_words(data[i : i + size] for i in range(0, len(data), size))
    assert answer.words == [("der", 6), ("fluß", 6), ("中", 3), ("国", 3), ("𝒻luß", 3)]
    assert (answer.encoding, answer.unreadable) == (encoding, 0)


def test_what_cannot_be_decoded_is_counted_and_separates() -> None:
    latin = "Une journée d'été".encode("latin-1")
    answer = count_words([b"a long text in ASCII " * 9, latin, b" and more"])
    assert answer.unreadable == 3
    assert ("journ", 1) in count_words([b"text " * 9, latin], Options(top=100)).words
    broken = codecs.BOM_UTF16_LE + "fine ".encode("utf-16-le") * 9 + b"\x00\xd8x\x00"
    assert count_words([broken]).unreadable == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (codecs.BOM_UTF8, "the file is empty"),
        (codecs.BOM_UTF16_BE, "the file is empty"),
        (b"%PDF-1.7\n%rest", "this is a PDF document"),
        (b"PK\x03\x04rest", "a ZIP archive or an office document"),
        (b"\x1f\x8b\x08rest", "a gzip file"),
        (b"text\0text", "byte 4 is NUL"),
        ("UTF-16".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (codecs.BOM_UTF16_LE + b"a\0\0\0b\0", "is NUL"),
        (b"text" * 20 + b"\x80" * 10, "11% of its first 90 bytes"),
        (b"text" * 20 + b"\x07" * 10, "11% of its first 90 bytes"),
        (bytes(range(1, 256)) * 9, "are control characters or not UTF-8"),
    ],
)
def test_what_is_not_text_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    for rule in RULES:
        for blocks in ([data], [data[i : i + 1] for i in range(len(data))]):
            with pytest.raises(billow.Rejected, match=reason) as refused:
                count_words(blocks, Options(rule=rule))
            assert "plain text in UTF-8" in str(refused.value)


def test_a_tenth_of_strange_bytes_is_borne() -> None:
    assert count_words([b"text" * 18 + b"\x80" * 8]).unreadable == 8


def test_only_the_beginning_decides_whether_it_is_text() -> None:
    answer = count_words([b"word " * 13_200, b"\0" * 50_000, b" end"])
    assert answer.words == [("word", 13_200), ("end", 1)]


def test_a_text_without_words_has_none() -> None:
    for text in ("\n", " \t\r\n", "— … 1984", "\u200b"):
        answer = count_words([text.encode()])
        assert (answer.words, answer.total, answer.distinct) == ([], 0, 0)


def test_it_tells_how_far_it_has_read() -> None:
    told: list[int] = []
    count_words([b"one ", b"two ", b"three"], tell=told.append)
    assert told == [4, 8, 13]


def test_equal_counts_come_in_the_order_of_the_words() -> None:
    words = {"b": 2, "a": 2, "d": 3, "c": 2, "e": 1}
    assert most_used(words, 3) == [("d", 3), ("a", 2), ("b", 2)]
    assert most_used(words, 99) == [("d", 3), ("a", 2), ("b", 2), ("c", 2), ("e", 1)]
    assert most_used({}, 3) == []


def counted(text: str, **options: Any) -> dict[str, int]:
    """The most used words of a text."""
    return dict(count_words([text.encode()], Options(**options)).words)


def test_options_choose_the_words() -> None:
    text = "The cat and the dog aren’t cats; l'été 1984 1984"
    assert counted(text, top=1) == {"the": 2}
    assert counted(text, min_length=5) == {"aren't": 1, "l'été": 1}
    assert counted(text, numbers=True, top=1) == {"1984": 2}
    assert counted(text, stopwords="en") == {"cat": 1, "cats": 1, "dog": 1, "l'été": 1}
    left = counted(text, stopwords=["THE", "L’E\u0301te\u0301", "aren't", "and"])
    assert left == {"cat": 1, "cats": 1, "dog": 1}


def test_totals_are_of_the_text_whatever_is_left_out() -> None:
    answer = count_words([b"the cat and the dog"], Options(stopwords="en", min_length=4))
    assert (answer.words, answer.total, answer.distinct) == ([], 5, 4)


def test_the_english_list_holds_words_as_the_rule_writes_them() -> None:
    assert stopword_lists() == ["en"]
    listed = Path(sys.modules["words"].__file__ or "").parent / "stopwords" / "en.txt"
    text = "\n".join(line for line in listed.read_text().splitlines() if not line.startswith("#"))
    answer = count_words([text.encode()], Options(top=500))
    assert answer.total == answer.distinct == len(text.split())
    assert {word for word, _ in answer.words} == set(text.split())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"top": 0}, "top must be between 1 and 500, not 0"),
        ({"top": 501}, "top must be between 1 and 500, not 501"),
        ({"min_length": -1}, "min_length must be between 1 and 128, not -1"),
        ({"rule": "modern"}, "there is no rule 'modern'; choose words or classic"),
        ({"stopwords": "../en"}, "there is no stop word list '../en'; there is: en"),
        ({"stopwords": ["the", 1]}, "must be a list of at most 10,000 texts"),
        ({"stopwords": ["a"] * 10_001}, "must be a list of at most 10,000 texts"),
        ({"rule": "classic", "numbers": True}, "takes only the option top"),
        ({"rule": "classic", "stopwords": "en"}, "takes only the option top"),
    ],
)
def test_impossible_options_are_refused_with_what_is_allowed(
    options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(billow.Rejected, match=reason):
        count_words([b"text"], Options(**options))
