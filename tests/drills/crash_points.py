"""Runs one small story again and again, killed at the first, the second, ... every step it takes.

`python crash_points.py FOLDER`: a step is the moment right before or right after a call that
changes something outside of the process: a statement to SQLite, a flush, a rename, a file removed.
Story number n, in FOLDER/n, is killed at its step n; the last one is not killed. Prints how many
steps there are.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from billow.drill.app import COUNT, READ, make_app
from billow.drill.history import Asked, End, Recorder, digest
from billow.drill.texts import make_text, measure
from billow.flow.client import Client, connect
from billow.testing import run_jobs


class Steps:
    """Counts steps, and kills this process at one of them."""

    def __init__(self, last: int) -> None:
        self._left = last

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **options: Any) -> Any:
            self.step()
            result = call(*given, **options)
            self.step()
            return result

        return counted

    def watch(self) -> None:
        """From now on every step counts."""
        right_execute = self.around(sqlite3.Connection.execute)
        right_executemany = self.around(sqlite3.Connection.executemany)

        class Connection(sqlite3.Connection):
            def execute(self, *given: Any) -> Any:
                return right_execute(self, *given)

            def executemany(self, *given: Any) -> Any:
                return right_executemany(self, *given)

        connect_right = sqlite3.connect

        def connect(*given: Any, **options: Any) -> sqlite3.Connection:
            return connect_right(*given, factory=Connection, **options)

        sqlite3.connect = connect  # type: ignore[assignment]
        for name in ("fsync", "rename", "replace", "unlink"):
            setattr(os, name, self.around(getattr(os, name)))


def ask(client: Client, recorder: Recorder, key: str, function: str, seed: int) -> None:
    data = make_text(seed).encode()
    result = measure(data)
    sha256 = result["sha256"] if function == READ else None
    call = recorder.call(Asked(key, function, seed, digest(result), sha256))
    if function == READ:
        made = client.send_file(READ, iter([data]), name=f"{key}.txt", key=key)
    else:
        made = client.submit(COUNT, {"seed": seed}, key=key, name=key)
    recorder.end(call, End.OK, made.id)


def tell(folder: Path, number: int = 0) -> None:
    """The story: a file and a call are accepted, worked on, and looked at."""
    folder.mkdir(exist_ok=True)
    client = connect(make_app(folder / "runs.log", lease=60, work=0.0), folder / "home")
    with closing(Recorder(folder / f"history-{number}", f"c{number}")) as recorder:
        ask(client, recorder, "file", READ, 1)
        # The same again, as if it came at the same time, when the key is not known yet.
        client._sent_before = lambda *_: None  # type: ignore[method-assign]
        ask(client, recorder, "file", READ, 1)
        ask(client, recorder, "call", COUNT, 2)
        asked = time.time()
        for job in run_jobs(client.home, client.app):
            recorder.saw(asked, job.id, job.status.value, job.finished, digest(job.result))


def main(place: Path) -> int:
    """Returns how many steps the story has."""
    number = 0
    while True:
        number += 1
        pid = os.fork()
        if pid == 0:
            Steps(number).watch()
            tell(place / str(number))
            os._exit(0)
        if os.waitpid(pid, 0)[1] == 0:
            return number - 1


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
