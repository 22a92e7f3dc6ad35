"""The two rules that say what a word is: `words`, and `classic`, the original program's.

A text is first cut into tokens at ASCII separators, which is fast, and the distinct tokens are
counted. A rule then finds the words in each distinct token.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import not_
from typing import Protocol

from word_characters import (
    FIRST_SINGLE,
    JOINTS,
    Breaks,
    Letters,
    SimpleLower,
    ascii_table,
    begins_word,
    is_single,
)

import billow

#: Characters of a word that are kept; longer words count under their beginning.
LONGEST_WORD = 128

#: Characters of a run that are composed: four may become one, and sorting marks takes n² time.
_LONGEST_RUN = 4 * LONGEST_WORD


class Rule(Protocol):
    """Says what a word is."""

    name: str
    #: What each byte becomes (see `bytes.translate`); every ASCII separator becomes a space.
    table: bytes

    def add(self, tokens: Sequence[bytes], times: Sequence[int], words: dict[str, int]) -> int:
        """Count the words of different tokens in `words`; `times` says how often each occurs.

        Returns how many of their characters could not be decoded.
        """
        ...

    def last_break(self, text: str) -> int:
        """The last place but 0 where a long token may be cut in two; 0 if there is none."""
        ...

    def shorten(self, text: str) -> str:
        """What is kept of a token that is too long to keep, for more of it to be appended.

        Raises:
            Rejected: the rule cannot go on.
        """
        ...


_MAY_BE_SINGLE = re.compile(f"[{FIRST_SINGLE}-\U0010ffff]")


class WordRule:
    """A word is a run of letters, marks and digits that has a letter.

    It begins with a letter or digit. Apostrophes stay inside it. Case and the way accents are
    written make no difference; see docs/wordfreq.md.

    Args:
        numbers: runs of digits alone are words too.
    """

    name = "words"
    table = ascii_table(
        bytes(c for c in range(128) if not chr(c).isalnum() and chr(c) != "'"), fold=True
    )

    def __init__(self, *, numbers: bool = False) -> None:
        self._numbers = numbers
        self._letters = Letters()
        self._breaks = Breaks(self._letters)

    def add(self, tokens: Sequence[bytes], times: Sequence[int], words: dict[str, int]) -> int:
        """Count the words of different tokens in `words`."""
        is_plain = list(map(bytes.isalpha, tokens))
        if max(map(len, tokens)) > LONGEST_WORD:
            is_plain = [p and len(t) <= LONGEST_WORD for p, t in zip(is_plain, tokens, strict=True)]
        # If there are none, this is one empty word, and there is no count for it.
        plain = b"\n".join(compress(tokens, is_plain)).decode().split("\n")
        _add_plain(plain, list(compress(times, is_plain)), words)
        is_other = list(map(not_, is_plain))
        text = _decode(compress(tokens, is_other))
        other_times = list(compress(times, is_other))
        self._add_others(text, other_times, words)
        return _count_unreadable(text, other_times)

    def _add_others(self, text: str, times: Sequence[int], words: dict[str, int]) -> None:
        known = words.get
        is_simple = unicodedata.is_normalized("NFC", text) and not _MAY_BE_SINGLE.search(text)
        for line, n in zip(text.split("\n"), times, strict=False):
            if is_simple and line.isalpha():
                word = line.lower()[:LONGEST_WORD]
                words[word] = known(word, 0) + n
            else:
                for word in self._words_in(line):
                    words[word] = known(word, 0) + n

    def last_break(self, text: str) -> int:
        """The last place before a separator or a letter that stands alone."""
        # The last three may be bytes of a character that is not complete yet.
        return max(0, text[:-3].translate(self._breaks).rfind(" "))

    def shorten(self, text: str) -> str:
        """The beginning, which is all that counts, and what may be an incomplete character."""
        kept = 16 * _LONGEST_RUN
        return text if len(text) <= kept + 3 else text[:kept] + text[-3:]

    def _words_in(self, token: str) -> Iterator[str]:
        for piece in token.translate(self._letters).lower().split():
            rest = piece
            if is_single(piece[0]):
                end = _end_of_marks(piece)
                yield _compose(piece[:end])[0]
                rest = piece[end:]
            word = _trimmed(rest)
            if word and (self._numbers or any(map(str.isalpha, word))):
                yield word


def _add_plain(plain: Sequence[str], times: Sequence[int], words: dict[str, int]) -> None:
    """Count different words of ASCII letters, which are most: at the speed of C if they can be."""
    if not words:
        words.update(zip(plain, times, strict=False))
        return
    known = words.get
    for word, n in zip(plain, times, strict=False):
        words[word] = known(word, 0) + n


def _end_of_marks(piece: str) -> int:
    """Where the marks that follow the first character end."""
    end = 1
    while end < len(piece) and unicodedata.category(piece[end])[0] == "M":
        end += 1
    return end


def _trimmed(piece: str) -> str:
    """`piece` from its first letter or digit, without joints at its end, composed."""
    start = 0
    while start < len(piece) and not begins_word(piece[start]):
        start += 1
    return _compose(piece[start : start + _LONGEST_RUN].rstrip(JOINTS))


def _compose(run: str) -> str:
    return unicodedata.normalize("NFC", run[:_LONGEST_RUN])[:LONGEST_WORD]


#: White space beyond ASCII as Go's bufio.ScanWords knows it.
_GO_SPACES = "\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_GO_SPACE = re.compile(f"[{_GO_SPACES}]")
_TO_GO_SPACE = re.compile(f".*[{_GO_SPACES}]", re.DOTALL)


class ClassicRule:
    """The rule of the original program, defects included.

    Split at white space, lower each character, skip what has at most four bytes, and only then
    trim . , " ' ? ! at both ends; so an empty text may count as a word. Only the length of what is
    kept of a word has a limit that the original has not.
    """

    name = "classic"
    table = ascii_table(b"\t\n\v\f\r", fold=False)

    #: Bytes without white space that the original's scanner stops at.
    _TOO_LONG = 64 * 1024

    def __init__(self) -> None:
        self._lower = SimpleLower()

    def add(self, tokens: Sequence[bytes], times: Sequence[int], words: dict[str, int]) -> int:
        """Count the words of different tokens in `words`."""
        text = _decode(tokens)
        for token, n in zip(text.split("\n"), times, strict=True):
            for word in [token] if token.isascii() else _GO_SPACE.split(token):
                lower = self._lowered(word)
                size = len(lower) if lower.isascii() else len(lower.encode())
                if size > 4:
                    trimmed = lower.strip(".,\"'?!")[:LONGEST_WORD]
                    words[trimmed] = words.get(trimmed, 0) + n
        return _count_unreadable(text, times)

    def last_break(self, text: str) -> int:
        """The last place before white space that is not ASCII."""
        found = _TO_GO_SPACE.match(text)
        return found.end() - 1 if found else 0

    def shorten(self, text: str) -> str:
        """Raises Rejected, as the original fails on such a text; a shorter one is kept."""
        if len(text.encode("utf-8", "surrogateescape")) >= self._TOO_LONG:
            raise billow.Rejected(
                f"the rule 'classic' cannot read {self._TOO_LONG:,} bytes without white space; "
                "the rule 'words' can"
            )
        return text

    def _lowered(self, word: str) -> str:
        if word.isascii():
            if len(word) >= self._TOO_LONG:
                self.shorten(word)
            return word.lower()
        self.shorten(word)
        return word.translate(self._lower)


_UNREADABLE = re.compile("[\ufffd\udc80-\udcff]")


def _decode(tokens: Iterable[bytes]) -> str:
    """The tokens as lines; each invalid byte becomes a character of its own."""
    return b"\n".join(tokens).decode("utf-8", "surrogateescape")


def _count_unreadable(text: str, times: Sequence[int]) -> int:
    """How many characters of the lines could not be decoded, each line as often as it occurs."""
    if not _UNREADABLE.search(text):
        return 0
    lines = zip(text.split("\n"), times, strict=True)
    return sum(len(_UNREADABLE.findall(line)) * n for line, n in lines)
