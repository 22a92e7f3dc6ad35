"""Judges a drill of the pager: nobody was forgotten, and nobody was woken for nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

#: Seconds after an acknowledgement within which the last page may still come.
LAST = 1.0
#: Seconds that the sink may take to stamp a message that came.
SLACK = 0.001


class Arrival(NamedTuple):
    """A message that reached somebody."""

    at: float
    #: What it says its id is.
    id: str
    #: The intent it carries out: incident, and to whom.
    key: str
    incident: int
    person: str
    kind: str


class Drill(NamedTuple):
    """What was done, and what came of it. Times are UNIX seconds."""

    #: Whom each incident must have paged.
    expected: Mapping[int, frozenset[str]]
    acked: Mapping[int, float]
    #: When the pager was killed.
    kills: Sequence[float]
    #: What the service itself says was sent.
    sent: frozenset[str]
    arrivals: Sequence[Arrival]


class Verdict(NamedTuple):
    """What is wrong, and how often a message came twice in the stated window."""

    wrong: list[str]
    twice: int


def check(drill: Drill, last: float = LAST, slack: float = SLACK) -> Verdict:
    """Judge a drill; a busy machine may ask for more patience than the bounds above."""
    wrong = [*_missed(drill), *_unsent(drill), *_late(drill, last)]
    by_key: dict[str, list[Arrival]] = defaultdict(list)
    for each in sorted(drill.arrivals):
        by_key[each.key].append(each)
    twice = 0
    for key, found in by_key.items():
        for first, second in pairwise(found):
            twice += 1
            if first.id != second.id:
                wrong.append(f"{key} came again under another id")
            if not any(first.at - slack <= at <= second.at for at in drill.kills):
                wrong.append(f"{key} came twice, and no pager died between")
    return Verdict(wrong, twice)


def _missed(drill: Drill) -> list[str]:
    paged: dict[int, set[str]] = defaultdict(set)
    for each in drill.arrivals:
        if each.kind == "page":
            paged[each.incident].add(each.person)
    return [
        f"incident {number} did not page {person}"
        for number, people in drill.expected.items()
        for person in sorted(people - paged[number])
    ]


def _unsent(drill: Drill) -> list[str]:
    """What is written down as sent came."""
    came = {each.key for each in drill.arrivals}
    return [f"{key} is said to be sent and never came" for key in sorted(drill.sent - came)]


def _late(drill: Drill, last: float) -> list[str]:
    return [
        f"incident {each.incident} paged {each.person} after it was acknowledged"
        for each in drill.arrivals
        if each.kind == "page" and each.at > drill.acked.get(each.incident, each.at) + last
    ]
