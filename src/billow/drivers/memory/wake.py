"""Wake-ups between the threads of one process."""

from __future__ import annotations

import os
import select
import threading
from types import TracebackType


class MemoryWaiter:
    """A place in a channel's waiting room, with a descriptor of its own."""

    def __init__(self, wake: MemoryWake, channel: str) -> None:
        self._wake = wake
        self._channel = channel
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closed = False

    def fileno(self) -> int:
        """A descriptor that becomes readable at a wake-up."""
        return self._event

    def wait(self, timeout: float) -> bool:
        """Return True at a wake-up, False after `timeout` seconds. Clears the wake-up."""
        if not self.pending(timeout):
            return False
        self.clear()
        return True

    def clear(self) -> None:
        """Forget wake-ups that came until now."""
        try:
            os.eventfd_read(self._event)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Leave the waiting room; closing twice is harmless."""
        if not self._closed:
            self._closed = True
            self._wake.leave(self._channel, self)
            os.close(self._event)

    def pending(self, timeout: float = 0.0) -> bool:
        """Whether a wake-up is there, or comes within `timeout` seconds."""
        poll = select.poll()
        poll.register(self._event, select.POLLIN)
        return bool(poll.poll(max(0.0, timeout) * 1000))

    def ring(self) -> None:
        """Make the descriptor readable."""
        os.eventfd_write(self._event, 1)

    def __enter__(self) -> MemoryWaiter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class MemoryWake:
    """Channels by name; waiters are woken in the order they came."""

    def __init__(self) -> None:
        self._rooms: dict[str, list[MemoryWaiter]] = {}
        self._lock = threading.Lock()

    def notify(self, channel: str, count: int | None = None) -> int:
        """Wake up to `count` waiters that are not awake yet; returns how many were woken."""
        with self._lock:
            asleep = [w for w in self._rooms.get(channel, ()) if not w.pending()]
            for waiter in asleep[:count]:
                waiter.ring()
            return len(asleep[:count])

    def waiter(self, channel: str) -> MemoryWaiter:
        """Enter a channel's waiting room."""
        waiter = MemoryWaiter(self, channel)
        with self._lock:
            self._rooms.setdefault(channel, []).append(waiter)
        return waiter

    def leave(self, channel: str, waiter: MemoryWaiter) -> None:
        """Take a waiter out of its room; from then on nobody rings it."""
        with self._lock:
            room = self._rooms[channel]
            room.remove(waiter)
            if not room:
                del self._rooms[channel]
