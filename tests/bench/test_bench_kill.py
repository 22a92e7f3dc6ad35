import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.jobs import kill as kill_test
from bench.jobs import place
from bench.jobs.payload import Json
from bench.jobs.peer import Peer
from bench.jobs.processes import Command, descendants, kill

WORKER = """
import os, pathlib, sys
from bench.jobs.payload import short
queue = pathlib.Path(sys.argv[1])
while True:
    for job in sorted((queue / "waiting").iterdir(), key=lambda job: int(job.name)):
        mine = queue / "held" / job.name
        try:
            job.rename(mine)
        except OSError:
            continue
        short({"i": int(job.name), "log": os.environ["RUN_LOG"]})
        mine.rename(queue / "done" / job.name)
"""


class Folders(Peer):
    """A queue of files that loses what a killed worker held."""

    packages = ()

    def __init__(self, root: Path) -> None:
        self.root = root

    def reset(self) -> None:
        for part in ("waiting", "held", "done"):
            (self.root / part).mkdir(parents=True)

    def enqueue(self, jobs: int) -> None:
        for number in range(jobs):
            (self.root / "waiting" / str(number)).touch()

    def enqueue_short(self, jobs: int, log: str) -> None:
        os.environ["RUN_LOG"] = log
        self.enqueue(jobs)

    def commands(self) -> list[Command]:
        return [[sys.executable, "-c", WORKER, self.root]] * 2

    def done(self) -> int:
        return len(list((self.root / "done").iterdir()))

    def round_trip(self, number: int) -> Json:
        raise NotImplementedError


def test_what_a_killed_worker_held_is_counted_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_FOLDER", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(place.ROOT))
    monkeypatch.setenv("RUN_LOG", "")
    monkeypatch.setattr(kill_test, "AFTERMATH", 0.0)
    peer = Folders(tmp_path / "queue")
    found = kill_test.kill_one(peer, jobs=200, patience=1.5)
    left = [job for part in ("waiting", "held") for job in (tmp_path / "queue" / part).iterdir()]
    assert found["begun_at_kill"] >= 80
    assert found["begun_by_killed"] > 0
    assert found["results"] == 200 - len(left)
    assert found["all_done_s"] is None or not left
    assert found["ran_twice"] == 0


def test_killing_a_worker_reaches_a_child_that_left_its_group() -> None:
    child = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    worker = subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, process_group=0
    )
    assert worker.stdout is not None
    with worker.stdout as printed:
        pid = int(printed.readline())
        assert descendants(worker.pid) == {worker.pid, pid}
        kill(worker, descendants(worker.pid))
        worker.wait()
        deadline = time.monotonic() + 5
        while _runs(pid) and time.monotonic() < deadline:
            time.sleep(0.005)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
