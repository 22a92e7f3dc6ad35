"""Wake-ups between processes, so that nobody has to poll."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol


class Waiter(Protocol):
    """A place in a channel's waiting room; use it as a context manager."""

    def fileno(self) -> int:
        """A descriptor that becomes readable at a wake-up, for select()."""
        ...

    def wait(self, timeout: float) -> bool:
        """Return True at a wake-up, False after `timeout` seconds. Clears the wake-up."""
        ...

    def clear(self) -> None:
        """Forget wake-ups that came until now."""
        ...

    def close(self) -> None:
        """Leave the waiting room."""
        ...

    def __enter__(self) -> Waiter: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Wake(Protocol):
    """Channels by name. To miss nothing: enter the waiting room first, look, and only then wait."""

    def notify(self, channel: str, count: int | None = None) -> int:
        """Wake up to `count` waiters (all if None); returns how many there were to wake."""
        ...

    def waiter(self, channel: str) -> Waiter:
        """Enter a channel's waiting room."""
        ...


def jobs_channel(function: str) -> str:
    """Where idle workers of a function wait."""
    return f"jobs.{function}"


def queue_channel(queue: str) -> str:
    """Where receivers of a queue wait."""
    return f"queue.{queue}"


#: Where the keeper waits: woken when work arrives and no worker is idle.
KEEPER = "keeper"

#: Where those wait who want to know that jobs became final or moved on.
DONE = "done"
