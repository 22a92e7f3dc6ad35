"""A past with incidents: one that is over, one that somebody takes care of, one that is open."""

from __future__ import annotations

import json
import time
from pathlib import Path

from billow.clock import VirtualClock
from billow.home import Home, open_home
from billow.ops.pager.loop import Loop
from billow.ops.pager.opening import open_channels, open_desk, open_words
from billow.ops.pager.roster import Roster
from billow.ops.rota.changes import Change
from billow.ports.incidents import Books, Hour, Meter
from tests.browser.oncall_app import app


def seed(folder: Path) -> Home:
    """Make the past in `folder`, up to now."""
    clock = VirtualClock(time.time() - 3600)
    home = open_home(folder, clock=clock)
    desk = open_desk(home, app)
    loop = Loop(desk, open_channels(home, app), open_words(home, app))

    def work() -> None:
        while loop.fire() + loop.send_all():
            pass

    def load(minutes: int, depth: float) -> None:
        for _ in range(minutes * 6):
            values = {"visible": depth, "in_flight": 1.0, "delayed": 0.0}
            home.journal.sample({f"queue.shop-charge.{k}": v for k, v in values.items()})
            clock.advance(10)

    load(10, 2)
    home.journal.write("alarm.alarm", "charge", "41 visible on average, at least 15")
    home.journal.write("scale.out", "charge", "41 visible", {"from": 1, "to": 3})
    facts = {"host": "web-1", "p95": 2.4}
    desk.trigger("shop", "slow", "Pages take 2.4 s", "critical", "alarm slow pages", facts)
    work()
    load(2, 41)
    desk.acknowledge(1, "ana")
    desk.note(1, "the database lacks an index", "ana")
    load(3, 20)
    desk.resolve("shop", "slow")
    work()
    load(30, 2)
    desk.trigger("shop", "disk", "The disk is full", "error", "alarm disk", {"free": 0})
    work()
    desk.acknowledge(2, "ben")
    desk.trigger("shop", "mail", "Mail is refused", "warning", "alarm mail", {})
    work()
    now = time.time()
    roster = Roster(home)
    roster.add_mute("silence", {"service": "db*"}, now, now + 7200, "a new disk", "cho")
    week = 7 * 86400.0
    roster.add_change(
        Change("", "web", "override", now + week, now + week + 86400, "cho", "", 0, "ana", now)
    )
    roster.add_change(
        Change("", "web", "swap", now + 2 * week, now + 3 * week, "", "ben", 0, "ben", now)
    )
    availability(home, now)
    home.journal.show("service", {"url": "", "started": now})
    return home


def availability(home: Home, now: float) -> None:
    """Twenty days that were looked at, with an outage and some maintenance."""

    def work(books: Books) -> None:
        first = int((now - 20 * 86400) // 3600 * 3600)
        books.meters.put(Meter("first look", json.dumps([float(first)])))
        for place, hour in enumerate(range(first, int(now), 3600)):
            bad = {100: 200, 250: 12}.get(place, 0)
            paused = 90 if place == 300 else 0
            books.hours.put(Hour(hour, 360 - paused, bad, 900, bad, paused))

    home.incidents.change(work)
