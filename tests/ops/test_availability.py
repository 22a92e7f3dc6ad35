"""Availability: looks that are counted, figures, promises, and the weekly report."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow
from billow.clock import VirtualClock
from billow.home import Home
from billow.mail.records import Records
from billow.ops.availability.book import MONTH, WEEK, AvailabilityBook
from billow.ops.availability.figures import DAY, Figures, budget, figures, stretches
from billow.ops.availability.promise import Promise
from billow.ops.pager.looking import Looking
from billow.ops.pager.roster import Roster
from billow.ports.incidents import Hour
from billow.testing import memory_home, run_jobs

#: A Monday, 00:00 UTC.
MONDAY = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
FULL = 360


def hour(number: int, looks: int = FULL, bad: int = 0, paused: int = 0) -> Hour:
    return Hour(int(MONDAY) + number * 3600, looks, bad, max(100, bad), bad, paused)


def day(*hours: Hour) -> Figures:
    return figures(hours, MONDAY, MONDAY + len(hours) * 3600, MONDAY)


# Figures


def test_a_day_without_trouble_is_whole() -> None:
    found = day(*(hour(i) for i in range(24)))
    assert (found.by_time, found.by_requests, found.down) == (1.0, 1.0, 0.0)


def test_looks_that_found_trouble_count() -> None:
    found = day(hour(0, bad=36), hour(1))
    assert found.by_time == pytest.approx(0.95, abs=0.001)
    assert found.by_requests == pytest.approx(1 - 36 / 200)
    assert found.down == 360.0


def test_time_in_which_nobody_looked_is_down() -> None:
    found = figures([hour(0)], MONDAY, MONDAY + 2 * 3600, MONDAY)
    assert found.by_time == pytest.approx(0.5, abs=0.005)
    assert found.down == pytest.approx(3600, abs=20)


def test_a_busy_hour_makes_up_for_no_other() -> None:
    found = figures([hour(0, looks=720)], MONDAY, MONDAY + 2 * 3600, MONDAY)
    assert found.unseen >= FULL - 1


def test_a_few_late_looks_are_no_trouble() -> None:
    assert day(hour(0, looks=FULL - 5)).by_time == 1.0


def test_maintenance_counts_neither_way() -> None:
    found = day(hour(0, looks=180, bad=18, paused=180))
    assert found.by_time == pytest.approx(0.9, abs=0.01)
    assert day(hour(0, looks=0, paused=FULL)).by_time is None


def test_time_before_the_first_look_counts_neither_way() -> None:
    found = figures([hour(1)], MONDAY, MONDAY + 2 * 3600, MONDAY + 3600)
    assert found.by_time == 1.0


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400)), max_size=30)
)
def test_shares_stay_shares(hours: list[tuple[int, int, int]]) -> None:
    made = [hour(i, looks, min(bad, looks), paused) for i, (looks, bad, paused) in enumerate(hours)]
    found = day(*made)
    assert found.by_time is None or 0 <= found.by_time <= 1
    assert found.by_requests is None or 0 <= found.by_requests <= 1


def test_the_budget_of_30_days_and_when_it_is_gone() -> None:
    now = MONDAY + MONTH
    month = Figures(MONDAY, now, 259200, 130, 0, 0, 0, 0)
    recent = Figures(now - WEEK, now, 60480, 130, 0, 0, 0, 0)
    left = budget(0.001, month, recent, now)
    assert left.whole == pytest.approx(2592)  # 43.2 minutes of 99.9 %
    assert left.left == pytest.approx(2592 - 1300)
    assert left.share == pytest.approx(0.498, abs=0.001)
    assert left.gone == pytest.approx(now + 1292 / (1300 / WEEK))
    calm = budget(0.001, month, recent.__class__(now - WEEK, now, 60480, 0, 0, 0, 0, 0), now)
    assert calm.gone is None
    assert budget(0.0001, month, recent, now).gone == now


def test_stretches_are_local_days_weeks_and_months() -> None:
    zone = ZoneInfo("Europe/Paris")
    now = datetime(2024, 4, 1, 12, tzinfo=UTC).timestamp()
    days = stretches("day", zone, now, 3)
    assert [label for label, _, _ in days] == ["2024-03-30", "2024-03-31", "2024-04-01"]
    assert days[1][2] - days[1][1] == 23 * 3600
    assert days[2][2] == now
    assert stretches("week", zone, now, 2)[1][0] == "2024-W14"
    assert [label for label, _, _ in stretches("month", zone, now, 3)] == [
        "2024-02", "2024-03", "2024-04",
    ]  # fmt: skip


# Promises


def test_a_report_is_due_once_a_week_in_local_time() -> None:
    promise = Promise(99.5, report="Mon 08:00", zone="Europe/Paris")
    at = MONDAY + 7 * 3600  # 08:00 in Paris
    assert promise.last_due(at - 1) == at - WEEK
    assert promise.last_due(at) == at
    assert promise.last_due(at + WEEK - 1) == at
    summer = datetime(2024, 4, 1, 6, tzinfo=UTC).timestamp()
    assert promise.last_due(summer) == summer
    assert Promise(99.5).last_due(at) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": 0},
        {"target": 100},
        {"report": "Xyz 08:00"},
        {"report": "Mon 25:00"},
        {"zone": "Mars/X"},
    ],
)
def test_a_promise_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(billow.DeclarationError):
        billow.App("shop").availability(**{"target": 99.5, **wrong})  # type: ignore[arg-type]


def test_a_promise_is_made_once() -> None:
    app = billow.App("shop")
    app.availability(95)
    with pytest.raises(billow.DeclarationError, match="twice"):
        app.availability(99)


# Looking


class Service:
    """A service that is looked at in virtual time."""

    def __init__(self, **promised: object) -> None:
        self.clock = VirtualClock(MONDAY + 60)
        self.home: Home = memory_home(clock=self.clock)
        self.app = billow.App("shop")
        self.app.availability(**{"target": 95.0, **promised})  # type: ignore[arg-type]
        assert self.app.promise is not None
        self.well = True
        self.looking = Looking(self.home, self.app, self.app.promise, lambda _: self.well)
        self.book = AvailabilityBook(self.home, "shop")

    def look(self, seconds: float) -> None:
        for _ in range(round(seconds / 10)):
            self.looking.look()
            self.clock.advance(10)

    def figures(self) -> Figures:
        return self.book.figures(self.clock.now() - DAY, self.clock.now())


def test_an_outage_is_seen() -> None:
    service = Service()
    service.look(1800)
    service.well = False
    service.look(600)
    service.well = True
    service.look(1800)
    assert service.figures().by_time == pytest.approx(1 - 600 / 4200, abs=0.01)
    assert service.figures().down == 600.0


def test_a_pager_that_was_off_leaves_its_mark() -> None:
    service = Service()
    service.look(1800)
    service.clock.advance(3600)
    service.look(1800)
    assert service.figures().by_time == pytest.approx(0.5, abs=0.02)


def test_declared_maintenance_of_the_whole_service_counts_neither_way() -> None:
    service = Service()
    service.look(600)
    roster, now = Roster(service.home), service.clock.now()
    roster.add_mute("maintenance", {"key": "disk"}, now, now + 600, "", "ana")
    service.well = False
    service.look(100)
    assert service.figures().bad == 10
    roster.add_mute("maintenance", {}, now, now + 1100, "", "ana")
    service.look(1000)
    assert (service.figures().bad, service.figures().paused) == (10, 100)


def test_requests_are_counted_when_every_process_has_told_of_them() -> None:
    service = Service()
    recorder = service.home.recorder
    for _ in range(12):
        recorder.count("web.requests", 5)
        recorder.count("web.errors", 1)
        service.home.metrics.write(service.clock.now(), recorder.take())
        service.look(10)
    service.look(60)
    found = service.figures()
    assert (found.requests, found.errors) == (60, 12)
    assert found.by_requests == pytest.approx(0.8)


# The report


def test_the_weekly_report_is_asked_for_once() -> None:
    service = Service(report="Mon 08:00", to=["ana@example.org"])
    service.looking.look()
    service.clock.advance(7 * DAY + 8 * 3600)
    for _ in range(3):
        service.looking.look()
    again = Service(report="Mon 08:00")
    assert again.app.promise is not None
    second = Looking(service.home, service.app, again.app.promise, lambda _: True)
    second.look()
    jobs = service.home.ledger.find(function="billow.report").jobs
    assert len(jobs) == 1
    run_jobs(service.home, service.app)
    run_jobs(service.home, service.app)
    [mail] = Records(service.home).latest()
    assert (mail.to, mail.state.value) == ("ana@example.org", "sent")
    letter = Records(service.home).letter(mail.key)
    assert letter is not None
    assert letter["subject"].startswith("shop: ")
    assert "1 Jan 2024" in letter["subject"]
    assert "promise of 95 %" in letter["text"]


def test_no_report_is_due_from_before_looking_began() -> None:
    service = Service(report="Mon 00:00")
    service.looking.look()
    service.looking.look()
    assert service.home.ledger.find(function="billow.report").jobs == []
