"""The child of a worker: imports the author's app and runs jobs, warm and long-lived.

`python -m billow.worker.child APP FUNCTION FOLDER ID SPEED PARENT JOBS TICKETS RESULTS BELL LINES`:
the last are descriptors of pipes; see `billow.worker.protocol` and `billow.ops.logs.wire`.
"""

from __future__ import annotations

import faulthandler
import gc
import io
import logging
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from billow.chores import chore, is_chore
from billow.errors import Error
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
from billow.ops.logs.capture import Capture, CaptureHandler
from billow.ops.logs.start import make_cleaner
from billow.origin import enter
from billow.ports.objects import Staged
from billow.units import seconds
from billow.worker import system
from billow.worker.messages import (
    Hello,
    decode_follow_up,
    decode_task,
    encode_performed,
)
from billow.worker.protocol import (
    FAULT,
    FOLLOW_UP,
    HELLO,
    LAST_JOB,
    PROGRESS,
    TICKET,
    WORN,
    Frame,
    FrameReader,
)

#: Seconds between two reports of how far a job is.
_TELL_EVERY = 1.0
#: After a job longer than this the memory in use is looked at; shorter ones claim little, so
#: after them only so often.
_SHORT = 0.001
_LOOK_EVERY = 0.05
#: The child is replaced between jobs when it claimed this share of its memory limit.
_WORN_SHARE = 0.8
#: A frame over this size could fill the pipe; the parent is called before it is written.
_LARGE = 32 * 1024


class Link:
    """The child's ends of the pipes."""

    def __init__(self, jobs: int, tickets: int, results: int, bell: int) -> None:
        self._jobs, self._tickets, self._results, self._bell = jobs, tickets, results, bell
        self._reader = FrameReader()
        self._waiting: deque[Frame] = deque()
        self._ticket = -1
        self._lock = threading.Lock()
        for fd in (jobs, tickets, results, bell):
            os.set_inheritable(fd, False)

    def next(self) -> Frame | None:
        """The next frame from the parent; None when it has hung up."""
        while not self._waiting:
            data = os.read(self._jobs, 1 << 18)
            if not data:
                return None
            self._waiting.extend(self._reader.feed(data))
        return self._waiting.popleft()

    def may_begin(self, serial: int) -> bool:
        """Whether the job is still this process's to do; if so, it is from now on."""
        if self._ticket < serial:
            try:
                self._ticket = TICKET.unpack(os.read(self._tickets, TICKET.size))[0]
            except BlockingIOError:
                return False
        return self._ticket == serial

    def send(self, frame: bytes, ring: bool = False) -> None:
        """Hand a frame to the kernel, where it outlives this process."""
        with self._lock:
            if len(frame) > _LARGE:
                os.write(self._bell, b"!")
            sent = os.write(self._results, frame)
            while sent < len(frame):
                sent += os.write(self._results, frame[sent:])
            if ring:
                os.write(self._bell, b"!")

    @property
    def drained(self) -> bool:
        """Whether no further frame has been read."""
        return not self._waiting

    def watch(self) -> None:
        """Kill this process and those it started when the parent is gone."""
        poller = select.poll()
        poller.register(self._bell, 0)  # reports only that nobody can read it any more
        poller.poll()
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)


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


def catch_output(pipe: int | None = None) -> Capture | None:
    """Catch what the function prints and logs, if there is a pipe for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if pipe is None:
        return None
    os.set_inheritable(pipe, False)
    capture = Capture(pipe, make_cleaner())
    sys.stdout = capture.stream(sys.stdout, "stdout", logging.INFO)
    sys.stderr = errors = capture.stream(sys.stderr, "stderr", logging.WARNING)
    logging.basicConfig(level=logging.INFO, handlers=[CaptureHandler(capture, errors)])
    return capture


def main(arguments: list[str]) -> int:
    """Serve until the parent hangs up; the exit status."""
    target, name, folder, worker, speed, parent, *descriptors = arguments
    link = Link(*map(int, descriptors[:4]))
    capture = catch_output(*map(int, descriptors[4:]))
    system.die_with_parent(int(parent))
    system.offer_to_oom_killer()
    system.forbid_core_files()
    faulthandler.enable()
    threading.Thread(target=link.watch, daemon=True).start()
    try:
        function, around = _load(target, name, Place(Path(folder), worker, float(speed)))
    except BaseException as error:
        if not isinstance(error, Error) or error.__cause__ is not None:
            traceback.print_exc()
        cause = str(error) or type(error).__name__
        link.send(Frame(FAULT, body=cause.encode(errors="replace")).encode(), ring=True)
        return 1
    handlers = {event.value: len(made) for event, made in function.handlers.items()}
    hello = Hello(function.retry, function.limits, handlers, function.calls)
    link.send(Frame(HELLO, body=hello.encode()).encode(), ring=True)
    Child(link, function, around, capture).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
