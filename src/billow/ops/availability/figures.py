"""Availability in figures: by time and by requests, with the budget that is left.

By time: the share of looks at the service, one every ten seconds, that found it well. Time in
which nobody looked, because the whole machine was off, counts as down; declared maintenance counts
neither way. By requests: the share that was answered without a fault of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billow.ops.rota.zone import instant, wall_at
from billow.ports.incidents import Hour

#: Seconds between two looks.
EVERY = 10.0
HOUR, DAY = 3600, 86400.0
#: Seconds over which the present rate of spending is measured.
_PACE = 7 * DAY


@dataclass(frozen=True, slots=True)
class Figures:
    """How a stretch of time went."""

    since: float
    until: float
    #: Looks that were due, those that found it ill or did not happen, and those in maintenance.
    due: int
    bad: int
    unseen: int
    paused: int
    requests: int
    errors: int

    @property
    def by_time(self) -> float | None:
        """Share of the time; None if nobody was to look."""
        counted = self.due - self.paused
        return None if counted <= 0 else 1 - min(1.0, (self.bad + self.unseen) / counted)

    @property
    def by_requests(self) -> float | None:
        """Share of the requests; None if there were none."""
        return None if not self.requests else 1 - self.errors / self.requests

    @property
    def down(self) -> float:
        """Seconds for which it was down."""
        return (self.bad + self.unseen) * EVERY


@dataclass(frozen=True, slots=True)
class Budget:
    """What may fail, and what of that is left."""

    #: Seconds that may be lost in the stretch, and that are left; below 0 if overspent.
    whole: float
    left: float
    #: When it is used up at the pace of the last week, UNIX seconds; None if it will not be soon.
    gone: float | None

    @property
    def share(self) -> float:
        """The share that is left."""
        return self.left / self.whole if self.whole else 0.0


def figures(hours: Iterable[Hour], since: float, until: float, began: float) -> Figures:
    """What the hours in [since, until) amount to.

    Args:
        hours: hours with looks.
        since: the begin; hours count by their own begin.
        until: the end, or now.
        began: when looking began; earlier times count neither way.
    """
    start = max(since, began)
    inside = [each for each in hours if since <= each.hour < until]
    looks = sum(each.looks for each in inside)
    paused = sum(each.paused for each in inside)
    # The look under way, and rounding at both ends, are no reason to say that one is missing.
    due = max(looks + paused, int((until - start) / EVERY) - 2) if until > start else 0
    unseen = _unseen(inside, start, until)
    return Figures(
        since,
        until,
        max(due, looks + paused),
        sum(each.bad for each in inside),
        unseen,
        paused,
        sum(each.requests for each in inside),
        sum(each.errors for each in inside),
    )


def budget(allowed: float, month: Figures, recent: Figures, now: float) -> Budget:
    """The error budget of a stretch.

    Args:
        allowed: the share that may fail.
        month: the stretch.
        recent: the last week, whose pace counts.
        now: UNIX seconds.
    """
    whole = allowed * (month.until - month.since)
    left = whole - month.down
    span = recent.until - recent.since
    pace = recent.down / span if span > 0 else 0.0
    if left <= 0:
        return Budget(whole, left, now)
    ahead = left / pace if pace else None
    soon = ahead is not None and ahead < month.until - month.since
    return Budget(whole, left, now + ahead if ahead is not None and soon else None)


def stretches(
    by: str, zone: ZoneInfo, now: float, count: int
) -> Sequence[tuple[str, float, float]]:
    """The latest days, weeks or months, oldest first: label, begin and end."""
    today = wall_at(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = {
        "day": today,
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
    }[by]
    begins = [first]
    for _ in range(count - 1):
        begins.append(_before(begins[-1], by))
    begins.reverse()
    ends = [*begins[1:], None]
    return [
        (
            _label(begin, by),
            instant(begin, zone).timestamp(),
            now if end is None else instant(end, zone).timestamp(),
        )
        for begin, end in zip(begins, ends, strict=True)
    ]


def _before(begin: datetime, by: str) -> datetime:
    if by == "month":
        return (begin - timedelta(days=1)).replace(day=1)
    return begin - timedelta(days=1 if by == "day" else 7)


def _label(begin: datetime, by: str) -> str:
    if by == "week":
        return f"{begin:%G}-W{begin:%V}"
    return begin.strftime("%Y-%m" if by == "month" else "%Y-%m-%d")


def _unseen(hours: Sequence[Hour], start: float, until: float) -> int:
    """Looks that did not happen, hour by hour, so that no busy hour makes up for another."""
    known = {each.hour: each for each in hours}
    missing = 0
    hour = int(start // HOUR * HOUR)
    while hour < until:
        due = (min(until, hour + HOUR) - max(start, hour)) / EVERY
        each = known.get(hour)
        had = each.looks + each.paused if each else 0
        # A few looks an hour are late, not missing.
        lost = int(due - had)
        missing += lost if lost > max(6, due * 0.02) else 0
        hour += HOUR
    return missing
