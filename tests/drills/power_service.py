"""A client and a worker in one process, until killed, for the power-cut drill.

`python power_service.py FOLDER RUNS HISTORY HOW`; with HOW `relaxed` nothing is flushed to the
disk when it is committed, which the drill must notice.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

from billow.drill.app import COUNT, READ, make_app
from billow.drill.history import Asked, End, Recorder, digest
from billow.drill.texts import make_text, measure
from billow.drivers.embedded.database import Database
from billow.flow.client import Client, connect
from billow.testing import run_jobs


def relax() -> None:
    """Commit everything as if it need not survive a power cut."""
    right = Database.write

    def write(self: Database, *, durable: bool = True) -> Any:
        return right(self, durable=False)

    Database.write = write  # type: ignore[method-assign]


def send(client: Client, history: Path, name: str) -> None:
    recorder = Recorder(history / name, name)
    for number in range(1_000_000):
        file = number % 2 == 0
        data = make_text(number).encode()
        result = measure(data)
        function, sha256 = (READ, result["sha256"]) if file else (COUNT, None)
        key = f"{name}-{number}"
        call = recorder.call(Asked(key, function, number, digest(result), sha256))
        if file:
            made = client.send_file(READ, iter([data]), name=f"{key}.txt", key=key)
        else:
            made = client.submit(COUNT, {"seed": number}, key=key, name=key)
        recorder.end(call, End.OK, made.id)
        time.sleep(0.015)  # so that the worker keeps up, and finished jobs are cut off too


def work(client: Client, history: Path) -> None:
    recorder = Recorder(history / "worker", "worker")
    while True:
        asked = time.time()
        for job in run_jobs(client.home, client.app):
            result = None if job.result is None else digest(job.result)
            recorder.saw(asked, job.id, job.status.value, job.finished, result)
        time.sleep(0.005)


def main(folder: str, runs: str, history: str, how: str) -> None:
    if how == "relaxed":
        relax()
    client = connect(make_app(runs, lease=60, work=0.0), folder)
    for name in ("one", "two"):
        threading.Thread(target=send, args=(client, Path(history), name), daemon=True).start()
    work(client, Path(history))


if __name__ == "__main__":
    main(*sys.argv[1:])
