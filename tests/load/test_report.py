"""The report: honest, whole, readable without a script, and without anything from elsewhere."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from billow.drill.load.findings import Findings
from billow.drill.load.page import page
from billow.drill.load.plan import Plan
from billow.drill.load.report import Report
from billow.drill.load.series import Plot, Series, series_of
from billow.drill.load.svg import draw, number, time_label
from billow.drill.load.tally import Kind
from tests.load.test_findings import flooded, found, in_flood, killed, servers


@pytest.fixture(scope="module")
def report() -> Report:
    """A drill with everything in it: a kill, a flood, refusals, failures."""
    made = flooded(lambda due: (Kind.SHED if in_flood(due) and due % 1 < 0.5 else Kind.OK, 0.02))
    made.looks = [servers(at, 1, 2, 3) for at in range(60)]
    killed(made, at=15)
    return Report.of(made, "apps/<shop>", 1_700_000_000)


def test_it_says_what_was_asked_and_what_came(report: Report) -> None:
    told = json.loads(json.dumps(report.document()))
    assert told["visitors"]["due"] == 600
    assert told["crowd"]["due"] == 1080
    assert told["visitors"]["ok"] + told["visitors"]["failed"] == 600
    assert told["passed"] == all(each["passed"] is not False for each in told["criteria"])
    assert told["replay"].startswith("billow drill load --rate 600/min --for 60s")
    assert told["strikes"] == [{"fault": "kill", "at": 15, "pid": 2, "servers": 3}]


def test_the_series_add_up_to_the_totals(report: Report) -> None:
    series = report.series
    rate = next(plot for plot in series.plots if plot.name == "rate")
    due = [value or 0 for value in rate.lines[0].values]
    assert sum(due) * series.step == pytest.approx(1680)
    assert all(
        len(line.values) == len(series.times) for plot in series.plots for line in plot.lines
    )


def test_a_long_drill_has_no_more_points_than_can_be_seen() -> None:
    made = found(rate=1, length=3600)
    assert len(series_of(made).times) <= 300
    rate = next(plot for plot in series_of(made).plots if plot.name == "rate")
    assert rate.lines[0].values[5] == 1.0


class Reader(HTMLParser):
    """Notes elements, and that each is closed."""

    VOID = ("meta", "line", "rect", "path", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(report: Report) -> None:
    text = page(report)
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert reader.links == []
    assert "script" not in reader.seen
    assert "url(" not in text
    assert reader.seen.count("svg") == len(report.series.plots)
    assert "apps/&lt;shop&gt;" in text
    assert "<shop>" not in text
    assert "nan" not in text.lower().replace("nano", "")


def test_every_plot_says_in_words_what_it_shows_and_has_a_table(report: Report) -> None:
    text = page(report)
    labels = re.findall(r'<svg [^>]*aria-label="([^"]+)"', text)
    assert len(labels) == len(report.series.plots)
    assert any("right answers at most" in label for label in labels)
    assert text.count("As a table") == sum(bool(plot.lines) for plot in report.series.plots)


@pytest.mark.parametrize("made", [found(length=2), found(length=1, rate=1)])
def test_a_tiny_drill_can_be_drawn(made: Findings) -> None:
    assert "<svg" in page(Report.of(made, "x", 0))


def test_a_drill_without_an_answer_can_be_drawn() -> None:
    made = found(lambda _: (Kind.CONNECT, 0.1))
    text = page(Report.of(made, "x", 0))
    assert "no right answer" in text
    assert "connect" in text


def test_lines_for_people_name_failures_once_and_their_number() -> None:
    made = found(lambda due: (Kind.WRONG if due < 1 else Kind.OK, 0.01))
    lines = Report.of(made, "x", 0).lines()
    assert "  10 × wrong: GET /" in lines
    assert "FAILED" in lines


def test_an_empty_plot_is_no_fault() -> None:
    series = Series(1.0, [0.0, 1.0], [], [])
    assert "nothing was measured" in draw(Plot("x", "X", "", []), series)


def test_numbers_and_times() -> None:
    assert [number(each) for each in (None, 0.1234, 3, 1234.5)] == ["–", "0.123", "3", "1,234"]
    assert [time_label(each) for each in (0, 75, 3600)] == ["0:00", "1:15", "60:00"]


def test_the_plan_is_part_of_it() -> None:
    assert Report.of(found(), "x", 0).found.plan == Plan(10, 60, 5)
