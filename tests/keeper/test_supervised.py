from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.drivers.embedded.spawn import Child
from billow.errors import Unavailable
from billow.home import Home
from billow.keeper.supervised import Supervised
from billow.testing import memory_home
from tests.keeper.helpers import until


@pytest.fixture
def home(clock: VirtualClock) -> Home:
    return memory_home(clock=clock)


def make(home: Home, log: Path, script: str) -> Supervised:
    start = lambda: Child(("sh", "-c", script), log=log)  # noqa: E731
    return Supervised("web", start, home.journal, home.clock)


def ended(process: Supervised) -> bool:
    process.tick()
    return bool(process.state()["state"] == "restarting")


def gone(process: Supervised) -> bool:
    process.tick()
    return not process.running


def test_is_started_again_with_growing_rests(
    home: Home, clock: VirtualClock, tmp_path: Path
) -> None:
    process = make(home, tmp_path / "log", "echo broken; exit 3")
    process.tick()
    rests = []
    for _ in range(4):
        until(lambda: ended(process))
        began = clock.now()
        while not process.running:
            clock.advance(0.05)
            process.tick()
        rests.append(round(clock.now() - began, 2))
    assert rests == pytest.approx([0.1, 0.2, 0.4, 0.8], abs=0.06)
    stopped = home.journal.read(kinds=["process.stopped"])
    assert stopped[0].reason == "exit status 3: broken; started again in 100 ms"
    restarted = home.journal.read(kinds=["process.restarted"])
    assert [entry.reason for entry in restarted][:2] == ["restart number 1", "restart number 2"]
    process.kill()
    until(lambda: gone(process))


def test_rests_stay_short_for_what_ran_well_before_it_ended(
    home: Home, clock: VirtualClock, tmp_path: Path
) -> None:
    process = make(home, tmp_path / "log", "exec sleep 600")
    process.tick()
    for _ in range(4):
        clock.advance(6)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: ended(process))
        clock.advance(0.11)
        process.tick()
        assert process.running
    process.kill()
    until(lambda: gone(process))


def test_is_not_started_again_when_stopped(home: Home, clock: VirtualClock, tmp_path: Path) -> None:
    process = make(home, tmp_path / "log", "exec sleep 600")
    process.tick()
    assert process.state()["state"] == "running"
    process.stop()
    until(lambda: gone(process))
    clock.advance(100)
    process.tick()
    assert process.state() == {
        "pid": None,
        "state": "stopped",
        "since": process.state()["since"],
        "restarts": 0,
    }
    assert home.journal.read(newest=True, limit=1)[0].reason == "killed by signal 15"


def test_a_start_that_fails_is_tried_again(home: Home, clock: VirtualClock) -> None:
    attempts = []

    def refuse() -> Child:
        attempts.append(clock.now())
        raise Unavailable("nothing there")

    process = Supervised("web", refuse, home.journal, clock)
    for _ in range(100):
        process.tick()
        clock.advance(1)
    assert 8 <= len(attempts) <= 14
    assert "nothing there; tried again in" in home.journal.read()[0].reason
