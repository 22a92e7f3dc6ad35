from __future__ import annotations

import time

import pytest

from billow.cli.logs import moment
from billow.errors import BadInput
from billow.home import Home
from billow.ports.logs import Line
from tests.cli.conftest import Billow


@pytest.fixture
def said(home: Home) -> None:
    now = time.time()
    home.logs.write(
        [
            Line(now - 7200, 20, "web", "billow.web", "long ago"),
            Line(now - 2, 20, "web", "billow.web.access", "GET / 200", request="r1"),
            Line(now - 1, 30, "divide-ab12", "stderr", "evil\n\x1b[2Jline", job="j1"),
            Line(now, 40, "keeper", "billow", "broken", fields='{"error": "Trace\\nback"}'),
        ]
    )


def test_lines_are_shown_the_newest_at_the_end(billow: Billow, said: None) -> None:
    shown = billow("logs").out.splitlines()
    assert [line.split(" ", 2)[2].split() for line in shown[:2]] == [
        ["info", "web", "long", "ago"],
        ["info", "web", "GET", "/", "200"],
    ]
    assert "warning  divide-ab12 evil  job j1" in shown[2]
    assert shown[3] == "    \\x1b[2Jline"
    assert shown[5:] == ["    Trace", "    back"]
    assert billow("logs", "nowhere").out == "no lines\n"


def test_filters_and_json(billow: Billow, said: None) -> None:
    def events(*options: str) -> list[str]:
        return [line["event"] for line in billow("logs", "--json", *options).lines]

    assert events("--since", "1 h", "--level", "info") == [
        "GET / 200",
        "evil\n\x1b[2Jline",
        "broken",
    ]
    assert events("--until", "1 h") == ["long ago"]
    assert events("--process", "divide") == events("-j", "j1") == ["evil\n\x1b[2Jline"]
    assert events("--request", "r1") == events("get") == ["GET / 200"]
    assert events("-l", "error", "trac") == ["broken"]
    assert events("-n", "1") == ["broken"]
    assert billow("logs", "--json", "-j", "j1").lines[0] == {
        "seq": 3, "at": pytest.approx(time.time(), abs=60), "level": "warning",
        "process": "divide-ab12", "source": "stderr", "event": "evil\n\x1b[2Jline", "job": "j1",
        "request": None, "trace": None, "fields": {},
    }  # fmt: skip


def test_following_goes_on_with_what_comes(
    billow: Billow, said: None, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def sleep(_: float) -> None:
        looks.append(1)
        if len(looks) > 1:
            raise KeyboardInterrupt
        home.logs.write([Line(time.time(), 20, "web", "x", "new one")])

    monkeypatch.setattr("billow.cli.logs.time.sleep", sleep)
    ran = billow("logs", "-n", "1", "--follow", "--json")
    assert [line["event"] for line in ran.lines] == ["broken", "new one"]
    assert ran.status == 130


def test_times_are_ages_or_dates(billow: Billow, said: None) -> None:
    assert moment("10 min", 1000.0) == 400.0
    assert moment("1970-01-01T01:00:00Z", 0.0) == 3600.0
    assert moment(None, 0.0) is None
    with pytest.raises(BadInput):
        moment("yesterday", 0.0)
    ran = billow("logs", "--since", "soon")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert "'soon' is no time" in ran.err
