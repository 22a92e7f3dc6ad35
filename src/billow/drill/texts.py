"""Texts made from a seed, and what the drill's functions must find in them."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from typing import Any

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
_WORDS = [first + second for first in _SYLLABLES for second in _SYLLABLES]

#: Words in a text.
LENGTH = 400
#: Words that a result names.
TOP = 10


def make_text(seed: int) -> str:
    """The text that belongs to a seed; the same on every machine."""
    chance = random.Random(seed)  # noqa: S311 - a drill must be repeatable
    common = chance.sample(_WORDS, 40)
    return " ".join(chance.choice(common) for _ in range(LENGTH)) + f"\n{seed}\n"


def measure(data: bytes) -> dict[str, Any]:
    """What both functions of the drill return for a text."""
    counts = Counter(data.decode().split())
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "words": [[word, count] for word, count in ranked[:TOP]],
    }
