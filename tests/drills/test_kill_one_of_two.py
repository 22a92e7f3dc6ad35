"""One of two workers is killed in the midst of 2,000 jobs: all are done, and few of them twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billow.drill.app import COUNT
from billow.drill.crash import APP
from billow.flow.client import Client, connect
from billow.job import Status
from billow.loading import load_app

JOBS = 2000
LEASE = 3.0
NAMES = ("first", "second")


@contextmanager
def workers(app: Path, folder: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Two workers that nobody looks after: a dead one's jobs come back by their leases alone."""
    command = [sys.executable, "-m", "billow.worker", "--app", str(app), "--function", COUNT]
    command += ["--folder", str(folder), "--lease", str(LEASE)]
    started = {name: subprocess.Popen([*command, "--id", name], process_group=0) for name in NAMES}
    try:
        yield started
    finally:
        for process in started.values():
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """`kill -9` of a worker; its child dies with it."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(client: Client, wanted: int, limit: float) -> None:
    deadline = time.monotonic() + limit
    while client.home.ledger.totals().get((COUNT, Status.COMPLETED), 0) < wanted:
        assert time.monotonic() < deadline, client.home.ledger.totals()
        time.sleep(0.01)


def held_by(client: Client, worker: str) -> set[str]:
    found = client.home.ledger.find(status=Status.RUNNING, limit=500).jobs
    return {job.name for job in found if job.worker == worker}


@pytest.mark.drill
def test_all_jobs_are_done_and_only_those_in_flight_twice(tmp_path: Path) -> None:
    runs, app = tmp_path / "runs.log", tmp_path / "app.py"
    runs.touch()
    app.write_text(APP.format(runs=str(runs), lease=LEASE, workers=2, work=0.0))
    client = connect(load_app(app), tmp_path / "home")
    made = [client.submit(COUNT, {"seed": number}, name=f"{number}").id for number in range(JOBS)]
    with workers(app, tmp_path / "home") as started:
        wait_for(client, JOBS // 3, 60)
        kill(started["first"])
        killed = time.monotonic()
        in_flight = held_by(client, "first")
        wait_for(client, JOBS, 60)
        took = time.monotonic() - killed
    times = Counter(line.split()[0] for line in runs.read_text().splitlines())
    twice = {name for name, count in times.items() if count > 1}
    print(f"{len(in_flight)} in flight, {len(twice)} ran twice, {took:.2f} s")  # noqa: T201
    assert all(client.job(id_).status is Status.COMPLETED for id_ in made)
    assert len(times) == JOBS
    assert twice <= in_flight
    assert max(times.values()) <= 2
    rows, messages = client.home.tables.count("drill"), client.home.queues.counts("drill-results")
    assert (rows, messages.visible) == (JOBS, JOBS)
    assert in_flight, "the worker was killed while it had nothing to do"
    assert took < LEASE + 1 + JOBS * 0.004  # the other one has the rest of the work to do, too
