"""Turns: when each person of a rotation takes over.

Handoffs stand at equal distances on the wall clock, so that a turn that begins on Monday at 9 does
so in summer and in winter; see `billow.ops.rota.zone` for what happens when the clocks change.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billow.errors import DeclarationError
from billow.ops.rota.zone import gaps, instant, wall_at
from billow.units import seconds

_WORDS = re.compile(r"\s*(\d+)\s*(hour|day|week|month)s?\s*")
_SECONDS = {"hour": 3600, "day": 86400, "week": 604800}
_DAY = 86400


class Turn(NamedTuple):
    """Somebody's turn: number `place` in the order of people, from `start` to before `end`."""

    place: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Step:
    """The length of a turn: some months, or else some seconds."""

    months: int = 0
    seconds: int = 0

    @property
    def by_wall(self) -> bool:
        """Whether turns follow the wall clock; odd lengths such as 5 h follow elapsed time."""
        return bool(self.months) or self.seconds % _DAY == 0 or _DAY % self.seconds == 0


def read_step(text: str | float) -> Step:
    """A length such as "1 week", "12 hours", "1 month", or seconds.

    Raises:
        DeclarationError: it is none, or shorter than a minute.
    """
    found = _WORDS.fullmatch(text.lower()) if isinstance(text, str) else None
    if found and found[2] == "month":
        step = Step(months=int(found[1]))
    elif found:
        step = Step(seconds=int(found[1]) * _SECONDS[found[2]])
    else:
        step = Step(seconds=int(seconds(text)))
    if not step.months and step.seconds < 60:
        raise DeclarationError(f"turn={text!r}: a turn lasts a minute at least")
    return step


@dataclass(frozen=True, slots=True)
class Rotation:
    """Turns of equal length. `start` is a wall time; turns reach back before it as well."""

    start: datetime
    step: Step
    zone: ZoneInfo

    def handoff(self, number: int) -> datetime:
        """When handoff `number` takes place; number 0 is at the start."""
        start, step = self.start, self.step
        if step.months:
            return instant(_months_later(start, number * step.months), self.zone)
        length = timedelta(seconds=step.seconds * number)
        if step.by_wall:
            return instant(start + length, self.zone)
        return instant(start, self.zone) + length

    def turn(self, at: float) -> Turn:
        """The turn at a UNIX time; exactly at a handoff it is the next person's."""
        moment = datetime.fromtimestamp(at, UTC)
        number = self._guess(at)
        while self.handoff(number + 1) <= moment:
            number += 1
        while self.handoff(number) > moment:
            number -= 1
        # Of handoffs that a gap in the clocks throws together the first counts.
        while self.handoff(number - 1) == self.handoff(number):
            number -= 1
        return self._made(number)

    def turns(self, since: float, until: float) -> Iterator[Turn]:
        """The turns that touch a span of time, whole."""
        at = since
        while at < until:
            turn = self.turn(at)
            yield turn
            at = turn.end

    def _made(self, number: int) -> Turn:
        start = self.handoff(number)
        following = number + 1
        while (end := self.handoff(following)) <= start:
            following += 1
        return Turn(number - self._dropped(number), start.timestamp(), end.timestamp())

    def _guess(self, at: float) -> int:
        wall, step = wall_at(at, self.zone), self.step
        if step.months:
            months = (wall.year - self.start.year) * 12 + wall.month - self.start.month
            return months // step.months
        if step.by_wall:
            return (wall - self.start) // timedelta(seconds=step.seconds)
        return int((at - instant(self.start, self.zone).timestamp()) // step.seconds)

    def _dropped(self, number: int) -> int:
        """How many handoffs up to `number` take place at none but another's time.

        Whoever's turn they would have begun comes next instead, so that nobody is passed over.
        """
        if self.step.months or not self.step.by_wall:
            return 0
        length = timedelta(seconds=self.step.seconds)
        low, high = sorted((0, number))
        lost = 0
        for year in range(_year(self.start, length * low), _year(self.start, length * high) + 1):
            for gone, back in gaps(self.zone, year):
                first = -((self.start - gone) // length)
                last = (back - self.start) // length
                lost += max(0, min(last, high) - max(first, low))
        return lost if number >= 0 else -lost


def _year(start: datetime, later: timedelta) -> int:
    return (start + later).year


def _months_later(start: datetime, months: int) -> datetime:
    """A date some months on, at the month's last day if it has none like the start's."""
    place = start.year * 12 + start.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
