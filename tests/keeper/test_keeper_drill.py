"""The keeper with real workers: bursts, random kills, and the death of the keeper itself."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from billow.home import Home, open_home
from billow.job import Job, Status
from billow.ports.ledger import Submission
from tests.keeper.helpers import Running, running, until

pytestmark = pytest.mark.drill

APP = """
import time
import billow
app = billow.App("drill")

@app.function(fleet=billow.Fleet(min={min}, max={max}, scale=billow.Queue(shrink_after="0.5 s")))
def nap(seconds: float) -> str:
    "Sleep."
    time.sleep(seconds)
    return "slept"
"""

_PROGRAM = "import sys; from billow.keeper import run; run(*sys.argv[1:3], web=None)"


def write_app(folder: Path, *, min: int, max: int) -> str:
    path = folder / "app.py"
    path.write_text(APP.format(min=min, max=max))
    return str(path)


def submit(home: Home, count: int, seconds: float) -> list[str]:
    wanted = [Submission("nap", f'{{"seconds": {seconds}}}')] * count
    return [accepted.id for accepted in home.ledger.submit(wanted)]


def finished(home: Home, ids: list[str], deadline: float = 60) -> list[Job]:
    """The jobs, once all are done."""

    def look() -> bool:
        counts = home.ledger.counts("nap")
        return counts.visible + counts.in_flight + counts.delayed == 0

    until(look, deadline)
    jobs = [job for job in map(home.ledger.get, ids) if job is not None]
    assert [job.status for job in jobs] == [Status.COMPLETED] * len(ids)
    return jobs


def fleet(service: Running) -> list[dict[str, object]]:
    workers: list[dict[str, object]] = service.view.fleets.get("nap", {}).get("workers", [])
    return workers


def test_a_burst_fills_the_fleet_and_no_job_is_disturbed_when_it_shrinks(tmp_path: Path) -> None:
    with running(write_app(tmp_path, min=1, max=6), tmp_path / "data") as service:
        home = open_home(tmp_path / "data")
        until(lambda: [worker for worker in fleet(service) if worker["state"] == "idle"])
        began = time.time()
        # Jobs of many lengths, so that the fleet shrinks while some still run.
        ids = [submit(home, 1, random.Random(n).uniform(0.1, 1.5))[0] for n in range(30)]
        jobs = finished(home, ids)
        assert min(job.started or 0 for job in jobs) - began < 1
        until(lambda: len(fleet(service)) == 1)
        assert service.view.of("scale.in")
    assert [job.id for job in jobs if job.lost or job.failures] == []
    assert service.view.of("worker.crashed", "worker.killed") == []


def test_workers_killed_at_random_lose_nothing(tmp_path: Path) -> None:
    dice = random.Random(1)
    with running(write_app(tmp_path, min=3, max=3), tmp_path / "data") as service:
        home = open_home(tmp_path / "data")
        ids = submit(home, 150, 0.1)
        killed: set[int] = set()
        while len(killed) < 8:
            # The view is up to a second old, so its workers may be gone already.
            present = [int(str(worker["pid"])) for worker in fleet(service)]
            for victim in dice.sample(present, min(1, len(present))):
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed.add(victim)
            time.sleep(0.2)
        jobs = finished(home, ids)
        until(lambda: len(fleet(service)) == 3)
    assert {job.result for job in jobs} == {"slept"}
    assert len(service.view.of("worker.crashed")) == len(killed)


def test_what_was_accepted_is_finished_after_the_keeper_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    target = write_app(tmp_path, min=2, max=2)
    home = open_home(folder)
    ids = submit(home, 60, 0.1)
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, target, str(folder)], stdout=subprocess.DEVNULL
    ) as program:
        until(lambda: home.ledger.counts("nap").visible < 50)
        program.kill()
    assert home.ledger.counts("nap").visible > 0
    with running(target, folder):
        jobs = finished(home, ids)
    assert [job.id for job in jobs if job.failures] == []
