"""The rules said a second way, for tests and expected results: slow, whole text at once.

`words` is one pattern of the `regex` module over the decoded and composed text; `classic` follows
the original program line by line. Neither shares code with the app.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter

import regex

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_ALONE = r"[\u2e80-\u2fdf\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_WORD = regex.compile(
    rf"(?V1)[{_ALONE}&&\p{{L}}]"
    rf"|[[\p{{L}}\p{{N}}]--[{_ALONE}&&\p{{L}}]]"
    rf"[[\p{{L}}\p{{M}}\p{{N}}\u200c\u200d']--[{_ALONE}&&\p{{L}}]]*"
)
_GO_SPACE = regex.compile(
    r"[ \t\n\v\f\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
)


def words(data: bytes, *, numbers: bool = False) -> Counter[str]:
    """The words of a text and how often each occurs, under the rule `words`."""
    text = unicodedata.normalize("NFC", decode(data))
    text = regex.sub("[\u00ad\u200b\ufeff]", "", text).replace("\u2019", "'")
    counts: Counter[str] = Counter()
    for found in _WORD.findall(text):
        word = unicodedata.normalize("NFC", found.rstrip("'\u200c\u200d").lower())[:128]
        if numbers or any(map(str.isalpha, word)):
            counts[word] += 1
    return counts


def classic(data: bytes) -> Counter[str]:
    """The words of a text as the original program counts them, cut to 128 characters."""
    counts: Counter[str] = Counter()
    text = regex.sub("[\udc80-\udcff]", "\ufffd", data.decode("utf-8", "surrogateescape"))
    for token in _GO_SPACE.split(text):
        lower = "".join(character.lower()[0] for character in token)
        if len(lower.encode()) > 4:
            counts[lower.strip(".,\"'?!")[:128]] += 1
    return counts


def decode(data: bytes) -> str:
    """The text, by its byte order mark; without one it is UTF-8."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    return data.decode("utf-8", "replace")


def top(counts: Counter[str], size: int = 10) -> list[tuple[str, int]]:
    """The most used words; equal counts in the order of the words."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:size]
