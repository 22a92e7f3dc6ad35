"""Takes a process's lines to the store, from a thread of its own; whoever logs never waits."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from billow.errors import Unavailable
from billow.ops.logs.clean import Cleaner
from billow.ops.logs.wire import PIECE, decode
from billow.origin import NOWHERE, Origin
from billow.ports.logs import Line, Logs

#: Lines that wait at most; further ones are dropped, and counted.
ROOM = 10_000
#: Seconds in which lines gather before they are stored, and lines that are stored together.
GATHER = 0.2
BATCH = 2000
#: Seconds before a store that could not take lines is tried again; doubles up to the last.
_REST, _LONGEST = 0.5, 10.0
#: Characters of an event; what is longer is cut.
LONGEST = 16_000
_BLOCK = 1 << 20
#: Seconds between two calls of what is to be done now and then.
_ROUND = 60


class Said(NamedTuple):
    """What a process said, as it was said; it is made a line when there is time."""

    at: float
    level: int
    source: str
    event: str
    facts: dict[str, object] = {}  # noqa: RUF012 - never changed
    origin: Origin = NOWHERE


class Shipper:
    """A process's way to the store.

    Args:
        process: what the process is called.
        cleaner: takes secrets out.
        room: lines that wait at most.
        every: called about once a minute from the shipper's thread.
    """

    def __init__(
        self,
        process: str,
        cleaner: Cleaner | None = None,
        *,
        room: int = ROOM,
        every: Callable[[], object] | None = None,
    ) -> None:
        self.process = process
        self.cleaner = cleaner or Cleaner()
        self._room = room
        self._every = every
        self._logs: Logs | None = None
        self._said: deque[Said | Line] = deque()
        self._dropped = 0
        self._awake = False
        self._over = threading.Event()
        self._pid = os.getpid()
        self._bell_reader, self._bell = os.pipe()
        for fd in (self._bell_reader, self._bell):
            os.set_blocking(fd, False)
        self._pipes: dict[int, bytes] = {}
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._rest = 0.0
        self._next_round = 0.0

    def start(self, logs: Logs) -> None:
        """Begin to take lines to `logs`; those said before wait for it."""
        self._logs = logs
        self._thread.start()

    def stop(self) -> None:
        """Take what is left to the store, and end; it is not waited for longer than a moment."""
        self._over.set()
        self._ring()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def say(self, said: Said | Line) -> None:
        """Note a line. For any thread; it takes about a microsecond."""
        if len(self._said) >= self._room:
            self._dropped += 1
            return
        self._said.append(said)
        if not self._awake:
            self._awake = True
            self._ring()

    def watch(self, pipe: int) -> None:
        """Take lines from a pipe as well, as `billow.ops.logs.wire` writes them, until it ends."""
        os.set_blocking(pipe, False)
        self._pipes[pipe] = b""
        self._ring()

    def _ring(self) -> None:
        # A process that was forked off has the pipe, but no thread.
        if os.getpid() == self._pid:
            with contextlib.suppress(OSError):
                os.write(self._bell, b"!")

    def _run(self) -> None:
        while not self._over.is_set():
            self._wait()
            self._round()
        self._gather()
        while self._said and self._store():
            pass

    def _wait(self) -> None:
        poller = select.poll()
        for fd in (self._bell_reader, *list(self._pipes)):
            poller.register(fd, select.POLLIN)
        if not (self._said or self._dropped):
            poller.poll(None if self._every is None else _ROUND * 1000)
        self._over.wait(max(GATHER, self._rest))
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell_reader, 512)
        self._awake = False

    def _round(self) -> None:
        self._gather()
        while len(self._said) >= BATCH and self._store():
            pass
        self._store()
        now = time.monotonic()
        if self._every is not None and now >= self._next_round:
            self._next_round = now + _ROUND
            with contextlib.suppress(Unavailable):
                self._every()

    def _gather(self) -> None:
        """Read what pipes hold."""
        for pipe in list(self._pipes):
            try:
                data = os.read(pipe, _BLOCK)
            except BlockingIOError:
                continue
            if not data:
                del self._pipes[pipe]
                os.close(pipe)
                continue
            *lines, rest = (self._pipes[pipe] + data).split(b"\n")
            self._pipes[pipe] = rest[:PIECE]
            for each in lines:
                if (line := decode(each, self.process)) is not None:
                    self.say(line)

    def _store(self) -> bool:
        """Store a batch; False if the store cannot take it now."""
        logs, count = self._logs, min(BATCH, len(self._said))
        if logs is None or not (count or self._dropped):
            return False
        dropped = self._dropped
        batch = [self._line(each) for each, _ in zip(self._said, range(count), strict=False)]
        if dropped:
            told = f"{dropped} lines were dropped: they came faster than they could be stored"
            said = Said(time.time(), logging.WARNING, "billow.logs", told, {"dropped": dropped})
            batch.append(self._line(said))
        try:
            logs.write(sorted(batch, key=lambda line: line.at))
        except Unavailable:
            self._rest = min(_LONGEST, max(_REST, 2 * self._rest))
            return False
        except Exception as problem:
            sys.stderr.write(f"{len(batch)} lines cannot be stored: {problem}\n")
        self._rest = 0.0
        self._dropped -= dropped
        for _ in range(count):
            self._said.popleft()
        return True

    def _line(self, said: Said | Line) -> Line:
        if isinstance(said, Line):
            return said
        facts = dict(said.facts)
        job, request = str(facts.pop("job", "") or ""), str(facts.pop("request", "") or "")
        return Line(
            said.at,
            said.level,
            self.process,
            said.source,
            self.cleaner.text(said.event[:LONGEST]),
            job,
            request or said.origin.request,
            said.origin.trace,
            self.cleaner.json(facts),
        )
