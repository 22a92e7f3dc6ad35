"""What ties a child to its parent: the pipes, its life, and what it prints."""

from __future__ import annotations

import faulthandler
import io
import logging
import os
import select
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from billow.errors import Error
from billow.ops.logs.capture import Capture, CaptureHandler
from billow.ops.logs.start import make_cleaner
from billow.worker import system
from billow.worker.protocol import FAULT, TICKET, Frame, FrameReader

#: A frame over this size could fill the pipe; the parent is called before it is written.
_LARGE = 32 * 1024

_T = TypeVar("_T")


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


def begin(parent: str, descriptors: Sequence[str]) -> tuple[Link, Capture | None]:
    """Tie this process to its parent: by pipes, and for as long as that lives.

    Args:
        parent: its process id.
        descriptors: of the pipes.
    """
    link = Link(*map(int, descriptors[:4]))
    capture = catch_output(*map(int, descriptors[4:]))
    system.die_with_parent(int(parent))
    system.offer_to_oom_killer()
    system.forbid_core_files()
    faulthandler.enable()
    threading.Thread(target=link.watch, daemon=True).start()
    return link, capture


def loaded(link: Link, load: Callable[[], _T]) -> _T | None:
    """What `load` makes of the app; None if it cannot, and then the parent is told why."""
    try:
        return load()
    except BaseException as error:
        if not isinstance(error, Error) or error.__cause__ is not None:
            traceback.print_exc()
        cause = str(error) or type(error).__name__
        link.send(Frame(FAULT, body=cause.encode(errors="replace")).encode(), ring=True)
        return None
