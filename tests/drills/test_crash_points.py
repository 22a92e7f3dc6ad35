"""`kill -9` around every single step of accepting, working and recording: nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from billow.drill.app import make_app
from billow.drill.checker import Verdict, check
from billow.drill.final import read_final
from billow.drill.history import read_histories
from billow.flow.arrivals import arrival_rule
from billow.home import open_home
from billow.testing import run_jobs
from tests.drills.crash_points import tell

SCRIPT = Path(__file__).with_name("crash_points.py")


def recover(folder: Path, *, ask_again: bool) -> Verdict:
    """Start again after the kill; the client may ask again with the same keys, or give up."""
    if ask_again:
        tell(folder, 1)
    app = make_app(folder / "runs.log", lease=60, work=0.0)
    home = open_home(folder / "home", arrivals=arrival_rule(app))
    home.ledger.abandon("test")
    run_jobs(home, app)
    history = read_histories(folder.glob("history-*"))
    return check(history, read_final(home, ["file", "call"]))


@pytest.mark.drill
@pytest.mark.timeout(600)
@pytest.mark.parametrize("ask_again", [False, True])
def test_a_kill_at_any_step_loses_nothing(tmp_path: Path, ask_again: bool) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=400)
    steps = int(done.stdout)
    found = {n: recover(tmp_path / str(n), ask_again=ask_again) for n in range(1, steps + 2)}
    print(f"killed at each of {steps} steps")  # noqa: T201 - shown by `pytest -s`
    assert {n: verdict.faults for n, verdict in found.items() if verdict.faults} == {}
    assert steps > 100
    acked = [verdict.counts["acked"] for verdict in found.values()]
    assert set(acked) == ({2} if ask_again else {0, 1, 2})
    assert any(verdict.counts["recovered"] for verdict in found.values()) is not ask_again
