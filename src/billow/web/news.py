"""Wake-ups for coroutines: however many wait, the process holds one place a channel, no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from billow.ports.wake import DONE, Waiter, Wake

#: Seconds between two wake-ups that are passed on; a thousand jobs a second wake nobody more often.
PAUSE = 0.02


class Listener:
    """One coroutine's ear on a channel."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Return True at a wake-up, False after `seconds`. Clears the wake-up."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True

    def ring(self) -> None:
        """Wake the coroutine."""
        self._event.set()


class News:
    """Channels that coroutines of one event loop listen to."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._rooms: dict[str, _Room] = {}
        #: True once the process is leaving: whoever waits or streams should end now.
        self.closed = False

    @contextmanager
    def listen(self, channel: str = DONE) -> Iterator[Listener]:
        """Listen to a channel. To miss nothing: listen first, look, and only then wait."""
        room = self._rooms.get(channel)
        if room is None:
            room = self._rooms[channel] = _Room(self._wake.waiter(channel))
        listener = Listener()
        room.listeners.add(listener)
        if self.closed:
            listener.ring()
        try:
            yield listener
        finally:
            room.listeners.discard(listener)
            if not room.listeners and self._rooms.get(channel) is room:
                del self._rooms[channel]
                room.close()

    def close(self) -> None:
        """Wake all listeners for the last time; they see `closed`."""
        self.closed = True
        for room in self._rooms.values():
            room.ring()


class _Room:
    """The process's place in a channel, and those who share it."""

    def __init__(self, waiter: Waiter) -> None:
        self.listeners: set[Listener] = set()
        self._waiter = waiter
        self._loop = asyncio.get_running_loop()
        self._rested = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(waiter.fileno(), self._rung)

    def ring(self) -> None:
        for listener in self.listeners:
            listener.ring()

    def close(self) -> None:
        self._loop.remove_reader(self._waiter.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._waiter.close()

    def _rung(self) -> None:
        """Pass it on at once after a quiet time, else when the pause is over."""
        self._loop.remove_reader(self._waiter.fileno())
        self._timer = self._loop.call_later(self._rested - self._loop.time(), self._pass_on)

    def _pass_on(self) -> None:
        # The place is taken again before listeners look, so nothing falls between.
        self._rested = self._loop.time() + PAUSE
        self._waiter.clear()
        self._loop.add_reader(self._waiter.fileno(), self._rung)
        self.ring()
