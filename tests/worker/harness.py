"""A worker process under test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from billow.home import Home, open_home
from billow.job import Job
from billow.ports.ledger import Accepted, Submission

APP = str(Path(__file__).parent / "trial_app.py")
PATIENCE = 20.0


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true value of `condition`; the test fails if it does not come in time."""
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.005)
    return value


def alive(pid: int) -> bool:
    """Whether a process is there and is not merely waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Trial:
    """A home in a folder, and worker processes on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home: Home = open_home(folder)
        self.workers: list[WorkerProcess] = []

    def submit(self, function: str, *jobs: dict[str, Any]) -> list[Accepted]:
        """Submit a job with each of these arguments."""
        return self.home.ledger.submit(
            [Submission(function, json.dumps(args), name=f"job {i}") for i, args in enumerate(jobs)]
        )

    def worker(self, function: str, *, app: str = APP, lease: float = 10.0) -> WorkerProcess:
        """Start a worker."""
        made = WorkerProcess(self.folder, function, f"w{len(self.workers)}", app, lease)
        self.workers.append(made)
        return made

    def job(self, accepted: Accepted) -> Job:
        """A job as it is now."""
        return self.job_by_id(accepted.id)

    def job_by_id(self, name: str) -> Job:
        """A job as it is now."""
        job = self.home.ledger.get(name)
        assert job is not None
        return job

    def ended(self, accepted: list[Accepted], patience: float = PATIENCE) -> list[Job]:
        """The jobs, once all are final."""
        until(
            lambda: all(self.job(each).status.final for each in accepted),
            "jobs to become final",
            patience,
        )
        return [self.job(each) for each in accepted]

    def close(self) -> None:
        """Kill what still runs."""
        for worker in self.workers:
            worker.kill()


class WorkerProcess:
    """`python -m billow.worker` with its pipes."""

    def __init__(self, folder: Path, function: str, name: str, app: str, lease: float) -> None:
        status, status_in = os.pipe()
        lifeline_out, self._lifeline = os.pipe()
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "billow.worker"),
                    *("--app", app, "--function", function, "--folder", str(folder)),
                    *("--id", name, "--lease", str(lease)),
                    *("--status", str(status_in), "--lifeline", str(lifeline_out)),
                ],
                pass_fds=(status_in, lifeline_out),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        os.close(status_in)
        os.close(lifeline_out)
        os.set_blocking(status, False)
        self._status = status
        self._text = b""
        self.lines: list[dict[str, Any]] = []

    def read(self) -> list[dict[str, Any]]:
        """All status lines so far."""
        try:
            while piece := os.read(self._status, 1 << 16):
                self._text += piece
        except BlockingIOError:
            pass
        *lines, self._text = self._text.split(b"\n")
        self.lines += [json.loads(line) for line in lines]
        return self.lines

    def in_state(self, state: str) -> dict[str, Any]:
        """The latest status line, once it shows this state."""
        found: dict[str, Any] = until(
            lambda: next((x for x in self.read()[-1:] if x["state"] == state), None),
            f"state {state}; saw {self.lines[-3:]}; {self.log.read_text()[-500:]}",
        )
        return found

    def terminate(self) -> None:
        """Ask it to leave."""
        self.process.send_signal(signal.SIGTERM)

    def cut_lifeline(self) -> None:
        """End the pipe that its keeper would hold."""
        os.close(self._lifeline)
        self._lifeline = -1

    def wait(self, patience: float = PATIENCE) -> int:
        """Its exit status, once it left."""
        return self.process.wait(patience)

    def kill(self) -> None:
        """Kill it, if it still runs, and release its pipes."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for fd in (self._status, self._lifeline):
            if fd >= 0:
                os.close(fd)
        self._status = self._lifeline = -1

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
