"""Counts words block by block, in bounded memory, whatever the blocks hold."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from word_rules import Rule

import billow

#: Different words that are counted; natural texts of this size have far fewer.
MOST_DISTINCT = 2_000_000

#: Bytes of a token that are waited for before it is looked at more closely.
_LONG_TOKEN = 64 * billow.KiB

#: Tokens, and bytes of tokens, that are kept until their words are looked for.
_MOST_TOKENS = 200_000
_MOST_BYTES = 8 * billow.MiB

#: Bytes of tokens that become text at once: with one rare character it takes four times as much.
_BATCH = 1 * billow.MiB


class Tally:
    """Words and how often they occur, under one rule. Blocks may be cut anywhere."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._rest = b""
        self._tokens: Counter[bytes] = Counter()
        self._unweighed = 0
        self.words: dict[str, int] = {}
        #: Characters that could not be decoded.
        self.unreadable = 0

    def add(self, block: bytes) -> None:
        """Count the next bytes of the text (UTF-8).

        Raises:
            Rejected: too many different words, or a token that the rule cannot read.
        """
        data = self._rest + block.translate(self._rule.table)
        cut = data.rfind(b" ") + 1
        if len(data) - cut > _LONG_TOKEN:
            cut, self._rest = self._cut_long_token(data, cut)
        else:
            self._rest = data[cut:]
        self._tokens.update(data[:cut].split())
        self._unweighed += len(block)
        if self._is_heavy():
            self._find_words()

    def finish(self) -> None:
        """Count what is left; call it once, at the end.

        Raises:
            Rejected: as for `add`.
        """
        self._tokens.update(self._rest.split())
        self._rest = b""
        self._find_words()

    def _cut_long_token(self, data: bytes, start: int) -> tuple[int, bytes]:
        """Where to cut `data`, and what to keep for the next block."""
        text = data[start:].decode("utf-8", "surrogateescape")
        place = self._rule.last_break(text)
        counted = start + len(text[:place].encode("utf-8", "surrogateescape"))
        if len(data) - counted <= _LONG_TOKEN:
            return counted, data[counted:]
        kept = self._rule.shorten(text[place:])
        return counted, kept.encode("utf-8", "surrogateescape")

    def _is_heavy(self) -> bool:
        if len(self._tokens) > _MOST_TOKENS:
            return True
        if self._unweighed < _MOST_BYTES:
            return False
        self._unweighed = 0
        return sum(map(len, self._tokens)) > _MOST_BYTES

    def _find_words(self) -> None:
        for tokens, times in _batches(self._tokens):
            self.unreadable += self._rule.add(tokens, times, self.words)
            if len(self.words) > MOST_DISTINCT:
                raise billow.Rejected(
                    f"more than {MOST_DISTINCT:,} different words; no natural text of this size "
                    "has so many, so it is not counted"
                )
        self._tokens.clear()
        self._unweighed = 0


def _batches(counts: Counter[bytes]) -> Iterator[tuple[list[bytes], list[int]]]:
    """The tokens and their counts, in parts of `_BATCH` bytes or a single token."""
    tokens, times = list(counts), list(counts.values())
    ends = list(accumulate(map(len, tokens)))
    start = 0
    while start < len(tokens):
        size_before = ends[start - 1] if start else 0
        end = max(start + 1, bisect_right(ends, size_before + _BATCH))
        yield tokens[start:end], times[start:end]
        start = end
