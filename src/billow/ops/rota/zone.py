"""Wall-clock time and UTC, across changes of the clocks, by one rule.

A wall time that does not exist means the first moment after the gap; one that exists twice means
the first of the two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billow.errors import DeclarationError

#: How far to either side of a moment a change of the clocks is looked for: Apia once left out a
#: whole day.
_REACH = timedelta(hours=30)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=64)
def find_zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name.

    Raises:
        DeclarationError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DeclarationError(
            f"{name!r} is no time zone; write one such as 'Europe/Paris' or 'UTC'"
        ) from None


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC moment at which clocks in `zone` show `wall`, a time without a zone."""
    aware = wall.replace(tzinfo=zone, fold=0)
    moment = aware.astimezone(UTC)
    if wall_of(moment, zone) == wall:
        return moment
    return _change_before(moment, zone)


def wall_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show at a moment."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def wall_at(at: float, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show at a UNIX time."""
    return wall_of(datetime.fromtimestamp(at, UTC), zone)


def _change_before(moment: datetime, zone: ZoneInfo) -> datetime:
    """The latest change of the clocks up to `moment`, which lies shortly after one."""
    early, late = moment - _REACH, moment
    offset = moment.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late


@lru_cache(maxsize=1024)
def gaps(zone: ZoneInfo, year: int) -> tuple[tuple[datetime, datetime], ...]:
    """Wall times that clocks in `zone` leave out in a year: from the first, to before the second.

    Both ends are wall times; the second is what clocks show right after the change.
    """
    found = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    before = day.astimezone(zone).utcoffset()
    while day.year == year:
        day += timedelta(days=1)
        after = day.astimezone(zone).utcoffset()
        if before is not None and after is not None and after > before:
            change = _change_before(day, zone)
            found.append(((change + before).replace(tzinfo=None), wall_of(change, zone)))
        before = after
    return tuple(found)
