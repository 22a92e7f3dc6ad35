"""Files of real tries: durable from the child's hands, and nothing left of a killed one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from billow.flow.surroundings import scratch_of
from billow.job import Status
from billow.keeper.orphans import abandon_dead_workers
from billow.ports.ledger import Submission
from tests.worker.harness import Trial, until

APP = """
import os, time
import billow

app = billow.App("made")

@app.function()
def make(job: billow.Job, text: str = "x", wait: float = 0) -> billow.Outputs:
    (job.folder / "out").write_text(text)
    time.sleep(wait)
    return billow.Outputs({".txt": job.folder / "out", ".log": "done"}, value=len(text))
"""


@pytest.fixture
def app(tmp_path: Path) -> str:
    path = tmp_path / "app.py"
    path.write_text(APP)
    return str(path)


def test_a_worker_keeps_the_files(trial: Trial, app: str) -> None:
    [accepted] = trial.home.ledger.submit([Submission("make", '{"text": "abc"}', "in.csv")])
    with trial.worker("make", app=app) as worker:
        [job] = trial.ended([accepted])
        assert job.status is Status.COMPLETED, job.failure
        worker.terminate()
        assert worker.wait() == 0
    file = job.files[".txt"]
    assert (file.name, job.result["value"]) == ("in.txt", 3)
    assert b"".join(trial.home.objects.read(file.store, file.key)) == b"abc"
    assert not scratch_of(trial.folder, "w0").exists()


def test_a_killed_child_leaves_no_folder(trial: Trial, app: str) -> None:
    [accepted] = trial.submit("make", {"wait": 30})
    scratch = scratch_of(trial.folder, "w0")
    with trial.worker("make", app=app) as worker:
        until(lambda: list(scratch.glob("*/out")), "the try to begin")
        os.kill(worker.in_state("busy")["child_pid"], signal.SIGKILL)
        until(lambda: trial.job(accepted).failures == 1, "the failure")
        assert list(scratch.glob("*")) == []


def test_the_next_keeper_removes_what_the_tries_of_dead_workers_left(trial: Trial) -> None:
    left = scratch_of(trial.folder, "made-1") / "try-x"
    left.mkdir(parents=True)
    lives = scratch_of(trial.folder, "made-2")
    lives.mkdir()
    workers = [{"id": "made-1", "pid": 2**22 + 1}]
    trial.home.journal.show("fleet.make", {"workers": workers})
    abandon_dead_workers(trial.home, "make")
    assert not left.parent.exists()
    assert lives.exists()
