"""The generators' processes: started together, listened to, stopped together."""

from __future__ import annotations

import json
import os
import queue
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import billow
from billow.drill.load.histogram import Histogram
from billow.drill.load.orders import Orders
from billow.drill.load.tally import Lost, Slots
from billow.errors import BadInput, Unavailable

#: Requests a second that one generator sends with ease.
EACH = 1500.0
#: No more generators than this: they would only take the processors from the service.
MOST = 8
#: Seconds in which a generator must be ready, and from then until all begin.
_READY_LIMIT = 60.0
_AHEAD = 0.3
#: Descriptors beside the connections.
_SPARE = 200


class Crew:
    """The generators of a drill.

    Args:
        orders: what they are to do together.
        log: the file that gets what they have to say.
    """

    def __init__(self, orders: Orders, log: Path) -> None:
        peak = sum(stage.rate for stage in orders.stages)
        parts = min(MOST, orders.visitors, max(1, round(peak / EACH + 0.499)))
        _allow_descriptors(orders.visitors * 2 // parts + _SPARE)
        self._reports: queue.Queue[dict[str, Any]] = queue.Queue()
        self._ready = 0
        self._under_way = [0] * parts
        self._crew = [_start(orders.for_part(part, parts), log) for part in range(parts)]
        self._listeners = [
            threading.Thread(target=self._listen, args=(part, process.stdout), daemon=True)
            for part, process in enumerate(self._crew)
        ]
        for listener in self._listeners:
            listener.start()
        self.slots = Slots()
        self.lag = Histogram()
        self.lost: list[Lost] = []

    @property
    def under_way(self) -> int:
        """Requests that wait for their answers."""
        return sum(self._under_way)

    @property
    def running(self) -> bool:
        """Whether any of them has not ended."""
        return any(process.poll() is None for process in self._crew)

    @property
    def statuses(self) -> list[int | None]:
        """How each of them ended; None for those that have not."""
        return [process.poll() for process in self._crew]

    @property
    def size(self) -> int:
        """How many generators there are."""
        return len(self._crew)

    def begin(self) -> float:
        """Let all begin at the same time; returns when, on the monotonic clock.

        Raises:
            Unavailable: a generator does not start.
        """
        deadline = time.monotonic() + _READY_LIMIT
        while self._ready < len(self._crew):
            if time.monotonic() > deadline or not self.running:
                raise Unavailable("the generators do not start")
            self.take_in(0.1)
        # Whole milliseconds are what the generators' timers count in.
        began = round(time.monotonic() + _AHEAD, 3)
        for process in self._crew:
            _say(process, f"{began}\n")
        return began

    def take_in(self, wait: float) -> None:
        """Take in what the generators have reported, for `wait` seconds.

        Raises:
            BadInput: the app's visits cannot be used.
        """
        until = time.monotonic() + wait
        while (left := until - time.monotonic()) > 0:
            try:
                told = self._reports.get(timeout=left)
            except queue.Empty:
                return
            self._take(told)

    def finish(self, limit: float) -> None:
        """Wait until all have ended and everything is taken in; kill those that do not end."""
        deadline = time.monotonic() + limit
        while self.running and time.monotonic() < deadline:
            self.take_in(0.05)
        self.kill()
        for listener in self._listeners:
            listener.join(5)
        while not self._reports.empty():
            self._take(self._reports.get())

    def stop(self) -> None:
        """Ask for nothing more; what is under way may end."""
        for process in self._crew:
            process.terminate()

    def kill(self) -> None:
        """End them at once."""
        for process in self._crew:
            if process.poll() is None:
                process.kill()
            process.wait()

    def _take(self, told: dict[str, Any]) -> None:
        if problem := told.get("problem"):
            raise BadInput(str(problem))
        if told.get("ready"):
            self._ready += 1
            return
        self.slots.merge(Slots.read(told["slots"]))
        self.lag.merge(Histogram.read(told["lag"]))
        self.lost += [Lost(**lost) for lost in told["lost"]]
        self._under_way[told["part"]] = told["under_way"]

    def _listen(self, part: int, lines: IO[str] | None) -> None:
        for line in lines or ():
            self._reports.put({**json.loads(line), "part": part})


def _start(orders: Orders, log: Path) -> subprocess.Popen[str]:
    source = str(Path(billow.__file__).parents[1])
    paths = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "billow.drill.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,  # whoever runs the drill decides what Ctrl-C means
        )
    _say(process, orders.encode() + "\n")
    return process


def _say(process: subprocess.Popen[str], line: str) -> None:
    try:
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()
    except BrokenPipeError:
        raise Unavailable("a generator has ended") from None


def _allow_descriptors(wanted: int) -> None:
    """Let each generator open a connection for every visitor.

    Raises:
        BadInput: the system does not allow that many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise BadInput(f"{wanted} open files are needed and {hard} allowed; ask for less visitors")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
