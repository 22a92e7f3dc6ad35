"""Run measurements one after another, each in a folder, a Redis and a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.jobs import place
from bench.jobs.contenders import Contender
from bench.jobs.machine import calibrate, describe
from bench.jobs.servers import redis_server
from bench.jobs.venvs import BENCH, python_of

Record = dict[str, Any]

#: Seconds after which a measurement is ended.
LIMIT = 900.0


class Harness:
    """One run: all its records go into one file of JSON lines, the first describes the machine."""

    def __init__(self, results: Path, kind: str, command: str) -> None:
        results.mkdir(parents=True, exist_ok=True)
        self.file = results / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
        with measuring_folder() as folder:
            machine = describe(folder)
        self._write({"kind": kind, "command": command, "machine": machine})

    def measure(self, contender: Contender, phase: str, jobs: int) -> Record:
        """One phase of one contender, recorded."""
        with measuring_folder() as folder:
            before = calibrate(folder)
            figures = _run(contender, phase, jobs, folder)
        record = {"contender": contender.label, "phase": phase, "before": before, **figures}
        self._write(record)
        return record

    def note(self, record: Record) -> None:
        """Record figures that were measured elsewhere."""
        self._write(record)

    def _write(self, record: Record) -> None:
        with self.file.open("a") as file:
            file.write(json.dumps(record) + "\n")


@contextlib.contextmanager
def measuring_folder() -> Iterator[Path]:
    """An empty folder beside this code, hence on a disk and not in memory; deleted afterwards."""
    parent = BENCH / ".data"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def _run(contender: Contender, phase: str, jobs: int, folder: Path) -> Record:
    with contextlib.ExitStack() as stack:
        env = _environment(contender, folder)
        if contender.store == "Redis":
            env["BENCH_REDIS_URL"] = stack.enter_context(redis_server(folder))
        python = python_of(contender.venv)
        command = [str(python), "-m", "bench.jobs.one", contender.module, phase, str(jobs)]
        return _figures(command, env)


def _environment(contender: Contender, folder: Path) -> dict[str, str]:
    settings = {f"BENCH_{name}": value for name, value in contender.settings.items()}
    path = os.pathsep.join([str(place.ROOT), str(place.ROOT / "src")])
    here = {"BENCH_FOLDER": str(folder), "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    return os.environ | here | settings


def _figures(command: list[str], env: dict[str, str]) -> Record:
    with subprocess.Popen(
        command,
        cwd=place.ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, complained = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {LIMIT:.0f} s"}
        finally:
            if process.poll() is None:
                # An interrupt, so that it still ends its workers.
                process.send_signal(signal.SIGINT)
    if process.returncode == 0:
        figures: Record = json.loads(said.splitlines()[-1])
        return figures
    return {"error": (complained.strip().splitlines() or ["no message"])[-1]}
