"""Restrictions: the times of the week to which a layer of a rota is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billow.errors import DeclarationError
from billow.ops.rota.zone import instant, wall_at

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))?\s+)?(\d\d):(\d\d)-(\d\d):(\d\d)")
_DAY = timedelta(days=1)
#: Spans that are followed from one to the next; a week may have no other time.
_MOST_JOINED = 14


class Only(NamedTuple):
    """A span of wall-clock time that begins on each of some weekdays (0 is Monday)."""

    days: frozenset[int]
    start: time
    #: A whole day if the span ends when it began.
    length: timedelta


def read_only(text: str) -> tuple[Only, ...]:
    """Restrictions such as "Mon-Fri 20:00-08:00, Sat-Sun 00:00-00:00"; none for an empty text.

    A span that ends before it begins ends on the next day.

    Raises:
        DeclarationError: it cannot be read.
    """
    return tuple(_read(part.strip()) for part in text.lower().split(",")) if text.strip() else ()


def _read(part: str) -> Only:
    found = _PART.fullmatch(part)
    try:
        if found is None:
            raise ValueError
        first, last, *clock = found.groups()
        begin, end = time(int(clock[0]), int(clock[1])), time(int(clock[2]) % 24, int(clock[3]))
        days = _days(first, last or first)
    except ValueError:
        raise DeclarationError(
            f"only={part!r}: write days and times such as 'Mon-Fri 09:00-17:00'"
        ) from None
    length = timedelta(hours=end.hour - begin.hour, minutes=end.minute - begin.minute)
    return Only(days, begin, length if length > timedelta() else length + _DAY)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None or last is None:
        return frozenset(range(7))
    begin, end = _DAYS.index(first), _DAYS.index(last)
    return frozenset((begin + i) % 7 for i in range((end - begin) % 7 + 1))


def over_at(only: tuple[Only, ...], zone: ZoneInfo, at: float) -> float | None:
    """When the span that a moment lies in is over, and all that join it; None if it is in none."""
    over = at
    for _ in range(_MOST_JOINED):
        ends = [end for start, end in spans(only, zone, over, over + 1) if start <= over < end]
        if not ends:
            break
        over = max(ends)
    return over if over > at else None


def spans(
    only: tuple[Only, ...], zone: ZoneInfo, since: float, until: float
) -> Iterator[tuple[float, float]]:
    """The spans that touch a stretch of time, whole, in UNIX seconds; they may overlap."""
    day = wall_at(since, zone).date() - 2 * _DAY
    while day <= wall_at(until, zone).date() + _DAY:
        for each in only:
            if day.weekday() in each.days:
                begin = datetime.combine(day, each.start)
                start = instant(begin, zone).timestamp()
                end = instant(begin + each.length, zone).timestamp()
                if start < until and end > since and start < end:
                    yield start, end
        day += _DAY
