"""What may come from outside while a worker waits: signals, and the end of its keeper."""

from __future__ import annotations

import os
import select
import signal

_STOP = (signal.SIGTERM, signal.SIGINT)


class Events:
    """Turns signals and the lifeline into something that can be waited for together with pipes."""

    def __init__(self, lifeline: int | None) -> None:
        self._requests = 0
        self._lifeline = lifeline
        self._wakeup, ring = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(ring, False)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        for number in _STOP:
            signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, _notice)

    @property
    def stop(self) -> bool:
        """Whether the worker was asked to finish what it has and to leave."""
        return self._requests > 0

    @property
    def hurry(self) -> bool:
        """Whether it was asked twice."""
        return self._requests > 1

    def _note(self, *_: object) -> None:
        self._requests += 1

    def wait(self, readable: list[int], writable: list[int], timeout: float) -> set[int]:
        """Wait until a descriptor is ready or something came from outside; those that are ready."""
        poller = select.poll()
        poller.register(self._wakeup, select.POLLIN)
        if self._lifeline is not None:
            poller.register(self._lifeline, select.POLLIN)
        for fd in readable:
            poller.register(fd, select.POLLIN)
        for fd in writable:
            poller.register(fd, select.POLLOUT)
        ready = {fd for fd, _ in poller.poll(max(0.0, timeout) * 1000)}
        if self._wakeup in ready:
            _empty(self._wakeup)
        if self._lifeline in ready:
            self._lifeline_moved()
        return ready

    def _lifeline_moved(self) -> None:
        """Nothing is ever written to the lifeline; when it reads as ended, the keeper is gone."""
        assert self._lifeline is not None
        if not os.read(self._lifeline, 512):
            os.close(self._lifeline)
            self._lifeline = None
            self._requests = max(1, self._requests)


def _notice(*_: object) -> None:
    """A handler must exist for the signal to be noticed while waiting."""


def _empty(fd: int) -> None:
    try:
        while len(os.read(fd, 512)) == 512:
            pass
    except BlockingIOError:
        pass
