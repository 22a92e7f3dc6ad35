"""The lines that a service's processes log, in one place, to be searched and followed.

Losing the last second of them in a power cut is no lie to anyone, so nothing is flushed for them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

#: Levels by name; a greater number is more serious.
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

#: Seconds that one step of the count by level has.
SLOT = 10

_NAMES = {number: name for name, number in LEVELS.items()}
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[0-9a-z]+")


class Line(NamedTuple):
    """Something that a process said. Texts are "" where there is nothing to tell."""

    #: UNIX seconds.
    at: float
    level: int
    #: Such as `web`, `keeper` or `top_words-3`.
    process: str
    #: Who said it there: a logger's name, `stdout` or `stderr`.
    source: str
    event: str
    job: str = ""
    request: str = ""
    trace: str = ""
    #: Further facts, a JSON object as text.
    fields: str = ""
    #: Its place in the order in which lines were stored; the store gives it.
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are looked for; what is None or "" does not matter."""

    #: Words that must be in the event or its facts, in any order, each at least begun.
    text: str = ""
    job: str = ""
    request: str = ""
    trace: str = ""
    #: A process; a function's name stands for all its workers.
    process: str = ""
    source: str = ""
    #: The least level.
    level: int = 0
    #: From when on, and before when, UNIX seconds.
    since: float | None = None
    until: float | None = None


class Found(NamedTuple):
    """A piece of the lines found; `more` is the `before` (or `after`) of the next, if any."""

    lines: list[Line]
    more: int | None


class Count(NamedTuple):
    """How many lines of a level there are in the step that begins at `at`."""

    at: float
    level: int
    lines: int


class Counted(NamedTuple):
    """Counts by time and level; `whole` is False if only the newest lines were counted."""

    counts: list[Count]
    whole: bool


class Logs(Protocol):
    """Lines of all processes."""

    def write(self, lines: Sequence[Line]) -> None:
        """Store lines, in one step.

        Raises:
            Unavailable: the disk is full or cannot be written.
        """
        ...

    def find(
        self,
        wanted: Wanted,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Found:
        """Lines that match, the newest first; with `after` a seq, those stored since, oldest first.

        `before` a seq pages back.
        """
        ...

    def count(self, wanted: Wanted, since: float, until: float, step: float) -> Counted:
        """How many lines match in each step of `step` seconds from `since` to before `until`.

        Where only time matters, steps of less than `SLOT` seconds are as exact as that.
        """
        ...

    def last(self) -> int:
        """The greatest seq there is; 0 if there is no line."""
        ...

    def trim(self, keep: float, size: int) -> int:
        """Forget lines older than `keep` seconds, and the oldest if all take over `size` bytes.

        Returns how many.
        """
        ...


def level_name(level: int) -> str:
    """The name of a level; of one in between the name of the next lower."""
    return _NAMES.get(level) or _NAMES[max([10, *(known for known in _NAMES if known <= level)])]


def words_of(text: str) -> list[str]:
    """The words that a text is searched by, in lower case."""
    return _WORD.findall(text.lower())


def has_words(text: str, wanted: Sequence[str]) -> bool:
    """Whether each wanted word begins a word of the text."""
    words = words_of(text)
    return all(any(word.startswith(one) for word in words) for one in wanted)


def is_process(name: str, wanted: str) -> bool:
    """Whether a process is the one that is wanted, or one of that function's workers."""
    front, _, number = name.rpartition("-")
    return name == wanted or (front == wanted and _NUMBER.fullmatch(number) is not None)
