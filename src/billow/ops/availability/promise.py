"""What an author promises about a service's availability."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from billow.errors import DeclarationError
from billow.ops.rota.zone import find_zone, instant, wall_at

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([a-z]{3}) (\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class Promise:
    """How available the service is to be; see `App.availability`."""

    #: Per cent, such as 99.5.
    target: float
    public: bool = False
    #: When the weekly report is sent, such as "Mon 08:00"; "" sends none.
    report: str = ""
    to: tuple[str, ...] = ()
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if not 0 < self.target < 100:
            raise DeclarationError(f"availability(target={self.target:g}): per cent, below 100")
        find_zone(self.zone)
        if self.report:
            _read(self.report)

    @property
    def allowed(self) -> float:
        """The share of time or requests that may fail."""
        return 1 - self.target / 100

    def last_due(self, now: float) -> float | None:
        """When a weekly report was due last, UNIX seconds; None if there is none."""
        if not self.report:
            return None
        zone = find_zone(self.zone)
        day, hour, minute = _read(self.report)
        today = wall_at(now, zone)
        wall = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
        wall -= timedelta(days=(today.weekday() - day) % 7)
        while (due := instant(wall, zone)) > datetime.fromtimestamp(now, UTC):
            wall -= timedelta(weeks=1)
        return due.timestamp()


def _read(text: str) -> tuple[int, int, int]:
    found = _TIME.fullmatch(text.lower())
    known = found is not None and found[1] in _DAYS
    if not known or found is None or int(found[2]) > 23 or int(found[3]) > 59:
        raise DeclarationError(f"report={text!r}: write a day and a time such as 'Mon 08:00'")
    return _DAYS.index(found[1]), int(found[2]), int(found[3])
