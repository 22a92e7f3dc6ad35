"""What each byte and each character is to a word: part of it, a separator, or not there at all."""

from __future__ import annotations

import unicodedata

#: They stay inside a word but not at its ends: the apostrophe and the two joiners.
JOINTS = "'\u200c\u200d"

#: They vanish, wherever they are: soft hyphen, zero-width space, byte order mark.
INVISIBLE = "\u00ad\u200b\ufeff"

_APOSTROPHES = "'\u2019"

#: Tables remember characters below this bound only, so a text of every character stays small.
_REMEMBERED = 0x10000

#: Han and hiragana, written without spaces: each such character counts as a word of its own.
_SINGLE_RANGES = (
    (0x2E80, 0x2FDF),
    (0x3041, 0x309F),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)

#: No letter before this one counts alone.
FIRST_SINGLE = "\u2e80"


def is_single(character: str) -> bool:
    """Whether it is a letter that counts as a word of its own."""
    if character < FIRST_SINGLE or not character.isalpha():
        return False
    return any(low <= ord(character) <= high for low, high in _SINGLE_RANGES)


def begins_word(character: str) -> bool:
    """Whether a word can begin with this character: a letter or a number, but no mark."""
    return unicodedata.category(character)[0] in "LN"


class Letters(dict[int, str | int | None]):
    """For `str.translate`: separators become a space, and letters that stand alone get one before.

    It fills itself as characters are met, and remembers the usual ones.
    """

    def __missing__(self, code: int) -> str | int | None:
        meaning = self._meaning(code)
        if code < _REMEMBERED:
            self[code] = meaning
        return meaning

    def _meaning(self, code: int) -> str | int | None:
        character = chr(code)
        if character in _APOSTROPHES:
            return "'"
        if character in INVISIBLE:
            return None
        if character in JOINTS or character == "\n":
            return code
        if is_single(character):
            return f" {character}"
        return code if unicodedata.category(character)[0] in "LMN" else " "


class Breaks(dict[int, str]):
    """For `str.translate`: a space where a text may be cut before the character, else a dot.

    A cut is safe before what separates words and before a letter that stands alone; a mark after
    such a letter belongs to it.
    """

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def __missing__(self, code: int) -> str:
        meaning = self._letters[code]
        place = " " if isinstance(meaning, str) and meaning.startswith(" ") else "."
        if code < _REMEMBERED:
            self[code] = place
        return place


class SimpleLower(dict[int, str]):
    """For `str.translate`: each character's own lower case, whatever stands beside it.

    So a Greek sigma is the same at the end of a word, and a dotted capital I becomes a plain i.
    """

    def __missing__(self, code: int) -> str:
        is_escaped_byte = 0xDC80 <= code <= 0xDCFF
        lower = "\ufffd" if is_escaped_byte else chr(code).lower()[0]
        if code < _REMEMBERED:
            self[code] = lower
        return lower


def ascii_table(separators: bytes, *, fold: bool) -> bytes:
    """For `bytes.translate`: `separators` become spaces; A to Z become a to z if `fold`."""
    table = bytearray(range(256))
    if fold:
        table[ord("A") : ord("Z") + 1] = bytes(range(ord("a"), ord("z") + 1))
    for byte in separators:
        table[byte] = ord(" ")
    return bytes(table)
