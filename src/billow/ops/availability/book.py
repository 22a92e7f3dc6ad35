"""Where looks are counted, and figures are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from billow.home import Home
from billow.ops.availability.figures import DAY, HOUR, Budget, Figures, budget, figures, stretches
from billow.ops.availability.promise import Promise
from billow.ops.rota.zone import find_zone
from billow.ports.incidents import Books, Hour, Meter, Mute

#: Seconds of the stretches that a promise is about.
WEEK, MONTH = 7 * DAY, 30 * DAY
_ALL = 100_000
#: The meter that keeps when looking began.
_FIRST = "first look"


class AvailabilityBook:
    """The looks at one service."""

    def __init__(self, home: Home, service: str) -> None:
        self._home = home
        self._service = service

    def count(self, ok: bool, requests: int = 0, errors: int = 0) -> None:
        """Count a look, and the requests since the last one; in maintenance neither counts."""
        now = self._home.clock.now()

        def work(books: Books) -> None:
            if books.meters.get(_FIRST) is None:
                books.meters.put(Meter(_FIRST, json.dumps([now])))
            hour = int(now // HOUR * HOUR)
            found = books.hours.get(hour) or Hour(hour, 0, 0, 0, 0, 0)
            if _in_maintenance(books, self._service, now):
                books.hours.put(found._replace(paused=found.paused + 1))
                return
            books.hours.put(
                found._replace(
                    looks=found.looks + 1,
                    bad=found.bad + (not ok),
                    requests=found.requests + requests,
                    errors=found.errors + errors,
                )
            )

        self._home.incidents.change(work, durable=False)

    def began(self) -> float | None:
        """When looking began; None if it never did."""
        first = self._home.incidents.look(lambda books: books.meters.get(_FIRST))
        return float(json.loads(first.times)[0]) if first else None

    def figures(self, since: float, until: float) -> Figures:
        """How [since, until) went."""
        first = int(since // HOUR * HOUR) - 1
        found = self._home.incidents.look(lambda books: books.hours.find(after=first, limit=_ALL))
        began = self.began()
        return figures(found, since, until, until if began is None else began)

    def by(self, kind: str, promise: Promise, count: int) -> list[tuple[str, Figures]]:
        """The latest days, weeks or months, oldest first."""
        now, zone = self._home.clock.now(), find_zone(promise.zone)
        return [
            (label, self.figures(since, until))
            for label, since, until in stretches(kind, zone, now, count)
        ]

    def budget(self, promise: Promise) -> Budget:
        """What of the last 30 days' budget is left."""
        now = self._home.clock.now()
        month, week = self.figures(now - MONTH, now), self.figures(now - WEEK, now)
        return budget(promise.allowed, month, week, now)


def shape(each: Figures) -> Mapping[str, Any]:
    """Figures for programs; shares are from 0 to 1."""
    return {
        "since": each.since,
        "until": each.until,
        "by_time": each.by_time,
        "by_requests": each.by_requests,
        "down_seconds": each.down,
        "maintenance_seconds": each.paused * 10.0,
        "requests": each.requests,
        "errors": each.errors,
    }


def is_whole(mute: Mute, service: str) -> bool:
    """Whether a mute is maintenance of a whole service."""
    match = json.loads(mute.match)
    whole = set(match) <= {"service"} and match.get("service", service) in ("*", service)
    return whole and mute.kind == "maintenance"


def _in_maintenance(books: Books, service: str, now: float) -> bool:
    """Whether the whole service is in declared maintenance."""
    found = books.mutes.find(kind="maintenance", limit=1000)
    return any(is_whole(each, service) and each.start <= now < each.end for each in found)
