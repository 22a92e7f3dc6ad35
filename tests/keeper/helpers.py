"""What the keeper's tests share."""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from billow.keeper import run
from billow.keeper.keeper import Keeper
from billow.ports.journal import Entry

HERE = Path(__file__).parent
WORKER = (sys.executable, str(HERE / "standin_worker.py"))
WEB = (sys.executable, str(HERE / "standin_web.py"))

_T = TypeVar("_T")

#: An app whose workers are stand-ins; `mode` says how they behave.
APP = """
import billow
template = billow.LaunchTemplate(command={command!r}, environment={{"STANDIN": {mode!r}}})
app = billow.App("tiny")

@app.function(fleet=billow.Fleet(min={size}, max=5, template=template, scale={policy}))
def work() -> None:
    "Nothing."
"""


STEPS = "billow.StepScaling(out_at=15, in_at=2, period='5 min', cooldown='300 s')"


def write_app(
    folder: Path, *, mode: str = "", size: int = 2, policy: str = "billow.Queue()"
) -> str:
    path = folder / "app.py"
    path.write_text(APP.format(command=WORKER, mode=mode, size=size, policy=policy))
    return str(path)


def until(look: Callable[[], _T | Literal[False] | None], deadline: float = 45.0) -> _T:
    """Look until there is something true to see."""
    end = time.monotonic() + deadline
    while not (seen := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s; last seen: {seen!r}")
        time.sleep(0.01)
    return seen


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def answer(url: str) -> int:
    """The process that answers at `url`."""
    with urllib.request.urlopen(url, timeout=10) as reply:
        return int(reply.read())


class Recorder:
    """A view that remembers."""

    def __init__(self) -> None:
        self.service: Mapping[str, Any] = {}
        self.up = False
        self.entries: list[Entry] = []
        self.fleets: Mapping[str, Mapping[str, Any]] = {}
        self.lines: list[str] = []

    def starting(self, service: Mapping[str, Any]) -> None:
        self.service = service

    def started(self, service: Mapping[str, Any]) -> None:
        self.service = service
        self.up = True

    def happened(self, entry: Entry) -> None:
        self.entries.append(entry)

    def progressed(self, fleets: Mapping[str, Mapping[str, Any]]) -> None:
        self.fleets = fleets

    def stopping(self, reason: str) -> None:
        self.lines.append(reason)

    def stopped(self) -> None:
        self.lines.append("stopped")

    def of(self, *kinds: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind in kinds]


class Running:
    """A keeper that runs in a thread of this process."""

    def __init__(self, target: str, folder: Path, **options: Any) -> None:
        self.view = Recorder()
        self.keeper: Keeper | None = None
        self.problem: BaseException | None = None
        options.setdefault("web", None)
        self._thread = threading.Thread(
            target=self._run, args=(target, folder), kwargs=options, daemon=True
        )
        self._thread.start()
        until(lambda: self.view.service or self.problem)

    def _run(self, target: str, folder: Path, **options: Any) -> None:
        try:
            run(target, folder, view=self.view, ready=self._ready, **options)
        except BaseException as problem:
            self.problem = problem

    def _ready(self, keeper: Keeper) -> None:
        self.keeper = keeper

    def stop(self) -> None:
        if self.keeper:
            self.keeper.stop()

    def join(self, deadline: float = 45.0) -> None:
        self._thread.join(deadline)
        assert not self._thread.is_alive(), "the keeper has not left"

    def workers(self, state: str = "idle") -> list[dict[str, Any]]:
        """The workers in a state, as the board has them."""
        fleet = self.view.fleets.get("work", {})
        return [worker for worker in fleet.get("workers", []) if worker["state"] == state]


@contextmanager
def running(target: str, folder: Path, **options: Any) -> Iterator[Running]:
    """A keeper that is stopped at the end, and all of whose workers are gone then."""
    started = Running(target, folder, **options)
    try:
        yield started
    finally:
        started.stop()
        started.join()
        if started.problem:
            raise started.problem
        pids = [os.getpid(), *(worker["pid"] for worker in started.workers())]
        assert [pid for pid in pids if alive(pid)] == [os.getpid()]
