"""An easel: one child process of the pool, and the rendition that it works on."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from billow.errors import Error
from billow.job import Failure
from billow.options import Limits
from billow.renderer.line import Key, key_of
from billow.rendition import Wanted
from billow.renditions import errors
from billow.worker.cause import Circumstances, why
from billow.worker.process import ChildProcess
from billow.worker.protocol import FAULT, HELLO, RESULT, WORN, Frame
from billow.worker.settings import Settings

CHILD = "billow.renderer.child"
#: Seconds in which a child must have imported the app.
_LOAD_LIMIT = 120.0
#: Seconds between two looks whether a process that hung up has ended.
_LOOK_AGAIN = 0.01


class Made(NamedTuple):
    """What became of a rendition."""

    key: Key
    #: Bytes.
    size: int = 0
    #: What went wrong.
    wrong: Error | None = None
    #: Seconds.
    took: float = 0.0
    #: Name and size of the file that it was made from, if that was no original.
    base: tuple[str, int] | None = None


Outcome = Callable[[Made], None]
#: Is given a pipe, to read and close.
Watch = Callable[[int], None]

_log = logging.getLogger("billow.renderer")


class Easel:
    """Keeps one child running, and gives it one rendition at a time.

    Args:
        settings: for which service.
        outcome: told of each rendition that is done.
        free: called when a rendition can be taken.
        watch: is given the pipe of what a child prints and logs.
    """

    def __init__(
        self,
        settings: Settings,
        outcome: Outcome,
        free: Callable[[], None],
        watch: Watch | None = None,
    ) -> None:
        self._settings = settings
        self._outcome = outcome
        self._free = free
        self._watch = watch
        self._limits: dict[str, float] = {}
        self._serial = 0
        self._wanted: Wanted | None = None
        self._began = 0.0
        self._ready = False
        self._leaving = False
        self._timed_out = False
        self._timer: asyncio.TimerHandle | None = None
        #: Why the app cannot be loaded; empty as long as it can.
        self.fault = ""
        self._start()

    @property
    def free(self) -> bool:
        """Whether it can take a rendition."""
        return self._ready and self._wanted is None

    @property
    def pid(self) -> int:
        """The child's process."""
        return self._child.pid

    def _start(self) -> None:
        self._ready = self._timed_out = self._greeted = False
        self._child = ChildProcess(self._settings, CHILD, self._watch)
        self._bell = self._child.outlets[0]
        loop = asyncio.get_running_loop()
        loop.add_reader(self._bell, self._listen)
        self._timer = loop.call_later(_LOAD_LIMIT, self._too_late)

    def take(self, wanted: Wanted) -> None:
        """Begin with a rendition."""
        self._serial += 1
        self._wanted, self._began = wanted, time.monotonic()
        frame = Frame(1, self._serial, body=json.dumps(wanted).encode())
        self._child.hand_over([self._serial], [frame.encode()])
        limit = self._limits.get(f"{wanted.collection}/{wanted.rendition}", 60.0)
        self._timer = asyncio.get_running_loop().call_later(limit, self._too_late)

    def leave(self) -> None:
        """Let the child leave when it is done."""
        self._leaving = True
        self._ready = False
        self._child.hang_up()

    def kill(self) -> None:
        """End the child at once."""
        self._leaving = True
        self._child.kill()

    def _listen(self) -> None:
        for frame in self._child.collect():
            self._hear(frame)
        outlets = self._child.outlets
        loop = asyncio.get_running_loop()
        if self._child.garbled:
            self._child.kill()
        if not outlets:
            loop.remove_reader(self._bell)
            self._await_end()
        elif len(outlets) > 1:  # the rest of a frame comes without another ring
            loop.call_later(_LOOK_AGAIN, self._listen_again, self._child)

    def _listen_again(self, child: ChildProcess) -> None:
        if child is self._child and child.outlets:
            self._listen()

    def _hear(self, frame: Frame) -> None:
        if frame.kind == HELLO:
            self._cancel_timer()
            self._greeted = True
            self._limits = json.loads(frame.body)
            self._ready = not self._leaving
            self._free()
        elif frame.kind == FAULT:
            self.fault = frame.body.decode(errors="replace")
        elif frame.kind == WORN:
            self._ready = False
            self._child.hang_up()
        elif frame.kind == RESULT and frame.serial == self._serial:
            self._finish(json.loads(frame.body), frame.finished - frame.started)

    def _finish(self, told: dict[str, Any], took: float) -> None:
        wrong = None if "size" in told else errors.unpack(told)
        if told["worn"]:
            self._ready = False
        base = told.get("base")
        self._settle(wrong, took, told.get("size", 0), (base[0], base[1]) if base else None)
        self._free()

    def _settle(
        self,
        wrong: Error | None,
        took: float,
        size: int = 0,
        base: tuple[str, int] | None = None,
    ) -> None:
        wanted, self._wanted = self._wanted, None
        self._cancel_timer()
        if wanted is not None:
            self._outcome(Made(key_of(wanted), size, wrong, took, base))

    def _too_late(self) -> None:
        self._timed_out = True
        self._child.kill()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _await_end(self) -> None:
        ending = self._child.ending()
        if ending is None:
            asyncio.get_running_loop().call_later(_LOOK_AGAIN, self._await_end)
            return
        begun = self._serial not in self._child.take_back()
        self._child.close()
        self._cancel_timer()
        self._ready = False
        limits = Limits(time=self._limit_of(self._wanted))
        failure = why(ending, Circumstances(limits, self._timed_out, 0, False))
        if self._wanted is not None:
            wrong = _wrong(failure) if begun else errors.Left("not begun", retry_after=2)
            self._settle(wrong, time.monotonic() - self._began)
        if self._leaving:
            return
        if not self._greeted and not self.fault:
            self.fault = failure.message
        if self.fault:
            _log.error("%s", self.fault)
            self._free()
        else:
            self._start()

    def _limit_of(self, wanted: Wanted | None) -> float:
        if wanted is None:
            return _LOAD_LIMIT
        return self._limits.get(f"{wanted.collection}/{wanted.rendition}", 60.0)


def _wrong(failure: Failure) -> Error:
    kind = errors.Crashed if failure.kind == "crashed" else errors.Unrenderable
    return kind(f"nothing can be made of this file: {failure.message}")
