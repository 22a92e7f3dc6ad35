"""The child of a worker: imports the author's app and runs jobs, warm and long-lived.

`python -m billow.worker.child APP FUNCTION FOLDER ID SPEED PARENT JOBS TICKETS RESULTS BELL LINES`:
the last are descriptors of pipes; see `billow.worker.protocol` and `billow.ops.logs.wire`.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from billow.chores import chore, is_chore
from billow.flow.arrivals import arrival_rule
from billow.flow.originals import attach
from billow.flow.perform import perform, run_handler
from billow.flow.retention import consequences
from billow.flow.surroundings import Surroundings, scratch_of
from billow.flow.work import Performed
from billow.function import Function
from billow.home import Home, open_home
from billow.job import Failure
from billow.loading import load_app
from billow.ops.logs.capture import Capture
from billow.origin import enter
from billow.ports.objects import Staged
from billow.units import seconds
from billow.worker import system
from billow.worker.link import Link, begin, loaded
from billow.worker.messages import (
    Hello,
    decode_follow_up,
    decode_task,
    encode_performed,
)
from billow.worker.protocol import (
    FOLLOW_UP,
    HELLO,
    LAST_JOB,
    PROGRESS,
    WORN,
    Frame,
)

#: Seconds between two reports of how far a job is.
_TELL_EVERY = 1.0
#: After a job longer than this the memory in use is looked at; shorter ones claim little, so
#: after them only so often.
_SHORT = 0.001
_LOOK_EVERY = 0.05
#: The child is replaced between jobs when it claimed this share of its memory limit.
_WORN_SHARE = 0.8


class Child:
    """Runs jobs of one function until the parent hangs up or the process is worn out."""

    def __init__(
        self,
        link: Link,
        function: Function,
        around: Surroundings,
        capture: Capture | None = None,
    ) -> None:
        self._link = link
        self._capture = capture
        self._around = around
        self._function = function
        self._cpu = None if function.limits.cpu is None else seconds(function.limits.cpu)
        self._jobs_left = function.limits.jobs_per_child
        self._looked = 0.0
        self._told = 0.0
        self._worn = False
        self._pid = os.getpid()
        self._too_much = _bound(function.limits.memory)
        system.limit_memory(function.limits.memory)

    def serve(self) -> None:
        """Run what comes."""
        link = self._link
        while not self._worn:
            frame = link.next()
            if frame is None:
                return
            if link.may_begin(frame.serial):
                self._run(frame)
        link.send(Frame(WORN).encode(), ring=True)

    def _run(self, frame: Frame) -> None:
        if self._cpu is not None:
            system.limit_cpu(self._cpu)
        self._told = time.time()
        performed = self._perform(frame)
        if os.getpid() != self._pid:
            os._exit(1)  # the author's code forked and let the copy return
        if performed.failure is not None and performed.failure.kind == "out of memory":
            system.limit_memory(None)
            self._worn = True
        if self._capture is None or self._capture.end():
            _flush()
        ring = frame.kind == LAST_JOB or self._link.drained
        self._link.send(encode_performed(performed, frame.serial), ring)
        self._age(performed)

    def _perform(self, frame: Frame) -> Performed:
        if frame.kind == FOLLOW_UP:
            return self._follow_up(frame)
        task = decode_task(frame.body)
        self._begin(task.id, task.origin)
        return perform(
            self._function,
            task,
            lambda share: self._tell(frame.serial, share),
            around=self._around,
        )

    def _begin(self, job: str, origin: str) -> None:
        enter(origin)
        if self._capture is not None:
            self._capture.begin(job, origin)

    def _follow_up(self, frame: Frame) -> Performed:
        started = time.time()
        event, place, job = decode_follow_up(frame.body)
        self._begin(job.id, "")
        try:
            asked = run_handler(self._function, event, place, job)
        except (KeyError, IndexError):
            asked = Failure("raised", f"the app has no such handler for {event} any more")
        if isinstance(asked, Failure):
            return Performed(started, time.time(), failure=asked)
        return Performed(started, time.time(), "null", effects=asked)

    def _tell(self, serial: int, share: float) -> None:
        now = time.time()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            self._link.send(Frame(PROGRESS, serial, started=share).encode(), ring=True)

    def _age(self, performed: Performed) -> None:
        """Notice that this process has done enough jobs, or has come to hold too much memory."""
        if self._jobs_left is not None:
            self._jobs_left -= 1
            self._worn = self._worn or self._jobs_left <= 0
        now = performed.finished
        if now - performed.started > _SHORT or now - self._looked > _LOOK_EVERY:
            self._looked = now
            if self._too_much is not None:
                self._worn = self._worn or system.private() > self._too_much


def _bound(limit: int | None) -> float | None:
    """The private memory at which the child is replaced; an app that is large as such gets more."""
    return limit and max(_WORN_SHARE * limit, (system.private() + limit) / 2)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - `suppress` takes longer than to flush nothing
            stream.flush()
        except (OSError, ValueError, AttributeError):  # if closed or replaced
            pass


class Place(NamedTuple):
    """Where a child works: its service's folder, its worker's name, and how fast time passes."""

    folder: Path
    worker: str
    speed: float


def _load(target: str, name: str, place: Place) -> tuple[Function, Surroundings]:
    app = load_app(target)

    @cache
    def home() -> Home:
        return open_home(place.folder, arrivals=arrival_rule(app), speed=place.speed)

    attach(app, home)

    def stage(data: Iterable[bytes] | BinaryIO, limit: int | None = None) -> Staged:
        return home().objects.stage(data, limit)

    function = chore(name, home, app) if is_chore(name) else app.get(name)
    scratch = scratch_of(place.folder, place.worker)
    around = Surroundings(stage, scratch, consequences(home, app))
    gc.collect()
    gc.freeze()
    return function, around


def main(arguments: list[str]) -> int:
    """Serve until the parent hangs up; the exit status."""
    target, name, folder, worker, speed, parent, *descriptors = arguments
    link, capture = begin(parent, descriptors)
    place = Place(Path(folder), worker, float(speed))
    found = loaded(link, lambda: _load(target, name, place))
    if found is None:
        return 1
    function, around = found
    handlers = {event.value: len(made) for event, made in function.handlers.items()}
    hello = Hello(function.retry, function.limits, handlers, function.calls)
    link.send(Frame(HELLO, body=hello.encode()).encode(), ring=True)
    Child(link, function, around, capture).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
