"""Counts the words of a text: what may be asked, and the answer."""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from word_input import read_text
from word_rules import LONGEST_WORD, ClassicRule, Rule, WordRule
from word_tally import Tally

import billow

#: Bytes that are read at once; all memory for counting is a small multiple of it.
BLOCK = 1 * billow.MiB

MOST_TOP = 500
MOST_STOPWORDS = 10_000
RULES = ("words", "classic")

_LISTS = Path(__file__).parent / "stopwords"


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked about a text.

    Raises:
        Rejected: an option is impossible; the message names its value and what is allowed.
    """

    #: How many words the answer has.
    top: int = 10
    #: What a word is: "words", or "classic", the original program's rule.
    rule: str = "words"
    #: Words that are left out: the name of a list such as "en", or the words themselves.
    stopwords: str | list[str] | None = None
    #: Characters that a word has at least.
    min_length: int = 1
    #: Runs of digits alone are words too.
    numbers: bool = False

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise billow.Rejected(f"there is no rule {self.rule!r}; choose {' or '.join(RULES)}")
        _check_range("top", self.top, MOST_TOP)
        _check_range("min_length", self.min_length, LONGEST_WORD)
        if self.rule == "classic" and (self.stopwords or self.min_length > 1 or self.numbers):
            raise billow.Rejected(
                "the rule 'classic' is the original program's and takes only the option top; "
                "for stopwords, min_length or numbers choose the rule 'words'"
            )


@dataclass(frozen=True, slots=True)
class Answer:
    """The words of a text."""

    #: The most used words with their counts; equal counts in the order of the words.
    words: list[tuple[str, int]]
    #: All words, and the different ones, before `stopwords` and `min_length` leave any out.
    total: int
    distinct: int
    #: How the text was read: "utf-8", "utf-16-le", ...
    encoding: str
    #: Characters that could not be decoded; they separate words.
    unreadable: int


def count_words(
    blocks: Iterable[bytes],
    options: Options | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Answer:
    """Count the words of a text that comes in blocks.

    Args:
        blocks: the text's bytes, cut anywhere.
        options: what is asked; by default the ten most used words.
        tell: called with the number of bytes read so far.

    Raises:
        Rejected: an option is impossible, it is not text, or it has too many different words.
    """
    asked = options or Options()
    left_out = _stopwords(asked.stopwords)
    encoding, text = read_text(_told(blocks, tell))
    tally = Tally(_rule(asked))
    for block in text:
        tally.add(block)
    tally.finish()
    return Answer(
        words=most_used(_wanted(tally.words, left_out, asked.min_length), asked.top),
        total=sum(tally.words.values()),
        distinct=len(tally.words),
        encoding=encoding,
        unreadable=tally.unreadable,
    )


def most_used(words: dict[str, int], top: int) -> list[tuple[str, int]]:
    """The `top` words that occur most often; equally frequent ones in the order of the words."""
    if not words:
        return []
    # Finding the lowest count first is several times faster than comparing words as well.
    lowest = heapq.nlargest(top, words.values())[-1]
    frequent = [(word, count) for word, count in words.items() if count >= lowest]
    return sorted(frequent, key=lambda pair: (-pair[1], pair[0]))[:top]


def stopword_lists() -> list[str]:
    """The names of the stop word lists that are here."""
    return sorted(file.stem for file in _LISTS.glob("*.txt"))


def _rule(options: Options) -> Rule:
    if options.rule == "classic":
        return ClassicRule()
    return WordRule(numbers=options.numbers)


def _told(blocks: Iterable[bytes], tell: Callable[[int], None]) -> Iterable[bytes]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        tell(done)


def _wanted(words: dict[str, int], left_out: frozenset[str], min_length: int) -> dict[str, int]:
    if not left_out and min_length == 1:
        return words
    return {
        word: count
        for word, count in words.items()
        if len(word) >= min_length and word not in left_out
    }


def _stopwords(asked: str | list[str] | None) -> frozenset[str]:
    if asked is None:
        return frozenset()
    if isinstance(asked, str):
        return _listed(asked)
    if len(asked) > MOST_STOPWORDS or not all(isinstance(word, str) for word in asked):
        raise billow.Rejected(f"stopwords must be a list of at most {MOST_STOPWORDS:,} texts")
    return frozenset(
        unicodedata.normalize("NFC", word.lower().replace("\u2019", "'")) for word in asked
    )


def _listed(name: str) -> frozenset[str]:
    known = stopword_lists()
    if name not in known:
        raise billow.Rejected(
            f"there is no stop word list {name!r}; there is: {', '.join(known)}; "
            "or give the words themselves as a list"
        )
    text = (_LISTS / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(re.sub(r"#.*", "", text).split())


def _check_range(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise billow.Rejected(f"{name} must be between 1 and {most:,}, not {value}")
