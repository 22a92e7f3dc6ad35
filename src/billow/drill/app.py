"""The app that drills run: two functions whose results, rows and messages can be checked."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from billow.app import App
from billow.drill.final import QUEUE, TABLE
from billow.drill.texts import make_text, measure
from billow.events import Event
from billow.fleet.fixed import Fixed
from billow.job import Job
from billow.options import File, Fleet, LaunchTemplate, Retry
from billow.upload import Upload

#: Names of the functions: one takes arguments only, one takes a file.
COUNT, READ = "count", "read"

#: Kills of a child count as failed tries; no job of a drill may run out of tries.
_RETRY = Retry(attempts=100, backoff="0.05 s", max_backoff="0.5 s", lost=100)


def make_app(runs: str | Path, *, lease: float, workers: int = 2, work: float = 0.04) -> App:
    """The app.

    Args:
        runs: the file that gets a line for each run: key, process, time.
        lease: seconds that a job stays reserved without a sign of life.
        workers: how many each function has.
        work: seconds that a job takes at least; over 25 ms, workers take jobs one by one.
    """
    app = App("drill")
    log = Path(runs)
    command = (sys.executable, "-m", "billow.worker", "--lease", str(lease))
    fleet = Fleet(
        min=workers, max=workers, scale=Fixed(workers), template=LaunchTemplate(command=command)
    )

    @app.function(fleet=fleet, retry=_RETRY, name=COUNT)
    def count(seed: int, job: Job) -> dict[str, Any]:
        """Measure a text made from a seed; a handler writes row and message."""
        _note(log, job.name)
        time.sleep(work)
        return measure(make_text(seed).encode())

    @count.on(Event.COMPLETED)
    def tell(job: Job) -> None:
        _write(job, job.result)

    uploads, texts = app.store("drill-uploads"), app.store("drill-texts")
    uploads.copy_to(texts)

    @app.function(fleet=fleet, retry=_RETRY, name=READ, accepts=File(".txt"), store=texts)
    def read(text: Upload, job: Job) -> dict[str, Any]:
        """Measure an uploaded text, and write row and message."""
        _note(log, text.name)
        time.sleep(work)
        result = measure(text.read_bytes())
        _write(job, result)
        return result

    return app


def _write(job: Job, result: Any) -> None:
    job.put(TABLE, job.id, {"result": result})
    job.publish(QUEUE, {"job": job.id, "result": result})


def _note(log: Path, name: str) -> None:
    """Add a line in one write, so that lines of several processes do not mix."""
    line = f"{name.removesuffix('.txt')} {os.getpid()} {time.time()}\n"
    fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(fd, line.encode())
    finally:
        os.close(fd)
