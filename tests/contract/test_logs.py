from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billow.clock import VirtualClock
from billow.drivers.embedded import logs as embedded
from billow.drivers.embedded.logs import SqliteLogs
from billow.drivers.memory.logs import MemoryLogs
from billow.errors import Unavailable
from billow.home import open_home
from billow.origin import Origin, current, using
from billow.ports.ledger import Submission
from billow.ports.logs import Count, Line, Logs, Wanted, level_name
from tests.contract.homes import MakeHome

FLAVOURS = ["memory", "embedded", "embedded without index"]


def make(flavour: str, folder: Path, clock: VirtualClock) -> Logs:
    if flavour == "memory":
        return MemoryLogs(clock)
    folder.mkdir(exist_ok=True)
    return SqliteLogs(folder / "logs.db", clock, indexed=flavour == "embedded")


@pytest.fixture(params=FLAVOURS)
def logs(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Logs:
    return make(request.param, tmp_path, clock)


def line(event: str = "said", at: float = 1000.0, **more: Any) -> Line:
    return Line(at, 20, "web", "test", event)._replace(**more)


def events(logs: Logs, **wanted: Any) -> list[str]:
    return [found.event for found in logs.find(Wanted(**wanted)).lines]


def test_lines_come_back_whole_and_newest_first(logs: Logs) -> None:
    every = Line(1000.25, 30, "f-1", "stdout", "é\n\x1b[1m", "j", "r", "t", '{"a": 1}')
    logs.write([line("first"), every])
    logs.write([])
    found, more = logs.find(Wanted())
    assert found == [every._replace(seq=2), line("first")._replace(seq=1)]
    assert more is None
    assert logs.last() == 2


def test_pages_go_back_and_what_came_since_goes_on(logs: Logs) -> None:
    logs.write([line(str(n)) for n in range(5)])
    first = logs.find(Wanted(), limit=2)
    assert [each.event for each in first.lines] == ["4", "3"]
    second = logs.find(Wanted(), before=first.more, limit=2)
    assert [each.event for each in second.lines] == ["2", "1"]
    last = logs.find(Wanted(), before=second.more, limit=2)
    assert ([each.event for each in last.lines], last.more) == (["0"], None)
    since = logs.find(Wanted(), after=2, limit=2)
    assert ([each.event for each in since.lines], since.more) == (["2", "3"], 4)
    assert logs.find(Wanted(), after=5).lines == []


def test_each_filter_keeps_what_it_says(logs: Logs) -> None:
    logs.write(
        [
            line("job", job="j1", request="r1"),
            line("other job", job="j2", trace="t"),
            line("loud", level=40, process="f-abc123"),
            line("slow", level=30, process="f-g-1", source="stderr"),
            line("late", at=2000.0, process="f"),
        ]
    )
    assert events(logs, job="j1") == ["job"]
    assert events(logs, request="r1") == ["job"]
    assert events(logs, trace="t") == ["other job"]
    assert events(logs, level=30) == ["slow", "loud"]
    assert events(logs, level=31) == ["loud"]
    assert events(logs, process="f") == ["late", "loud"]
    assert events(logs, process="f-g") == ["slow"]
    assert events(logs, source="stderr") == ["slow"]
    assert events(logs, since=1500.0) == ["late"]
    assert events(logs, until=2000.0) == ["slow", "loud", "other job", "job"]
    assert events(logs, since=1000.0, until=2000.0, text="job") == ["other job", "job"]
    assert events(logs, since=3000.0) == events(logs, until=10.0) == []


def test_words_are_found_in_any_order_and_when_only_begun(logs: Logs) -> None:
    logs.write(
        [
            line("The disk is full"),
            line("disk_usage: 97%", fields='{"path": "/var/Ärger"}'),
            line('quote " star * NOT AND near(x)'),
        ]
    )
    assert events(logs, text="FULL dis") == ["The disk is full"]
    assert events(logs, text="usage") == events(logs, text="ärg") == ["disk_usage: 97%"]
    assert events(logs, text='"star* NOT') == ['quote " star * NOT AND near(x)']
    assert events(logs, text="isk") == []
    assert len(events(logs, text=' "()* ')) == 3


def test_lines_are_counted_by_level_and_time(logs: Logs) -> None:
    logs.write([line(at=1000.0 + n, level=40 if n % 3 == 0 else 20) for n in range(30)])
    every = logs.count(Wanted(), 1000.0, 1040.0, 20.0)
    assert every.whole
    assert every.counts == [
        Count(1000.0, 20, 13), Count(1000.0, 40, 7), Count(1020.0, 20, 7), Count(1020.0, 40, 3),
    ]  # fmt: skip
    some = logs.count(Wanted(text="said", level=40), 1000.0, 1040.0, 20.0)
    assert some.counts == [Count(1000.0, 40, 7), Count(1020.0, 40, 3)]
    assert logs.count(Wanted(level=40), 1000.0, 1040.0, 20.0).counts == some.counts
    assert logs.count(Wanted(job="j"), 1000.0, 1040.0, 20.0).counts == []


def test_old_lines_are_forgotten_and_found_no_more(logs: Logs, clock: VirtualClock) -> None:
    now = clock.now()
    logs.write([line("old", at=now - 100), line("new", at=now - 10)])
    assert logs.trim(50, 10**9) == 1
    assert events(logs) == ["new"]
    assert events(logs, text="old") == []
    assert logs.trim(50, 10**9) == 0
    logs.write([line("next")])
    assert logs.last() == 3


def test_the_oldest_go_when_there_is_no_room(
    logs: Logs, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "CHUNK", 50)
    now = clock.now()
    logs.write([line(f"number {n} " + "x" * 500, at=now) for n in range(1000)])
    assert 200 < logs.trim(1e9, 400_000) < 1000
    left = events(logs, text="number")
    assert left[0].startswith("number 999 ")
    assert events(logs, text="number 0 ") == []


def test_a_file_without_index_is_read_the_same(tmp_path: Path, clock: VirtualClock) -> None:
    SqliteLogs(tmp_path / "logs.db", clock).write([line("one"), line("two")])
    assert events(SqliteLogs(tmp_path / "logs.db", clock, indexed=False), text="two") == ["two"]


def test_what_the_disk_does_not_take_is_told(tmp_path: Path, clock: VirtualClock) -> None:
    logs = SqliteLogs(tmp_path / "logs.db", clock)
    with sqlite3.connect(tmp_path / "logs.db") as other:
        other.execute("drop table slots")
    with pytest.raises(Unavailable):
        logs.write([line()])
    assert logs.find(Wanted()).lines == []


def test_levels_have_names() -> None:
    assert [level_name(n) for n in (0, 10, 20, 25, 30, 40, 99)] == [
        "debug", "debug", "info", "info", "warning", "error", "critical",
    ]  # fmt: skip


WORDS = st.lists(st.sampled_from(["a", "ab", "abc", "Ab", "b_c", "c-d", "ß", "1"]), max_size=4)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> list[Logs]:
    folder, clock = tmp_path_factory.mktemp("logs"), VirtualClock()
    return [make(flavour, folder / flavour[-5:], clock) for flavour in FLAVOURS]


@settings(max_examples=50, deadline=None)
@given(st.lists(WORDS, max_size=6), WORDS, st.integers(0, 40))
def test_the_index_finds_what_looking_at_each_line_finds(
    every: list[Logs], said: list[list[str]], wanted: list[str], level: int
) -> None:
    job = f"j{every[0].last()}"
    found = []
    for logs in every:
        logs.write([line("also here", job=job, level=50)])
        logs.write([line(" ".join(words), job=job, level=10 * n) for n, words in enumerate(said)])
        found.append(logs.find(Wanted(text=" ".join(wanted), job=job, level=level)))
    assert found[1:] == found[:-1]


def test_a_job_knows_what_it_goes_back_to(make_home: MakeHome) -> None:
    home = make_home()
    origin = Origin("r1", f"00-{'a' * 32}-{'b' * 16}-01")
    with using(origin):
        home.ledger.submit([Submission("f"), Submission("f", origin="r2")])
    home.ledger.submit([Submission("f")])
    assert current() == Origin()
    leases = home.ledger.exchange("f", "w", (), 3, 10.0).leases
    assert [lease.origin for lease in leases] == [str(origin), "r2", ""]
    assert Origin.parse(leases[0].origin) == origin


def test_a_home_from_before_learns_about_origins(tmp_path: Path, clock: VirtualClock) -> None:
    home = open_home(tmp_path, clock=clock)
    home.ledger.submit([Submission("f")])
    with sqlite3.connect(tmp_path / "core.db") as connection:
        connection.execute("alter table jobs drop column origin")
    again = open_home(tmp_path, clock=clock)
    with using(Origin("r")):
        again.ledger.submit([Submission("f")])
    leases = again.ledger.exchange("f", "w", (), 2, 10.0).leases
    assert [lease.origin for lease in leases] == ["", "r"]
