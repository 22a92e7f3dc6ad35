"""`billow up`: what it asks the keeper for, and what a terminal shows."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import billow.keeper
from billow.cli.lines import JsonView
from billow.cli.live import Gauge, LiveView, sparkline
from billow.home import Home
from billow.keeper import PlainView
from billow.loading import load_app
from billow.ports.journal import Entry
from tests.cli.conftest import Billow


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the keeper is asked for."""
    asked: dict[str, Any] = {}

    def run(target: str, folder: Path, **options: Any) -> None:
        asked.update(options, target=target, folder=folder)

    monkeypatch.setattr(billow.keeper, "run", run)
    return asked


def test_up_asks_the_keeper(billow: Billow, asked: dict[str, Any], here: Path) -> None:
    assert billow("up", "app.py", "--port", "0", "--speed", "60", "--grace", "1 min").status == 0
    assert asked["target"] == str(here / "app.py")
    assert asked["folder"] == here / ".billow"
    assert (asked["host"], asked["port"]) == ("127.0.0.1", 0)
    assert (asked["speed"], asked["grace"]) == (60.0, 60.0)
    assert isinstance(asked["view"], PlainView)


def test_up_finds_the_app_and_takes_the_settings(
    billow: Billow, asked: dict[str, Any], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_PORT", "8421")
    monkeypatch.setenv("BILLOW_FOLDER", str(here / "data"))
    assert billow("up", "--json").status == 0
    assert (asked["port"], asked["folder"]) == (8421, here / "data")
    assert isinstance(asked["view"], JsonView)


def test_up_takes_a_folder_with_an_app(
    billow: Billow, asked: dict[str, Any], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    billow("up", str(here))
    assert (asked["target"], asked["folder"]) == (str(here), here / ".billow")


def test_up_with_a_broken_app(billow: Billow, asked: dict[str, Any], here: Path) -> None:
    (here / "app.py").write_text("import nothing_of_this_name")
    ran = billow("up")
    assert ran.status == 2
    assert "No module named 'nothing_of_this_name'" in ran.err
    assert asked == {}


def test_up_opens_the_browser_once_it_is_up(
    billow: Billow, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    done = threading.Event()

    def browse(url: str) -> None:
        opened.append(url)
        done.set()

    monkeypatch.setattr("webbrowser.open", browse)
    billow("up", "--open")
    assert opened == []
    asked["view"].started({"app": "demo", "url": "http://here", "folder": "x"})
    assert done.wait(5)
    assert opened == ["http://here"]


def test_events_as_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    view = JsonView()
    view.started({"url": "http://here"})
    view.progressed({})
    view.happened(Entry(1, 2.0, "scale.out", "measure", "why", {"to": 2}))
    view.stopping("Ctrl-C")
    view.stopped()
    first, second = capsys.readouterr().out.splitlines()
    assert first == '{"kind": "up", "url": "http://here"}'
    assert '"reason": "why"' in second


@pytest.fixture
def screen() -> Console:
    """A terminal of 120 by 40 that keeps what is drawn."""
    return Console(
        file=io.StringIO(), width=120, height=40, force_terminal=True, color_system=None,
        legacy_windows=False,
    )  # fmt: skip


def drawn(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


FLEET = {
    "min": 1,
    "max": 3,
    "wanted": 2,
    "reason": "because of [the] load",
    "trouble": "",
    "alarms": [{"name": "scale out", "state": "OK", "value": 3.25, "threshold": 15.0,
                "comparison": ">="}],
    "workers": [{"state": "busy"}, {"state": "starting"}],
    "counts": {"visible": 3, "in_flight": 1},
}  # fmt: skip


def test_the_live_view_draws_how_it_stands(home: Home, here: Path, screen: Console) -> None:
    view = LiveView(load_app("app.py"), screen)
    folder = str(here / ".billow")
    service = {"app": "demo", "url": "http://here", "folder": folder, "speed": 60.0,
               "started": time.time()}  # fmt: skip
    view.started(service)
    view.happened(Entry(1, 0.0, "scale.out", "measure", "3 visible: +1", {}))
    view.progressed({"measure": FLEET, "divide": {**FLEET, "trouble": "exit status 1: boom"}})
    view.stopping("stopping: workers have 30 s")
    view.stopped()
    shown = drawn(screen)
    for told in (
        "demo  http://here  scaling 60× as fast",
        "measure  ●◔  1 starting, 1 busy  (wanted 2 of 1–3)",
        "scale out OK 3.2 >= 15?",
        "because  because of [the] load",
        "trouble  exit status 1: boom",
        "scale.out",
        "measure: 3 visible: +1",
        "stopping: workers have 30 s",
        "stopped",
    ):
        assert told in shown


def test_a_small_terminal_shows_the_newest_events(home: Home, here: Path, screen: Console) -> None:
    screen.height = 10
    view = LiveView(load_app("app.py"), screen)
    view.started({"app": "demo", "url": "x", "folder": str(here / ".billow")})
    for number in range(10):
        view.happened(Entry(number, 0.0, "worker.ready", "w", f"event {number}", {}))
    view.progressed({})
    view.stopped()
    assert "event 9" in drawn(screen)
    assert "event 6" not in drawn(screen)


def test_the_gauge_measures_results_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    gauge = Gauge()
    assert gauge.rate == 0
    for second, done in enumerate([0, 2, 4, 6]):
        monkeypatch.setattr("time.monotonic", lambda now=float(second): now)
        gauge.look(1, done)
    assert gauge.rate == 2.0


@pytest.mark.parametrize(
    ("values", "line"),
    [([], "    "), ([0, 0], "  ▁▁"), ([0, 4, 8], " ▁▅█"), ([9, 1, 2, 4, 8], "▂▃▅█")],
)
def test_the_sparkline(values: list[int], line: str) -> None:
    assert sparkline(values, 4) == line
